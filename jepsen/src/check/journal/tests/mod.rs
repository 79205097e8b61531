//! What a journal tells of copies, symlinks and attributes, right and wrong.

mod crossing;
mod resets;

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use super::Journals;
use crate::history::{self, Format};

/// A directory with a symlink and a file that has an attribute, and its copy, as they should
/// be told.
fn changes() -> Vec<Value> {
    let request = |sequence: u64| json!([7, sequence]);
    let node = |id: u64, parent: u64, name: &str, kind: &str| json!({"kind": "created", "id": id, "parent": parent, "name": name, "node_kind": kind});
    let mut changes = vec![
        node(2, 1, "a", "directory"),
        node(3, 2, "f", "file"),
        node(4, 2, "l", "symlink"),
        node(3, 2, "f", "file"),
        node(5, 1, "b", "directory"),
        node(6, 5, "f", "file"),
        node(7, 5, "l", "symlink"),
    ];
    for change in &mut changes {
        match change["node_kind"].as_str() {
            Some("file") => (change["hash"], change["size"]) = (json!("aa"), json!(1)),
            Some("symlink") => change["symlink"] = json!("f"),
            _ => {}
        }
    }
    changes[3]["kind"] = json!("updated");
    changes[3]["attributes"] = json!({"color": "01"});
    changes[5]["attributes"] = json!({"color": "01"});
    let cursors = [(2, 0), (3, 0), (4, 0), (5, 0), (6, 0), (6, 1), (6, 2)];
    for (change, (revision, ordinal)) in changes.iter_mut().zip(cursors) {
        change["cursor"] = json!([revision, ordinal]);
        change["rev"] = json!(revision);
        change["request"] = request(revision);
    }
    changes
}

/// What the journal's checker finds when the changes are told so, and a stat answers this.
fn check(changes: &[Value], stat: &Value, expected: Expect) {
    let event = |process: u64, kind: &str, f: &str, value: Value| {
        json!({
            "process": process, "type": kind, "f": f, "value": value, "revision": 6,
            "request": [7, if f == "copy" { 6 } else { 100 + process }],
        })
    };
    let page = json!({"changes": changes, "cursor": [6, changes.len() - 5], "end": true});
    let lines = [
        json!({"history": "metad/1", "namespaces": [{"id": 1, "root": 1, "name": "main"}]}),
        event(1, "invoke", "copy", json!({"ns": 1, "from": "/a", "to": "/b"})),
        event(1, "ok", "copy", json!({"id": 5, "rev": 6})),
        event(2, "invoke", "stat", json!({"ns": 1, "path": "/b/f"})),
        event(2, "ok", "stat", stat.clone()),
        event(3, "invoke", "journal", json!({"ns": 1})),
        event(3, "ok", "journal", page),
    ];
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let history = history::parse("script", text.as_bytes(), Some(Format::Metad)).expect("it reads");
    let journals = Journals::read(&history).expect("the page reads");
    let check = super::check(&history, &journals).expect("a journal was read");
    let findings = check.findings.iter().map(|finding| format!("{finding}\n"));
    expected.assert_eq(&findings.collect::<String>());
}

fn stat() -> Value {
    json!({
        "id": 6, "kind": "file", "rev": 6, "hash": "aa", "size": 1, "attributes": {"color": "01"},
    })
}

#[test]
fn a_copy_is_told_as_what_it_was_made_from() {
    check(&changes(), &stat(), expect![[""]]);
}

#[test]
fn a_copy_is_told_otherwise() {
    let mut other = changes();
    other[5]["attributes"] = json!({});
    check(
        &other,
        &stat(),
        expect![[r#"
        line 2: the copy at revision 6 tells node 6 otherwise than node 3
        line 4: stat {"ns":1,"path":"/b/f"} at revision 6 does not answer what the journal tells
    "#]],
    );
    let mut other = changes();
    other[6]["symlink"] = json!("g");
    check(
        &other,
        &stat(),
        expect![[r#"
        line 2: the copy at revision 6 tells node 7 otherwise than node 4
    "#]],
    );
    let mut other = changes();
    other[6]["kind"] = json!("updated");
    check(
        &other,
        &stat(),
        expect![[r#"
        line 2: the copy at revision 6 tells node 7 otherwise than node 4
        line 6: [6,2] updates node 7, which is not there
    "#]],
    );
    check(
        &changes()[..6],
        &stat(),
        expect![[r#"
        line 2: the copy at revision 6 leaves out the copy of node 4
    "#]],
    );
}

#[test]
fn a_stat_answers_what_the_journal_tells() {
    let mut other = stat();
    other["attributes"] = Value::Null;
    check(
        &changes(),
        &other,
        expect![[r#"
        line 4: stat {"ns":1,"path":"/b/f"} at revision 6 does not answer what the journal tells
    "#]],
    );
    other = stat();
    other["size"] = json!(2);
    check(
        &changes(),
        &other,
        expect![[r#"
        line 4: stat {"ns":1,"path":"/b/f"} at revision 6 does not answer what the journal tells
    "#]],
    );
    other = stat();
    other["kind"] = json!("symlink");
    check(
        &changes(),
        &other,
        expect![[r#"
        line 4: stat {"ns":1,"path":"/b/f"} at revision 6 does not answer what the journal tells
    "#]],
    );
}
