//! Several trees: namespaces, their mounts, moves between them, and names that differ only in
//! case or form.

use expect_test::expect;

use super::script::check;

#[test]
fn namespaces() {
    check(
        "create-namespace main
         create-namespace team casefold nodes=2
         namespace team
         in 2 mkdir -p /a/b
         in 2 mkdir /c
         in 2 bound-namespace nodes=1
         in 2 bound-namespace nodes=2
         in 2 bound-namespace
         in 2 mkdir /c
         in 2 rename-namespace main
         in 2 rename-namespace crew
         namespace team
         namespace crew
         in 2 snapshot s
         in 2 delete-namespace
         in 2 quota /c nodes=1
         in 2 delete-namespace -r
         namespace crew
         in 2 stat /
         in 2 journal
         at 5 in 2 list /
         create-namespace crew
         reclaim 100
         compact 99
         reclaim 100
         in 3 delete-namespace",
        expect![[r#"
            create-namespace main: @1 the name is taken
            create-namespace team casefold nodes=2: @2 Namespace(Namespace { id: NamespaceId(2), name: Name("team"), root: NodeId(2), created: Revision(2), policy: Casefold })
            namespace team: 2 Casefold Account { usage: Usage { nodes: 0, bytes: 0 }, quota: Quota { nodes: Some(2), bytes: None } }
            in 2 mkdir -p /a/b: @3 #4 rev 3
            in 2 mkdir /c: @3 directory 2 may hold 2 nodes at most
            in 2 bound-namespace nodes=1: @3 directory 2 may hold 1 nodes at most
            in 2 bound-namespace nodes=2: @3 Namespace(Namespace { id: NamespaceId(2), name: Name("team"), root: NodeId(2), created: Revision(2), policy: Casefold })
            in 2 bound-namespace: @4 Namespace(Namespace { id: NamespaceId(2), name: Name("team"), root: NodeId(2), created: Revision(2), policy: Casefold })
            in 2 mkdir /c: @5 #5 rev 5
            in 2 rename-namespace main: @5 the name is taken
            in 2 rename-namespace crew: @6 Namespace(Namespace { id: NamespaceId(2), name: Name("crew"), root: NodeId(2), created: Revision(2), policy: Casefold })
            namespace team: no such namespace or node
            namespace crew: 2 Casefold Account { usage: Usage { nodes: 3, bytes: 0 }, quota: Quota { nodes: None, bytes: None } }
            in 2 snapshot s: @7 Snapshot(Snapshot { name: Name("s"), revision: Revision(7), time_ms: 1000 })
            in 2 delete-namespace: @7 the directory is not empty
            in 2 quota /c nodes=1: @8 #5 rev 5
            in 2 delete-namespace -r: @9 Namespace(Namespace { id: NamespaceId(2), name: Name("crew"), root: NodeId(2), created: Revision(2), policy: Casefold })
            namespace crew: no such namespace or node
            in 2 stat /: no such namespace or node
            in 2 journal: no such namespace or node
            at 5 in 2 list /: no such namespace or node
            create-namespace crew: @10 Namespace(Namespace { id: NamespaceId(3), name: Name("crew"), root: NodeId(6), created: Revision(10), policy: Exact })
            reclaim 100: @10 Reclaimed { more: false }
            compact 99: @10 Compacted(Revision(10))
            reclaim 100: @10 Reclaimed { more: true }
            in 3 delete-namespace: @11 Namespace(Namespace { id: NamespaceId(3), name: Name("crew"), root: NodeId(6), created: Revision(10), policy: Exact })
        "#]],
    );
}

#[test]
fn mounts() {
    check(
        "create-namespace shared
         create-namespace inner
         mkdir /a
         mount /a/m 2
         mount /a/m 2
         mount /n 9
         in 2 mount /up 1
         in 2 mount /self 2
         in 2 mount /in 3
         in 3 mount /up 1
         mkdir /a/m/d
         commit create /a/m/d/f 5
         commit create /a/m/in/g 7
         commit create /a/m 1
         commit overwrite /a/m 1
         mkdir -p /a/m
         mkdir -p /a/m/in/x/y
         stat /a/m
         stat /a/m/d/f
         stat /a/m/in/g
         stat #5
         in 2 stat #8
         lookup /a/m/in/g
         list /a
         list /a/m
         list -r /
         check /a/m kind=mount
         commit create /file 1
         move! /file /a/m
         move! /a /a/m
         mkdir /b
         move! /a/m /b
         quota /b nodes=1
         stats / /b /b/in/g /b/none
         unmount /b/d
         unmount /b
         unmount /b
         stat /
         in 2 list /
         journal
         in 2 journal",
        expect![[r#"
            create-namespace shared: @2 Namespace(Namespace { id: NamespaceId(2), name: Name("shared"), root: NodeId(2), created: Revision(2), policy: Exact })
            create-namespace inner: @3 Namespace(Namespace { id: NamespaceId(3), name: Name("inner"), root: NodeId(3), created: Revision(3), policy: Exact })
            mkdir /a: @4 #4 rev 4
            mount /a/m 2: @5 #5 rev 5
            mount /a/m 2: @5 the name is taken
            mount /n 9: @5 no such namespace or node
            in 2 mount /up 1: @5 it would lead back to itself
            in 2 mount /self 2: @5 it would lead back to itself
            in 2 mount /in 3: @6 #6 rev 6
            in 3 mount /up 1: @6 it would lead back to itself
            mkdir /a/m/d: @7 #7 rev 7
            commit create /a/m/d/f 5: @8 #8 rev 8
            commit create /a/m/in/g 7: @9 #9 rev 9
            commit create /a/m 1: @9 the name is taken
            commit overwrite /a/m 1: @9 is a directory
            mkdir -p /a/m: @9 #5 rev 5
            mkdir -p /a/m/in/x/y: @10 #11 rev 10
            stat /a/m: Mount #5 rev 5 nodes 3 bytes 5
            stat /a/m/d/f: File #8 rev 8 nodes 0 bytes 5 in 2
            stat /a/m/in/g: File #9 rev 9 nodes 0 bytes 7 in 3
            stat #5: Mount #5 rev 5 nodes 3 bytes 5
            in 2 stat #8: File #8 rev 8 nodes 0 bytes 5
            lookup /a/m/in/g: #9 /g in 3
            list /a: m #5 rev 5
            list /a/m: d #7 rev 7, in #6 rev 6
            list -r /: a #4 rev 4, a/m #5 rev 5
            check /a/m kind=mount: @10 #5 rev 5
            commit create /file 1: @11 #12 rev 11
            move! /file /a/m: @11 is a directory
            move! /a /a/m: @11 it would lead back to itself
            mkdir /b: @12 #13 rev 12
            move! /a/m /b: @13 #5 rev 13
            quota /b nodes=1: @13 not a directory
            stats / /b /b/in/g /b/none: #1, #5, #9, no such namespace or node
            unmount /b/d: @13 no such namespace or node
            unmount /b: @14 #5 rev 13
            unmount /b: @14 no such namespace or node
            stat /: Directory #1 rev 1 nodes 2 bytes 1
            in 2 list /: d #7 rev 7, in #6 rev 6
            journal: 
                4.0 Created #4 a in #1
                5.0 Created #5 m in #4
                11.0 Created #12 file in #1
                12.0 Created #13 b in #1
                13.0 Deleted #13 b in #1
                13.1 Moved #5 b in #1, was m in #4
                14.0 Deleted #5 b in #1
            in 2 journal: 
                6.0 Created #6 in in #2
                7.0 Created #7 d in #2
                8.0 Created #8 f in #7
        "#]],
    );
}

#[test]
fn moves_between_trees() {
    check(
        "create-namespace shared
         mount /m 2
         mkdir -p /a/b
         commit create /a/b/f 5
         move@1 /a /m/a
         move /a /m/a
         stat /a
         stat /m/a/b/f
         stat /m
         in 2 lookup #5
         lookup #5
         at 5 lookup #5
         at 5 list /a/b
         at 5 stat /m/a
         batch move /m/a /c; mkdir /c/x; move /c/b /d; commit overwrite /d/f 6
         list -r /
         delete -r /c
         copy /d /m/d
         move /m /m/x
         mkdir /e
         mount /e/m 2
         move /e /m/e
         move /m /e/n
         delete /m
         in 2 list -r /
         reclaim 100
         journal
         in 2 journal
         diff 4 6
         in 2 diff 4 6
         in 2 diff 4 7
         diff 9 3",
        expect![[r#"
            create-namespace shared: @2 Namespace(Namespace { id: NamespaceId(2), name: Name("shared"), root: NodeId(2), created: Revision(2), policy: Exact })
            mount /m 2: @3 #3 rev 3
            mkdir -p /a/b: @4 #5 rev 4
            commit create /a/b/f 5: @5 #6 rev 5
            move@1 /a /m/a: @5 the rev given is not the current one, 4
            move /a /m/a: @6 #4 rev 6
            stat /a: no such namespace or node
            stat /m/a/b/f: File #6 rev 5 nodes 0 bytes 5 in 2
            stat /m: Mount #3 rev 3 nodes 3 bytes 5
            in 2 lookup #5: #5 /a/b in 2
            lookup #5: no such namespace or node
            at 5 lookup #5: #5 /a/b in 1
            at 5 list /a/b: f #6 rev 5
            at 5 stat /m/a: no such namespace or node
            batch move /m/a /c; mkdir /c/x; move /c/b /d; commit overwrite /d/f 6: @7 #4 rev 7, #7 rev 7, #5 rev 7, #6 rev 7
            list -r /: c #4 rev 7, c/x #7 rev 7, d #5 rev 7, d/f #6 rev 7, m #3 rev 3
            delete -r /c: @8 #4 rev 7
            copy /d /m/d: @9 #8 rev 9
            move /m /m/x: @9 it would lead back to itself
            mkdir /e: @10 #10 rev 10
            mount /e/m 2: @11 #11 rev 11
            move /e /m/e: @11 it would lead back to itself
            move /m /e/n: @12 #3 rev 12
            delete /m: @12 no such namespace or node
            in 2 list -r /: d #8 rev 9, d/f #9 rev 9
            reclaim 100: @12 Reclaimed { more: false }
            journal: 
                3.0 Created #3 m in #1
                4.0 Created #4 a in #1
                4.1 Created #5 b in #4
                5.0 Created #6 f in #5
                6.0 MovedOut #4 a in #1 to 2
                7.0 MovedIn #4 c in #1 from 2
                7.1 Created #7 x in #4
                7.2 MovedIn #5 d in #1 from 2
                7.3 Updated #6 f in #5
                8.0 Deleted #4 c in #1
                10.0 Created #10 e in #1
                11.0 Created #11 m in #10
                12.0 Moved #3 n in #10, was m in #1
            in 2 journal: 
                6.0 MovedIn #4 a in #2 from 1
                7.0 MovedOut #4 a in #2 to 1
                9.0 Created #8 d in #2
                9.1 Created #9 f in #8
            diff 4 6: 
                /a rev 4 -> nothing
            in 2 diff 4 6: 
                nothing -> /a rev 6
            in 2 diff 4 7: 
            diff 9 3: the earlier revision comes first
        "#]],
    );
}

#[test]
fn casefold() {
    check(
        "create-namespace folded casefold
         in 2 mkdir /Stra\u{df}e
         in 2 mkdir /STRASSE
         in 2 mkdir -p /strasse/B
         in 2 commit create /strasse/Caf\u{e9} 1
         in 2 commit overwrite /STRASSE/CAFE\u{301} 2
         in 2 list /strasse
         in 2 lookup /STRASSE/caf\u{e9}
         in 2 move /strasse/b /strasse/\u{3a3}
         in 2 stat /strasse/\u{3c2}
         in 2 move /STRASSE /strasse
         in 2 move /strasse /strasse
         in 2 list -r /
         in 2 list -r / after STRASSE/CAF\u{c9}
         in 2 commit+rename update@1 /strasse/CAF\u{e9} 3
         in 2 commit+rename update@1 /strasse/caf\u{e9} 4
         in 2 delete -r /STRASSE
         at 5 in 2 list /STRASSE
         mount /m 2
         mkdir /a
         move /a /m/a
         copy /a /m/a
         mkdir /m/a
         mkdir /m/A
         reclaim 100
         in 2 journal",
        expect![[r#"
            create-namespace folded casefold: @2 Namespace(Namespace { id: NamespaceId(2), name: Name("folded"), root: NodeId(2), created: Revision(2), policy: Casefold })
            in 2 mkdir /Straße: @3 #3 rev 3
            in 2 mkdir /STRASSE: @3 the name is taken
            in 2 mkdir -p /strasse/B: @4 #4 rev 4
            in 2 commit create /strasse/Café 1: @5 #5 rev 5
            in 2 commit overwrite /STRASSE/CAFÉ 2: @6 #5 rev 6
            in 2 list /strasse: B #4 rev 4, Café #5 rev 6
            in 2 lookup /STRASSE/café: #5 /Straße/Café in 2
            in 2 move /strasse/b /strasse/Σ: @7 #4 rev 7
            in 2 stat /strasse/ς: Directory #4 rev 7 nodes 0 bytes 0
            in 2 move /STRASSE /strasse: @8 #3 rev 8
            in 2 move /strasse /strasse: @8 #3 rev 8
            in 2 list -r /: strasse #3 rev 8, strasse/Café #5 rev 6, strasse/Σ #4 rev 7
            in 2 list -r / after STRASSE/CAFÉ: strasse/Σ #4 rev 7
            in 2 commit+rename update@1 /strasse/CAFé 3: @9 #6 rev 9 Name("CAFé (Ann's conflicted copy 1970-01-01)")
            in 2 commit+rename update@1 /strasse/café 4: @10 #7 rev 10 Name("café (Ann's conflicted copy 1970-01-01 2)")
            in 2 delete -r /STRASSE: @11 #3 rev 8
            at 5 in 2 list /STRASSE: B #4 rev 4, Café #5 rev 5
            mount /m 2: @12 #8 rev 12
            mkdir /a: @13 #9 rev 13
            move /a /m/a: @13 the two namespaces have different name policies
            copy /a /m/a: @13 the two namespaces have different name policies
            mkdir /m/a: @14 #10 rev 14
            mkdir /m/A: @14 the name is taken
            reclaim 100: @14 Reclaimed { more: false }
            in 2 journal: 
                3.0 Created #3 Straße in #2
                4.0 Created #4 B in #3
                5.0 Created #5 Café in #3
                6.0 Updated #5 Café in #3
                7.0 Moved #4 Σ in #3, was B in #3
                8.0 Moved #3 strasse in #2, was Straße in #2
                9.0 Created #6 CAFé (Ann's conflicted copy 1970-01-01) in #3
                10.0 Created #7 café (Ann's conflicted copy 1970-01-01 2) in #3
                11.0 Deleted #3 strasse in #2
                14.0 Created #10 a in #2
        "#]],
    );
}

#[test]
fn locks() {
    check(
        "mkdir /a
         acquire /a 1000
         acquire /a 1000
         acquire /a:other 1000
         acquire #2 1000
         acquire #9 1000
         acquire /not/there 2000
         lock /a
         locks
         holding /a@3 mkdir /b
         holding /a@4 mkdir /c
         holding /c@3 mkdir /c
         renew /a@3 5000
         renew /a@4 5000
         wait 1000
         holding /a@3 mkdir /c
         holding /a:other@4 mkdir /d
         lock /a:other
         acquire /a:other 1000
         holding /a:other@4 mkdir /d
         release /a:other@4
         release /a:other@10
         lock /a:other
         acquire /a:other 1000
         wait 10000
         mkdir /e
         lock /a
         renew /a@3 1
         release /a@3
         reclaim 100
         locks",
        expect![[r#"
            mkdir /a: @2 #2 rev 2
            acquire /a 1000: @3 token 3 until 2000
            acquire /a 1000: @3 client 1 holds the lock, with token 3
            acquire /a:other 1000: @4 token 4 until 2000
            acquire #2 1000: @5 token 5 until 2000
            acquire #9 1000: @5 no such namespace or node
            acquire /not/there 2000: @6 token 6 until 3000
            lock /a: token 3 until 2000
            locks: / 5, /a 3, /a 4, /not/there 6
            holding /a@3 mkdir /b: @7 #3 rev 7
            holding /a@4 mkdir /c: @7 the lock is no longer held with token 4
            holding /c@3 mkdir /c: @7 the lock is no longer held with token 3
            renew /a@3 5000: @8 token 3 until 6000
            renew /a@4 5000: @8 the lock is no longer held with token 4
            wait 1000: 
            holding /a@3 mkdir /c: @9 #4 rev 9
            holding /a:other@4 mkdir /d: @9 the lock is no longer held with token 4
            lock /a:other: free
            acquire /a:other 1000: @10 token 10 until 3000
            holding /a:other@4 mkdir /d: @10 the lock is no longer held with token 4
            release /a:other@4: @10 the lock is no longer held with token 4
            release /a:other@10: @11 token 10 until 3000
            lock /a:other: free
            acquire /a:other 1000: @12 token 12 until 3000
            wait 10000: 
            mkdir /e: @13 #5 rev 13
            lock /a: free
            renew /a@3 1: @13 the lock is no longer held with token 3
            release /a@3: @13 the lock is no longer held with token 3
            reclaim 100: @13 Reclaimed { more: false }
            locks: 
        "#]],
    );
}

#[test]
fn a_quota_goes_with_its_directory() {
    check(
        "mkdir -p /a/b
         quota /a/b nodes=3
         delete -r /a
         reclaim 100",
        expect![[r#"
            mkdir -p /a/b: @2 #3 rev 2
            quota /a/b nodes=3: @3 #3 rev 2
            delete -r /a: @4 #2 rev 2
            reclaim 100: @4 Reclaimed { more: false }
        "#]],
    );
}

/// What happened to a tree while it was away, the journal does not tell.
#[test]
fn a_diff_sees_what_changed_elsewhere() {
    check(
        "create-namespace other
         mount /m 2
         mkdir -p /x/p/q
         commit create /x/p/f 1
         move /x /m/x
         in 2 delete /x/p/q
         in 2 mkdir /x/p/new
         in 2 move /x/p/f /x/g
         move /m/x /y
         diff 5 9
         diff 5 10
         diff 6 10
         in 2 diff 5 10",
        expect![[r#"
            create-namespace other: @2 Namespace(Namespace { id: NamespaceId(2), name: Name("other"), root: NodeId(2), created: Revision(2), policy: Exact })
            mount /m 2: @3 #3 rev 3
            mkdir -p /x/p/q: @4 #6 rev 4
            commit create /x/p/f 1: @5 #7 rev 5
            move /x /m/x: @6 #4 rev 6
            in 2 delete /x/p/q: @7 #6 rev 4
            in 2 mkdir /x/p/new: @8 #8 rev 8
            in 2 move /x/p/f /x/g: @9 #7 rev 9
            move /m/x /y: @10 #4 rev 10
            diff 5 9: 
                /x rev 4 -> nothing
            diff 5 10: 
                /x rev 4 -> /y rev 10
                /x/p/q rev 4 -> nothing
                /x/p/f rev 5 -> /y/g rev 9
                nothing -> /y/p/new rev 8
            diff 6 10: 
                nothing -> /y rev 10
            in 2 diff 5 10: 
        "#]],
    );
}
