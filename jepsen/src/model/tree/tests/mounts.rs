//! Mounts: what they are, what they show, and moves and copies over them.

use expect_test::expect;

use super::check;

#[test]
fn a_path_goes_on_through_mounts() {
    check(
        r#"
        create_namespace {"name":"b"} → {"id":2,"root":2} @2
        mount {"path":"/no/m","mount":2} → {"rejected":"NOT_FOUND"} @2
        mount {"path":"/","mount":2} → {"rejected":"ALREADY_EXISTS"} @2
        mount {"path":"/m","mount":9} → {"rejected":"NOT_FOUND"} @2
        mount {"path":"/m","mount":1} → {"rejected":"CYCLE"} @2
        mount {"path":"/m","mount":2} → {"id":3,"rev":3} @3
        mount {"ns":2,"path":"/m","mount":1} → {"rejected":"CYCLE"} @3
        mkdir {"path":"/m/x/y","parents":true} → {"id":5,"rev":4} @4
        stat {"path":"/m/x"} → {"id":4,"kind":"directory","rev":4,"ns":2,"nodes":1} @4
        stat {"path":"/m/x"} → {"id":4,"kind":"directory","rev":4,"ns":1} @4
        lookup {"path":"/m/x/y"} → {"id":5,"kind":"directory","path":"/x/y","ns":2} @4
        stat {"path":"/m"} → {"id":3,"kind":"mount","rev":3,"ns":1,"mount":2,"nodes":2,"bytes":0} @4
        stat {"path":"/m"} → {"id":3,"kind":"directory","rev":3,"ns":1} @4
        stat {"path":"/"} → {"id":1,"nodes":1,"bytes":0} @4
        list {"path":"/m"} → {"entries":[{"name":"x","id":4,"kind":"directory","rev":4}]} @4
        stat {"id":4,"path":""} → {"rejected":"NOT_FOUND"} @4
        stat {"id":3,"path":"x"} → {"id":4,"kind":"directory","rev":4} @4
        check {"path":"/m","condition":{"kind":"mount"}} → {"id":3,"rev":3} @4
        check {"path":"/m/x","condition":{"unchanged_since":3}} → {"id":4,"rev":4} @4
        check {"ns":2,"path":"/x","condition":{"unchanged_since":3}} → {"rejected":"PRECONDITION_FAILED"} @4
        "#,
        expect![[r#"
            create_namespace {"name":"b"} → {"id":2,"root":2} @2
                changes
            mount {"path":"/no/m","mount":2} → {"rejected":"NOT_FOUND"} @2
                fits
            mount {"path":"/","mount":2} → {"rejected":"ALREADY_EXISTS"} @2
                fits
            mount {"path":"/m","mount":9} → {"rejected":"NOT_FOUND"} @2
                fits
            mount {"path":"/m","mount":1} → {"rejected":"CYCLE"} @2
                fits
            mount {"path":"/m","mount":2} → {"id":3,"rev":3} @3
                changes
            mount {"ns":2,"path":"/m","mount":1} → {"rejected":"CYCLE"} @3
                fits
            mkdir {"path":"/m/x/y","parents":true} → {"id":5,"rev":4} @4
                changes
            stat {"path":"/m/x"} → {"id":4,"kind":"directory","rev":4,"ns":2,"nodes":1} @4
                changes
            stat {"path":"/m/x"} → {"id":4,"kind":"directory","rev":4,"ns":1} @4
                gives another namespace's id
            lookup {"path":"/m/x/y"} → {"id":5,"kind":"directory","path":"/x/y","ns":2} @4
                fits
            stat {"path":"/m"} → {"id":3,"kind":"mount","rev":3,"ns":1,"mount":2,"nodes":2,"bytes":0} @4
                fits
            stat {"path":"/m"} → {"id":3,"kind":"directory","rev":3,"ns":1} @4
                gives another kind than that of /m (mount id 3 rev 3 of namespace 2)
            stat {"path":"/"} → {"id":1,"nodes":1,"bytes":0} @4
                fits
            list {"path":"/m"} → {"entries":[{"name":"x","id":4,"kind":"directory","rev":4}]} @4
                fits
            stat {"id":4,"path":""} → {"rejected":"NOT_FOUND"} @4
                fits
            stat {"id":3,"path":"x"} → {"id":4,"kind":"directory","rev":4} @4
                fits
            check {"path":"/m","condition":{"kind":"mount"}} → {"id":3,"rev":3} @4
                fits
            check {"path":"/m/x","condition":{"unchanged_since":3}} → {"id":4,"rev":4} @4
                fits
            check {"ns":2,"path":"/x","condition":{"unchanged_since":3}} → {"rejected":"PRECONDITION_FAILED"} @4
                fits
        "#]],
    );
}

#[test]
fn the_last_name_of_a_path_is_the_mount_itself() {
    check(
        r#"
        create_namespace {"name":"b"} → {"id":2,"root":2} @2
        mount {"path":"/m","mount":2} → {"id":3,"rev":3} @3
        mkdir {"path":"/m"} → {"rejected":"ALREADY_EXISTS"} @3
        mkdir {"path":"/m","parents":true} → {"id":3,"rev":3} @3
        symlink {"path":"/m","to":"b"} → {"rejected":"ALREADY_EXISTS"} @3
        commit {"path":"/m","mode":"create","hash":"aa","size":1} → {"rejected":"ALREADY_EXISTS"} @3
        commit {"path":"/m","mode":"overwrite","hash":"aa","size":1} → {"rejected":"IS_A_DIRECTORY"} @3
        set_quota {"path":"/m","quota":{"nodes":1}} → {"rejected":"NOT_A_DIRECTORY"} @3
        unmount {"path":"/x"} → {"rejected":"NOT_FOUND"} @3
        unmount {"path":"/"} → {"rejected":"NOT_FOUND"} @3
        copy {"from":"/m","to":"/n"} → {"id":4,"rev":4} @4
        stat {"path":"/n"} → {"id":4,"kind":"mount","rev":4,"mount":2} @4
        move {"from":"/n","to":"/m","replace":true} → {"rejected":"NOT_EMPTY"} @4
        commit {"path":"/f","mode":"create","hash":"aa","size":1} → {"id":5,"rev":5} @5
        move {"from":"/f","to":"/m","replace":true} → {"rejected":"IS_A_DIRECTORY"} @5
        move {"from":"/n","to":"/f","replace":true} → {"rejected":"NOT_A_DIRECTORY"} @5
        mkdir {"path":"/d"} → {"id":6,"rev":6} @6
        move {"from":"/n","to":"/d","replace":true} → {"id":4,"rev":7} @7
        delete {"path":"/d"} → {"id":4,"rev":7} @8
        unmount {"path":"/m"} → {"id":3,"rev":3} @9
        stat {"path":"/m"} → {"rejected":"NOT_FOUND"} @9
        "#,
        expect![[r#"
            create_namespace {"name":"b"} → {"id":2,"root":2} @2
                changes
            mount {"path":"/m","mount":2} → {"id":3,"rev":3} @3
                changes
            mkdir {"path":"/m"} → {"rejected":"ALREADY_EXISTS"} @3
                fits
            mkdir {"path":"/m","parents":true} → {"id":3,"rev":3} @3
                fits
            symlink {"path":"/m","to":"b"} → {"rejected":"ALREADY_EXISTS"} @3
                fits
            commit {"path":"/m","mode":"create","hash":"aa","size":1} → {"rejected":"ALREADY_EXISTS"} @3
                fits
            commit {"path":"/m","mode":"overwrite","hash":"aa","size":1} → {"rejected":"IS_A_DIRECTORY"} @3
                fits
            set_quota {"path":"/m","quota":{"nodes":1}} → {"rejected":"NOT_A_DIRECTORY"} @3
                fits
            unmount {"path":"/x"} → {"rejected":"NOT_FOUND"} @3
                fits
            unmount {"path":"/"} → {"rejected":"NOT_FOUND"} @3
                fits
            copy {"from":"/m","to":"/n"} → {"id":4,"rev":4} @4
                changes
            stat {"path":"/n"} → {"id":4,"kind":"mount","rev":4,"mount":2} @4
                fits
            move {"from":"/n","to":"/m","replace":true} → {"rejected":"NOT_EMPTY"} @4
                fits
            commit {"path":"/f","mode":"create","hash":"aa","size":1} → {"id":5,"rev":5} @5
                changes
            move {"from":"/f","to":"/m","replace":true} → {"rejected":"IS_A_DIRECTORY"} @5
                fits
            move {"from":"/n","to":"/f","replace":true} → {"rejected":"NOT_A_DIRECTORY"} @5
                fits
            mkdir {"path":"/d"} → {"id":6,"rev":6} @6
                changes
            move {"from":"/n","to":"/d","replace":true} → {"id":4,"rev":7} @7
                changes
            delete {"path":"/d"} → {"id":4,"rev":7} @8
                changes
            unmount {"path":"/m"} → {"id":3,"rev":3} @9
                changes
            stat {"path":"/m"} → {"rejected":"NOT_FOUND"} @9
                fits
        "#]],
    );
}

#[test]
fn a_mount_of_what_is_gone_leads_nowhere() {
    check(
        r#"
        create_namespace {"name":"b"} → {"id":2,"root":2} @2
        mount {"path":"/m","mount":2} → {"id":3,"rev":3} @3
        delete_namespace {"ns":2} → {} @4
        stat {"path":"/m"} → {"id":3,"kind":"mount","rev":3,"mount":2} @4
        stat {"path":"/m/x"} → {"rejected":"NOT_FOUND"} @4
        list {"path":"/m"} → {"rejected":"NOT_FOUND"} @4
        mkdir {"path":"/m/x","parents":true} → {"rejected":"NOT_FOUND"} @4
        list {"path":"/m","at_revision":3} → {"rejected":"NOT_FOUND"} @4
        mount {"path":"/n","mount":2} → {"rejected":"NOT_FOUND"} @4
        "#,
        expect![[r#"
            create_namespace {"name":"b"} → {"id":2,"root":2} @2
                changes
            mount {"path":"/m","mount":2} → {"id":3,"rev":3} @3
                changes
            delete_namespace {"ns":2} → {} @4
                changes
            stat {"path":"/m"} → {"id":3,"kind":"mount","rev":3,"mount":2} @4
                fits
            stat {"path":"/m/x"} → {"rejected":"NOT_FOUND"} @4
                fits
            list {"path":"/m"} → {"rejected":"NOT_FOUND"} @4
                fits
            mkdir {"path":"/m/x","parents":true} → {"rejected":"NOT_FOUND"} @4
                fits
            list {"path":"/m","at_revision":3} → {"rejected":"NOT_FOUND"} @4
                fits
            mount {"path":"/n","mount":2} → {"rejected":"NOT_FOUND"} @4
                fits
        "#]],
    );
}

#[test]
fn moves_between_namespaces_keep_ids() {
    check(
        r#"
        create_namespace {"name":"b"} → {"id":2,"root":2} @2
        create_namespace {"name":"c","policy":"casefold"} → {"id":3,"root":3} @3
        batch {"steps":[{"f":"mount","value":{"path":"/b","mount":2}},{"f":"mount","value":{"path":"/c","mount":3}}]} → {"results":[{"id":4,"rev":4},{"id":5,"rev":4}]} @4
        mkdir {"path":"/d/e","parents":true} → {"id":7,"rev":5} @5
        move {"from":"/d","to":"/c/d"} → {"rejected":"NAME_INVALID"} @5
        copy {"from":"/d","to":"/c/d"} → {"rejected":"NAME_INVALID"} @5
        move {"from":"/b","to":"/b/x"} → {"rejected":"CYCLE"} @5
        move {"from":"/d","to":"/b/d"} → {"id":6,"rev":6} @6
        stat {"path":"/b/d/e"} → {"id":7,"kind":"directory","rev":5,"ns":2} @6
        stat {"ns":2,"id":7,"path":""} → {"id":7,"rev":5} @6
        stat {"id":7,"path":""} → {"rejected":"NOT_FOUND"} @6
        get_namespace {"ns":2} → {"nodes":2,"bytes":0} @6
        get_namespace {"ns":1} → {"nodes":2,"bytes":0} @6
        check {"path":"/","condition":{"unchanged_since":5}} → {"rejected":"PRECONDITION_FAILED"} @6
        copy {"from":"/b/d","to":"/d"} → {"id":8,"rev":7} @7
        move {"from":"/b/d/e","to":"/","replace":true} → {"rejected":"NOT_EMPTY"} @7
        mkdir {"path":"/t"} → {"id":10,"rev":8} @8
        move {"from":"/b","to":"/t/b"} → {"id":4,"rev":9} @9
        move {"from":"/t","to":"/t/b/t"} → {"rejected":"CYCLE"} @9
        "#,
        expect![[r#"
            create_namespace {"name":"b"} → {"id":2,"root":2} @2
                changes
            create_namespace {"name":"c","policy":"casefold"} → {"id":3,"root":3} @3
                changes
            batch {"steps":[{"f":"mount","value":{"path":"/b","mount":2}},{"f":"mount","value":{"path":"/c","mount":3}}]} → {"results":[{"id":4,"rev":4},{"id":5,"rev":4}]} @4
                changes
            mkdir {"path":"/d/e","parents":true} → {"id":7,"rev":5} @5
                changes
            move {"from":"/d","to":"/c/d"} → {"rejected":"NAME_INVALID"} @5
                fits
            copy {"from":"/d","to":"/c/d"} → {"rejected":"NAME_INVALID"} @5
                fits
            move {"from":"/b","to":"/b/x"} → {"rejected":"CYCLE"} @5
                fits
            move {"from":"/d","to":"/b/d"} → {"id":6,"rev":6} @6
                changes
            stat {"path":"/b/d/e"} → {"id":7,"kind":"directory","rev":5,"ns":2} @6
                fits
            stat {"ns":2,"id":7,"path":""} → {"id":7,"rev":5} @6
                fits
            stat {"id":7,"path":""} → {"rejected":"NOT_FOUND"} @6
                fits
            get_namespace {"ns":2} → {"nodes":2,"bytes":0} @6
                fits
            get_namespace {"ns":1} → {"nodes":2,"bytes":0} @6
                fits
            check {"path":"/","condition":{"unchanged_since":5}} → {"rejected":"PRECONDITION_FAILED"} @6
                fits
            copy {"from":"/b/d","to":"/d"} → {"id":8,"rev":7} @7
                changes
            move {"from":"/b/d/e","to":"/","replace":true} → {"rejected":"NOT_EMPTY"} @7
                fits
            mkdir {"path":"/t"} → {"id":10,"rev":8} @8
                changes
            move {"from":"/b","to":"/t/b"} → {"id":4,"rev":9} @9
                changes
            move {"from":"/t","to":"/t/b/t"} → {"rejected":"CYCLE"} @9
                fits
        "#]],
    );
}
