//! Copies of what is there.

use expect_test::expect;

use super::check;

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
