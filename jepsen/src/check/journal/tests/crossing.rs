//! What goes from one namespace to another, and names that are folded.

use expect_test::expect;

use crate::check::tests::script::findings;

#[test]
fn what_goes_over_is_told_in_both() {
    let found = findings(
        "journal",
        r#"
        1 create_namespace {"name":"b","policy":"exact"} → {"id":2,"root":2} @2
        1 mount {"path":"/m","mount":2} → {"id":3,"rev":3} @3
        1 mkdir {"path":"/d/e","parents":true} → {"id":5,"rev":4} @4
        1 move {"from":"/d","to":"/m/D"} → {"id":4,"rev":5} @5
        1 mkdir {"path":"/m/D/f"} → {"id":6,"rev":6} @6
        2 list {"ns":2,"path":"/","recursive":true} → {"entries":[{"path":"D","id":4,"kind":"directory","rev":5},{"path":"D/e","id":5,"kind":"directory","rev":4},{"path":"D/f","id":6,"kind":"directory","rev":6}]} @6
        2 list {"ns":2,"path":"/D","at_revision":5} → {"entries":[{"name":"e","id":5,"kind":"directory","rev":4}]} @5
        2 stat {"path":"/m/D"} → {"id":4,"kind":"directory","rev":5,"ns":2} @6
        9 journal {} → {"changes":[{"cursor":[3,0],"kind":"created","id":3,"parent":1,"name":"m","node_kind":"mount","mount":2,"rev":3,"request":[1,2]},{"cursor":[4,0],"kind":"created","id":4,"parent":1,"name":"d","node_kind":"directory","rev":4,"request":[1,3]},{"cursor":[4,1],"kind":"created","id":5,"parent":4,"name":"e","node_kind":"directory","rev":4,"request":[1,3]},{"cursor":[5,0],"kind":"moved_out","id":4,"parent":1,"name":"d","node_kind":"directory","rev":4,"other_ns":2,"request":[1,4]}],"cursor":[5,0],"end":true} @6
        9 journal {"ns":2} → {"changes":[{"cursor":[5,0],"kind":"moved_in","id":4,"parent":2,"name":"D","node_kind":"directory","rev":5,"other_ns":1,"request":[1,4]},{"cursor":[6,0],"kind":"created","id":6,"parent":4,"name":"f","node_kind":"directory","rev":6,"request":[1,5]}],"cursor":[6,0],"end":true} @6
        "#,
    );
    expect![[r#"
        valid: 6 changes in 2 pages, replayed and compared with 3 reads
    "#]]
    .assert_eq(&found);
}

#[test]
fn what_goes_over_is_durable() {
    let found = findings(
        "durability",
        r#"
        1 create_namespace {"name":"b","policy":"exact"} → {"id":2,"root":2} @2
        1 mount {"path":"/m","mount":2} → {"id":3,"rev":3} @3
        1 mkdir {"path":"/d/e","parents":true} → {"id":5,"rev":4} @4
        1 move {"from":"/d","to":"/m/D"} → {"id":4,"rev":5} @5
        1 mkdir {"path":"/m/D/f"} → {"id":6,"rev":6} @6
        2 list {"ns":2,"path":"/","recursive":true} → {"entries":[{"path":"D","id":4,"kind":"directory","rev":5},{"path":"D/e","id":5,"kind":"directory","rev":4},{"path":"D/f","id":6,"kind":"directory","rev":6}]} @6
        2 list {"ns":2,"path":"/D","at_revision":5} → {"entries":[{"name":"e","id":5,"kind":"directory","rev":4}]} @5
        2 stat {"path":"/m/D"} → {"id":4,"kind":"directory","rev":5,"ns":2} @6
        9 journal {} → {"changes":[{"cursor":[3,0],"kind":"created","id":3,"parent":1,"name":"m","node_kind":"mount","mount":2,"rev":3,"request":[1,2]},{"cursor":[4,0],"kind":"created","id":4,"parent":1,"name":"d","node_kind":"directory","rev":4,"request":[1,3]},{"cursor":[4,1],"kind":"created","id":5,"parent":4,"name":"e","node_kind":"directory","rev":4,"request":[1,3]},{"cursor":[5,0],"kind":"moved_out","id":4,"parent":1,"name":"d","node_kind":"directory","rev":4,"other_ns":2,"request":[1,4]}],"cursor":[5,0],"end":true} @6
        9 journal {"ns":2} → {"changes":[{"cursor":[5,0],"kind":"moved_in","id":4,"parent":2,"name":"D","node_kind":"directory","rev":5,"other_ns":1,"request":[1,4]},{"cursor":[6,0],"kind":"created","id":6,"parent":4,"name":"f","node_kind":"directory","rev":6,"request":[1,5]}],"cursor":[6,0],"end":true} @6
        "#,
    );
    expect![[r#"
        valid: 2 acknowledged changes are in the journal
    "#]]
    .assert_eq(&found);
}

#[test]
fn one_journal_does_not_tell_of_it() {
    let found = findings(
        "journal",
        r#"
        1 create_namespace {"name":"b","policy":"exact"} → {"id":2,"root":2} @2
        1 mount {"path":"/m","mount":2} → {"id":3,"rev":3} @3
        1 mkdir {"path":"/d/e","parents":true} → {"id":5,"rev":4} @4
        1 move {"from":"/d","to":"/m/D"} → {"id":4,"rev":5} @5
        1 mkdir {"path":"/m/D/f"} → {"id":6,"rev":6} @6
        9 journal {} → {"changes":[{"cursor":[3,0],"kind":"created","id":3,"parent":1,"name":"m","node_kind":"mount","mount":2,"rev":3,"request":[1,2]},{"cursor":[4,0],"kind":"created","id":4,"parent":1,"name":"d","node_kind":"directory","rev":4,"request":[1,3]},{"cursor":[4,1],"kind":"created","id":5,"parent":4,"name":"e","node_kind":"directory","rev":4,"request":[1,3]},{"cursor":[5,0],"kind":"moved_out","id":4,"parent":1,"name":"d","node_kind":"directory","rev":4,"other_ns":2,"request":[1,4]}],"cursor":[5,0],"end":true} @6
        9 journal {"ns":2} → {"changes":[{"cursor":[6,0],"kind":"created","id":6,"parent":4,"name":"f","node_kind":"directory","rev":6,"request":[1,5]}],"cursor":[6,0],"end":true} @6
        "#,
    );
    expect![[r#"
        invalid: line 12: [5,0] moves node 4 between namespaces 1 and 2, and the other journal does not tell of it
        line 12: [5,0] moves node 4 between namespaces 1 and 2, and the other journal does not tell of it
        line 14: [6,0] puts node 6 in 4, which is no directory
    "#]].assert_eq(&found);
}

#[test]
fn a_change_over_a_mount_is_lost() {
    let found = findings(
        "durability",
        r#"
        1 create_namespace {"name":"b","policy":"exact"} → {"id":2,"root":2} @2
        1 mount {"path":"/m","mount":2} → {"id":3,"rev":3} @3
        1 mkdir {"path":"/d/e","parents":true} → {"id":5,"rev":4} @4
        1 move {"from":"/d","to":"/m/D"} → {"id":4,"rev":5} @5
        1 mkdir {"path":"/m/D/f"} → {"id":6,"rev":6} @6
        9 journal {} → {"changes":[{"cursor":[3,0],"kind":"created","id":3,"parent":1,"name":"m","node_kind":"mount","mount":2,"rev":3,"request":[1,2]},{"cursor":[4,0],"kind":"created","id":4,"parent":1,"name":"d","node_kind":"directory","rev":4,"request":[1,3]},{"cursor":[4,1],"kind":"created","id":5,"parent":4,"name":"e","node_kind":"directory","rev":4,"request":[1,3]},{"cursor":[5,0],"kind":"moved_out","id":4,"parent":1,"name":"d","node_kind":"directory","rev":4,"other_ns":2,"request":[1,4]}],"cursor":[5,0],"end":true} @6
        9 journal {"ns":2} → {"changes":[{"cursor":[5,0],"kind":"moved_in","id":4,"parent":2,"name":"D","node_kind":"directory","rev":5,"other_ns":1,"request":[1,4]}],"cursor":[6,0],"end":true} @6
        "#,
    );
    expect![[r#"
        invalid: line 10: the acknowledged mkdir at 6 is not in the journal
        line 10: the acknowledged mkdir at 6 is not in the journal
    "#]]
    .assert_eq(&found);
}

#[test]
fn a_read_misses_what_came_along() {
    let found = findings(
        "journal",
        r#"
        1 create_namespace {"name":"b","policy":"exact"} → {"id":2,"root":2} @2
        1 mount {"path":"/m","mount":2} → {"id":3,"rev":3} @3
        1 mkdir {"path":"/d/e","parents":true} → {"id":5,"rev":4} @4
        1 move {"from":"/d","to":"/m/D"} → {"id":4,"rev":5} @5
        1 mkdir {"path":"/m/D/f"} → {"id":6,"rev":6} @6
        2 list {"ns":2,"path":"/","recursive":true} → {"entries":[{"path":"D","id":4},{"path":"D/f","id":6}]} @6
        9 journal {} → {"changes":[{"cursor":[3,0],"kind":"created","id":3,"parent":1,"name":"m","node_kind":"mount","mount":2,"rev":3,"request":[1,2]},{"cursor":[4,0],"kind":"created","id":4,"parent":1,"name":"d","node_kind":"directory","rev":4,"request":[1,3]},{"cursor":[4,1],"kind":"created","id":5,"parent":4,"name":"e","node_kind":"directory","rev":4,"request":[1,3]},{"cursor":[5,0],"kind":"moved_out","id":4,"parent":1,"name":"d","node_kind":"directory","rev":4,"other_ns":2,"request":[1,4]}],"cursor":[5,0],"end":true} @6
        9 journal {"ns":2} → {"changes":[{"cursor":[5,0],"kind":"moved_in","id":4,"parent":2,"name":"D","node_kind":"directory","rev":5,"other_ns":1,"request":[1,4]},{"cursor":[6,0],"kind":"created","id":6,"parent":4,"name":"f","node_kind":"directory","rev":6,"request":[1,5]}],"cursor":[6,0],"end":true} @6
        "#,
    );
    expect![[r#"
        invalid: line 12: list {"ns":2,"path":"/","recursive":true} at revision 6 does not answer what the journal tells
        line 12: list {"ns":2,"path":"/","recursive":true} at revision 6 does not answer what the journal tells
    "#]].assert_eq(&found);
}

#[test]
fn names_are_folded() {
    let found = findings(
        "journal",
        r#"
        1 create_namespace {"name":"b","policy":"casefold"} → {"id":2,"root":2} @2
        1 mkdir {"ns":2,"path":"/A"} → {"id":3,"rev":3} @3
        1 mkdir {"ns":2,"path":"/a"} → {"rejected":"ALREADY_EXISTS"} @3
        1 move {"ns":2,"from":"/a","to":"/a"} → {"id":3,"rev":4} @4
        2 stat {"ns":2,"path":"/A"} → {"id":3,"kind":"directory","rev":4} @4
        9 journal {"ns":2} → {"changes":[{"cursor":[3,0],"kind":"created","id":3,"parent":2,"name":"A","node_kind":"directory","rev":3,"request":[1,2]},{"cursor":[4,0],"kind":"moved","id":3,"parent":2,"name":"a","node_kind":"directory","rev":4,"request":[1,4]},{"cursor":[5,0],"kind":"created","id":4,"parent":2,"name":"A","node_kind":"directory","rev":5,"request":[1,9]}],"cursor":[5,0],"end":true} @5
        "#,
    );
    expect![[r#"
        invalid: line 12: [5,0] puts node 4 at "A" in 2, where node 3 is
        line 12: [5,0] puts node 4 at "A" in 2, where node 3 is
    "#]]
    .assert_eq(&found);
}

#[test]
fn a_page_that_may_lag_is_no_older_than_asked() {
    let found = findings(
        "journal",
        r#"
        1 mkdir {"path":"/a"} → {"id":2,"rev":2} @2
        2 journal {"at_least":1} → {"changes":[],"cursor":[0,0],"end":true} @1
        2 journal {"consistency":"any"} → {"changes":[],"cursor":[0,0],"end":true} @1
        2 journal {"at_least":2} → {"changes":[],"cursor":[0,0],"end":true} @1
        "#,
    );
    expect![[r#"
        invalid: line 8: a page of revision 1, though 2 at least was asked for
        line 8: a page of revision 1, though 2 at least was asked for
    "#]]
    .assert_eq(&found);
}
