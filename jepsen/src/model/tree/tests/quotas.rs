//! Quotas of directories and namespaces, and what is counted.

use expect_test::expect;

use super::check;

#[test]
fn nothing_goes_beyond_a_quota() {
    check(
        r#"
        mkdir {"path":"/d"} → {"id":2,"rev":2} @2
        set_quota {"path":"/no","quota":{"nodes":1}} → {"rejected":"NOT_FOUND"} @2
        set_quota {"path":"/d","quota":{"nodes":2,"bytes":10}} → {"id":2,"rev":2} @3
        set_quota {"path":"/d","quota":{"nodes":2,"bytes":10}} → {"id":2,"rev":2} @3
        stat {"path":"/d"} → {"id":2,"kind":"directory","rev":2,"nodes":0,"bytes":0,"quota":{"nodes":2,"bytes":10}} @3
        commit {"path":"/d/f","mode":"create","hash":"aa","size":11} → {"rejected":"QUOTA_EXCEEDED"} @3
        commit {"path":"/d/f","mode":"create","hash":"aa","size":10} → {"id":3,"rev":4} @4
        set_quota {"path":"/d/f","quota":{"nodes":2}} → {"rejected":"NOT_A_DIRECTORY"} @4
        commit {"path":"/d/g","mode":"create","hash":"aa","size":1} → {"rejected":"QUOTA_EXCEEDED"} @4
        commit {"path":"/d/f","mode":"overwrite","hash":"bb","size":9} → {"id":3,"rev":5} @5
        mkdir {"path":"/d/a/b","parents":true} → {"rejected":"QUOTA_EXCEEDED"} @5
        mkdir {"path":"/d/a"} → {"id":4,"rev":6} @6
        mkdir {"path":"/d/b"} → {"id":5,"rev":7} @7
        mkdir {"path":"/d/b"} → {"rejected":"QUOTA_EXCEEDED"} @6
        commit {"path":"/f","mode":"create","hash":"aa","size":2} → {"id":5,"rev":7} @7
        move {"from":"/f","to":"/d/f","replace":true} → {"id":5,"rev":8} @8
        stat {"path":"/d"} → {"id":2,"nodes":2,"bytes":3,"quota":{"nodes":2,"bytes":10}} @8
        stat {"path":"/d"} → {"id":2,"nodes":2,"bytes":2,"quota":{"nodes":2}} @8
        stat {"path":"/d"} → {"id":2,"nodes":2,"bytes":2,"quota":{"nodes":2,"bytes":10}} @8
        batch {"steps":[{"f":"delete","value":{"path":"/d/f"}},{"f":"mkdir","value":{"path":"/d/b"}},{"f":"mkdir","value":{"path":"/d/c"}}]} → {"rejected":"QUOTA_EXCEEDED","step":2} @8
        set_quota {"path":"/d","quota":{"nodes":1}} → {"rejected":"QUOTA_EXCEEDED"} @8
        set_quota {"path":"/d","quota":{}} → {"id":2,"rev":2} @9
        check {"path":"/d","condition":{"unchanged_since":8}} → {"id":2,"rev":2} @9
        set_quota {"path":"/","quota":{"nodes":3}} → {"id":1,"rev":1} @10
        mkdir {"path":"/x"} → {"rejected":"QUOTA_EXCEEDED"} @10
        get_namespace {"ns":1} → {"nodes":3,"bytes":2,"quota":{"nodes":3}} @10
        "#,
        expect![[r#"
            mkdir {"path":"/d"} → {"id":2,"rev":2} @2
                changes
            set_quota {"path":"/no","quota":{"nodes":1}} → {"rejected":"NOT_FOUND"} @2
                fits
            set_quota {"path":"/d","quota":{"nodes":2,"bytes":10}} → {"id":2,"rev":2} @3
                changes
            set_quota {"path":"/d","quota":{"nodes":2,"bytes":10}} → {"id":2,"rev":2} @3
                fits
            stat {"path":"/d"} → {"id":2,"kind":"directory","rev":2,"nodes":0,"bytes":0,"quota":{"nodes":2,"bytes":10}} @3
                fits
            commit {"path":"/d/f","mode":"create","hash":"aa","size":11} → {"rejected":"QUOTA_EXCEEDED"} @3
                fits
            commit {"path":"/d/f","mode":"create","hash":"aa","size":10} → {"id":3,"rev":4} @4
                changes
            set_quota {"path":"/d/f","quota":{"nodes":2}} → {"rejected":"NOT_A_DIRECTORY"} @4
                fits
            commit {"path":"/d/g","mode":"create","hash":"aa","size":1} → {"rejected":"QUOTA_EXCEEDED"} @4
                fits
            commit {"path":"/d/f","mode":"overwrite","hash":"bb","size":9} → {"id":3,"rev":5} @5
                changes
            mkdir {"path":"/d/a/b","parents":true} → {"rejected":"QUOTA_EXCEEDED"} @5
                fits
            mkdir {"path":"/d/a"} → {"id":4,"rev":6} @6
                changes
            mkdir {"path":"/d/b"} → {"id":5,"rev":7} @7
                should be refused with QUOTA_EXCEEDED
            mkdir {"path":"/d/b"} → {"rejected":"QUOTA_EXCEEDED"} @6
                fits
            commit {"path":"/f","mode":"create","hash":"aa","size":2} → {"id":5,"rev":7} @7
                changes
            move {"from":"/f","to":"/d/f","replace":true} → {"id":5,"rev":8} @8
                changes
            stat {"path":"/d"} → {"id":2,"nodes":2,"bytes":3,"quota":{"nodes":2,"bytes":10}} @8
                counts otherwise: 2 nodes, 2 bytes are under /d (directory id 2 rev 2)
            stat {"path":"/d"} → {"id":2,"nodes":2,"bytes":2,"quota":{"nodes":2}} @8
                gives another quota than that of /d (directory id 2 rev 2)
            stat {"path":"/d"} → {"id":2,"nodes":2,"bytes":2,"quota":{"nodes":2,"bytes":10}} @8
                fits
            batch {"steps":[{"f":"delete","value":{"path":"/d/f"}},{"f":"mkdir","value":{"path":"/d/b"}},{"f":"mkdir","value":{"path":"/d/c"}}]} → {"rejected":"QUOTA_EXCEEDED","step":2} @8
                fits
            set_quota {"path":"/d","quota":{"nodes":1}} → {"rejected":"QUOTA_EXCEEDED"} @8
                fits
            set_quota {"path":"/d","quota":{}} → {"id":2,"rev":2} @9
                changes
            check {"path":"/d","condition":{"unchanged_since":8}} → {"id":2,"rev":2} @9
                fits
            set_quota {"path":"/","quota":{"nodes":3}} → {"id":1,"rev":1} @10
                changes
            mkdir {"path":"/x"} → {"rejected":"QUOTA_EXCEEDED"} @10
                fits
            get_namespace {"ns":1} → {"nodes":3,"bytes":2,"quota":{"nodes":3}} @10
                fits
        "#]],
    );
}
