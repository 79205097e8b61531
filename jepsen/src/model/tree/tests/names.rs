//! Names that are the same but for their case.

use expect_test::expect;

use super::check;

#[test]
fn a_spelling_is_kept_until_a_move_changes_it() {
    check(
        r#"
        create_namespace {"name":"b","policy":"casefold"} → {"id":2,"root":2} @2
        mkdir {"ns":2,"path":"/Straße"} → {"id":3,"rev":3} @3
        mkdir {"ns":2,"path":"/STRASSE"} → {"rejected":"ALREADY_EXISTS"} @3
        mkdir {"ns":2,"path":"/strasse","parents":true} → {"id":3,"rev":3} @3
        lookup {"ns":2,"path":"/strasse"} → {"id":3,"path":"/Straße"} @3
        lookup {"ns":2,"path":"/strasse"} → {"id":3,"path":"/strasse"} @3
        commit {"ns":2,"path":"/A.txt","mode":"create","hash":"aa","size":1} → {"id":4,"rev":4} @4
        commit {"ns":2,"path":"/a.TXT","mode":"overwrite","hash":"bb","size":1} → {"id":4,"rev":5} @5
        mkdir {"ns":2,"path":"/B"} → {"id":5,"rev":6} @6
        mkdir {"ns":2,"path":"/_"} → {"id":6,"rev":7} @7
        list {"ns":2,"path":"/"} → {"entries":[{"name":"A.txt","id":4},{"name":"B","id":5},{"name":"Straße","id":3},{"name":"_","id":6}]} @7
        list {"ns":2,"path":"/"} → {"entries":[{"name":"_","id":6},{"name":"A.txt","id":4},{"name":"B","id":5},{"name":"Straße","id":3}]} @7
        move {"ns":2,"from":"/b","to":"/B"} → {"id":5,"rev":6} @7
        move {"ns":2,"from":"/B","to":"/b"} → {"id":5,"rev":8} @8
        move {"ns":2,"from":"/b","to":"/a.txt"} → {"rejected":"ALREADY_EXISTS"} @8
        commit {"ns":2,"path":"/a.TXT","mode":"create","hash":"cc","size":1,"autorename":true,"client":"ann"} → {"id":7,"rev":9,"renamed":"a (ann's conflicted copy 2026-03-01).TXT"} @9
        commit {"ns":2,"path":"/A.txt","mode":"create","hash":"cc","size":1,"autorename":true,"client":"ann"} → {"id":8,"rev":10,"renamed":"A (ann's conflicted copy 2026-03-01).txt"} @10
        commit {"ns":2,"path":"/A.txt","mode":"create","hash":"cc","size":1,"autorename":true,"client":"ann"} → {"id":8,"rev":10,"renamed":"A (ann's conflicted copy 2026-03-01 2).txt"} @10
        commit {"ns":2,"path":"/x","mode":"create","hash":"cc","size":1} → {"id":9,"rev":11} @11
        move {"ns":2,"from":"/x","to":"/a.tXt","replace":true} → {"id":9,"rev":12} @12
        stat {"ns":2,"path":"/A.TXT"} → {"id":9,"hash":"cc"} @12
        lookup {"ns":2,"path":"/A.TXT"} → {"id":9,"path":"/a.tXt"} @12
        get_namespace {"ns":2} → {"nodes":6,"bytes":3} @12
        delete {"ns":2,"path":"/A.TXT"} → {"id":9,"rev":12} @13
        get_namespace {"ns":2} → {"nodes":5,"bytes":2} @13
        "#,
        expect![[r#"
            create_namespace {"name":"b","policy":"casefold"} → {"id":2,"root":2} @2
                changes
            mkdir {"ns":2,"path":"/Straße"} → {"id":3,"rev":3} @3
                changes
            mkdir {"ns":2,"path":"/STRASSE"} → {"rejected":"ALREADY_EXISTS"} @3
                fits
            mkdir {"ns":2,"path":"/strasse","parents":true} → {"id":3,"rev":3} @3
                fits
            lookup {"ns":2,"path":"/strasse"} → {"id":3,"path":"/Straße"} @3
                fits
            lookup {"ns":2,"path":"/strasse"} → {"id":3,"path":"/strasse"} @3
                gives another path than that of /Straße (directory id 3 rev 3)
            commit {"ns":2,"path":"/A.txt","mode":"create","hash":"aa","size":1} → {"id":4,"rev":4} @4
                changes
            commit {"ns":2,"path":"/a.TXT","mode":"overwrite","hash":"bb","size":1} → {"id":4,"rev":5} @5
                changes
            mkdir {"ns":2,"path":"/B"} → {"id":5,"rev":6} @6
                changes
            mkdir {"ns":2,"path":"/_"} → {"id":6,"rev":7} @7
                changes
            list {"ns":2,"path":"/"} → {"entries":[{"name":"A.txt","id":4},{"name":"B","id":5},{"name":"Straße","id":3},{"name":"_","id":6}]} @7
                lists "A.txt", which is not there
            list {"ns":2,"path":"/"} → {"entries":[{"name":"_","id":6},{"name":"A.txt","id":4},{"name":"B","id":5},{"name":"Straße","id":3}]} @7
                fits
            move {"ns":2,"from":"/b","to":"/B"} → {"id":5,"rev":6} @7
                fits
            move {"ns":2,"from":"/B","to":"/b"} → {"id":5,"rev":8} @8
                changes
            move {"ns":2,"from":"/b","to":"/a.txt"} → {"rejected":"ALREADY_EXISTS"} @8
                fits
            commit {"ns":2,"path":"/a.TXT","mode":"create","hash":"cc","size":1,"autorename":true,"client":"ann"} → {"id":7,"rev":9,"renamed":"a (ann's conflicted copy 2026-03-01).TXT"} @9
                changes
            commit {"ns":2,"path":"/A.txt","mode":"create","hash":"cc","size":1,"autorename":true,"client":"ann"} → {"id":8,"rev":10,"renamed":"A (ann's conflicted copy 2026-03-01).txt"} @10
                should become "A (ann's conflicted copy 2026-03-01 2).txt", the first free name of that date
            commit {"ns":2,"path":"/A.txt","mode":"create","hash":"cc","size":1,"autorename":true,"client":"ann"} → {"id":8,"rev":10,"renamed":"A (ann's conflicted copy 2026-03-01 2).txt"} @10
                changes
            commit {"ns":2,"path":"/x","mode":"create","hash":"cc","size":1} → {"id":9,"rev":11} @11
                changes
            move {"ns":2,"from":"/x","to":"/a.tXt","replace":true} → {"id":9,"rev":12} @12
                changes
            stat {"ns":2,"path":"/A.TXT"} → {"id":9,"hash":"cc"} @12
                fits
            lookup {"ns":2,"path":"/A.TXT"} → {"id":9,"path":"/a.tXt"} @12
                fits
            get_namespace {"ns":2} → {"nodes":6,"bytes":3} @12
                fits
            delete {"ns":2,"path":"/A.TXT"} → {"id":9,"rev":12} @13
                changes
            get_namespace {"ns":2} → {"nodes":5,"bytes":2} @13
                fits
        "#]],
    );
}
