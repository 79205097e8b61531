//! Making, changing and deleting whole namespaces, and their snapshots.

use expect_test::expect;

use super::check;

#[test]
fn namespaces_are_told_apart_by_name() {
    check(
        r#"
        create_namespace {"name":"main"} → {"rejected":"ALREADY_EXISTS"} @1
        create_namespace {"name":"b","policy":"casefold","quota":{"nodes":1}} → {"id":2,"root":2} @2
        get_namespace {"ns":2} → {"id":2,"root":2,"name":"b","policy":"casefold","nodes":0,"bytes":0,"quota":{"nodes":1}} @2
        get_namespace {"ns":2} → {"id":2,"root":2,"name":"b","policy":"exact"} @2
        get_namespace {"ns":0,"name":"b"} → {"id":2} @2
        get_namespace {"ns":0,"name":"c"} → {"rejected":"NOT_FOUND"} @2
        update_namespace {"ns":3,"name":"c"} → {"rejected":"NOT_FOUND"} @2
        update_namespace {"ns":2,"name":"main"} → {"rejected":"ALREADY_EXISTS"} @2
        update_namespace {"ns":2,"name":"b","quota":{"nodes":1}} → {"id":2,"name":"b"} @2
        update_namespace {"ns":2,"name":"c"} → {"id":2,"name":"c"} @3
        mkdir {"ns":2,"path":"/a"} → {"id":3,"rev":4} @4
        update_namespace {"ns":2,"quota":{"nodes":0}} → {"rejected":"QUOTA_EXCEEDED"} @4
        update_namespace {"ns":2,"quota":{}} → {"id":2,"quota":{}} @5
        check {"ns":2,"path":"/","condition":{"unchanged_since":4}} → {"id":2,"rev":2} @5
        create_namespace {"name":"b"} → {"id":2,"root":4} @6
        create_namespace {"name":"b"} → {"id":3,"root":4} @6
        "#,
        expect![[r#"
            create_namespace {"name":"main"} → {"rejected":"ALREADY_EXISTS"} @1
                changes
            create_namespace {"name":"b","policy":"casefold","quota":{"nodes":1}} → {"id":2,"root":2} @2
                changes
            get_namespace {"ns":2} → {"id":2,"root":2,"name":"b","policy":"casefold","nodes":0,"bytes":0,"quota":{"nodes":1}} @2
                fits
            get_namespace {"ns":2} → {"id":2,"root":2,"name":"b","policy":"exact"} @2
                gives something else than that of namespace "b"
            get_namespace {"ns":0,"name":"b"} → {"id":2} @2
                fits
            get_namespace {"ns":0,"name":"c"} → {"rejected":"NOT_FOUND"} @2
                fits
            update_namespace {"ns":3,"name":"c"} → {"rejected":"NOT_FOUND"} @2
                fits
            update_namespace {"ns":2,"name":"main"} → {"rejected":"ALREADY_EXISTS"} @2
                fits
            update_namespace {"ns":2,"name":"b","quota":{"nodes":1}} → {"id":2,"name":"b"} @2
                fits
            update_namespace {"ns":2,"name":"c"} → {"id":2,"name":"c"} @3
                changes
            mkdir {"ns":2,"path":"/a"} → {"id":3,"rev":4} @4
                changes
            update_namespace {"ns":2,"quota":{"nodes":0}} → {"rejected":"QUOTA_EXCEEDED"} @4
                fits
            update_namespace {"ns":2,"quota":{}} → {"id":2,"quota":{}} @5
                changes
            check {"ns":2,"path":"/","condition":{"unchanged_since":4}} → {"id":2,"rev":2} @5
                fits
            create_namespace {"name":"b"} → {"id":2,"root":4} @6
                gives another namespace's id
            create_namespace {"name":"b"} → {"id":3,"root":4} @6
                changes
        "#]],
    );
}

#[test]
fn a_deleted_namespace_leaves_its_name_and_nothing_else() {
    check(
        r#"
        create_namespace {"name":"b"} → {"id":2,"root":2} @2
        mkdir {"ns":2,"path":"/a"} → {"id":3,"rev":3} @3
        delete_namespace {"ns":9,"recursive":true} → {"rejected":"NOT_FOUND"} @3
        delete_namespace {"ns":2,"recursive":false} → {"rejected":"NOT_EMPTY"} @3
        delete_namespace {"ns":2,"recursive":true} → {"id":2} @4
        get_namespace {"ns":2} → {"rejected":"NOT_FOUND"} @4
        stat {"ns":2,"path":"/a"} → {"rejected":"NOT_FOUND"} @4
        stat {"ns":2,"path":"/a","at_revision":3} → {"rejected":"NOT_FOUND"} @4
        stat {"ns":2,"path":"/a","at_revision":3} → {"id":3} @3
        create_namespace {"name":"b"} → {"id":2,"root":4} @5
        create_namespace {"name":"b"} → {"id":3,"root":3} @5
        create_namespace {"name":"b"} → {"id":3,"root":4} @5
        "#,
        expect![[r#"
            create_namespace {"name":"b"} → {"id":2,"root":2} @2
                changes
            mkdir {"ns":2,"path":"/a"} → {"id":3,"rev":3} @3
                changes
            delete_namespace {"ns":9,"recursive":true} → {"rejected":"NOT_FOUND"} @3
                fits
            delete_namespace {"ns":2,"recursive":false} → {"rejected":"NOT_EMPTY"} @3
                fits
            delete_namespace {"ns":2,"recursive":true} → {"id":2} @4
                changes
            get_namespace {"ns":2} → {"rejected":"NOT_FOUND"} @4
                fits
            stat {"ns":2,"path":"/a"} → {"rejected":"NOT_FOUND"} @4
                fits
            stat {"ns":2,"path":"/a","at_revision":3} → {"rejected":"NOT_FOUND"} @4
                fits
            stat {"ns":2,"path":"/a","at_revision":3} → {"id":3} @3
                should be refused with NOT_FOUND
            create_namespace {"name":"b"} → {"id":2,"root":4} @5
                gives another namespace's id
            create_namespace {"name":"b"} → {"id":3,"root":3} @5
                gives the id 3, which another node has or had
            create_namespace {"name":"b"} → {"id":3,"root":4} @5
                changes
        "#]],
    );
}

#[test]
fn snapshots_name_revisions() {
    check(
        r#"
        create_snapshot {"ns":9,"name":"s"} → {"rejected":"NOT_FOUND"} @1
        create_snapshot {"name":"s"} → {"name":"s","revision":3} @2
        create_snapshot {"name":"s"} → {"name":"s","revision":2} @2
        create_snapshot {"name":"s"} → {"rejected":"ALREADY_EXISTS"} @2
        create_snapshot {"name":"r"} → {"name":"r","revision":3} @3
        list_snapshots {} → {"snapshots":[{"name":"s","revision":2},{"name":"r","revision":3}]} @3
        list_snapshots {} → {"snapshots":[{"name":"r","revision":3},{"name":"s","revision":2}]} @3
        delete_snapshot {"name":"t"} → {"rejected":"NOT_FOUND"} @3
        delete_snapshot {"name":"s"} → {"name":"s","revision":2} @4
        list_snapshots {} → {"snapshots":[{"name":"r","revision":3}]} @4
        check {"path":"/","condition":{"unchanged_since":1}} → {"id":1,"rev":1} @4
        "#,
        expect![[r#"
            create_snapshot {"ns":9,"name":"s"} → {"rejected":"NOT_FOUND"} @1
                changes
            create_snapshot {"name":"s"} → {"name":"s","revision":3} @2
                gives another snapshot or revision than that of "s"
            create_snapshot {"name":"s"} → {"name":"s","revision":2} @2
                changes
            create_snapshot {"name":"s"} → {"rejected":"ALREADY_EXISTS"} @2
                fits
            create_snapshot {"name":"r"} → {"name":"r","revision":3} @3
                changes
            list_snapshots {} → {"snapshots":[{"name":"s","revision":2},{"name":"r","revision":3}]} @3
                gives another snapshot or revision than that of "r"
            list_snapshots {} → {"snapshots":[{"name":"r","revision":3},{"name":"s","revision":2}]} @3
                fits
            delete_snapshot {"name":"t"} → {"rejected":"NOT_FOUND"} @3
                fits
            delete_snapshot {"name":"s"} → {"name":"s","revision":2} @4
                changes
            list_snapshots {} → {"snapshots":[{"name":"r","revision":3}]} @4
                fits
            check {"path":"/","condition":{"unchanged_since":1}} → {"id":1,"rev":1} @4
                changes
        "#]],
    );
}

#[test]
fn locks_take_revisions() {
    check(
        r#"
        acquire_lock {"ns":9,"path":"/a","ttl_ms":1000} → {"rejected":"NOT_FOUND"} @1
        acquire_lock {"id":9,"ttl_ms":1000} → {"rejected":"NOT_FOUND"} @1
        acquire_lock {"path":"/a","ttl_ms":1000} → {"token":1,"expires_ms":5} @1
        acquire_lock {"path":"/a","ttl_ms":1000} → {"token":2,"expires_ms":5} @2
        acquire_lock {"path":"/a","ttl_ms":1000} → {"rejected":"LOCK_HELD"} @2
        mkdir {"path":"/a","fences":[{"ns":1,"path":"/a","token":2}]} → {"rejected":"TOKEN_STALE"} @2
        renew_lock {"path":"/a","token":2,"ttl_ms":1000} → {"token":2,"expires_ms":6} @3
        release_lock {"path":"/a","token":2} → {} @4
        "#,
        expect![[r#"
            acquire_lock {"ns":9,"path":"/a","ttl_ms":1000} → {"rejected":"NOT_FOUND"} @1
                changes
            acquire_lock {"id":9,"ttl_ms":1000} → {"rejected":"NOT_FOUND"} @1
                fits
            acquire_lock {"path":"/a","ttl_ms":1000} → {"token":1,"expires_ms":5} @1
                claims to change at revision 1, but revision 1 was taken
            acquire_lock {"path":"/a","ttl_ms":1000} → {"token":2,"expires_ms":5} @2
                changes
            acquire_lock {"path":"/a","ttl_ms":1000} → {"rejected":"LOCK_HELD"} @2
                not judged
            mkdir {"path":"/a","fences":[{"ns":1,"path":"/a","token":2}]} → {"rejected":"TOKEN_STALE"} @2
                not judged
            renew_lock {"path":"/a","token":2,"ttl_ms":1000} → {"token":2,"expires_ms":6} @3
                changes
            release_lock {"path":"/a","token":2} → {} @4
                changes
        "#]],
    );
}

#[test]
fn all_of_a_family_are_listed_by_their_ids() {
    check(
        r#"
        create_namespace {"name":"a"} → {"id":2,"root":2} @2
        create_namespace {"name":"a.b","policy":"casefold"} → {"id":3,"root":3} @3
        create_namespace {"name":"ab"} → {"id":4,"root":4} @4
        list_namespaces {"family":"a"} → {"namespaces":[{"id":2,"root":2,"name":"a","policy":"exact"},{"id":3,"root":3,"name":"a.b","policy":"casefold"}]} @4
        list_namespaces {"family":"a"} → {"namespaces":[{"id":3,"name":"a.b"},{"id":2,"name":"a"}]} @4
        list_namespaces {"family":"a"} → {"namespaces":[{"id":2,"name":"a"}]} @4
        list_namespaces {"family":"a"} → {"namespaces":[{"id":2,"name":"a"},{"id":4,"name":"ab"}]} @4
        list_namespaces {"family":"a"} → {"namespaces":[{"id":2,"name":"a"},{"id":3,"name":"a.b","root":4}]} @4
        list_namespaces {"family":"a"} → {"namespaces":[{"id":2,"name":"a"},{"id":3,"name":"a.b"}]} @3
        list_namespaces {"family":"c"} → {"namespaces":[]} @4
        list_namespaces {} → {"namespaces":[{"id":1,"name":"main"},{"id":2,"name":"a"},{"id":3,"name":"a.b"},{"id":4,"name":"ab"}]} @4
        delete_namespace {"ns":2,"recursive":false} → {} @5
        list_namespaces {"family":"a"} → {"namespaces":[{"id":2,"name":"a"},{"id":3,"name":"a.b"}]} @5
        list_namespaces {"family":"a"} → {"namespaces":[{"id":3,"name":"a.b"}]} @5
        "#,
        expect![[r#"
            create_namespace {"name":"a"} → {"id":2,"root":2} @2
                changes
            create_namespace {"name":"a.b","policy":"casefold"} → {"id":3,"root":3} @3
                changes
            create_namespace {"name":"ab"} → {"id":4,"root":4} @4
                changes
            list_namespaces {"family":"a"} → {"namespaces":[{"id":2,"root":2,"name":"a","policy":"exact"},{"id":3,"root":3,"name":"a.b","policy":"casefold"}]} @4
                fits
            list_namespaces {"family":"a"} → {"namespaces":[{"id":3,"name":"a.b"},{"id":2,"name":"a"}]} @4
                gives another namespace's id
            list_namespaces {"family":"a"} → {"namespaces":[{"id":2,"name":"a"}]} @4
                should have 2 of them
            list_namespaces {"family":"a"} → {"namespaces":[{"id":2,"name":"a"},{"id":4,"name":"ab"}]} @4
                lists "ab", which is not there
            list_namespaces {"family":"a"} → {"namespaces":[{"id":2,"name":"a"},{"id":3,"name":"a.b","root":4}]} @4
                gives another id than that of / (directory id 3 rev 3)
            list_namespaces {"family":"a"} → {"namespaces":[{"id":2,"name":"a"},{"id":3,"name":"a.b"}]} @3
                claims to reflect revision 3, but the tree is at 4
            list_namespaces {"family":"c"} → {"namespaces":[]} @4
                fits
            list_namespaces {} → {"namespaces":[{"id":1,"name":"main"},{"id":2,"name":"a"},{"id":3,"name":"a.b"},{"id":4,"name":"ab"}]} @4
                fits
            delete_namespace {"ns":2,"recursive":false} → {} @5
                changes
            list_namespaces {"family":"a"} → {"namespaces":[{"id":2,"name":"a"},{"id":3,"name":"a.b"}]} @5
                should have 1 of them
            list_namespaces {"family":"a"} → {"namespaces":[{"id":3,"name":"a.b"}]} @5
                fits
        "#]],
    );
}

#[test]
fn a_cursor_is_after_the_last_change_and_not_beyond_its_revision() {
    check(
        r#"
        get_cursor {} → {"cursor":[1,4294967295]} @1
        mkdir {"path":"/a"} → {"id":2,"rev":2} @2
        create_namespace {"name":"b"} → {"id":3,"root":3} @3
        get_cursor {} → {"cursor":[3,4294967295]} @3
        get_cursor {} → {"cursor":[2,4294967295]} @3
        get_cursor {} → {"cursor":[1,4294967295]} @3
        get_cursor {} → {"cursor":[4,4294967295]} @3
        get_cursor {} → {"cursor":[2,4294967295]} @2
        get_cursor {"ns":4} → {"rejected":"NOT_FOUND"} @3
        mkdir {"path":"/b"} → ?
        get_cursor {} → {"cursor":[4,0]} @4
        stat {"path":"/b"} → {"rev":5} @5
        "#,
        expect![[r#"
            get_cursor {} → {"cursor":[1,4294967295]} @1
                changes
            mkdir {"path":"/a"} → {"id":2,"rev":2} @2
                changes
            create_namespace {"name":"b"} → {"id":3,"root":3} @3
                changes
            get_cursor {} → {"cursor":[3,4294967295]} @3
                fits
            get_cursor {} → {"cursor":[2,4294967295]} @3
                fits
            get_cursor {} → {"cursor":[1,4294967295]} @3
                gives a cursor with changes of its revision or before behind it
            get_cursor {} → {"cursor":[4,4294967295]} @3
                gives a cursor that would skip changes after its revision
            get_cursor {} → {"cursor":[2,4294967295]} @2
                claims to reflect revision 2, but the tree is at 3
            get_cursor {"ns":4} → {"rejected":"NOT_FOUND"} @3
                fits
            mkdir {"path":"/b"} → ?
                changes
            get_cursor {} → {"cursor":[4,0]} @4
                changes
            stat {"path":"/b"} → {"rev":5} @5
                gives another rev than that of /b (directory id ? rev ?)
        "#]],
    );
}
