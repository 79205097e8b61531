//! The tree as its users see it: scripts against expectations, and random scripts against
//! the invariants.

mod random;
mod script;

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
            move /a /a/b/c/x: @5 a directory cannot be put under itself
            move /a /a: @5 #2 rev 2
            move /a/b /d/b: @6 #3 rev 6
            move /f /a/g: @6 the name is taken
            move! /f /a/g: @7 #6 rev 7
            move! /a/g /d: @7 is a directory
            move! /d /a/g: @7 not a directory
            move! /a /d: @7 the directory is not empty
            mkdir /e: @8 #8 rev 8
            move! /d /e: @9 #5 rev 9
            move / /e/x: @9 a directory cannot be put under itself
            move /nowhere /x: @9 no such namespace or node
            lookup /e/b/c: #4 /e/b/c
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
        "#]],
    );
}

#[test]
fn conflicted_copies() {
    check(
        "commit create /a.txt 1
         commit+rename update@1 /a.txt 2
         commit+rename update@1 /a.txt 2
         commit+rename update@1 /a.txt 1
         commit+rename update@9 /gone.txt 3
         commit+rename create /a.txt 4
         commit+rename overwrite /a.txt 5
         list /",
        expect![[r#"
            commit create /a.txt 1: @2 #2 rev 2
            commit+rename update@1 /a.txt 2: @3 #3 rev 3 Name("a (Ann's conflicted copy 1970-01-01).txt")
            commit+rename update@1 /a.txt 2: @4 #4 rev 4 Name("a (Ann's conflicted copy 1970-01-01 2).txt")
            commit+rename update@1 /a.txt 1: @4 #2 rev 2
            commit+rename update@9 /gone.txt 3: @5 #5 rev 5 Name("gone (Ann's conflicted copy 1970-01-01).txt")
            commit+rename create /a.txt 4: @6 #6 rev 6 Name("a (Ann's conflicted copy 1970-01-01 3).txt")
            commit+rename overwrite /a.txt 5: @7 #2 rev 7
            list /: a (Ann's conflicted copy 1970-01-01 2).txt #4 rev 4, a (Ann's conflicted copy 1970-01-01 3).txt #6 rev 6, a (Ann's conflicted copy 1970-01-01).txt #3 rev 3, a.txt #2 rev 7, gone (Ann's conflicted copy 1970-01-01).txt #5 rev 5
        "#]],
    );
}

#[test]
fn symlinks_and_attributes() {
    check(
        "symlink /s a/b
         symlink /s c
         stat /s
         mkdir /s/x
         commit overwrite /s 1
         set /s colour=red size=big
         set@2 /s colour=blue
         set /s -size colour=red
         set /s colour=red
         set / colour=red
         set /none colour=red
         stat /s
         move /s /t
         stat /t
         delete /t",
        expect![[r#"
            symlink /s a/b: @2 #2 rev 2
            symlink /s c: @2 the name is taken
            stat /s: Symlink #2 rev 2 nodes 0 bytes 0
            mkdir /s/x: @2 not a directory
            commit overwrite /s 1: @2 the name is taken
            set /s colour=red size=big: @3 #2 rev 3
            set@2 /s colour=blue: @3 the rev given is not the current one, 3
            set /s -size colour=red: @4 #2 rev 4
            set /s colour=red: @4 #2 rev 4
            set / colour=red: @4 the root cannot be the target here
            set /none colour=red: @4 no such namespace or node
            stat /s: Symlink #2 rev 4 nodes 0 bytes 0 colour=red
            move /s /t: @5 #2 rev 5
            stat /t: Symlink #2 rev 5 nodes 0 bytes 0 colour=red
            delete /t: @6 #2 rev 5
        "#]],
    );
}

#[test]
fn copies() {
    check(
        "mkdir /a
         mkdir /a/b
         commit create /a/b/f 7
         set /a/b colour=red
         symlink /a/s b/f
         copy /a /c
         list /c
         stat /c/b
         stat /c/b/f
         copy /a /a/b/d
         copy / /d
         copy /a /c
         copy /none /d
         delete -r /a
         stat /
         journal
         reclaim 100",
        expect![[r#"
            mkdir /a: @2 #2 rev 2
            mkdir /a/b: @3 #3 rev 3
            commit create /a/b/f 7: @4 #4 rev 4
            set /a/b colour=red: @5 #3 rev 5
            symlink /a/s b/f: @6 #5 rev 6
            copy /a /c: @7 #6 rev 7
            list /c: b #7 rev 7, s #8 rev 7
            stat /c/b: Directory #7 rev 7 nodes 1 bytes 7 colour=red
            stat /c/b/f: File #9 rev 7 nodes 0 bytes 7
            copy /a /a/b/d: @7 a directory cannot be put under itself
            copy / /d: @7 a directory cannot be put under itself
            copy /a /c: @7 the name is taken
            copy /none /d: @7 no such namespace or node
            delete -r /a: @8 #2 rev 2
            stat /: Directory #1 rev 1 nodes 4 bytes 7
            journal: 
                2.0 Created #2 a in #1
                3.0 Created #3 b in #2
                4.0 Created #4 f in #3
                5.0 Updated #3 b in #2
                6.0 Created #5 s in #2
                7.0 Created #6 c in #1
                7.1 Created #7 b in #6
                7.2 Created #8 s in #6
                7.3 Created #9 f in #7
                8.0 Deleted #2 a in #1
            reclaim 100: @8 Reclaimed { more: false }
        "#]],
    );
}

#[test]
fn preconditions() {
    check(
        "commit create /f 1
         batch check /f exists; check /g absent; check /f rev=2; check /f kind=file; commit create /g 1
         batch check /g absent; commit create /h 1
         batch check / unchanged=3; commit create /h 1
         batch check / unchanged=3; commit create /i 1
         batch commit create /j 1; check / unchanged=4
         batch commit create /k 1; check /k exists
         check /f kind=directory
         check /f/x absent
         check /k exists",
        expect![[r#"
            commit create /f 1: @2 #2 rev 2
            batch check /f exists; check /g absent; check /f rev=2; check /f kind=file; commit create /g 1: @3 #2 rev 2, #0 rev 0, #2 rev 2, #2 rev 2, #3 rev 3
            batch check /g absent; commit create /h 1: @3 step 0: a precondition does not hold
            batch check / unchanged=3; commit create /h 1: @4 #1 rev 1, #4 rev 4
            batch check / unchanged=3; commit create /i 1: @4 step 0: a precondition does not hold
            batch commit create /j 1; check / unchanged=4: @5 #5 rev 5, #1 rev 1
            batch commit create /k 1; check /k exists: @6 #6 rev 6, #6 rev 6
            check /f kind=directory: @6 a precondition does not hold
            check /f/x absent: @6 #0 rev 0
            check /k exists: @6 #6 rev 6
        "#]],
    );
}

#[test]
fn the_past() {
    check(
        "mkdir -p /a/b
         commit create /a/b/f 1
         commit overwrite /a/b/f 2
         move /a/b /c
         delete -r /a
         delete -r /c
         mkdir /a
         at 3 stat /a/b/f
         at 4 stat /a/b/f
         at 5 stat /a/b/f
         at 5 stat /c/f
         at 5 lookup #4
         at 4 lookup #4
         at 2 list /a
         at 5 list /
         at 7 list /
         at 9 list /
         reclaim 100
         at 5 list /c
         at 7 list /c
         compact 5
         at 4 list /
         at 5 list /c
         compact 4
         journal
         reclaim 100
         journal
         at 5 stat /c/f
         compact 99
         reclaim 100
         at 8 list /",
        expect![[r#"
            mkdir -p /a/b: @2 #3 rev 2
            commit create /a/b/f 1: @3 #4 rev 3
            commit overwrite /a/b/f 2: @4 #4 rev 4
            move /a/b /c: @5 #3 rev 5
            delete -r /a: @6 #2 rev 2
            delete -r /c: @7 #3 rev 5
            mkdir /a: @8 #5 rev 8
            at 3 stat /a/b/f: File #4 rev 3 nodes 0 bytes 1
            at 4 stat /a/b/f: File #4 rev 4 nodes 0 bytes 2
            at 5 stat /a/b/f: no such namespace or node
            at 5 stat /c/f: File #4 rev 4 nodes 0 bytes 2
            at 5 lookup #4: #4 /c/f
            at 4 lookup #4: #4 /a/b/f
            at 2 list /a: b #3 rev 2
            at 5 list /: a #2 rev 2, c #3 rev 5
            at 7 list /: 
            at 9 list /: no such namespace or node
            reclaim 100: @8 Reclaimed { more: false }
            at 5 list /c: f #4 rev 4
            at 7 list /c: no such namespace or node
            compact 5: @8 Compacted(Revision(5))
            at 4 list /: what was there before revision 5 is no longer kept
            at 5 list /c: f #4 rev 4
            compact 4: @8 Compacted(Revision(5))
            journal: 
                2.0 Created #2 a in #1
                2.1 Created #3 b in #2
                3.0 Created #4 f in #3
                4.0 Updated #4 f in #3
                5.0 Moved #3 c in #1, was b in #2
                6.0 Deleted #2 a in #1
                7.0 Deleted #3 c in #1
                8.0 Created #5 a in #1
            reclaim 100: @8 Reclaimed { more: false }
            journal: changes after the cursor are no longer kept: list at 8, and read on from there
            at 5 stat /c/f: File #4 rev 4 nodes 0 bytes 2
            compact 99: @8 Compacted(Revision(8))
            reclaim 100: @8 Reclaimed { more: true }
            at 8 list /: a #5 rev 8
        "#]],
    );
}

#[test]
fn snapshots_and_restoring() {
    check(
        "commit create /f 1
         mkdir /d
         commit create /d/g 2
         snapshot monday
         snapshot monday
         commit overwrite /f 5
         move /f /h
         commit overwrite /h 6
         versions /h
         at 5 versions /f
         delete -r /d
         compact 99
         at 5 list /
         restore@5 /d
         list /d
         restore@5 /d
         restore@5 /f
         restore@6 /h
         restore@7 /h
         stat /h
         copy@5 /d/g /g
         copy@5 / /x
         copy@3 /f /x
         restore@99 /g
         unsnapshot monday
         unsnapshot monday
         compact 99
         reclaim 100
         at 5 list /
         list /",
        expect![[r#"
            commit create /f 1: @2 #2 rev 2
            mkdir /d: @3 #3 rev 3
            commit create /d/g 2: @4 #4 rev 4
            snapshot monday: @5 Snapshot(Snapshot { name: Name("monday"), revision: Revision(5), time_ms: 1000 })
            snapshot monday: @5 the name is taken
            commit overwrite /f 5: @6 #2 rev 6
            move /f /h: @7 #2 rev 7
            commit overwrite /h 6: @8 #2 rev 8
            versions /h: rev 8 h 6, rev 7 h 5, rev 6 f 5, rev 2 f 1
            at 5 versions /f: rev 8 h 6, rev 7 h 5, rev 6 f 5, rev 2 f 1
            delete -r /d: @9 #3 rev 3
            compact 99: @9 Compacted(Revision(5))
            at 5 list /: d #3 rev 3, f #2 rev 2
            restore@5 /d: @10 #5 rev 10
            list /d: g #6 rev 10
            restore@5 /d: @10 the name is taken
            restore@5 /f: @11 #7 rev 11
            restore@6 /h: @11 no such namespace or node
            restore@7 /h: @12 #2 rev 12
            stat /h: File #2 rev 12 nodes 0 bytes 5
            copy@5 /d/g /g: @13 #8 rev 13
            copy@5 / /x: @14 #9 rev 14
            copy@3 /f /x: @14 what was there before revision 5 is no longer kept
            restore@99 /g: @14 no such namespace or node
            unsnapshot monday: @15 Snapshot(Snapshot { name: Name("monday"), revision: Revision(5), time_ms: 1000 })
            unsnapshot monday: @15 no such namespace or node
            compact 99: @15 Compacted(Revision(15))
            reclaim 100: @15 Reclaimed { more: true }
            at 5 list /: what was there before revision 15 is no longer kept
            list /: d #5 rev 10, f #7 rev 11, g #8 rev 13, h #2 rev 12, x #9 rev 14
        "#]],
    );
}

#[test]
fn quotas() {
    check(
        "mkdir /a
         quota / nodes=4 bytes=10
         quota /a bytes=5
         commit create /a/f 4
         commit create /a/g 2
         commit overwrite /a/f 5
         commit overwrite /a/f 6
         commit overwrite /a/f 2
         commit create /g 8
         commit create /h 1
         mkdir -p /x/y/z
         mkdir -p /x
         mkdir /y
         move /g /a/g
         copy /a /b
         delete /g
         copy /a/f /a/h
         move! /a/f /a/h
         quota /a bytes=1
         quota /a
         quota / nodes=1
         quota /a/h nodes=1
         delete -r /a
         stat /",
        expect![[r#"
            mkdir /a: @2 #2 rev 2
            quota / nodes=4 bytes=10: @3 #1 rev 1
            quota /a bytes=5: @4 #2 rev 2
            commit create /a/f 4: @5 #3 rev 5
            commit create /a/g 2: @5 directory 2 may hold 5 bytes at most
            commit overwrite /a/f 5: @6 #3 rev 6
            commit overwrite /a/f 6: @6 directory 2 may hold 5 bytes at most
            commit overwrite /a/f 2: @7 #3 rev 7
            commit create /g 8: @8 #4 rev 8
            commit create /h 1: @8 directory 1 may hold 10 bytes at most
            mkdir -p /x/y/z: @8 directory 1 may hold 4 nodes at most
            mkdir -p /x: @9 #5 rev 9
            mkdir /y: @9 directory 1 may hold 4 nodes at most
            move /g /a/g: @9 directory 2 may hold 5 bytes at most
            copy /a /b: @9 directory 1 may hold 4 nodes at most
            delete /g: @10 #4 rev 8
            copy /a/f /a/h: @11 #6 rev 11
            move! /a/f /a/h: @12 #3 rev 12
            quota /a bytes=1: @12 directory 2 may hold 1 bytes at most
            quota /a: @13 #2 rev 2
            quota / nodes=1: @13 directory 1 may hold 1 nodes at most
            quota /a/h nodes=1: @13 not a directory
            delete -r /a: @14 #2 rev 2
            stat /: Directory #1 rev 1 nodes 1 bytes 0
        "#]],
    );
}
