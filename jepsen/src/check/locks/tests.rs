//! Who held a lock when, right and wrong.

use expect_test::expect;

use crate::check::tests::script::findings;

#[test]
fn a_lock_goes_from_hand_to_hand() {
    let found = findings(
        "locks",
        r#"
        1 acquire_lock {"path":"/a","ttl_ms":1000} → {"token":2,"expires_ms":6000} @2
        2 acquire_lock {"path":"/a","ttl_ms":1000} → {"rejected":"LOCK_HELD"} @2
        2 acquire_lock {"path":"/b","ttl_ms":1000} → {"token":3,"expires_ms":6100} @3
        1 mkdir {"path":"/x","fences":[{"ns":1,"path":"a","token":2}]} → {"id":2,"rev":4} @4
        1 renew_lock {"path":"/a","token":2,"ttl_ms":2000} → {"token":2,"expires_ms":7200} @5
        3 get_lock {"path":"/a"} → {"token":2,"client_id":1,"expires_ms":7200} @5
        1 release_lock {"path":"/a","token":2} → {} @6
        3 get_lock {"path":"/a"} → {} @6
        2 acquire_lock {"path":"/a","ttl_ms":1000} → {"token":7,"expires_ms":7000} @7
        1 renew_lock {"path":"/a","token":2} → {"rejected":"TOKEN_STALE"} @7
        1 mkdir {"path":"/y","fences":[{"ns":1,"path":"/a","token":2}]} → {"rejected":"TOKEN_STALE"} @7
        3 acquire_lock {"path":"/a","ttl_ms":1000} → {"token":8,"expires_ms":8000} @8
        "#,
    );
    expect![[r#"
        valid: 4 grants of 2 locks, 8 uses of their tokens
    "#]]
    .assert_eq(&found);
}

#[test]
fn two_hold_it_at_once() {
    let found = findings(
        "locks",
        r#"
        1 acquire_lock {"path":"/a","ttl_ms":1000} → {"token":2,"expires_ms":6000} @2
        2 acquire_lock {"path":"/a","ttl_ms":1000} → {"token":3,"expires_ms":6500} @3
        "#,
    );
    expect![[r#"
        invalid: line 4: granted with token 3 at 5500 ms, while the holder of token 2 (line 2) had it until 6000 ms
        line 4: granted with token 3 at 5500 ms, while the holder of token 2 (line 2) had it until 6000 ms
    "#]].assert_eq(&found);
}

#[test]
fn a_lost_release_may_have_ended_it() {
    let found = findings(
        "locks",
        r#"
        1 acquire_lock {"path":"/a","ttl_ms":1000} → {"token":2,"expires_ms":6000} @2
        1 release_lock {"path":"/a","token":2} → ?
        2 acquire_lock {"path":"/a","ttl_ms":1000} → {"token":4,"expires_ms":6500} @4
        "#,
    );
    expect![[r#"
        valid: 2 grants of 1 locks, 1 uses of their tokens
    "#]]
    .assert_eq(&found);
}

#[test]
fn a_renewal_counts() {
    let found = findings(
        "locks",
        r#"
        1 acquire_lock {"path":"/a","ttl_ms":1000} → {"token":2,"expires_ms":6000} @2
        1 renew_lock {"path":"/a","token":2,"ttl_ms":1000} → {"expires_ms":6900} @3
        2 acquire_lock {"path":"/a","ttl_ms":500} → {"token":4,"expires_ms":7300} @4
        "#,
    );
    expect![[r#"
        invalid: line 6: granted with token 4 at 6800 ms, while the holder of token 2 (line 2) had it until 6900 ms
        line 6: granted with token 4 at 6800 ms, while the holder of token 2 (line 2) had it until 6900 ms
    "#]].assert_eq(&found);
}

#[test]
fn a_stale_token_writes() {
    let found = findings(
        "locks",
        r#"
        1 acquire_lock {"id":1,"ttl_ms":1000} → {"token":2,"expires_ms":6000} @2
        2 acquire_lock {"id":1,"ttl_ms":1000} → {"token":3,"expires_ms":7500} @3
        1 mkdir {"path":"/x","fences":[{"ns":1,"id":1,"token":2}]} → {"id":2,"rev":4} @4
        1 renew_lock {"id":1,"token":2,"ttl_ms":1000} → {"expires_ms":8500} @5
        2 release_lock {"id":1,"token":3} → {} @6
        2 mkdir {"path":"/y","fences":[{"ns":1,"id":1,"token":3}]} → {"id":3,"rev":7} @7
        2 mkdir {"path":"/z","fences":[{"ns":1,"id":1,"token":9}]} → {"id":4,"rev":8} @8
        2 mkdir {"path":"/v","fences":[{"ns":1,"id":1,"token":1}]} → {"id":5,"rev":9} @9
        "#,
    );
    expect![[r#"
        invalid: line 6: a write passed with token 2 at revision 4, but token 3 was granted before (line 4)
        line 6: a write passed with token 2 at revision 4, but token 3 was granted before (line 4)
        line 8: renewed with token 2 at revision 5, but token 3 was granted before (line 4)
        line 12: a write passed with token 3 at revision 7, but it was released before (line 10)
        line 14: a write passed with token 9 at revision 8, but that is granted later, if ever
        line 16: a write passed with token 1 at revision 9, but token 3 was granted before (line 4)
    "#]].assert_eq(&found);
}

#[test]
fn what_is_told_of_a_lock_is_held_against_it() {
    let found = findings(
        "locks",
        r#"
        1 acquire_lock {"path":"/a","ttl_ms":1000} → {"rejected":"LOCK_HELD"} @1
        1 acquire_lock {"path":"/a","ttl_ms":1000} → {"token":3,"expires_ms":6000} @2
        2 get_lock {"path":"/a"} → {"token":2} @3
        1 renew_lock {"path":"/a","token":3,"ttl_ms":1000} → {"rejected":"TOKEN_STALE"} @3
        1 renew_lock {"path":"/a","token":3,"ttl_ms":1000} → {"expires_ms":6500} @4
        1 release_lock {"path":"/a","token":3} → {} @5
        2 acquire_lock {"path":"/a","ttl_ms":1000} → {"rejected":"LOCK_HELD"} @5
        2 get_lock {"path":"/a"} → {"token":3} @5
        "#,
    );
    expect![[r#"
        invalid: line 4: the token 3 is not the revision of its grant
        line 4: the token 3 is not the revision of its grant
        line 2: told to be held at revision 1, but it was never granted before
        line 6: told as the holder's with token 2 at revision 3, but token 3 was granted before (line 4)
        line 8: called stale with token 3 at revision 3, but it was good later (line 10)
        line 14: told to be held at revision 5, but it was released before (line 12)
        line 16: told as the holder's with token 3 at revision 5, but it was released before (line 12)
    "#]].assert_eq(&found);
}

#[test]
fn each_listed_lock_is_its_holders() {
    let script = |listed: &str| {
        let before = r#"
        1 acquire_lock {"path":"/a","ttl_ms":1000} → {"token":2,"expires_ms":6000} @2
        2 acquire_lock {"id":7,"name":"edit","ttl_ms":1000} → {"token":3,"expires_ms":6100} @3
        1 release_lock {"path":"/a","token":2} → {} @4
        "#;
        findings("locks", &format!("{before}{listed}"))
    };
    let held = r#"3 list_locks {} → {"locks":[{"id":7,"name":"edit","token":3}]} @4"#;
    let released = r#"3 list_locks {} → {"locks":[{"path":"a","token":2}]} @4"#;
    let other = r#"3 list_locks {} → {"locks":[{"id":7,"name":"edit","token":2}]} @4"#;
    let earlier = r#"3 list_locks {} → {"locks":[{"path":"a","token":2}]} @3"#;
    let found: String = [held, released, other, earlier].map(script).concat();
    expect![[r#"
        valid: 2 grants of 2 locks, 3 uses of their tokens
        invalid: line 8: told as the holder's with token 2 at revision 4, but it was released before (line 6)
        line 8: told as the holder's with token 2 at revision 4, but it was released before (line 6)
        invalid: line 8: told as the holder's with token 2 at revision 4, but token 3 was granted before (line 4)
        line 8: told as the holder's with token 2 at revision 4, but token 3 was granted before (line 4)
        valid: 2 grants of 2 locks, 3 uses of their tokens
    "#]].assert_eq(&found);
}

#[test]
fn a_held_lock_is_neither_free_nor_left_out() {
    let script = |asked: &str, later: &str| {
        let granted = r#"
        1 acquire_lock {"path":"/a","ttl_ms":1000} → {"token":2,"expires_ms":6000} @2
        "#;
        findings("locks", &format!("{granted}{asked}\n{later}"))
    };
    let left_out = r#"2 list_locks {} → {"locks":[]} @4"#;
    let free = r#"2 get_lock {"path":"/a"} → {} @4"#;
    let renewed = r#"1 renew_lock {"path":"/a","token":2,"ttl_ms":9} → {"expires_ms":9000} @5"#;
    let before = r#"1 renew_lock {"path":"/a","token":2,"ttl_ms":9} → {"expires_ms":9000} @4"#;
    let stale =
        r#"1 renew_lock {"path":"/a","token":2,"ttl_ms":9} → {"rejected":"TOKEN_STALE"} @5"#;
    let pairs = [(left_out, renewed), (free, renewed), (left_out, before), (left_out, stale)];
    let found: String = pairs.map(|(asked, later)| script(asked, later)).concat();
    expect![[r#"
        invalid: line 4: told to be free at revision 4, but token 2 was granted on line 2, and it was good later (line 6)
        line 4: told to be free at revision 4, but token 2 was granted on line 2, and it was good later (line 6)
        invalid: line 4: told to be free at revision 4, but token 2 was granted on line 2, and it was good later (line 6)
        line 4: told to be free at revision 4, but token 2 was granted on line 2, and it was good later (line 6)
        valid: 1 grants of 1 locks, 2 uses of their tokens
        valid: 1 grants of 1 locks, 2 uses of their tokens
    "#]].assert_eq(&found);
}
