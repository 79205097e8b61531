//! Journals whose beginning was forgotten before anybody read it.

use expect_test::{Expect, expect};

use crate::check::tests::script::findings;

/// Two changes that nobody reads, a reader that comes too late, lists at `LISTED`, and reads on.
fn check(name: &str, listed: &str, told: &str, reads: &str, expected: Expect) {
    let script = format!(
        r#"
        1 mkdir {{"path":"/a"}} → {{"id":2,"rev":2}} @2
        1 commit {{"path":"/a/f","mode":"create","hash":"aa","size":1}} → {{"id":3,"rev":3}} @3
        2 journal {{}} → {{"rejected":"CURSOR_RESET","reset_revision":3}} @3
        2 list {{"path":"/","recursive":true,"at_revision":3}} → {{"entries":[{listed}]}} @3
        1 commit {{"path":"/a/f","mode":"overwrite","hash":"bb","size":1}} → {{"id":3,"rev":4}} @4
        1 mkdir {{"path":"/b"}} → {{"id":4,"rev":5}} @5
        2 journal {{"cursor":[3,4294967295]}} → {{"changes":[{told}],"cursor":[5,0],"end":true}} @5
        {reads}
        "#
    );
    expected.assert_eq(&findings(name, &script));
}

const LISTED: &str = r#"
    {"path":"a","name":"a","id":2,"kind":"directory","rev":2},
    {"path":"a/f","name":"f","id":3,"kind":"file","rev":3,"hash":"aa","size":1}"#;
const UPDATED: &str = r#"
    {"cursor":[4,0],"kind":"updated","id":3,"parent":2,"name":"f","node_kind":"file","rev":4,
     "hash":"bb","size":1,"request":[1,5]}"#;
const MADE: &str = r#"
    {"cursor":[5,0],"kind":"created","id":4,"parent":1,"name":"b","node_kind":"directory","rev":5,
     "request":[1,6]}"#;
const STAT: &str = r#"2 stat {"path":"/a/f"} → {"id":3,"kind":"file","rev":4,"hash":"bb"} @5"#;

fn one_line(text: &str) -> String {
    text.lines().map(str::trim).collect()
}

fn both() -> String {
    one_line(&format!("{UPDATED},{MADE}"))
}

#[test]
fn the_journal_goes_on_from_a_listing() {
    check(
        "journal",
        &one_line(LISTED),
        &both(),
        STAT,
        expect![[r#"
            valid: 2 changes in 1 pages, replayed and compared with 1 reads; 1 of the replays began with a listing; resets: 1
        "#]],
    );
    check(
        "durability",
        &one_line(LISTED),
        &both(),
        STAT,
        expect![[r#"
        valid: 2 acknowledged changes are in the journal, 2 are of parts that nobody read in time
    "#]],
    );
}

#[test]
fn a_change_after_the_listing_is_missed() {
    check(
        "journal",
        &one_line(LISTED),
        &one_line(MADE),
        STAT,
        expect![[r#"
        invalid: line 16: stat {"ns":1,"path":"/a/f"} at revision 5 does not answer what the journal tells
        line 16: stat {"ns":1,"path":"/a/f"} at revision 5 does not answer what the journal tells
    "#]],
    );
    check(
        "durability",
        &one_line(LISTED),
        &one_line(MADE),
        STAT,
        expect![[r#"
        invalid: line 10: the acknowledged commit at 4 is not in the journal
        line 10: the acknowledged commit at 4 is not in the journal
    "#]],
    );
}

#[test]
fn the_journal_contradicts_the_listing() {
    let without_file = r#"{"path":"a","name":"a","id":2,"kind":"directory","rev":2}"#;
    check(
        "journal",
        without_file,
        &both(),
        "",
        expect![[r#"
        invalid: line 14: [4,0] updates node 3, which is not there
        line 14: [4,0] updates node 3, which is not there
    "#]],
    );
    let with_more = format!("{},{}", one_line(LISTED), r#"{"path":"b","id":4,"kind":"directory"}"#);
    check(
        "journal",
        &with_more,
        &both(),
        "",
        expect![[r#"
        invalid: line 14: [5,0] creates node 4, which was there before
        line 14: [5,0] creates node 4, which was there before
    "#]],
    );
    let twice = format!("{},{}", one_line(LISTED), r#"{"path":"a","id":9,"kind":"directory"}"#);
    check(
        "journal",
        &twice,
        &both(),
        "",
        expect![[r#"
        invalid: line 8: the listing tells "a", which it has told
        line 8: the listing tells "a", which it has told
    "#]],
    );
}

#[test]
fn what_came_from_a_tree_that_is_not_known_is_waited_for() {
    let found = findings(
        "journal",
        r#"
        1 create_namespace {"name":"b","policy":"exact"} → {"id":2,"root":2} @2
        1 mount {"path":"/m","mount":2} → {"id":3,"rev":3} @3
        1 mkdir {"path":"/d/e","parents":true} → {"id":5,"rev":4} @4
        1 move {"from":"/d","to":"/m/D"} → {"id":4,"rev":5} @5
        2 list {"ns":2,"path":"/D/e"} → {"entries":[]} @5
        2 list {"ns":2,"path":"/","recursive":true} → {"entries":[{"path":"D","id":4,"kind":"directory","rev":5},{"path":"D/e","id":5,"kind":"directory","rev":4}]} @5
        1 mkdir {"path":"/m/D/f"} → {"id":6,"rev":6} @6
        2 list {"ns":2,"path":"/D"} → {"entries":[{"name":"e","id":5,"kind":"directory","rev":4}]} @6
        9 journal {"cursor":[4,4294967295]} → {"changes":[{"cursor":[5,0],"kind":"moved_out","id":4,"parent":1,"name":"d","node_kind":"directory","rev":4,"other_ns":2,"request":[1,4]}],"cursor":[5,0],"end":true} @6
        9 journal {"ns":2} → {"changes":[{"cursor":[5,0],"kind":"moved_in","id":4,"parent":2,"name":"D","node_kind":"directory","rev":5,"other_ns":1,"request":[1,4]},{"cursor":[6,0],"kind":"created","id":6,"parent":4,"name":"f","node_kind":"directory","rev":6,"request":[1,7]}],"cursor":[6,0],"end":true} @6
        "#,
    );
    expect![[r#"
        invalid: line 16: list {"ns":2,"path":"/D"} at revision 6 does not answer what the journal tells
        line 16: list {"ns":2,"path":"/D"} at revision 6 does not answer what the journal tells
    "#]].assert_eq(&found);
}

#[test]
fn a_page_that_ends_within_a_revision_is_gone_on_with() {
    let found = findings(
        "journal",
        r#"
        1 mkdir {"path":"/a/b","parents":true} → {"id":3,"rev":2} @2
        1 mkdir {"path":"/a/b/c"} → {"id":4,"rev":3} @3
        2 journal {} → {"changes":[{"cursor":[2,0],"kind":"created","id":2,"parent":1,"name":"a","node_kind":"directory","rev":2,"request":[1,1]}],"cursor":[2,0],"end":false} @3
        2 journal {"cursor":[2,0]} → {"changes":[{"cursor":[3,0],"kind":"created","id":4,"parent":3,"name":"c","node_kind":"directory","rev":3,"request":[1,2]}],"cursor":[3,0],"end":true} @3
        "#,
    );
    expect![[r#"
        invalid: line 8: [3,0] puts node 4 in 3, which is no directory
        line 8: [3,0] puts node 4 in 3, which is no directory
    "#]]
    .assert_eq(&found);
}

#[test]
fn a_reset_tells_where_to_list() {
    let found = findings(
        "journal",
        r#"
        1 mkdir {"path":"/a"} → {"id":2,"rev":2} @2
        2 journal {} → {"rejected":"CURSOR_RESET"} @2
        2 journal {} → {"rejected":"CURSOR_RESET","reset_revision":3} @2
        2 journal {"cursor":[2,4294967295]} → {"changes":[],"cursor":[2,4294967295],"end":true} @2
        "#,
    );
    expect![[r#"
        invalid: line 4: a reader of namespace 1 is reset, and not told where to list
        line 4: a reader of namespace 1 is reset, and not told where to list
        line 6: a reader of namespace 1 is told to list at 3, which is later than 2
    "#]]
    .assert_eq(&found);
}

#[test]
fn a_remark_tells_what_nobody_read() {
    let found = |remark: &str| {
        let lines = [
            r#"{"history":"metad/1","namespaces":[{"id":1,"root":1,"name":"main"}]}"#,
            r#"{"process":1,"type":"invoke","f":"mkdir","value":{"ns":1,"path":"/a"},"request":[1,1]}"#,
            r#"{"process":2,"type":"invoke","f":"stat","value":{"ns":1,"path":"/a"}}"#,
            r#"{"process":2,"type":"ok","f":"stat","value":{"id":2,"kind":"directory","rev":2},"revision":3}"#,
            remark,
        ];
        let text = lines.join("\n") + "\n";
        let history = crate::history::parse("script", text.as_bytes(), None).expect("it reads");
        let report = crate::check::check_history(&history, &Default::default()).expect("known");
        format!("{}: {}\n", report.checks[0].verdict.name(), report.checks[0].detail)
    };
    let remark = |revision: u64| {
        format!(
            r#"{{"process":"nemesis","type":"info","f":"took_effect","value":{{"request":[1,1],"revision":{revision},"names":["a"]}}}}"#
        )
    };
    expect![[r#"
        valid: 2 operations, in the order of their revisions
    "#]]
    .assert_eq(&found(&remark(2)));
    // It is believed no more than any claim.
    expect![[r#"
        valid: 2 operations, by search
    "#]]
    .assert_eq(&found(&remark(4)));
}

#[test]
fn who_waits_is_told_the_truth() {
    let script = |waits: &str| {
        let before = r#"
        1 mkdir {"path":"/a"} → {"id":2,"rev":2} @2
        1 mkdir {"path":"/b"} → {"id":3,"rev":3} @3
        9 journal {} → {"changes":[{"cursor":[2,0],"kind":"created","id":2,"parent":1,"name":"a","rev":2,"request":[1,1]},{"cursor":[3,0],"kind":"created","id":3,"parent":1,"name":"b","rev":3,"request":[1,2]}],"cursor":[3,0],"end":true} @5
        "#;
        findings("journal", &format!("{before}{waits}"))
    };
    let found: String = [
        r#"2 wait_for_change {"cursor":[2,0],"timeout_ms":50} → {"changed":true} @3"#,
        r#"2 wait_for_change {"cursor":[2,0],"timeout_ms":50} → {"changed":false} @2"#,
        r#"2 wait_for_change {"timeout_ms":50} → {"changed":true} @4"#,
        r#"2 wait_for_change {"cursor":[2,0],"timeout_ms":50} → {"changed":false} @3"#,
        r#"2 wait_for_change {"cursor":[3,0],"timeout_ms":50} → {"changed":true} @5"#,
        r#"2 wait_for_change {"cursor":[2,0],"timeout_ms":50} → {"changed":true} @2"#,
        r#"2 wait_for_change {"cursor":[3,0],"timeout_ms":50} → {"changed":true} @9"#,
    ]
    .map(script)
    .concat();
    expect![[r#"
        valid: 2 changes in 1 pages, replayed and compared with 0 reads; changes waited for: 1
        valid: 2 changes in 2 pages, replayed and compared with 0 reads
        valid: 2 changes in 1 pages, replayed and compared with 0 reads; changes waited for: 1
        invalid: line 8: [3,0] is skipped, which line 6 tells
        line 8: [3,0] is skipped, which line 6 tells
        invalid: line 8: a change of namespace 1 after [3,0] is told of by the end of 5, and there is none
        line 8: a change of namespace 1 after [3,0] is told of by the end of 5, and there is none
        invalid: line 8: a change of namespace 1 after [2,0] is told of by the end of 2, and there is none
        line 8: a change of namespace 1 after [2,0] is told of by the end of 2, and there is none
        valid: 2 changes in 1 pages, replayed and compared with 0 reads; changes waited for: 1
    "#]].assert_eq(&found);
}
