//! Conflicted copies, symlinks, attributes, copies, preconditions and quotas.

use expect_test::expect;

use super::script::check;

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
            copy /a /a/b/d: @7 it would lead back to itself
            copy / /d: @7 it would lead back to itself
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
