//! Reads that may lag behind, right and wrong.

use expect_test::expect;

use crate::check::tests::script::findings;

#[test]
fn a_read_of_an_earlier_state_answers_that_state() {
    let found = findings(
        "sessions",
        r#"
        1 mkdir {"path":"/a"} → {"id":2,"rev":2} @2
        1 mkdir {"path":"/b"} → {"id":3,"rev":3} @3
        2 stat {"path":"/b","consistency":"any"} → {"rejected":"NOT_FOUND"} @2
        2 stat {"path":"/b","at_least":2} → {"rejected":"NOT_FOUND"} @2
        2 list {"path":"/","consistency":"any"} → {"entries":[]} @1
        2 stat {"path":"/b","at_least":3} → {"id":3,"rev":3} @3
        2 stat {"path":"/a","at_least":3,"at_revision":2} → {"id":2,"rev":2} @2
        1 stat {"path":"/b","consistency":"lease"} → {"id":3,"rev":3} @3
        "#,
    );
    expect![[r#"
        valid: 5 of 5 reads held against the revisions they claim
    "#]]
    .assert_eq(&found);
}

#[test]
fn a_read_mixes_two_revisions() {
    let found = findings(
        "sessions",
        r#"
        1 mkdir {"path":"/a"} → {"id":2,"rev":2} @2
        1 mkdir {"path":"/b"} → {"id":3,"rev":3} @3
        2 list {"path":"/","at_least":2} → {"entries":[{"name":"b","id":3}]} @2
        2 stat {"path":"/b","consistency":"any"} → {"id":3,"rev":3} @2
        "#,
    );
    expect![[r#"
        invalid: line 6: list {"at_least":2,"ns":1,"path":"/"} is not what was there at revision 2: lists "b", which is not there
        line 6: list {"at_least":2,"ns":1,"path":"/"} is not what was there at revision 2: lists "b", which is not there
        line 8: stat {"consistency":"any","ns":1,"path":"/b"} is not what was there at revision 2: should be refused with NOT_FOUND
    "#]].assert_eq(&found);
}

#[test]
fn a_process_goes_back() {
    let found = findings(
        "sessions",
        r#"
        1 mkdir {"path":"/a"} → {"id":2,"rev":2} @2
        1 mkdir {"path":"/b"} → {"id":3,"rev":3} @3
        1 stat {"path":"/a","at_least":2} → {"id":2,"rev":2} @2
        2 stat {"path":"/a","at_least":2} → {"id":2,"rev":2} @3
        2 stat {"path":"/a","at_least":2} → {"id":2,"rev":2} @2
        3 stat {"path":"/a","at_least":3} → {"id":2,"rev":2} @2
        4 stat {"path":"/a","consistency":"any"} → {"id":2,"rev":2} @3
        4 stat {"path":"/a","consistency":"any"} → {"id":2,"rev":2} @2
        "#,
    );
    expect![[r#"
        invalid: line 6: process 1 goes back to revision 2, after 3 on line 4
        line 6: process 1 goes back to revision 2, after 3 on line 4
        line 10: process 2 goes back to revision 2, after 3 on line 8
        line 12: reflects revision 2, though 3 at least was asked for
    "#]]
    .assert_eq(&found);
}

#[test]
fn what_was_lost_may_have_happened() {
    let found = findings(
        "sessions",
        r#"
        1 mkdir {"path":"/a"} → {"id":2,"rev":2} @2
        2 mkdir {"path":"/b"} → ?
        3 stat {"path":"/b","at_least":2} → {"id":3,"rev":3} @3
        4 mkdir {"path":"/c"} → {"id":4,"rev":4} @4
        5 list {"path":"/"} → {"entries":[{"name":"a","id":2},{"name":"b","id":3},{"name":"c","id":4}]} @4
        "#,
    );
    expect![[r#"
        valid: 1 of 1 reads held against the revisions they claim
    "#]]
    .assert_eq(&found);
}

#[test]
fn versions_of_a_node_of_then_are_told_as_of_now() {
    let script = |versions: &str, revision: u64| {
        findings(
            "sessions",
            &format!(
                r#"
                1 commit {{"path":"/f","mode":"create","hash":"aa","size":1}} → {{"id":2,"rev":2}} @2
                1 commit {{"path":"/f","mode":"overwrite","hash":"bb","size":1}} → {{"id":2,"rev":3}} @3
                1 commit {{"path":"/g","mode":"create","hash":"cc","size":1}} → {{"id":3,"rev":4}} @4
                2 list_revisions {{"path":"/f","at_revision":2,"consistency":"any"}} → {{"versions":{versions}}} @{revision}
                "#
            ),
        )
    };
    let both = r#"[{"rev":3,"name":"f"},{"rev":2,"name":"f"}]"#;
    let first = r#"[{"rev":2,"name":"f"}]"#;
    let found = [script(both, 3), script(first, 2), script(first, 3), script(both, 2)].concat();
    expect![[r#"
        valid: 1 of 1 reads held against the revisions they claim
        valid: 1 of 1 reads held against the revisions they claim
        invalid: line 8: list_revisions {"at_revision":2,"consistency":"any","ns":1,"path":"/f"} is not what was there at revision 3: gives another rev than that of /f (file id 2 rev 3 hash bb size 1)
        line 8: list_revisions {"at_revision":2,"consistency":"any","ns":1,"path":"/f"} is not what was there at revision 3: gives another rev than that of /f (file id 2 rev 3 hash bb size 1)
        invalid: line 8: list_revisions {"at_revision":2,"consistency":"any","ns":1,"path":"/f"} is not what was there at revision 2: should have 1 of them
        line 8: list_revisions {"at_revision":2,"consistency":"any","ns":1,"path":"/f"} is not what was there at revision 2: should have 1 of them
    "#]].assert_eq(&found);
}
