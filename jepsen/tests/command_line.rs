//! The command as a user sees it: output and exit code for each history in testdata/.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use expect_test::{Expect, expect};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_jepsen"))
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata"))
        .output()
        .expect("the binary was built for this test")
}

fn check(arguments: &[&str], expected: Expect) {
    let output = run(&[&["check"], arguments].concat());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let code = output.status.code().map_or_else(|| "none".to_string(), |code| code.to_string());
    expected.assert_eq(&format!("{}{}exit {code}\n", text(&output.stdout), text(&output.stderr)));
}

#[test]
fn valid_histories() {
    check(
        &["tree-valid.jsonl"],
        expect![[r#"
        tree-valid.jsonl: valid as file-tree
          linearizable valid   11 operations, in the order of their revisions
          journal      valid   6 changes in 2 pages, replayed and compared with 3 reads
          durability   valid   2 acknowledged changes are in the journal; of 1 unknown outcomes 1 took effect and 0 did not

          operation                ok  rejected    fail  unknown
          batch                     0         1       0        0
          commit                    1         1       0        1
          create_namespace          1         0       0        0
          delete                    1         0       0        0
          journal                   2         0       0        0
          list                      2         0       0        0
          mkdir                     1         0       0        0
          move                      1         0       0        0
          stat                      1         0       0        0
        exit 0
    "#]],
    );
    check(
        &["register-valid.edn"],
        expect![[r#"
        register-valid.edn: valid as register
          linearizable valid   4 operations, by search

          operation                ok  rejected    fail  unknown
          cas                       1         0       0        0
          read                      2         0       0        0
          write                     0         0       0        1
        exit 0
    "#]],
    );
    check(
        &["register-valid.edn", "tree-valid.jsonl"],
        expect![[r#"
        valid    register-valid.edn  register  4 operations, by search
        valid    tree-valid.jsonl  file-tree  11 operations, in the order of their revisions
        exit 0
    "#]],
    );
}

#[test]
fn linearizability_is_violated() {
    check(
        &["tree-stale-read.jsonl"],
        expect![[r#"
            tree-stale-read.jsonl: invalid as file-tree
              linearizable invalid stale: line 25 reflects revision 7, but revision 8, of line 23, had been answered before it was asked: process 1 list {"ns":1,"path":"/docs"} → ok {"entries":[{"id":12,"kind":"directory","name":"drafts","rev":4}]} @7
              journal      valid   6 changes in 2 pages, replayed and compared with 3 reads
              durability   valid   2 acknowledged changes are in the journal; of 1 unknown outcomes 1 took effect and 0 did not

              operation                ok  rejected    fail  unknown
              batch                     0         1       0        0
              commit                    1         1       0        1
              create_namespace          1         0       0        0
              delete                    1         0       0        0
              journal                   2         0       0        0
              list                      2         0       0        0
              mkdir                     1         0       0        0
              move                      1         0       0        0
              stat                      1         0       0        0

              These 2 operations contradict one another, whatever the others did; without any one of them, an order exists.
              As each client saw it:
                process 1
                  line 25, events 23–24: list {"ns":1,"path":"/docs"} → ok {"entries":[{"id":12,"kind":"directory","name":"drafts","rev":4}]} @7
                process 2
                  line 23, events 21–22: delete {"ns":1,"path":"/docs/drafts","recursive":true} → ok {"id":12,"rev":4} @8
              Before them, after 9 operations in an order that fits:
                /docs (directory id ? rev 4)
                /docs/drafts (directory id 12 rev 4)
                /docs/drafts/b.txt (file id 13 rev 7 hash cc size 7)
                / (directory id 10 rev 3)
              Then line 23 fits, but not what could come next:
                line 25: process 1 list {"ns":1,"path":"/docs"} → ok {"entries":[{"id":12,"kind":"directory","name":"drafts","rev":4}]} @7
                  reflects revision 7, but revision 8, of line 23, had been answered before it was asked

              The longest order that fits has 9 operations. What holds after it:
                namespace 1 "team"
                  / (directory id 10 rev 3)
                  /docs (directory id ? rev 4)
                  /docs/drafts (directory id 12 rev 4)
                  /docs/drafts/b.txt (file id 13 rev 7 hash cc size 7)
              What could come next, and why it does not fit:
                line 25: process 1 list {"ns":1,"path":"/docs"} → ok {"entries":[{"id":12,"kind":"directory","name":"drafts","rev":4}]} @7
                  reflects revision 7, but revision 8, of line 23, had been answered before it was asked
            exit 1
        "#]],
    );
    check(
        &["tree-wrong-revision.jsonl"],
        expect![[r#"
            tree-wrong-revision.jsonl: invalid as file-tree
              linearizable invalid stale: line 25 reflects revision 7, but revision 8, of line 23, had been answered before it was asked: process 1 list {"ns":1,"path":"/docs"} → ok {"entries":[]} @7; without the revisions that the answers claim, an order exists
              journal      invalid line 25: list {"ns":1,"path":"/docs"} at revision 7 does not answer what the journal tells
              durability   valid   2 acknowledged changes are in the journal; of 1 unknown outcomes 1 took effect and 0 did not

              operation                ok  rejected    fail  unknown
              batch                     0         1       0        0
              commit                    1         1       0        1
              create_namespace          1         0       0        0
              delete                    1         0       0        0
              journal                   2         0       0        0
              list                      2         0       0        0
              mkdir                     1         0       0        0
              move                      1         0       0        0
              stat                      1         0       0        0

              These 2 operations contradict one another, whatever the others did; without any one of them, an order exists.
              As each client saw it:
                process 1
                  line 25, events 23–24: list {"ns":1,"path":"/docs"} → ok {"entries":[]} @7
                process 2
                  line 23, events 21–22: delete {"ns":1,"path":"/docs/drafts","recursive":true} → ok {"id":12,"rev":4} @8
              Before them, after 9 operations in an order that fits:
                /docs (directory id ? rev 4)
                /docs/drafts (directory id 12 rev 4)
                /docs/drafts/b.txt (file id 13 rev 7 hash cc size 7)
                / (directory id 10 rev 3)
              Then line 23 fits, but not what could come next:
                line 25: process 1 list {"ns":1,"path":"/docs"} → ok {"entries":[]} @7
                  reflects revision 7, but revision 8, of line 23, had been answered before it was asked

              The longest order that fits has 9 operations. What holds after it:
                namespace 1 "team"
                  / (directory id 10 rev 3)
                  /docs (directory id ? rev 4)
                  /docs/drafts (directory id 12 rev 4)
                  /docs/drafts/b.txt (file id 13 rev 7 hash cc size 7)
              What could come next, and why it does not fit:
                line 25: process 1 list {"ns":1,"path":"/docs"} → ok {"entries":[]} @7
                  reflects revision 7, but revision 8, of line 23, had been answered before it was asked
            exit 1
        "#]],
    );
    check(
        &["register-stale-read.edn"],
        expect![[r#"
            register-stale-read.edn: invalid as register
              linearizable invalid no order explains the operation of line 5: process 1 read null → ok 0

              operation                ok  rejected    fail  unknown
              read                      2         0       0        0
              write                     1         0       0        0

              These 2 operations contradict one another, whatever the others did; without any one of them, an order exists.
              As each client saw it:
                process 1
                  line 3, events 1–2: read null → ok 1
                  line 5, events 3–4: read null → ok 0
              Before them, at the start:
                register = 0
              Then lines 2 (of the others), 3 fit, but not what could come next:
                line 5: process 1 read null → ok 0
                  read 0, but the register holds 1

              The longest order that fits has 2 operations. What holds after it:
                register = 1
              What could come next, and why it does not fit:
                line 5: process 1 read null → ok 0
                  read 0, but the register holds 1
            exit 1
        "#]],
    );
    check(
        &["kv-lost-append.txt"],
        expect![[r#"
            kv-lost-append.txt: invalid as kv
              linearizable invalid no order explains the operation of line 5: process 0 get "a" null → ok ""

              operation                ok  rejected    fail  unknown
              append                    1         0       0        0
              get                       1         0       0        0
              put                       1         0       0        0

              These 2 operations contradict one another, whatever the others did; without any one of them, an order exists.
              As each client saw it:
                process 0
                  line 1, events 0–1: append "a" "x" → ok "x"
                  line 5, events 4–5: get "a" null → ok ""
              Before them, at the start:
                a = ""
              Then line 1 fits, but not what could come next:
                line 5: process 0 get "a" null → ok ""
                  got "" of key "a", which holds "x"

              The longest order that fits has 1 operations. What holds after it:
                a = "x"
              What could come next, and why it does not fit:
                line 5: process 0 get "a" null → ok ""
                  got "" of key "a", which holds "x"
            exit 1
        "#]],
    );
}

#[test]
fn the_journal_is_violated() {
    let files = [
        "journal-gap.jsonl",
        "journal-child-first.jsonl",
        "journal-resumes-late.jsonl",
        "journal-other-content.jsonl",
        "journal-stale-page.jsonl",
    ];
    check(
        &files,
        expect![[r#"
        invalid  journal-gap.jsonl  file-tree  journal: line 27: [4,1] follows the start: ordinal 0 is missing
        invalid  journal-child-first.jsonl  file-tree  journal: line 27: [4,0] puts node 12 in 11, which is no directory
        invalid  journal-resumes-late.jsonl  file-tree  journal: line 29: [6,0] is skipped, which line 31 tells
        invalid  journal-other-content.jsonl  file-tree  journal: line 16: stat {"ns":1,"path":"/docs/a.txt"} at revision 6 does not answer what the journal tells
        invalid  journal-stale-page.jsonl  file-tree  journal: line 29: a page of revision 7, though 8 was acknowledged before
        exit 1
    "#]],
    );
}

#[test]
fn durability_is_violated() {
    check(
        &["tree-lost-write.jsonl"],
        expect![[r#"
        tree-lost-write.jsonl: invalid as file-tree
          linearizable valid   11 operations, in the order of their revisions
          journal      invalid line 25: list {"ns":1,"path":"/docs"} at revision 8 does not answer what the journal tells
          durability   invalid line 23: the acknowledged delete at 8 is not in the journal

          operation                ok  rejected    fail  unknown
          batch                     0         1       0        0
          commit                    1         1       0        1
          create_namespace          1         0       0        0
          delete                    1         0       0        0
          journal                   2         0       0        0
          list                      2         0       0        0
          mkdir                     1         0       0        0
          move                      1         0       0        0
          stat                      1         0       0        0
        exit 1
    "#]],
    );
    check(
        &["tree-request-twice.jsonl"],
        expect![[r#"
        tree-request-twice.jsonl: invalid as file-tree
          linearizable valid   11 operations, by search
          journal      valid   7 changes in 2 pages, replayed and compared with 3 reads
          durability   invalid request [7,4] took effect 2 times, at {6, 8}

          operation                ok  rejected    fail  unknown
          batch                     0         1       0        0
          commit                    1         1       0        1
          create_namespace          1         0       0        0
          delete                    1         0       0        0
          journal                   2         0       0        0
          list                      2         0       0        0
          mkdir                     1         0       0        0
          move                      1         0       0        0
          stat                      1         0       0        0
        exit 1
    "#]],
    );
}

#[test]
fn bad_input() {
    check(
        &["truncated.jsonl"],
        expect![[r#"
        jepsen: truncated.jsonl: line 12: not an event: the line is cut off
        exit 2
    "#]],
    );
    check(
        &["no-such-file.jsonl"],
        expect![[r#"
        jepsen: no-such-file.jsonl: cannot read: no such file
        exit 2
    "#]],
    );
    check(
        &["."],
        expect![[r#"
        jepsen: .: cannot read: it is a directory, name its files
        exit 2
    "#]],
    );
    check(
        &["tree-valid.jsonl", "--model", "register"],
        expect![[r#"
        jepsen: tree-valid.jsonl: line 2: create_namespace: a register has only read, write and cas
        exit 2
    "#]],
    );
    check(
        &["register-valid.edn", "--format", "metad"],
        expect![[r#"
            jepsen: register-valid.edn: line 2: expected the header {"history":"metad/1",…}: invalid type: map, expected a string (column 1)
            exit 2
        "#]],
    );
    check(
        &["a", "b", "--report", "c.html"],
        expect![[r#"
        jepsen: --report draws one history: name one file
        exit 2
    "#]],
    );
    check(
        &["truncated.jsonl", "register-stale-read.edn"],
        expect![[r#"
        invalid  register-stale-read.edn  register  linearizable: no order explains the operation of line 5: process 1 read null → ok 0
        jepsen: truncated.jsonl: line 12: not an event: the line is cut off
        exit 1
    "#]],
    );
    check(
        &["register-valid.edn", "--time-limit", "1y"],
        expect![[r#"
        error: invalid value '1y' for '--time-limit <TIME>': unknown unit "y": use ms, s or m

        For more information, try '--help'.
        exit 2
    "#]],
    );
}

#[test]
fn a_search_past_its_bound_is_unknown() {
    check(
        &["register-stale-read.edn", "--memory-limit", "0"],
        expect![[r#"
        register-stale-read.edn: unknown as register
          linearizable unknown the search reached its bound of memory with 0 of 3 operations in order

          operation                ok  rejected    fail  unknown
          read                      2         0       0        0
          write                     1         0       0        0
        exit 2
    "#]],
    );
}

#[test]
fn json() {
    check(
        &["register-stale-read.edn", "--json"],
        expect![[r#"
            {"verdict":"invalid","source":"register-stale-read.edn","header":{"workload":null,"seed":null,"nodes":null,"model":null,"faults":[],"initial":null,"namespaces":[]},"model":"register","checks":[{"name":"linearizable","verdict":"invalid","detail":"no order explains the operation of line 5: process 1 read null → ok 0","findings":[]}],"counts":[{"function":"read","ok":2,"rejected":0,"fail":0,"unknown":0},{"function":"write","ok":1,"rejected":0,"fail":0,"unknown":0}],"violation":{"summary":"no order explains the operation of line 5: process 1 read null → ok 0","prefix":[0,1],"state":["register = 1"],"candidates":[{"operation":2,"text":"process 1 read null → ok 0","needs":"read 0, but the register holds 1"}],"minimal":{"operations":[1,2],"is_minimal":true,"after":0,"before":["register = 0"],"order":[0,1],"next":[{"operation":2,"text":"process 1 read null → ok 0","needs":"read 0, but the register holds 1"}]},"position":4}}
            exit 1
        "#]],
    );
}

/// What the command says of a text at its standard input.
fn check_input(arguments: &[&str], input: &[u8], expected: Expect) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_jepsen"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary was built for this test");
    let mut stdin = child.stdin.take().expect("it is a pipe");
    std::io::Write::write_all(&mut stdin, input).expect("it reads all of it");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    expected.assert_eq(&String::from_utf8_lossy(&output.stdout));
}

#[test]
fn what_is_converted_keeps_its_verdict_compressed_and_from_a_pipe() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (to, name) in [("edn", "h.edn"), ("porcupine", "h.json.zst"), ("metad", "h.jsonl.zst")] {
        let path = folder.path().join(name);
        let out = path.to_str().expect("a plain name");
        let output = run(&["convert", "tree-stale-read.jsonl", "--to", to, "--out", out]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(run(&["check", out]).status.code(), Some(1), "{to}");
        let bytes = std::fs::read(&path).expect("it was written");
        assert_eq!(bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]), name.ends_with(".zst"));
    }
    let compressed = std::fs::read(folder.path().join("h.jsonl.zst")).expect("it was written");
    check_input(&["check", "-", "--json"], &compressed[..10], expect![""]);
    check_input(&["convert", "-", "--to", "edn"], b"", expect![""]);
    let plain = b"{:process 0, :type :invoke, :f :write, :value 1}\n\
        {:process 0, :type :ok, :f :write, :value 1}\n";
    check_input(
        &["check", "-"],
        plain,
        expect![[r#"
        standard input: valid as register
          linearizable valid   1 operations, by search

          operation                ok  rejected    fail  unknown
          write                     1         0       0        0
    "#]],
    );
    check_input(
        &["convert", "-", "--to", "metad"],
        plain,
        expect![[r#"
        {"history":"metad/1","initial":0,"model":"register"}
        {"index":0,"process":0,"type":"invoke","f":"write","value":1}
        {"index":1,"process":0,"type":"ok","f":"write","value":1}
    "#]],
    );
}

#[test]
fn help() {
    check(
        &["--help"],
        expect![[r#"
            Says whether histories are valid: whether some order of the operations that respects time explains
            every answer, and whether the journal tells the same

            Usage: jepsen check [OPTIONS] <FILE>...

            Arguments:
              <FILE>...  The histories, also compressed by zstd; - is standard input

            Options:
                  --model <MODEL>       What the operations are of [default: the history tells] [possible
                                        values: register, kv, file-tree]
                  --format <FORMAT>     How the history is written [default: guessed from its first line]
                                        [possible values: metad, jepsen-log, edn, porcupine]
                  --time-limit <TIME>   How long to search before the verdict is "unknown": 500ms, 60s, 5m
                                        [default: 60s]
                  --memory-limit <MIB>  How much memory to search with, in MiB [default: 2048]
                  --json                Print the reports as JSON, one object a line
                  --report <HTML>       Write the report as one HTML page (of one history)
              -h, --help                Print help

            Examples:
              jepsen check history.jsonl                       check a history that metad's tools recorded
              jepsen check history.jsonl --report report.html  and draw it
              jepsen check etcd_*.log                          one line for each file
              zstdcat run.jsonl.zst | jepsen check -           from standard input, compressed or not
              jepsen check run.edn --model register --json     as JSON, one object for each file

            Exit code: 0 all valid, 1 at least one invalid, 2 otherwise (unknown, or bad input).
            exit 0
        "#]],
    );
}

#[test]
fn the_report_is_one_page() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("report.html");
    let name = path.to_str().expect("a plain name");
    let output = run(&["check", "tree-stale-read.jsonl", "--report", name]);
    assert_eq!(output.status.code(), Some(1));
    let page = std::fs::read_to_string(&path).expect("the report was written");
    for needle in
        ["<h1>invalid</h1>", "What went wrong", "/docs/drafts (directory id 12 rev 4)", "<canvas"]
    {
        assert!(page.contains(needle), "the page has {needle}");
    }
    for needle in ["http://", "https://", "src=", "@import", "{{"] {
        assert!(!page.contains(needle), "the page has no {needle}");
    }
}

#[test]
fn a_closed_pipe_is_no_error() {
    for arguments in [
        &["check", "register-valid.edn", "tree-valid.jsonl"][..],
        &["bench", "--rounds", "1", "register-valid.edn", "tree-valid.jsonl"],
        &["generate", "--operations", "5000"],
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jepsen"));
        let command = command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        let command = command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata"));
        let mut child = command.spawn().expect("the binary was built for this test");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
        assert!(output.status.success(), "{arguments:?}: {}", output.status);
    }
}

/// A history that was to have a violation, and has none, was taken for one that has.
#[test]
fn a_violation_that_could_not_be_planted_is_an_error() {
    let shape = ["--operations", "150", "--clients", "4", "--keys", "3", "--defect", "lost-write"];
    let code = |seed| run(&[&["generate", "--seed", seed], &shape[..]].concat()).status.code();
    assert_eq!([code("1"), code("3")], [Some(2), Some(0)]);
}
