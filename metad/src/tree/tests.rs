//! The tree as its users see it: scripts against expectations, and random scripts against
//! the invariants.

mod cost;
mod limits;
mod nodes;
mod past;
mod random;
mod script;
mod trees;

use expect_test::expect;
use script::check;

#[test]
fn directories_and_files() {
    check(
        "mkdir /a
         mkdir /a
         mkdir /b/c
         mkdir -p /b/c/d
         mkdir -p /b/c
         commit create /a/f 10
         commit create /a/f 10
         commit create /a/f/g 10
         commit overwrite /a 1
         commit overwrite /a/f 20
         stat /a/f
         stat /
         stat /nowhere
         list /
         journal",
        expect![[r#"
            mkdir /a: @2 #2 rev 2
            mkdir /a: @2 the name is taken
            mkdir /b/c: @2 no such namespace or node
            mkdir -p /b/c/d: @3 #5 rev 3
            mkdir -p /b/c: @3 #4 rev 3
            commit create /a/f 10: @4 #6 rev 4
            commit create /a/f 10: @4 the name is taken
            commit create /a/f/g 10: @4 not a directory
            commit overwrite /a 1: @4 is a directory
            commit overwrite /a/f 20: @5 #6 rev 5
            stat /a/f: File #6 rev 5 nodes 0 bytes 20
            stat /: Directory #1 rev 1 nodes 5 bytes 20
            stat /nowhere: no such namespace or node
            list /: a #2 rev 2, b #3 rev 3
            journal: 
                2.0 Created #2 a in #1
                3.0 Created #3 b in #1
                3.1 Created #4 c in #3
                3.2 Created #5 d in #4
                4.0 Created #6 f in #2
                5.0 Updated #6 f in #2
        "#]],
    );
}

#[test]
fn updates_and_guards() {
    check(
        "commit create /f 1
         commit update@2 /f 2
         commit update@2 /f 3
         commit update@2 /f 2
         commit update@9 /g 1
         delete@2 /f
         delete@3 /f
         delete /f",
        expect![[r#"
            commit create /f 1: @2 #2 rev 2
            commit update@2 /f 2: @3 #2 rev 3
            commit update@2 /f 3: @3 the rev given is not the current one, 3
            commit update@2 /f 2: @3 #2 rev 3
            commit update@9 /g 1: @3 no such namespace or node
            delete@2 /f: @3 the rev given is not the current one, 3
            delete@3 /f: @4 #2 rev 3
            delete /f: @4 no such namespace or node
        "#]],
    );
}

#[test]
fn moves() {
    check(
        "mkdir -p /a/b/c
         mkdir /d
         commit create /f 5
         commit create /a/g 7
         move /a /a/b/c/x
         move /a /a
         move /a/b /d/b
         move /f /a/g
         move! /f /a/g
         move! /a/g /d
         move! /d /a/g
         move! /a /d
         mkdir /e
         move! /d /e
         move / /e/x
         move /nowhere /x
         lookup /e/b/c
         stat /
         journal",
        expect![[r#"
            mkdir -p /a/b/c: @2 #4 rev 2
            mkdir /d: @3 #5 rev 3
            commit create /f 5: @4 #6 rev 4
            commit create /a/g 7: @5 #7 rev 5
            move /a /a/b/c/x: @5 it would lead back to itself
            move /a /a: @5 #2 rev 2
            move /a/b /d/b: @6 #3 rev 6
            move /f /a/g: @6 the name is taken
            move! /f /a/g: @7 #6 rev 7
            move! /a/g /d: @7 is a directory
            move! /d /a/g: @7 not a directory
            move! /a /d: @7 the directory is not empty
            mkdir /e: @8 #8 rev 8
            move! /d /e: @9 #5 rev 9
            move / /e/x: @9 it would lead back to itself
            move /nowhere /x: @9 no such namespace or node
            lookup /e/b/c: #4 /e/b/c in 1
            stat /: Directory #1 rev 1 nodes 5 bytes 5
            journal: 
                2.0 Created #2 a in #1
                2.1 Created #3 b in #2
                2.2 Created #4 c in #3
                3.0 Created #5 d in #1
                4.0 Created #6 f in #1
                5.0 Created #7 g in #2
                6.0 Moved #3 b in #5, was b in #2
                7.0 Deleted #7 g in #2
                7.1 Moved #6 g in #2, was f in #1
                8.0 Created #8 e in #1
                9.0 Deleted #8 e in #1
                9.1 Moved #5 e in #1, was d in #1
        "#]],
    );
}

#[test]
fn deletes_and_reclaim() {
    check(
        "mkdir -p /a/b/c
         commit create /a/b/f 5
         stat /a/b/c
         delete /a
         delete -r /a
         stat #4
         stat /
         delete /
         reclaim 1
         reclaim 9
         journal",
        expect![[r#"
            mkdir -p /a/b/c: @2 #4 rev 2
            commit create /a/b/f 5: @3 #5 rev 3
            stat /a/b/c: Directory #4 rev 2 nodes 0 bytes 0
            delete /a: @3 the directory is not empty
            delete -r /a: @4 #2 rev 2
            stat #4: no such namespace or node
            stat /: Directory #1 rev 1 nodes 0 bytes 0
            delete /: @4 the root cannot be the target here
            reclaim 1: @4 Reclaimed { more: true }
            reclaim 9: @4 Reclaimed { more: false }
            journal: 
                2.0 Created #2 a in #1
                2.1 Created #3 b in #2
                2.2 Created #4 c in #3
                3.0 Created #5 f in #3
                4.0 Deleted #2 a in #1
        "#]],
    );
}

#[test]
fn all_steps_or_none() {
    check(
        "batch mkdir /a; commit create /a/f 1; mkdir /a
         stat /
         batch mkdir /a; commit create /a/f 1; move /a /b
         list /b
         journal",
        expect![[r#"
            batch mkdir /a; commit create /a/f 1; mkdir /a: @1 step 2: the name is taken
            stat /: Directory #1 rev 1 nodes 0 bytes 0
            batch mkdir /a; commit create /a/f 1; move /a /b: @2 #2 rev 2, #3 rev 2, #2 rev 2
            list /b: f #3 rev 2
            journal: 
                2.0 Created #2 a in #1
                2.1 Created #3 f in #2
                2.2 Moved #2 b in #1, was a in #1
        "#]],
    );
}

/// More of them than a session keeps: the others have records of their own.
#[test]
fn many_pending_requests_have_one_effect_each() {
    let first: String = (1..=12).map(|n| format!("request {n} commit create /f{n} 1\n")).collect();
    let again = "request 1 commit create /f1 1
         request 8 commit create /f8 1
         request 9 commit create /f9 1
         request 12 commit create /f12 1
         request 13 acknowledging 12 commit create /f13 1
         request 9 commit create /f9 1
         request 12 commit create /f12 1
         request 14 acknowledging 14 commit create /f14 1
         request 13 commit create /f13 1";
    check(
        &format!("{first}{again}"),
        expect![[r#"
        request 1 commit create /f1 1: @2 #2 rev 2
        request 2 commit create /f2 1: @3 #3 rev 3
        request 3 commit create /f3 1: @4 #4 rev 4
        request 4 commit create /f4 1: @5 #5 rev 5
        request 5 commit create /f5 1: @6 #6 rev 6
        request 6 commit create /f6 1: @7 #7 rev 7
        request 7 commit create /f7 1: @8 #8 rev 8
        request 8 commit create /f8 1: @9 #9 rev 9
        request 9 commit create /f9 1: @10 #10 rev 10
        request 10 commit create /f10 1: @11 #11 rev 11
        request 11 commit create /f11 1: @12 #12 rev 12
        request 12 commit create /f12 1: @13 #13 rev 13
        request 1 commit create /f1 1: @2 #2 rev 2
        request 8 commit create /f8 1: @9 #9 rev 9
        request 9 commit create /f9 1: @10 #10 rev 10
        request 12 commit create /f12 1: @13 #13 rev 13
        request 13 acknowledging 12 commit create /f13 1: @14 #14 rev 14
        request 9 commit create /f9 1: @14 the session has expired: its earlier requests are no longer known
        request 12 commit create /f12 1: @13 #13 rev 13
        request 14 acknowledging 14 commit create /f14 1: @15 #15 rev 15
        request 13 commit create /f13 1: @15 the session has expired: its earlier requests are no longer known
    "#]],
    );
}

#[test]
fn requests_of_a_closed_session_are_refused() {
    check(
        &format!(
            "{}close\nrequest 3 commit create /f3 1\nrequest 13 mkdir /a\nclose",
            (1..=12).map(|n| format!("request {n} commit create /f{n} 1\n")).collect::<String>()
        ),
        expect![[r#"
            request 1 commit create /f1 1: @2 #2 rev 2
            request 2 commit create /f2 1: @3 #3 rev 3
            request 3 commit create /f3 1: @4 #4 rev 4
            request 4 commit create /f4 1: @5 #5 rev 5
            request 5 commit create /f5 1: @6 #6 rev 6
            request 6 commit create /f6 1: @7 #7 rev 7
            request 7 commit create /f7 1: @8 #8 rev 8
            request 8 commit create /f8 1: @9 #9 rev 9
            request 9 commit create /f9 1: @10 #10 rev 10
            request 10 commit create /f10 1: @11 #11 rev 11
            request 11 commit create /f11 1: @12 #12 rev 12
            request 12 commit create /f12 1: @13 #13 rev 13
            close: @13 None
            request 3 commit create /f3 1: @13 the session has expired: its earlier requests are no longer known
            request 13 mkdir /a: @13 the session has expired: its earlier requests are no longer known
            close: @13 None
        "#]],
    );
}

#[test]
fn requests_have_one_effect() {
    check(
        "request 1 commit create /f 1
         request 1 commit create /f 1
         request 2 commit create /f 1
         delete /f
         request 2 commit create /f 1
         request 7 acknowledging 3 commit create /f 1
         request 2 commit create /f 1
         wait 3600000
         request 8 commit create /g 1
         wait 1
         request 8 commit create /g 1
         wait 3600001
         request 8 commit create /g 1
         request 9 commit create /h 1
         reclaim 1
         reclaim 100
         request 9 commit create /h 1",
        expect![[r#"
            request 1 commit create /f 1: @2 #2 rev 2
            request 1 commit create /f 1: @2 #2 rev 2
            request 2 commit create /f 1: @2 the name is taken
            delete /f: @3 #2 rev 2
            request 2 commit create /f 1: @2 the name is taken
            request 7 acknowledging 3 commit create /f 1: @4 #3 rev 4
            request 2 commit create /f 1: @4 the session has expired: its earlier requests are no longer known
            wait 3600000: 
            request 8 commit create /g 1: @5 #4 rev 5
            wait 1: 
            request 8 commit create /g 1: @5 #4 rev 5
            wait 3600001: 
            request 8 commit create /g 1: @5 the session has expired: its earlier requests are no longer known
            request 9 commit create /h 1: @5 the session has expired: its earlier requests are no longer known
            reclaim 1: @5 Reclaimed { more: false }
            reclaim 100: @5 Reclaimed { more: false }
            request 9 commit create /h 1: @5 the session has expired: its earlier requests are no longer known
        "#]],
    );
}
