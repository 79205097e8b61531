//! Commits that come too late.

use expect_test::expect;

use super::check;

#[test]
fn commits_that_come_too_late_become_siblings() {
    check(
        r#"
        commit {"path":"/","mode":"create","hash":"aa","size":1,"autorename":true,"client":"ann"} → {"rejected":"IS_A_DIRECTORY"} @1
        commit {"path":"/a.txt","mode":"create","hash":"aa","size":1,"autorename":true,"client":"ann"} → {"id":2,"rev":2} @2
        commit {"path":"/a.txt","mode":"create","hash":"bb","size":1,"autorename":true,"client":"ann"} → {"rejected":"ALREADY_EXISTS"} @2
        commit {"path":"/a.txt","mode":"create","hash":"bb","size":1,"autorename":true,"client":"ann"} → {"id":3,"rev":3} @3
        commit {"path":"/a.txt","mode":"create","hash":"bb","size":1,"autorename":true,"client":"ann"} → {"id":3,"rev":3,"renamed":"a.txt (ann's conflicted copy 2026-03-01)"} @3
        commit {"path":"/a.txt","mode":"create","hash":"bb","size":1,"autorename":true,"client":"ann"} → {"id":3,"rev":3,"renamed":"a (ann's conflicted copy 2026-03-01 2).txt"} @3
        commit {"path":"/a.txt","mode":"create","hash":"bb","size":1,"autorename":true,"client":"ann"} → {"id":3,"rev":3,"renamed":"a (ann's conflicted copy 2026-03-01).txt"} @3
        commit {"path":"/a.txt","mode":"update","rev":9,"hash":"aa","size":1,"autorename":true,"client":"ann"} → {"id":2,"rev":2} @3
        commit {"path":"/a.txt","mode":"update","rev":9,"hash":"cc","size":1,"autorename":true,"client":"ann"} → {"id":4,"rev":4,"renamed":"a (ann's conflicted copy 2026-03-01).txt"} @4
        commit {"path":"/a.txt","mode":"update","rev":9,"hash":"cc","size":1,"autorename":true,"client":"ann"} → {"id":4,"rev":4,"renamed":"a (ann's conflicted copy 2026-03-01 2).txt"} @4
        commit {"path":"/a.txt","mode":"update","rev":9,"hash":"cc","size":1,"autorename":true,"client":"ann"} → {"id":5,"rev":5,"renamed":"a (ann's conflicted copy 2026-03-02).txt"} @5
        commit {"path":"/b","mode":"update","rev":9,"hash":"cc","size":1,"autorename":true,"client":"bob"} → {"id":6,"rev":6,"renamed":"b (bob's conflicted copy 2026-03-02)"} @6
        commit {"path":"/no/b","mode":"update","rev":9,"hash":"cc","size":1,"autorename":true,"client":"bob"} → {"rejected":"NOT_FOUND"} @6
        commit {"path":"/a.txt","mode":"update","rev":2,"hash":"cc","size":1,"autorename":true,"client":"ann"} → {"id":2,"rev":7,"renamed":"a (ann's conflicted copy 2026-03-02 2).txt"} @7
        "#,
        expect![[r#"
            commit {"path":"/","mode":"create","hash":"aa","size":1,"autorename":true,"client":"ann"} → {"rejected":"IS_A_DIRECTORY"} @1
                changes
            commit {"path":"/a.txt","mode":"create","hash":"aa","size":1,"autorename":true,"client":"ann"} → {"id":2,"rev":2} @2
                changes
            commit {"path":"/a.txt","mode":"create","hash":"bb","size":1,"autorename":true,"client":"ann"} → {"rejected":"ALREADY_EXISTS"} @2
                was refused, but nothing stands in its way
            commit {"path":"/a.txt","mode":"create","hash":"bb","size":1,"autorename":true,"client":"ann"} → {"id":3,"rev":3} @3
                should become a conflicted copy
            commit {"path":"/a.txt","mode":"create","hash":"bb","size":1,"autorename":true,"client":"ann"} → {"id":3,"rev":3,"renamed":"a.txt (ann's conflicted copy 2026-03-01)"} @3
                gives a name that no conflicted copy would have
            commit {"path":"/a.txt","mode":"create","hash":"bb","size":1,"autorename":true,"client":"ann"} → {"id":3,"rev":3,"renamed":"a (ann's conflicted copy 2026-03-01 2).txt"} @3
                should become "a (ann's conflicted copy 2026-03-01).txt", the first free name of that date
            commit {"path":"/a.txt","mode":"create","hash":"bb","size":1,"autorename":true,"client":"ann"} → {"id":3,"rev":3,"renamed":"a (ann's conflicted copy 2026-03-01).txt"} @3
                changes
            commit {"path":"/a.txt","mode":"update","rev":9,"hash":"aa","size":1,"autorename":true,"client":"ann"} → {"id":2,"rev":2} @3
                fits
            commit {"path":"/a.txt","mode":"update","rev":9,"hash":"cc","size":1,"autorename":true,"client":"ann"} → {"id":4,"rev":4,"renamed":"a (ann's conflicted copy 2026-03-01).txt"} @4
                should become "a (ann's conflicted copy 2026-03-01 2).txt", the first free name of that date
            commit {"path":"/a.txt","mode":"update","rev":9,"hash":"cc","size":1,"autorename":true,"client":"ann"} → {"id":4,"rev":4,"renamed":"a (ann's conflicted copy 2026-03-01 2).txt"} @4
                changes
            commit {"path":"/a.txt","mode":"update","rev":9,"hash":"cc","size":1,"autorename":true,"client":"ann"} → {"id":5,"rev":5,"renamed":"a (ann's conflicted copy 2026-03-02).txt"} @5
                changes
            commit {"path":"/b","mode":"update","rev":9,"hash":"cc","size":1,"autorename":true,"client":"bob"} → {"id":6,"rev":6,"renamed":"b (bob's conflicted copy 2026-03-02)"} @6
                changes
            commit {"path":"/no/b","mode":"update","rev":9,"hash":"cc","size":1,"autorename":true,"client":"bob"} → {"rejected":"NOT_FOUND"} @6
                fits
            commit {"path":"/a.txt","mode":"update","rev":2,"hash":"cc","size":1,"autorename":true,"client":"ann"} → {"id":2,"rev":7,"renamed":"a (ann's conflicted copy 2026-03-02 2).txt"} @7
                gives a name that no conflicted copy would have
        "#]],
    );
}

#[test]
fn the_date_of_a_lost_answer_stays_open() {
    check(
        r#"
        mkdir {"path":"/a","parents":false} → {"id":2,"rev":2} @2
        commit {"path":"/a","mode":"overwrite","hash":"aa","size":1,"autorename":true,"client":"ann"} → ?
        list {"path":"/"} → {"entries":[{"name":"a","id":2,"kind":"directory","rev":2},{"name":"a (ann's conflicted copy 2026-03-01)","id":3,"kind":"file","rev":3}]} @3
        "#,
        expect![[r#"
            mkdir {"path":"/a","parents":false} → {"id":2,"rev":2} @2
                changes
            commit {"path":"/a","mode":"overwrite","hash":"aa","size":1,"autorename":true,"client":"ann"} → ?
                one of 2
            list {"path":"/"} → {"entries":[{"name":"a","id":2,"kind":"directory","rev":2},{"name":"a (ann's conflicted copy 2026-03-01)","id":3,"kind":"file","rev":3}]} @3
                changes
        "#]],
    );
}
