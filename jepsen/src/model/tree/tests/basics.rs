//! Symlinks, conflicted copies, copies, attributes and preconditions.

use expect_test::expect;

use super::{check, long_name};

#[test]
fn symlinks_are_leaves() {
    check(
        r#"
        symlink {"path":"/l","to":"b"} → {"id":2,"rev":2} @2
        symlink {"path":"/l","to":"b"} → {"rejected":"ALREADY_EXISTS"} @2
        symlink {"path":"/","to":"b"} → {"rejected":"ALREADY_EXISTS"} @2
        mkdir {"path":"/l/d","parents":true} → {"rejected":"NOT_A_DIRECTORY"} @2
        mkdir {"path":"/l","parents":true} → {"rejected":"ALREADY_EXISTS"} @2
        commit {"path":"/l","mode":"overwrite","hash":"aa","size":1} → {"rejected":"ALREADY_EXISTS"} @2
        commit {"path":"/l","mode":"update","rev":2,"hash":"aa","size":1} → {"id":2,"rev":3} @3
        stat {"path":"/l"} → {"id":2,"kind":"symlink","rev":2,"symlink":"b"} @2
        stat {"path":"/l"} → {"id":2,"kind":"symlink","rev":2,"symlink":"c"} @2
        stat {"path":"/l"} → {"id":2,"kind":"file","rev":2} @2
        list {"path":"/"} → {"entries":[{"name":"l","id":2,"kind":"symlink","rev":2}]} @2
        list {"path":"/l"} → {"rejected":"NOT_A_DIRECTORY"} @2
        "#,
        expect![[r#"
            symlink {"path":"/l","to":"b"} → {"id":2,"rev":2} @2
                changes
            symlink {"path":"/l","to":"b"} → {"rejected":"ALREADY_EXISTS"} @2
                fits
            symlink {"path":"/","to":"b"} → {"rejected":"ALREADY_EXISTS"} @2
                fits
            mkdir {"path":"/l/d","parents":true} → {"rejected":"NOT_A_DIRECTORY"} @2
                fits
            mkdir {"path":"/l","parents":true} → {"rejected":"ALREADY_EXISTS"} @2
                fits
            commit {"path":"/l","mode":"overwrite","hash":"aa","size":1} → {"rejected":"ALREADY_EXISTS"} @2
                fits
            commit {"path":"/l","mode":"update","rev":2,"hash":"aa","size":1} → {"id":2,"rev":3} @3
                should be refused with ALREADY_EXISTS
            stat {"path":"/l"} → {"id":2,"kind":"symlink","rev":2,"symlink":"b"} @2
                fits
            stat {"path":"/l"} → {"id":2,"kind":"symlink","rev":2,"symlink":"c"} @2
                gives another content than that of /l (symlink id 2 rev 2 to "b")
            stat {"path":"/l"} → {"id":2,"kind":"file","rev":2} @2
                gives another kind than that of /l (symlink id 2 rev 2 to "b")
            list {"path":"/"} → {"entries":[{"name":"l","id":2,"kind":"symlink","rev":2}]} @2
                fits
            list {"path":"/l"} → {"rejected":"NOT_A_DIRECTORY"} @2
                fits
        "#]],
    );
}

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

#[test]
fn copies_share_everything_but_ids_and_revs() {
    check(
        r#"
        mkdir {"path":"/a/b","parents":true} → {"id":3,"rev":2} @2
        commit {"path":"/a/f","mode":"create","hash":"aa","size":1} → {"id":4,"rev":3} @3
        set_attributes {"path":"/a/f","set":{"color":"0A"}} → {"id":4,"rev":4} @4
        copy {"from":"/no","to":"/a/x"} → {"rejected":"NOT_FOUND"} @4
        copy {"from":"/","to":"/no/x"} → {"rejected":"NOT_FOUND"} @4
        copy {"from":"/","to":"/x"} → {"rejected":"CYCLE"} @4
        copy {"from":"/a","to":"/a/b/x"} → {"rejected":"CYCLE"} @4
        copy {"from":"/a","to":"/a/b"} → {"rejected":"CYCLE"} @4
        copy {"from":"/a","to":"/a"} → {"rejected":"ALREADY_EXISTS"} @4
        copy {"from":"/a/f","to":"/a"} → {"rejected":"ALREADY_EXISTS"} @4
        copy {"from":"/a","to":"/"} → {"rejected":"ALREADY_EXISTS"} @4
        copy {"from":"/a","to":"/c"} → {"id":2,"rev":5} @5
        stat {"path":"/c/f"} → {"id":7,"kind":"file","rev":5,"hash":"aa","size":1} @5
        stat {"path":"/c/f"} → {"id":4,"kind":"file","rev":5,"hash":"aa","size":1,"attributes":{"color":"0a"}} @5
        stat {"path":"/c/f"} → {"id":7,"kind":"file","rev":4,"hash":"aa","size":1,"attributes":{"color":"0a"}} @5
        stat {"path":"/c/f"} → {"id":7,"kind":"file","rev":5,"hash":"aa","size":1,"attributes":{"color":"0a"}} @5
        list {"path":"/c"} → {"entries":[{"name":"f","id":7,"kind":"file","rev":5}]} @5
        list {"path":"/c"} → {"entries":[{"name":"b","id":6,"kind":"directory","rev":5},{"name":"f","id":7,"kind":"file","rev":5}]} @5
        "#,
        expect![[r#"
            mkdir {"path":"/a/b","parents":true} → {"id":3,"rev":2} @2
                changes
            commit {"path":"/a/f","mode":"create","hash":"aa","size":1} → {"id":4,"rev":3} @3
                changes
            set_attributes {"path":"/a/f","set":{"color":"0A"}} → {"id":4,"rev":4} @4
                changes
            copy {"from":"/no","to":"/a/x"} → {"rejected":"NOT_FOUND"} @4
                fits
            copy {"from":"/","to":"/no/x"} → {"rejected":"NOT_FOUND"} @4
                fits
            copy {"from":"/","to":"/x"} → {"rejected":"CYCLE"} @4
                fits
            copy {"from":"/a","to":"/a/b/x"} → {"rejected":"CYCLE"} @4
                fits
            copy {"from":"/a","to":"/a/b"} → {"rejected":"CYCLE"} @4
                fits
            copy {"from":"/a","to":"/a"} → {"rejected":"ALREADY_EXISTS"} @4
                fits
            copy {"from":"/a/f","to":"/a"} → {"rejected":"ALREADY_EXISTS"} @4
                fits
            copy {"from":"/a","to":"/"} → {"rejected":"ALREADY_EXISTS"} @4
                fits
            copy {"from":"/a","to":"/c"} → {"id":2,"rev":5} @5
                changes
            stat {"path":"/c/f"} → {"id":7,"kind":"file","rev":5,"hash":"aa","size":1} @5
                gives other attributes than those of /c/f (file id ? rev 5 hash aa size 1 color=0a)
            stat {"path":"/c/f"} → {"id":4,"kind":"file","rev":5,"hash":"aa","size":1,"attributes":{"color":"0a"}} @5
                gives the id 4, which another node has or had
            stat {"path":"/c/f"} → {"id":7,"kind":"file","rev":4,"hash":"aa","size":1,"attributes":{"color":"0a"}} @5
                gives another rev than that of /c/f (file id ? rev 5 hash aa size 1 color=0a)
            stat {"path":"/c/f"} → {"id":7,"kind":"file","rev":5,"hash":"aa","size":1,"attributes":{"color":"0a"}} @5
                changes
            list {"path":"/c"} → {"entries":[{"name":"f","id":7,"kind":"file","rev":5}]} @5
                leaves out /c/b (directory id ? rev 5)
            list {"path":"/c"} → {"entries":[{"name":"b","id":6,"kind":"directory","rev":5},{"name":"f","id":7,"kind":"file","rev":5}]} @5
                changes
        "#]],
    );
}

#[test]
fn a_copy_has_a_limit() {
    let mut script = String::from(r#"mkdir {"path":"/a"} → {"rev":2} @2"#);
    // Each copy into the last one doubles it: 2^13 nodes are too few, twice that too many.
    for (round, revision) in (0..14).zip((3..).step_by(2)) {
        let next = revision + 1;
        script += &format!("\ncopy {{\"from\":\"/a\",\"to\":\"/b\"}} → {{}} @{revision}");
        script += &format!(
            "\nmove {{\"from\":\"/b\",\"to\":\"/a/{round}\",\"replace\":false}} → {{\"rev\":{next}}} @{next}"
        );
    }
    script += "\ncopy {\"from\":\"/a/12\",\"to\":\"/b\"} → {\"rejected\":\"LIMIT_EXCEEDED\"} @30";
    script += "\ncopy {\"from\":\"/a\",\"to\":\"/b\"} → {\"rejected\":\"LIMIT_EXCEEDED\"} @30";
    script += "\ncopy {\"from\":\"/a\",\"to\":\"/b\"} → {} @31";
    check(
        &script,
        expect![[r#"
        mkdir {"path":"/a"} → {"rev":2} @2
            changes
        copy {"from":"/a","to":"/b"} → {} @3
            changes
        move {"from":"/b","to":"/a/0","replace":false} → {"rev":4} @4
            changes
        copy {"from":"/a","to":"/b"} → {} @5
            changes
        move {"from":"/b","to":"/a/1","replace":false} → {"rev":6} @6
            changes
        copy {"from":"/a","to":"/b"} → {} @7
            changes
        move {"from":"/b","to":"/a/2","replace":false} → {"rev":8} @8
            changes
        copy {"from":"/a","to":"/b"} → {} @9
            changes
        move {"from":"/b","to":"/a/3","replace":false} → {"rev":10} @10
            changes
        copy {"from":"/a","to":"/b"} → {} @11
            changes
        move {"from":"/b","to":"/a/4","replace":false} → {"rev":12} @12
            changes
        copy {"from":"/a","to":"/b"} → {} @13
            changes
        move {"from":"/b","to":"/a/5","replace":false} → {"rev":14} @14
            changes
        copy {"from":"/a","to":"/b"} → {} @15
            changes
        move {"from":"/b","to":"/a/6","replace":false} → {"rev":16} @16
            changes
        copy {"from":"/a","to":"/b"} → {} @17
            changes
        move {"from":"/b","to":"/a/7","replace":false} → {"rev":18} @18
            changes
        copy {"from":"/a","to":"/b"} → {} @19
            changes
        move {"from":"/b","to":"/a/8","replace":false} → {"rev":20} @20
            changes
        copy {"from":"/a","to":"/b"} → {} @21
            changes
        move {"from":"/b","to":"/a/9","replace":false} → {"rev":22} @22
            changes
        copy {"from":"/a","to":"/b"} → {} @23
            changes
        move {"from":"/b","to":"/a/10","replace":false} → {"rev":24} @24
            changes
        copy {"from":"/a","to":"/b"} → {} @25
            changes
        move {"from":"/b","to":"/a/11","replace":false} → {"rev":26} @26
            changes
        copy {"from":"/a","to":"/b"} → {} @27
            changes
        move {"from":"/b","to":"/a/12","replace":false} → {"rev":28} @28
            changes
        copy {"from":"/a","to":"/b"} → {} @29
            changes
        move {"from":"/b","to":"/a/13","replace":false} → {"rev":30} @30
            changes
        copy {"from":"/a/12","to":"/b"} → {"rejected":"LIMIT_EXCEEDED"} @30
            was refused, but nothing stands in its way
        copy {"from":"/a","to":"/b"} → {"rejected":"LIMIT_EXCEEDED"} @30
            fits
        copy {"from":"/a","to":"/b"} → {} @31
            should be refused with LIMIT_EXCEEDED
    "#]],
    );
}

#[test]
fn attributes_are_removed_then_set() {
    check(
        r#"
        commit {"path":"/f","mode":"create","hash":"aa","size":1} → {"id":2,"rev":2} @2
        set_attributes {"path":"/","set":{"color":"01"}} → {"rejected":"NAME_INVALID"} @2
        set_attributes {"path":"/f","set":{"color":"01"},"rev":1} → {"rejected":"CONFLICT"} @2
        set_attributes {"path":"/f","set":{"color":"01","tag":""},"rev":2} → {"id":2,"rev":3} @3
        set_attributes {"path":"/f","set":{"color":"01"},"remove":["color","other"]} → {"id":2,"rev":4} @4
        set_attributes {"path":"/f","set":{"color":"01"},"remove":["color","other"]} → {"id":2,"rev":3} @3
        commit {"path":"/f","mode":"overwrite","hash":"bb","size":1} → {"id":2,"rev":4} @4
        move {"from":"/f","to":"/g","replace":false} → {"id":2,"rev":5} @5
        stat {"path":"/g"} → {"id":2,"kind":"file","rev":5,"hash":"bb","size":1} @5
        stat {"path":"/g"} → {"id":2,"kind":"file","rev":5,"hash":"bb","size":1,"attributes":{"color":"01"}} @5
        stat {"path":"/g"} → {"id":2,"kind":"file","rev":5,"hash":"bb","size":1,"attributes":{"color":"01","tag":""}} @5
        set_attributes {"path":"/g","remove":["color","tag"]} → {"id":2,"rev":6} @6
        stat {"path":"/g"} → {"id":2,"kind":"file","rev":6,"hash":"bb","size":1} @6
        "#,
        expect![[r#"
            commit {"path":"/f","mode":"create","hash":"aa","size":1} → {"id":2,"rev":2} @2
                changes
            set_attributes {"path":"/","set":{"color":"01"}} → {"rejected":"NAME_INVALID"} @2
                fits
            set_attributes {"path":"/f","set":{"color":"01"},"rev":1} → {"rejected":"CONFLICT"} @2
                fits
            set_attributes {"path":"/f","set":{"color":"01","tag":""},"rev":2} → {"id":2,"rev":3} @3
                changes
            set_attributes {"path":"/f","set":{"color":"01"},"remove":["color","other"]} → {"id":2,"rev":4} @4
                gives another rev than that of /f (file id 2 rev 3 hash aa size 1 color=01 tag=)
            set_attributes {"path":"/f","set":{"color":"01"},"remove":["color","other"]} → {"id":2,"rev":3} @3
                fits
            commit {"path":"/f","mode":"overwrite","hash":"bb","size":1} → {"id":2,"rev":4} @4
                changes
            move {"from":"/f","to":"/g","replace":false} → {"id":2,"rev":5} @5
                changes
            stat {"path":"/g"} → {"id":2,"kind":"file","rev":5,"hash":"bb","size":1} @5
                gives other attributes than those of /g (file id 2 rev 5 hash bb size 1 color=01 tag=)
            stat {"path":"/g"} → {"id":2,"kind":"file","rev":5,"hash":"bb","size":1,"attributes":{"color":"01"}} @5
                gives other attributes than those of /g (file id 2 rev 5 hash bb size 1 color=01 tag=)
            stat {"path":"/g"} → {"id":2,"kind":"file","rev":5,"hash":"bb","size":1,"attributes":{"color":"01","tag":""}} @5
                fits
            set_attributes {"path":"/g","remove":["color","tag"]} → {"id":2,"rev":6} @6
                changes
            stat {"path":"/g"} → {"id":2,"kind":"file","rev":6,"hash":"bb","size":1} @6
                fits
        "#]],
    );
}

#[test]
fn preconditions_see_the_steps_before() {
    check(
        r#"
        check {"path":"/","condition":{"unchanged_since":0}} → {"rejected":"PRECONDITION_FAILED"} @1
        check {"path":"/","condition":{"unchanged_since":1}} → {"id":1,"rev":1} @1
        mkdir {"path":"/d"} → {"id":2,"rev":2} @2
        check {"path":"/d","condition":{"exists":true}} → {"id":2,"rev":2} @2
        check {"path":"/d","condition":{"absent":true}} → {"id":2,"rev":2} @2
        check {"path":"/d","condition":{"kind":"directory"}} → {"id":2,"rev":2} @2
        check {"path":"/d","condition":{"kind":"file"}} → {"rejected":"PRECONDITION_FAILED"} @2
        check {"path":"/d","condition":{"rev":2}} → {"id":2,"rev":2} @2
        check {"path":"/d","condition":{"rev":1}} → {"rejected":"PRECONDITION_FAILED"} @2
        check {"path":"/no/x","condition":{"rev":1}} → {"rejected":"PRECONDITION_FAILED"} @2
        check {"path":"/no/x","condition":{"absent":true}} → {"id":0,"rev":0} @2
        check {"path":"/no/x","condition":{"absent":true}} → {"id":2,"rev":0} @2
        check {"path":"/no/x","condition":{"unchanged_since":2}} → {"id":0,"rev":0} @2
        check {"path":"/d","condition":{"unchanged_since":1}} → {"id":2,"rev":2} @2
        batch {"steps":[{"f":"mkdir","value":{"path":"/e"}},{"f":"check","value":{"path":"/e","condition":{"absent":true}}}]} → {"rejected":"PRECONDITION_FAILED","step":1} @2
        batch {"steps":[{"f":"mkdir","value":{"path":"/e"}},{"f":"check","value":{"path":"/e","condition":{"unchanged_since":2}}},{"f":"check","value":{"path":"/e","condition":{"rev":3}}}]} → {"results":[{"id":3,"rev":3},{"id":3,"rev":3},{"id":3,"rev":3}]} @3
        mkdir {"path":"/d"} → {"rejected":"PRECONDITION_FAILED"} @3
        "#,
        expect![[r#"
            check {"path":"/","condition":{"unchanged_since":0}} → {"rejected":"PRECONDITION_FAILED"} @1
                changes
            check {"path":"/","condition":{"unchanged_since":1}} → {"id":1,"rev":1} @1
                changes
            mkdir {"path":"/d"} → {"id":2,"rev":2} @2
                changes
            check {"path":"/d","condition":{"exists":true}} → {"id":2,"rev":2} @2
                fits
            check {"path":"/d","condition":{"absent":true}} → {"id":2,"rev":2} @2
                should be refused with PRECONDITION_FAILED
            check {"path":"/d","condition":{"kind":"directory"}} → {"id":2,"rev":2} @2
                fits
            check {"path":"/d","condition":{"kind":"file"}} → {"rejected":"PRECONDITION_FAILED"} @2
                fits
            check {"path":"/d","condition":{"rev":2}} → {"id":2,"rev":2} @2
                fits
            check {"path":"/d","condition":{"rev":1}} → {"rejected":"PRECONDITION_FAILED"} @2
                fits
            check {"path":"/no/x","condition":{"rev":1}} → {"rejected":"PRECONDITION_FAILED"} @2
                fits
            check {"path":"/no/x","condition":{"absent":true}} → {"id":0,"rev":0} @2
                fits
            check {"path":"/no/x","condition":{"absent":true}} → {"id":2,"rev":0} @2
                gives a node where there is none
            check {"path":"/no/x","condition":{"unchanged_since":2}} → {"id":0,"rev":0} @2
                fits
            check {"path":"/d","condition":{"unchanged_since":1}} → {"id":2,"rev":2} @2
                should be refused with PRECONDITION_FAILED
            batch {"steps":[{"f":"mkdir","value":{"path":"/e"}},{"f":"check","value":{"path":"/e","condition":{"absent":true}}}]} → {"rejected":"PRECONDITION_FAILED","step":1} @2
                fits
            batch {"steps":[{"f":"mkdir","value":{"path":"/e"}},{"f":"check","value":{"path":"/e","condition":{"unchanged_since":2}}},{"f":"check","value":{"path":"/e","condition":{"rev":3}}}]} → {"results":[{"id":3,"rev":3},{"id":3,"rev":3},{"id":3,"rev":3}]} @3
                changes
            mkdir {"path":"/d"} → {"rejected":"PRECONDITION_FAILED"} @3
                should be refused with ALREADY_EXISTS
        "#]],
    );
}

#[test]
fn a_change_of_unknown_outcome_has_a_revision_all_the_same() {
    check(
        r#"
        mkdir {"path":"/a"} → {"id":2,"rev":5} @5
        mkdir {"path":"/b"} → ?
        check {"path":"/","condition":{"unchanged_since":5}} → {"rejected":"PRECONDITION_FAILED"} @9
        check {"path":"/","condition":{"unchanged_since":9}} → {"id":1,"rev":1} @9
        check {"path":"/","condition":{"unchanged_since":7}} → {"id":1,"rev":1} @9
        stat {"path":"/b"} → {"id":3,"rev":8,"kind":"directory"} @9
        stat {"path":"/b"} → {"id":3,"rev":7,"kind":"directory"} @9
        "#,
        expect![[r#"
            mkdir {"path":"/a"} → {"id":2,"rev":5} @5
                changes
            mkdir {"path":"/b"} → ?
                changes
            check {"path":"/","condition":{"unchanged_since":5}} → {"rejected":"PRECONDITION_FAILED"} @9
                changes
            check {"path":"/","condition":{"unchanged_since":9}} → {"id":1,"rev":1} @9
                changes
            check {"path":"/","condition":{"unchanged_since":7}} → {"id":1,"rev":1} @9
                changes
            stat {"path":"/b"} → {"id":3,"rev":8,"kind":"directory"} @9
                gives another rev than that of /b (directory id ? rev ?)
            stat {"path":"/b"} → {"id":3,"rev":7,"kind":"directory"} @9
                changes
        "#]],
    );
}

#[test]
fn a_name_that_is_too_long_exceeds_a_limit() {
    let script = r#"
        mkdir {"path":"/LONG"} → {"rejected":"LIMIT_EXCEEDED"} @1
        mkdir {"path":"/LONG"} → {"rejected":"NAME_INVALID"} @1
        mkdir {"path":"/.."} → {"rejected":"LIMIT_EXCEEDED"} @1
        mkdir {"path":"/.."} → {"rejected":"NAME_INVALID"} @1
        "#;
    check(
        &script.replace("LONG", &long_name()),
        expect![[r#"
        mkdir {"path":"/LONG"} → {"rejected":"LIMIT_EXCEEDED"} @1
            not judged
        mkdir {"path":"/LONG"} → {"rejected":"NAME_INVALID"} @1
            should be refused with LIMIT_EXCEEDED
        mkdir {"path":"/.."} → {"rejected":"LIMIT_EXCEEDED"} @1
            not judged
        mkdir {"path":"/.."} → {"rejected":"NAME_INVALID"} @1
            not judged
    "#]],
    );
}
