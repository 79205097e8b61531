//! Replicas, right and wrong.

use expect_test::expect;

use crate::check::tests::script::findings;

#[test]
fn replicas_are_the_final_tree() {
    let found = findings(
        "sync",
        r#"
        1 commit {"path":"/a","mode":"create","hash":"aa","size":1,"client":"ann"} → {"id":2,"rev":2} @2
        2 commit {"path":"/a","mode":"update","rev":2,"hash":"bb","size":1} → {"id":2,"rev":3} @3
        1 commit {"path":"/a","mode":"update","rev":2,"hash":"cc","size":1,"autorename":true,"client":"ann"} → {"id":3,"rev":4,"renamed":"a (ann's conflicted copy 2026-03-01)"} @4
        1 commit {"path":"/b","mode":"create","hash":"dd","size":1} → {"id":4,"rev":5} @5
        2 delete {"path":"/b","rev":5} → {"id":4,"rev":5} @6
        9 list {"path":"/","recursive":true} → {"entries":[{"path":"a","id":2,"kind":"file","rev":3,"hash":"bb"},{"path":"a (ann's conflicted copy 2026-03-01)","id":3,"kind":"file","rev":4,"hash":"cc"}]} @6
        1 replica {"client":1} → {"entries":[{"path":"/a","kind":"file","hash":"bb"},{"path":"/a (ann's conflicted copy 2026-03-01)","kind":"file","hash":"cc"}],"revision":6} @6
        2 replica {"client":"ann"} → {"entries":[{"path":"a","kind":"file","hash":"bb"},{"path":"a (ann's conflicted copy 2026-03-01)","kind":"file","hash":"cc"}],"revision":6} @6
        "#,
    );
    expect![[r#"
        valid: 2 replicas are the final tree; 3 commits are kept
    "#]]
    .assert_eq(&found);
}

#[test]
fn replicas_differ() {
    let found = findings(
        "sync",
        r#"
        1 commit {"path":"/a","mode":"create","hash":"aa","size":1} → {"id":2,"rev":2} @2
        1 mkdir {"path":"/d"} → {"id":3,"rev":3} @3
        9 list {"path":"/","recursive":true} → {"entries":[{"path":"a","id":2,"kind":"file","rev":2,"hash":"aa"},{"path":"d","id":3,"kind":"directory"}]} @3
        1 replica {"client":1} → {"entries":[{"path":"/a","kind":"file","hash":"bb"}],"revision":3} @3
        2 replica {"client":2} → {"entries":[{"path":"/a","kind":"file","hash":"aa"},{"path":"/d","kind":"file"},{"path":"/x","kind":"file"}],"revision":3} @3
        "#,
    );
    expect![[r#"
        invalid: line 8: the replica of client 1 has another content at "a"
        line 8: the replica of client 1 has another content at "a"
        line 8: the replica of client 1 has no "d"
        line 10: the replica of client 2 has another kind of node at "d"
        line 10: the replica of client 2 has "x", which is not there
    "#]]
    .assert_eq(&found);
}

#[test]
fn content_is_lost() {
    let found = findings(
        "sync",
        r#"
        1 commit {"path":"/a","mode":"create","hash":"aa","size":1} → {"id":2,"rev":2} @2
        2 commit {"path":"/a","mode":"overwrite","hash":"bb","size":1} → {"id":2,"rev":3} @3
        3 commit {"path":"/a","mode":"update","rev":3,"hash":"cc","size":1} → {"id":2,"rev":4} @4
        1 mkdir {"path":"/d"} → {"id":3,"rev":5} @5
        1 commit {"path":"/d/f","mode":"create","hash":"dd","size":1} → {"id":4,"rev":6} @6
        2 delete {"path":"/d","recursive":true,"rev":5} → {"id":3,"rev":5} @7
        1 commit {"path":"/e","mode":"create","hash":"ee","size":1} → {"id":5,"rev":8} @8
        2 commit {"path":"/e","mode":"update","rev":8,"hash":"ff","size":1} → ?
        9 list {"path":"/","recursive":true} → {"entries":[{"path":"a","id":2,"hash":"cc"},{"path":"e","id":5,"hash":"ff"}]} @9
        1 replica {"client":1} → {"entries":[{"path":"a"},{"path":"e"}],"revision":9} @9
        "#,
    );
    expect![[r#"
        invalid: line 2: the content "aa" that was committed to "a" is lost: line 4 did away with it without having seen it
        line 2: the content "aa" that was committed to "a" is lost: line 4 did away with it without having seen it
        line 10: the content "dd" that was committed to "d/f" is lost: nobody who had seen it replaced or deleted it
    "#]].assert_eq(&found);
}

#[test]
fn deleted_things_come_back() {
    let found = findings(
        "sync",
        r#"
        1 commit {"path":"/a","mode":"create","hash":"aa","size":1} → {"id":2,"rev":2} @2
        1 delete {"path":"/a","rev":2} → {"id":2,"rev":2} @3
        1 commit {"path":"/b","mode":"create","hash":"bb","size":1} → {"id":3,"rev":4} @4
        1 delete {"path":"/b","rev":4} → {"id":3,"rev":4} @5
        1 commit {"path":"/c","mode":"create","hash":"cc","size":1} → {"id":4,"rev":6} @6
        1 delete {"path":"/c","rev":6} → {"id":4,"rev":6} @7
        2 commit {"path":"/C","mode":"create","hash":"cc","size":1} → {"id":6,"rev":8} @8
        9 list {"path":"/","recursive":true} → {"entries":[{"path":"a","id":5,"hash":"aa"},{"path":"b","id":3,"hash":"bb"},{"path":"c","id":6,"hash":"cc"}]} @8
        1 replica {"client":1} → {"entries":[{"path":"a"},{"path":"b"},{"path":"c"}],"revision":8} @8
        "#,
    );
    expect![[r#"
        invalid: line 4: "a" was deleted, and is there again without having been made
        line 4: "a" was deleted, and is there again without having been made
        line 8: node 3 was deleted, and is there again at "b"
    "#]]
    .assert_eq(&found);
}

#[test]
fn without_a_final_listing_nothing_is_known() {
    let found = findings(
        "sync",
        r#"
        1 replica {"client":1} → {"entries":[],"revision":1} @1
        "#,
    );
    expect![[r#"
        unknown: no recursive listing of the root to hold the replicas against
    "#]]
    .assert_eq(&found);
}
