//! Symlinks, attributes and preconditions.

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
