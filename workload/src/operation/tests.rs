//! Operations as histories write them.

use std::collections::BTreeMap;

use expect_test::expect;

use super::*;
use crate::step::from_node;
use metad_client::Level;

fn lines(operations: &[Operation]) -> String {
    let line = |operation: &Operation| format!("{} {}\n", operation.f(), operation.value(1));
    operations.iter().map(line).collect()
}

fn create(name: &str, policy: Policy, quota: Option<v1::Quota>) -> Operation {
    Operation::CreateNamespace { name: name.to_owned(), policy, quota }
}

#[test]
fn invocations_read_as_the_history_format_says() {
    let content = Content { hash: [0xab; 32], size: 5 };
    let (path, mode) = ("/a".to_owned(), Mode::Update(7));
    let commit = Step::Commit { path, mode, content, autorename: None };
    let delete = Step::Delete { path: "/b".to_owned(), recursive: true, rev: None };
    let move_node = Operation::Step(Step::Move {
        from: "/a".to_owned(),
        to: "/b".to_owned(),
        replace: false,
        rev: Some(3),
    });
    let cursor = Some(Cursor { revision: 9, ordinal: 1 });
    let operations = [
        create("team", Policy::Exact, None),
        move_node,
        Operation::Batch(vec![commit, delete]),
        Operation::Stat { target: Target::Id(4), at: None },
        Operation::Journal { cursor, limit: 10 },
        Operation::Journal { cursor: None, limit: 10 },
    ];
    expect![[r#"
        create_namespace {"name":"team"}
        move {"from":"/a","ns":1,"replace":false,"rev":3,"to":"/b"}
        batch {"ns":1,"steps":[{"f":"commit","value":{"hash":"abababababababababababababababababababababababababababababababab","mode":"update","path":"/a","rev":7,"size":5}},{"f":"delete","value":{"path":"/b","recursive":true}}]}
        stat {"id":4,"ns":1}
        journal {"cursor":[9,1],"ns":1}
        journal {"ns":1}
    "#]]
    .assert_eq(&lines(&operations));
}

#[test]
fn so_do_those_of_symlinks_copies_attributes_and_preconditions() {
    let path = || "/a".to_owned();
    let check = |condition| Operation::Step(Step::Check { path: path(), condition });
    let operations = [
        Operation::Step(Step::Commit {
            path: path(),
            mode: Mode::Create,
            content: Content { hash: [0xab; 32], size: 5 },
            autorename: Some("ann".to_owned()),
        }),
        Operation::Step(Step::Symlink { path: path(), to: "../b".to_owned() }),
        Operation::Step(Step::Copy { from: path(), to: "/b".to_owned(), at_revision: None }),
        Operation::Step(Step::SetAttributes {
            path: path(),
            set: BTreeMap::from([("color".to_owned(), vec![0x0f, 0xa0])]),
            remove: vec!["tag".to_owned()],
            rev: Some(4),
        }),
        check(Condition::Exists),
        check(Condition::Absent),
        check(Condition::Rev(4)),
        check(Condition::Kind(NodeKind::Symlink)),
        check(Condition::UnchangedSince(9)),
    ];
    expect![[r#"
        commit {"autorename":true,"client":"ann","hash":"abababababababababababababababababababababababababababababababab","mode":"create","ns":1,"path":"/a","size":5}
        symlink {"ns":1,"path":"/a","to":"../b"}
        copy {"from":"/a","ns":1,"to":"/b"}
        set_attributes {"ns":1,"path":"/a","remove":["tag"],"rev":4,"set":{"color":"0fa0"}}
        check {"condition":{"exists":true},"ns":1,"path":"/a"}
        check {"condition":{"absent":true},"ns":1,"path":"/a"}
        check {"condition":{"rev":4},"ns":1,"path":"/a"}
        check {"condition":{"kind":"symlink"},"ns":1,"path":"/a"}
        check {"condition":{"unchanged_since":9},"ns":1,"path":"/a"}
    "#]].assert_eq(&lines(&operations));
}

#[test]
fn so_do_those_of_namespaces_mounts_quotas_and_snapshots() {
    let path = || "/a".to_owned();
    let name = || "n".to_owned();
    let quota = v1::Quota { nodes: Some(5), bytes: None };
    let step = Operation::Step;
    let operations = [
        create("n", Policy::Casefold, Some(quota)),
        Operation::UpdateNamespace { name: Some(name()), quota: None },
        Operation::UpdateNamespace { name: None, quota: Some(v1::Quota::default()) },
        Operation::DeleteNamespace { recursive: true },
        Operation::GetNamespace,
        step(Step::Mount { path: path(), mount: 7 }),
        step(Step::Unmount { path: path() }),
        step(Step::SetQuota { path: path(), quota }),
        step(Step::Restore { path: path(), revision: 9 }),
        step(Step::Copy { from: path(), to: "/b".to_owned(), at_revision: Some(9) }),
        Operation::CreateSnapshot { name: name() },
        Operation::DeleteSnapshot { name: name() },
        Operation::ListSnapshots,
    ];
    expect![[r#"
        create_namespace {"name":"n","policy":"casefold","quota":{"nodes":5}}
        update_namespace {"name":"n","ns":1}
        update_namespace {"ns":1,"quota":{}}
        delete_namespace {"ns":1,"recursive":true}
        get_namespace {"ns":1}
        mount {"mount":7,"ns":1,"path":"/a"}
        unmount {"ns":1,"path":"/a"}
        set_quota {"ns":1,"path":"/a","quota":{"nodes":5}}
        restore {"ns":1,"path":"/a","revision":9}
        copy {"at_revision":9,"from":"/a","ns":1,"to":"/b"}
        create_snapshot {"name":"n","ns":1}
        delete_snapshot {"name":"n","ns":1}
        list_snapshots {"ns":1}
    "#]]
    .assert_eq(&lines(&operations));
}

#[test]
fn so_do_those_of_other_reads_and_of_locks() {
    let path = || "/a".to_owned();
    let on_path = || LockName { target: Target::Path(path()), name: String::new() };
    let on_node = || LockName { target: Target::Id(4), name: "x".to_owned() };
    let operations = [
        Operation::Stat { target: Target::Path(path()), at: Some(9) },
        Operation::Lookup { target: Target::Path(path()), at: Some(9) },
        Operation::List { target: Target::Id(4), recursive: true, at: Some(9) },
        Operation::list("/a"),
        Operation::BatchStat { paths: vec![path(), "/b".to_owned()], at: None },
        Operation::ListRevisions { target: Target::Path(path()), at: None },
        Operation::ListRevisions { target: Target::Id(4), at: Some(9) },
        Operation::WaitForChange { cursor: None, timeout_ms: 20 },
        Operation::WaitForChange {
            cursor: Some(Cursor { revision: 9, ordinal: 1 }),
            timeout_ms: 20,
        },
        Operation::Diff { from: 3, to: 9 },
        Operation::AcquireLock { lock: on_path(), ttl_ms: 1_000 },
        Operation::RenewLock { lock: on_node(), token: 5, ttl_ms: 1_000 },
        Operation::ReleaseLock { lock: on_path(), token: 5 },
        Operation::GetLock(on_node()),
    ];
    expect![[r#"
        stat {"at_revision":9,"ns":1,"path":"/a"}
        lookup {"at_revision":9,"ns":1,"path":"/a"}
        list {"at_revision":9,"id":4,"ns":1,"recursive":true}
        list {"ns":1,"path":"/a"}
        batch_stat {"ns":1,"paths":["/a","/b"]}
        list_revisions {"ns":1,"path":"/a"}
        list_revisions {"at_revision":9,"id":4,"ns":1}
        wait_for_change {"ns":1,"timeout_ms":20}
        wait_for_change {"cursor":[9,1],"ns":1,"timeout_ms":20}
        diff {"from":3,"ns":1,"to":9}
        acquire_lock {"ns":1,"path":"/a","ttl_ms":1000}
        renew_lock {"id":4,"name":"x","ns":1,"token":5,"ttl_ms":1000}
        release_lock {"ns":1,"path":"/a","token":5}
        get_lock {"id":4,"name":"x","ns":1}
    "#]]
    .assert_eq(&lines(&operations));
}

#[test]
fn calls_say_what_they_rest_on() {
    let stat = Operation::Stat { target: Target::Id(4), at: None };
    let read = |level| Call { level: Some(level), ..Call::new(1, stat.clone()) };
    let fence = Fence {
        ns: 2,
        lock: LockName { target: Target::Path("/l".to_owned()), name: "x".to_owned() },
        token: 7,
    };
    let write = Call {
        fences: vec![fence],
        ..Call::new(1, Operation::Step(Step::Unmount { path: "/a".to_owned() }))
    };
    let calls = [
        read(Level::AtLeast(9)),
        read(Level::Any),
        read(Level::Lease),
        read(Level::Linearizable),
        write,
    ];
    let lines: String = calls.iter().map(|call| format!("{}\n", call.value())).collect();
    expect![[r#"
        {"at_least":9,"id":4,"ns":1}
        {"consistency":"any","id":4,"ns":1}
        {"consistency":"lease","id":4,"ns":1}
        {"id":4,"ns":1}
        {"fences":[{"name":"x","ns":2,"path":"/l","token":7}],"ns":1,"path":"/a"}
    "#]]
    .assert_eq(&lines);
}

#[test]
fn nodes_are_named_by_ids_too() {
    let step = Operation::Step;
    let operations = [
        step(Step::Delete { path: from_node(4, ""), recursive: false, rev: None }),
        step(Step::Mkdir { path: from_node(4, "a"), parents: false }),
        step(Step::Copy { from: from_node(5, ""), to: from_node(4, "a"), at_revision: None }),
        step(Step::Copy { from: "/#5".to_owned(), to: "/b".to_owned(), at_revision: None }),
    ];
    expect![[r#"
        delete {"id":4,"ns":1,"recursive":false}
        mkdir {"id":4,"ns":1,"parents":false,"path":"a"}
        copy {"from_id":5,"ns":1,"to":"a","to_id":4}
        copy {"from":"/#5","ns":1,"to":"/b"}
    "#]]
    .assert_eq(&lines(&operations));
}
