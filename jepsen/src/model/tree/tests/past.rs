//! Reads of the past, and bringing it back.

use expect_test::expect;

use super::check;

#[test]
fn what_was_there_can_be_read() {
    check(
        r#"
        commit {"path":"/f","mode":"create","hash":"aa","size":1} → {"id":2,"rev":2} @2
        commit {"path":"/f","mode":"overwrite","hash":"bb","size":2} → {"id":2,"rev":3} @3
        move {"from":"/f","to":"/g"} → {"id":2,"rev":4} @4
        delete {"path":"/g"} → {"id":2,"rev":4} @7
        stat {"path":"/f","at_revision":2} → {"id":2,"rev":2,"hash":"aa"} @2
        stat {"path":"/f","at_revision":2} → {"id":2,"rev":3,"hash":"bb"} @2
        stat {"path":"/f","at_revision":3} → {"id":2,"rev":3,"hash":"bb"} @3
        stat {"path":"/f","at_revision":4} → {"rejected":"NOT_FOUND"} @4
        stat {"path":"/g","at_revision":6} → {"id":2,"rev":4,"hash":"bb"} @6
        stat {"id":2,"path":"","at_revision":6} → {"id":2,"rev":4,"hash":"bb"} @6
        stat {"path":"/g","at_revision":7} → {"rejected":"NOT_FOUND"} @7
        list {"path":"/","at_revision":4} → {"entries":[{"name":"g","id":2}]} @4
        lookup {"path":"/f","at_revision":3} → {"id":2,"path":"/f"} @3
        batch_stat {"paths":["/f","/g",{"id":2,"path":""}],"at_revision":3} → {"results":[{"id":2,"rev":3,"kind":"file"},{"rejected":"NOT_FOUND"},{"id":2}]} @3
        batch_stat {"paths":["/f","/"]} → {"results":[{"rejected":"NOT_FOUND"},{"id":1,"nodes":0}]} @7
        stat {"path":"/f","at_revision":99} → {"rejected":"NOT_FOUND"} @7
        copy {"from":"/f","to":"/h","at_revision":9} → {"rejected":"NOT_FOUND"} @7
        copy {"from":"/f","to":"/h","at_revision":2} → {"id":3,"rev":8} @8
        stat {"path":"/h"} → {"id":3,"rev":8,"hash":"aa","size":1} @8
        copy {"from":"/","to":"/old","at_revision":2} → {"id":4,"rev":9} @9
        list {"path":"/","recursive":true} → {"entries":[{"path":"h","id":3},{"path":"old","id":4},{"path":"old/f","id":5,"rev":9}]} @9
        list {"path":"/","recursive":true} → {"entries":[{"path":"h","id":3},{"path":"old","id":4}]} @9
        "#,
        expect![[r#"
            commit {"path":"/f","mode":"create","hash":"aa","size":1} → {"id":2,"rev":2} @2
                changes
            commit {"path":"/f","mode":"overwrite","hash":"bb","size":2} → {"id":2,"rev":3} @3
                changes
            move {"from":"/f","to":"/g"} → {"id":2,"rev":4} @4
                changes
            delete {"path":"/g"} → {"id":2,"rev":4} @7
                changes
            stat {"path":"/f","at_revision":2} → {"id":2,"rev":2,"hash":"aa"} @2
                fits
            stat {"path":"/f","at_revision":2} → {"id":2,"rev":3,"hash":"bb"} @2
                gives another rev than that of the node that it makes, or that is gone
            stat {"path":"/f","at_revision":3} → {"id":2,"rev":3,"hash":"bb"} @3
                fits
            stat {"path":"/f","at_revision":4} → {"rejected":"NOT_FOUND"} @4
                fits
            stat {"path":"/g","at_revision":6} → {"id":2,"rev":4,"hash":"bb"} @6
                fits
            stat {"id":2,"path":"","at_revision":6} → {"id":2,"rev":4,"hash":"bb"} @6
                fits
            stat {"path":"/g","at_revision":7} → {"rejected":"NOT_FOUND"} @7
                fits
            list {"path":"/","at_revision":4} → {"entries":[{"name":"g","id":2}]} @4
                fits
            lookup {"path":"/f","at_revision":3} → {"id":2,"path":"/f"} @3
                fits
            batch_stat {"paths":["/f","/g",{"id":2,"path":""}],"at_revision":3} → {"results":[{"id":2,"rev":3,"kind":"file"},{"rejected":"NOT_FOUND"},{"id":2}]} @3
                fits
            batch_stat {"paths":["/f","/"]} → {"results":[{"rejected":"NOT_FOUND"},{"id":1,"nodes":0}]} @7
                fits
            stat {"path":"/f","at_revision":99} → {"rejected":"NOT_FOUND"} @7
                fits
            copy {"from":"/f","to":"/h","at_revision":9} → {"rejected":"NOT_FOUND"} @7
                fits
            copy {"from":"/f","to":"/h","at_revision":2} → {"id":3,"rev":8} @8
                changes
            stat {"path":"/h"} → {"id":3,"rev":8,"hash":"aa","size":1} @8
                fits
            copy {"from":"/","to":"/old","at_revision":2} → {"id":4,"rev":9} @9
                changes
            list {"path":"/","recursive":true} → {"entries":[{"path":"h","id":3},{"path":"old","id":4},{"path":"old/f","id":5,"rev":9}]} @9
                changes
            list {"path":"/","recursive":true} → {"entries":[{"path":"h","id":3},{"path":"old","id":4}]} @9
                leaves out /old/f (file id 5 rev 9 hash aa size 1)
        "#]],
    );
}

#[test]
fn restoring_gives_content_back_or_makes_it_again() {
    check(
        r#"
        commit {"path":"/d","mode":"create","hash":"aa","size":1} → {"id":2,"rev":2} @2
        commit {"path":"/d","mode":"overwrite","hash":"bb","size":2} → {"id":2,"rev":3} @3
        restore {"path":"/d","revision":2} → {"id":2,"rev":4} @4
        stat {"path":"/d"} → {"id":2,"rev":4,"hash":"aa"} @4
        restore {"path":"/no","revision":2} → {"rejected":"NOT_FOUND"} @4
        restore {"path":"/d","revision":1} → {"rejected":"NOT_FOUND"} @4
        delete {"path":"/d"} → {"id":2,"rev":4} @5
        mkdir {"path":"/d/e","parents":true} → {"id":4,"rev":6} @6
        restore {"path":"/d","revision":2} → {"rejected":"ALREADY_EXISTS"} @6
        restore {"path":"/d","revision":6} → {"rejected":"ALREADY_EXISTS"} @6
        delete {"path":"/d","recursive":true} → {"id":3,"rev":6} @7
        restore {"path":"/d","revision":6} → {"id":5,"rev":8} @8
        stat {"path":"/d/e"} → {"id":6,"rev":8,"kind":"directory"} @8
        restore {"path":"/d","revision":9} → {"rejected":"NOT_FOUND"} @8
        delete {"path":"/d","recursive":true} → {"id":5,"rev":8} @9
        restore {"id":6,"revision":8} → {"rejected":"NOT_FOUND"} @9
        restore {"id":5,"revision":8} → {"id":7,"rev":10} @10
        restore {"id":5,"revision":8} → {"rejected":"ALREADY_EXISTS"} @10
        "#,
        expect![[r#"
            commit {"path":"/d","mode":"create","hash":"aa","size":1} → {"id":2,"rev":2} @2
                changes
            commit {"path":"/d","mode":"overwrite","hash":"bb","size":2} → {"id":2,"rev":3} @3
                changes
            restore {"path":"/d","revision":2} → {"id":2,"rev":4} @4
                changes
            stat {"path":"/d"} → {"id":2,"rev":4,"hash":"aa"} @4
                fits
            restore {"path":"/no","revision":2} → {"rejected":"NOT_FOUND"} @4
                fits
            restore {"path":"/d","revision":1} → {"rejected":"NOT_FOUND"} @4
                fits
            delete {"path":"/d"} → {"id":2,"rev":4} @5
                changes
            mkdir {"path":"/d/e","parents":true} → {"id":4,"rev":6} @6
                changes
            restore {"path":"/d","revision":2} → {"rejected":"ALREADY_EXISTS"} @6
                fits
            restore {"path":"/d","revision":6} → {"rejected":"ALREADY_EXISTS"} @6
                fits
            delete {"path":"/d","recursive":true} → {"id":3,"rev":6} @7
                changes
            restore {"path":"/d","revision":6} → {"id":5,"rev":8} @8
                changes
            stat {"path":"/d/e"} → {"id":6,"rev":8,"kind":"directory"} @8
                changes
            restore {"path":"/d","revision":9} → {"rejected":"NOT_FOUND"} @8
                fits
            delete {"path":"/d","recursive":true} → {"id":5,"rev":8} @9
                changes
            restore {"id":6,"revision":8} → {"rejected":"NOT_FOUND"} @9
                fits
            restore {"id":5,"revision":8} → {"id":7,"rev":10} @10
                changes
            restore {"id":5,"revision":8} → {"rejected":"ALREADY_EXISTS"} @10
                fits
        "#]],
    );
}

#[test]
fn versions_come_the_latest_first() {
    check(
        r#"
        commit {"path":"/f","mode":"create","hash":"aa","size":1} → {"id":2,"rev":2} @2
        commit {"path":"/f","mode":"overwrite","hash":"bb","size":2} → {"id":2,"rev":3} @3
        move {"from":"/f","to":"/g"} → {"id":2,"rev":4} @4
        list_revisions {"path":"/g"} → {"versions":[{"rev":4,"name":"g","hash":"bb","size":2},{"rev":3,"name":"f","hash":"bb"},{"rev":2,"hash":"aa"}]} @4
        list_revisions {"path":"/g"} → {"versions":[{"rev":4,"name":"g"},{"rev":3,"name":"f"}]} @4
        list_revisions {"path":"/g"} → {"versions":[{"rev":4,"name":"g"},{"rev":2,"name":"f"}]} @4
        list_revisions {"path":"/g"} → {"versions":[{"rev":2},{"rev":3},{"rev":4}]} @4
        list_revisions {"path":"/g"} → {"versions":[]} @4
        list_revisions {"path":"/f"} → {"rejected":"NOT_FOUND"} @4
        "#,
        expect![[r#"
            commit {"path":"/f","mode":"create","hash":"aa","size":1} → {"id":2,"rev":2} @2
                changes
            commit {"path":"/f","mode":"overwrite","hash":"bb","size":2} → {"id":2,"rev":3} @3
                changes
            move {"from":"/f","to":"/g"} → {"id":2,"rev":4} @4
                changes
            list_revisions {"path":"/g"} → {"versions":[{"rev":4,"name":"g","hash":"bb","size":2},{"rev":3,"name":"f","hash":"bb"},{"rev":2,"hash":"aa"}]} @4
                fits
            list_revisions {"path":"/g"} → {"versions":[{"rev":4,"name":"g"},{"rev":3,"name":"f"}]} @4
                fits
            list_revisions {"path":"/g"} → {"versions":[{"rev":4,"name":"g"},{"rev":2,"name":"f"}]} @4
                gives another rev than that of /g (file id 2 rev 4 hash bb size 2)
            list_revisions {"path":"/g"} → {"versions":[{"rev":2},{"rev":3},{"rev":4}]} @4
                gives another rev than that of /g (file id 2 rev 4 hash bb size 2)
            list_revisions {"path":"/g"} → {"versions":[]} @4
                should have 3 of them
            list_revisions {"path":"/f"} → {"rejected":"NOT_FOUND"} @4
                fits
        "#]],
    );
}

#[test]
fn a_diff_tells_what_differs() {
    check(
        r#"
        mkdir {"path":"/a/b","parents":true} → {"id":3,"rev":2} @2
        commit {"path":"/f","mode":"create","hash":"aa","size":1} → {"id":4,"rev":3} @3
        delete {"path":"/a","recursive":true} → {"id":2,"rev":2} @4
        move {"from":"/f","to":"/g"} → {"id":4,"rev":5} @5
        mkdir {"path":"/c/d","parents":true} → {"id":6,"rev":6} @6
        diff {"from":3,"to":6} → {"differences":[{"before":{"id":2,"path":"a","kind":"directory","rev":2}},{"before":{"id":4,"path":"f","kind":"file","rev":3,"hash":"aa"},"after":{"id":4,"path":"g","kind":"file","rev":5,"hash":"aa"}},{"after":{"id":5,"path":"c","kind":"directory","rev":6}}]} @6
        diff {"from":3,"to":6} → {"differences":[{"before":{"id":4,"path":"f","kind":"file"},"after":{"id":4,"path":"g","kind":"file"}},{"before":{"id":2,"path":"a","kind":"directory"}},{"after":{"id":5,"path":"c","kind":"directory"}}]} @6
        diff {"from":3,"to":6} → {"differences":[{"before":{"id":2,"path":"a"}},{"before":{"id":4,"path":"f"},"after":{"id":4,"path":"x"}},{"after":{"id":5,"path":"c"}}]} @6
        diff {"from":3,"to":6} → {"differences":[{"before":{"id":2,"path":"a"}},{"before":{"id":4,"path":"f"},"after":{"id":4,"path":"g"}}]} @6
        diff {"from":4,"to":4} → {"differences":[]} @4
        diff {"from":5} → {"differences":[{"after":{"id":5,"path":"c"}}]} @6
        diff {"from":5,"to":4} → {"rejected":"NAME_INVALID"} @6
        diff {"from":5,"to":9} → {"rejected":"NOT_FOUND"} @6
        diff {"from":9,"to":5} → {"rejected":"NOT_FOUND"} @6
        "#,
        expect![[r#"
            mkdir {"path":"/a/b","parents":true} → {"id":3,"rev":2} @2
                changes
            commit {"path":"/f","mode":"create","hash":"aa","size":1} → {"id":4,"rev":3} @3
                changes
            delete {"path":"/a","recursive":true} → {"id":2,"rev":2} @4
                changes
            move {"from":"/f","to":"/g"} → {"id":4,"rev":5} @5
                changes
            mkdir {"path":"/c/d","parents":true} → {"id":6,"rev":6} @6
                changes
            diff {"from":3,"to":6} → {"differences":[{"before":{"id":2,"path":"a","kind":"directory","rev":2}},{"before":{"id":4,"path":"f","kind":"file","rev":3,"hash":"aa"},"after":{"id":4,"path":"g","kind":"file","rev":5,"hash":"aa"}},{"after":{"id":5,"path":"c","kind":"directory","rev":6}}]} @6
                changes
            diff {"from":3,"to":6} → {"differences":[{"before":{"id":4,"path":"f","kind":"file"},"after":{"id":4,"path":"g","kind":"file"}},{"before":{"id":2,"path":"a","kind":"directory"}},{"after":{"id":5,"path":"c","kind":"directory"}}]} @6
                tells what does not differ, or not in the order of ids
            diff {"from":3,"to":6} → {"differences":[{"before":{"id":2,"path":"a"}},{"before":{"id":4,"path":"f"},"after":{"id":4,"path":"x"}},{"after":{"id":5,"path":"c"}}]} @6
                differs otherwise: /g (file id 4 rev 5 hash aa size 1)
            diff {"from":3,"to":6} → {"differences":[{"before":{"id":2,"path":"a"}},{"before":{"id":4,"path":"f"},"after":{"id":4,"path":"g"}}]} @6
                should have 3 of them
            diff {"from":4,"to":4} → {"differences":[]} @4
                fits
            diff {"from":5} → {"differences":[{"after":{"id":5,"path":"c"}}]} @6
                fits
            diff {"from":5,"to":4} → {"rejected":"NAME_INVALID"} @6
                fits
            diff {"from":5,"to":9} → {"rejected":"NOT_FOUND"} @6
                fits
            diff {"from":9,"to":5} → {"rejected":"NOT_FOUND"} @6
                fits
        "#]],
    );
}

#[test]
fn what_was_compacted_stays_gone() {
    check(
        r#"
        mkdir {"path":"/a"} → {"id":2,"rev":2} @2
        mkdir {"path":"/b"} → {"id":3,"rev":3} @3
        stat {"path":"/a","at_revision":3} → {"rejected":"REVISION_COMPACTED"} @3
        stat {"path":"/a","at_revision":2} → {"id":2} @2
        create_snapshot {"name":"s"} → {"name":"s","revision":4} @4
        mkdir {"path":"/c"} → {"id":4,"rev":5} @5
        stat {"path":"/a","at_revision":4} → {"rejected":"REVISION_COMPACTED"} @5
        stat {"path":"/a","at_revision":2} → {"rejected":"REVISION_COMPACTED"} @5
        stat {"path":"/a","at_revision":2} → {"id":2} @2
        stat {"path":"/a","at_revision":3} → {"id":2} @3
        diff {"from":2,"to":3} → {"rejected":"REVISION_COMPACTED"} @5
        mkdir {"path":"/d"} → {"id":5,"rev":6} @6
        delete_snapshot {"name":"s"} → {"name":"s","revision":4} @7
        diff {"from":5,"to":3} → {"rejected":"REVISION_COMPACTED"} @7
        stat {"path":"/c","at_revision":5} → {"id":4} @5
        batch {"steps":[{"f":"copy","value":{"from":"/a","to":"/x","at_revision":6}},{"f":"copy","value":{"from":"/a","to":"/y","at_revision":4}}]} → {"rejected":"REVISION_COMPACTED","step":1} @7
        stat {"path":"/c","at_revision":5} → {"id":4} @5
        stat {"path":"/c","at_revision":4} → {"rejected":"NOT_FOUND"} @4
        diff {"from":2,"to":99} → {"rejected":"REVISION_COMPACTED"} @7
        diff {"from":2,"to":99} → {"rejected":"NOT_FOUND"} @7
        diff {"from":2,"to":5} → {"rejected":"NOT_FOUND"} @7
        "#,
        expect![[r#"
            mkdir {"path":"/a"} → {"id":2,"rev":2} @2
                changes
            mkdir {"path":"/b"} → {"id":3,"rev":3} @3
                changes
            stat {"path":"/a","at_revision":3} → {"rejected":"REVISION_COMPACTED"} @3
                was refused, but nothing stands in its way
            stat {"path":"/a","at_revision":2} → {"id":2} @2
                fits
            create_snapshot {"name":"s"} → {"name":"s","revision":4} @4
                changes
            mkdir {"path":"/c"} → {"id":4,"rev":5} @5
                changes
            stat {"path":"/a","at_revision":4} → {"rejected":"REVISION_COMPACTED"} @5
                was refused, but nothing stands in its way
            stat {"path":"/a","at_revision":2} → {"rejected":"REVISION_COMPACTED"} @5
                changes
            stat {"path":"/a","at_revision":2} → {"id":2} @2
                should be refused with REVISION_COMPACTED
            stat {"path":"/a","at_revision":3} → {"id":2} @3
                fits
            diff {"from":2,"to":3} → {"rejected":"REVISION_COMPACTED"} @5
                fits
            mkdir {"path":"/d"} → {"id":5,"rev":6} @6
                changes
            delete_snapshot {"name":"s"} → {"name":"s","revision":4} @7
                changes
            diff {"from":5,"to":3} → {"rejected":"REVISION_COMPACTED"} @7
                changes
            stat {"path":"/c","at_revision":5} → {"id":4} @5
                fits
            batch {"steps":[{"f":"copy","value":{"from":"/a","to":"/x","at_revision":6}},{"f":"copy","value":{"from":"/a","to":"/y","at_revision":4}}]} → {"rejected":"REVISION_COMPACTED","step":1} @7
                changes
            stat {"path":"/c","at_revision":5} → {"id":4} @5
                fits
            stat {"path":"/c","at_revision":4} → {"rejected":"NOT_FOUND"} @4
                should be refused with REVISION_COMPACTED
            diff {"from":2,"to":99} → {"rejected":"REVISION_COMPACTED"} @7
                fits
            diff {"from":2,"to":99} → {"rejected":"NOT_FOUND"} @7
                fits
            diff {"from":2,"to":5} → {"rejected":"NOT_FOUND"} @7
                should be refused with REVISION_COMPACTED
        "#]],
    );
}

#[test]
fn the_revision_of_a_lost_answer_shows_in_the_past() {
    check(
        r#"
        mkdir {"path":"/a"} → {"id":2,"rev":2} @2
        mkdir {"path":"/b"} → ?
        mkdir {"path":"/c"} → {"id":4,"rev":9} @9
        stat {"path":"/b","at_revision":5} → {"id":3} @5
        stat {"path":"/b","at_revision":4} → {"rejected":"NOT_FOUND"} @4
        stat {"path":"/b"} → {"id":3,"rev":4,"kind":"directory"} @9
        stat {"path":"/b"} → {"id":3,"rev":5,"kind":"directory"} @9
        "#,
        expect![[r#"
            mkdir {"path":"/a"} → {"id":2,"rev":2} @2
                changes
            mkdir {"path":"/b"} → ?
                changes
            mkdir {"path":"/c"} → {"id":4,"rev":9} @9
                changes
            stat {"path":"/b","at_revision":5} → {"id":3} @5
                changes
            stat {"path":"/b","at_revision":4} → {"rejected":"NOT_FOUND"} @4
                changes
            stat {"path":"/b"} → {"id":3,"rev":4,"kind":"directory"} @9
                gives another rev than that of /b (directory id 3 rev ?)
            stat {"path":"/b"} → {"id":3,"rev":5,"kind":"directory"} @9
                changes
        "#]],
    );
}
