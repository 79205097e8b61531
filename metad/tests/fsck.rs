//! `metad fsck`: finds nothing in a sound data folder, and names each planted damage.

mod support;

use std::{collections::BTreeMap, path::Path, process::Command};

use metad::{
    kv::{
        KvEngine, KvRead as _, View, Write,
        rocks::{RocksEngine, Settings},
    },
    raft,
    records::{applied, change, identity, key, lock, namespace, node, session, system, usage},
    types::{
        Account, Body, Cursor, GroupId, NamespaceId, NodeId, Policy, Quota, Revision, ServerId,
        Usage,
    },
};
use metad_proto::v1;
use support::{Cluster, Disk, Session};
use tempfile::TempDir;

const GROUP: GroupId = GroupId(1);
const NS: NamespaceId = NamespaceId(1);

/// One store of a data folder that nobody has open.
struct Store {
    engine: RocksEngine,
    view: View,
}

impl Store {
    fn open(folder: &Path, part: &str) -> Store {
        let settings =
            Settings { memtable_size: 256 << 10, cache_size: 1 << 20, ..Settings::default() };
        let engine = RocksEngine::open(&folder.join(part), settings).expect("open");
        Store { view: engine.view().expect("view"), engine }
    }

    fn get(&self, key: &[u8]) -> Vec<u8> {
        self.view.get(key).expect("read").expect("it is there")
    }

    fn put(&self, key: Vec<u8>, value: Vec<u8>) {
        self.write(Write::Put(key, value));
    }

    fn delete(&self, key: Vec<u8>) {
        self.write(Write::Delete(key));
    }

    fn write(&self, write: Write) {
        self.engine.write(vec![write]).expect("write");
        futures::executor::block_on(self.engine.sync()).expect("sync");
    }

    fn change_system(&self, change: impl FnOnce(&mut system::System)) {
        let mut system = system::decode(&self.get(&key::system(GROUP))).expect("decode");
        change(&mut system);
        self.put(key::system(GROUP), system::encode(&system));
    }

    fn change_line(&self, revision: u64, change: impl FnOnce(&mut metad::types::Change)) {
        let place = key::journal(GROUP, NS, Cursor { revision: Revision(revision), ordinal: 0 });
        let mut line = change::decode(&self.get(&place)).expect("decode");
        change(&mut line);
        self.put(place, change::encode(&line));
    }

    fn change_account(&self, change: impl FnOnce(&mut Account)) {
        let place = key::usage(GROUP, ROOT);
        let mut account = usage::decode(&self.get(&place)).expect("decode");
        change(&mut account);
        self.put(place, usage::encode(&account));
    }

    /// The first record of a range.
    fn first(&self, range: std::ops::Range<Vec<u8>>) -> (Vec<u8>, Vec<u8>) {
        self.view.scan(&range.start, &range.end).next().expect("one").expect("read")
    }
}

const ROOT: NodeId = NodeId(1);
/// Its id and rev, made by the second mutation.
const A: NodeId = NodeId(3);

/// A data folder with a bit of everything: a tree, its past, a mount, a lock.
async fn make(folder: &Path) {
    let mut cluster =
        Cluster::start(vec![Disk::Rocks(folder.to_owned())], raft::Settings::default());
    let mut session = Session::open(&cluster, "main").await;
    let ask = async |mutation| support::mutate(&cluster, &mutation).await.expect("done");
    let create = |name: &str, policy: v1::NamePolicy| {
        v1::mutate_request::Mutation::CreateNamespace(v1::CreateNamespace {
            name: name.to_owned(),
            policy: policy.into(),
            quota: None,
        })
    };
    ask(session.request(create("shared", v1::NamePolicy::Casefold))).await;
    ask(session.mkdirs(&["/a".to_owned()])).await;
    ask(session.mkdirs(&["/a/b".to_owned()])).await;
    let at = |path: &str| Some(v1::NodeRef { id: 0, path: path.to_owned() });
    let steps = |op| {
        let steps = vec![v1::Step { op: Some(op) }];
        v1::mutate_request::Mutation::Steps(v1::Steps { ns: 1, steps })
    };
    let set = v1::SetAttributes {
        target: at("/a"),
        set: BTreeMap::from([("colour".to_owned(), "red".into())]),
        ..Default::default()
    };
    ask(session.request(steps(v1::step::Op::SetAttributes(set)))).await;
    let mount = v1::Mount { target: at("/m"), ns: 2 };
    ask(session.request(steps(v1::step::Op::Mount(mount)))).await;
    ask(session.mkdirs(&["/m/Inside".to_owned()])).await;
    let lock = Some(v1::LockRef { ns: 1, target: at("/a"), name: String::new() });
    let acquire = v1::AcquireLock { lock, ttl_ms: 3_600_000 };
    ask(session.request(v1::mutate_request::Mutation::AcquireLock(acquire))).await;
    // A reply that its session does not keep.
    let many: Vec<_> = (0..40).map(|number| format!("/a/b/{number}")).collect();
    ask(session.mkdirs(&many)).await;
    cluster.kill(ServerId(1));
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("make");
    for entry in std::fs::read_dir(from).expect("list") {
        let entry = entry.expect("entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("copy");
        }
    }
}

/// Whether the folders are sound, and the invariants that are found broken.
fn fsck(folders: &[&Path]) -> (bool, Vec<String>) {
    let run = Command::new(env!("CARGO_BIN_EXE_metad"))
        .args(["fsck", "--json"])
        .args(folders)
        .output()
        .expect("run");
    let lines = String::from_utf8(run.stdout).expect("text");
    let mut found = Vec::new();
    for line in lines.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        for finding in line["findings"].as_array().expect("findings") {
            found.push(finding["invariant"].as_str().expect("a name").to_owned());
        }
    }
    let code = run.status.code();
    assert!(code == Some(0) || code == Some(1), "{}", String::from_utf8_lossy(&run.stderr));
    found.dedup();
    (code == Some(0), found)
}

/// A damage to the state or the log, and the invariant that names it.
type Damage = (&'static str, &'static str, fn(&Store));

const DAMAGES: &[Damage] = &[
    ("state", "every record reads", |state| {
        let (place, mut value) = state.first(key::all_replies(GROUP));
        let middle = value.len() / 2;
        value[middle] ^= 1;
        state.put(place, value);
    }),
    ("state", "every record reads", |state| state.put(vec![0, 0, 0, 1, 0x7f], vec![])),
    ("log", "every record reads", |log| log.put(key::vote(GROUP), vec![1, 2, 3, 4, 5, 6])),
    ("log", "a folder says whose it is", |log| log.delete(key::identity())),
    ("log", "the log has no hole", |log| log.delete(key::log_entry(GROUP, 3))),
    ("log", "the log reaches what was applied", |log| {
        let entries = key::log_range(GROUP, 2..u64::MAX);
        log.write(Write::DeleteRange(entries.start, entries.end));
    }),
    // 1: one parent, one entry.
    ("state", "a location has its node", |state| state.delete(key::node(GROUP, ROOT, "a"))),
    ("state", "a location leads to its node", |state| state.delete(key::location(GROUP, A))),
    ("state", "one entry a node", |state| {
        let mut node = node::decode(&state.get(&key::node(GROUP, ROOT, "a"))).expect("decode");
        node.name = Some(metad::types::Name::new("again").expect("a name"));
        state.put(key::node(GROUP, ROOT, "again"), node::encode(&node));
    }),
    ("state", "a node is where it says", |state| {
        let value = state.get(&key::node(GROUP, ROOT, "a"));
        state.delete(key::node(GROUP, ROOT, "a"));
        state.put(key::node(GROUP, ROOT, "other"), value);
    }),
    // 2: no cycle, no orphan.
    ("state", "no orphan", |state| {
        let mut node = node::decode(&state.get(&key::node(GROUP, ROOT, "a"))).expect("decode");
        node.parent = A;
        state.delete(key::node(GROUP, ROOT, "a"));
        state.put(key::node(GROUP, A, "a"), node::encode(&node));
    }),
    // 3: names are unique under the policy.
    ("state", "names are unique under the policy", |state| {
        let (place, value) = state.first(key::entries(GROUP, NodeId(2), None));
        let mut node = node::decode(&value).expect("decode");
        node.name = Some(metad::types::Name::new("Inside").expect("a name"));
        state.delete(place);
        state.put(key::node(GROUP, NodeId(2), "Inside"), node::encode(&node));
    }),
    // 4: counters and quotas.
    ("state", "counters equal a recount", |state| {
        state.change_account(|account| account.usage = Usage { nodes: 4, bytes: 0 });
    }),
    ("state", "none exceeds its quota", |state| {
        state.change_account(|account| account.quota = Quota { nodes: Some(1), bytes: None });
    }),
    ("state", "counters equal a recount", |state| state.change_system(|system| system.locks = 7)),
    // 5: the journal replays to the tree.
    ("state", "the journal replays to the tree", |state| {
        let last = Cursor { revision: Revision(6), ordinal: 0 };
        state.delete(key::journal(GROUP, NS, last));
    }),
    ("state", "a parent is told before its children", |state| {
        state.change_line(4, |line| line.node.parent = NodeId(99));
    }),
    // 6: revisions and ids only grow.
    ("state", "ids only grow", |state| state.change_system(|system| system.next_node = NodeId(2))),
    ("state", "revisions only grow", |state| {
        state.change_system(|system| system.revision = Revision(3));
    }),
    ("state", "a rev is the revision of the last change", |state| {
        state.change_line(3, |line| line.node.rev = Revision(2));
    }),
    // 8: one effect for each request.
    ("state", "one effect for each request", |state| {
        state.change_line(4, |line| line.request.sequence = 3);
    }),
    ("state", "a reply belongs to a session that may ask for it", |state| {
        let (place, value) = state.first(key::sessions(GROUP));
        let mut session = session::decode(&value).expect("decode");
        session.first_pending = 99;
        state.put(place, session::encode(&session));
    }),
    // 9: locks.
    ("state", "tokens only grow", |state| {
        let (place, value) = state.first(key::all_locks(GROUP));
        let mut lock = lock::decode(&value).expect("decode");
        lock.token = Revision(99);
        state.put(place, lock::encode(&lock));
    }),
    ("state", "a lock has its end", |state| {
        let (end, _) = state.first(key::lock_ends(GROUP));
        state.delete(end);
    }),
    // 10: the mount graph.
    ("state", "the mount graph has no cycle", |state| {
        let (place, value) = state.first(key::entries(GROUP, NodeId(2), None));
        let mut node = node::decode(&value).expect("decode");
        node.body = Body::Mount(NS);
        state.put(place, node::encode(&node));
    }),
    ("state", "a mount is found from what it shows", |state| {
        let (edge, _) = state.first(key::all_mounted(GROUP));
        state.delete(edge);
    }),
    // 11: the past.
    ("state", "the past is what it was", |state| {
        let (place, value) = state.first(key::past_nodes(GROUP));
        let mut node = node::decode(&value).expect("decode");
        node.attributes.insert("colour".to_owned(), b"blue".to_vec());
        state.put(place, node::encode(&node));
    }),
    ("state", "one version at a time", |state| {
        let (_, value) = state.first(key::past_nodes(GROUP));
        state.put(key::past_node(GROUP, ROOT, "a", Revision(6)), value);
    }),
];

#[tokio::test]
async fn each_planted_damage_is_named() {
    let base = TempDir::new().expect("folder");
    let sound = base.path().join("sound");
    make(&sound).await;
    assert_eq!(fsck(&[&sound]), (true, vec![]));
    let open = Store::open(&sound, "log");
    let run = Command::new(env!("CARGO_BIN_EXE_metad")).arg("fsck").arg(&sound).output();
    let said = String::from_utf8(run.expect("run").stderr).expect("text");
    assert!(said.contains("in use by another process"), "{said}");
    drop(open);

    for (number, (part, invariant, plant)) in DAMAGES.iter().enumerate() {
        let damaged = base.path().join(number.to_string());
        copy(&sound, &damaged);
        plant(&Store::open(&damaged, part));
        let (is_sound, found) = fsck(&[&damaged]);
        assert!(!is_sound, "{number}: {invariant} is not found");
        let named = found.iter().any(|found| found == invariant);
        assert!(named, "{number}: {invariant} is not among {found:?}");
        std::fs::remove_dir_all(&damaged).expect("remove");
    }
}

#[tokio::test]
async fn replicas_are_compared_and_flipped_bytes_are_found() {
    let base = TempDir::new().expect("folder");
    let (one, other) = (base.path().join("1"), base.path().join("2"));
    make(&one).await;
    copy(&one, &other);
    let log = Store::open(&other, "log");
    let mine = identity::decode(&log.get(&key::identity())).expect("decode").expect("the format");
    let peer = identity::Identity { server: ServerId(2), ..mine };
    log.put(key::identity(), identity::encode(&peer));
    drop(log);
    assert_eq!(fsck(&[&one, &other]), (true, vec![]));

    let state = Store::open(&other, "state");
    let place = key::namespace(GROUP, NS);
    let mut namespace = namespace::decode(&state.get(&place)).expect("decode");
    assert_eq!(namespace.policy, Policy::Exact);
    namespace.name = metad::types::Name::new("maim").expect("a name");
    state.put(place, namespace::encode(&namespace));
    let index = applied::decode(&state.get(&key::applied(GROUP))).expect("decode").last;
    assert!(index.is_some());
    drop(state);
    let (_, found) = fsck(&[&one, &other]);
    assert_eq!(found, ["replicas at the same applied index are equal"]);

    // A sorted file, from which a byte is changed.
    let settings =
        Settings { memtable_size: 256 << 10, cache_size: 1 << 20, ..Settings::default() };
    let engine = RocksEngine::open(&one.join("state"), settings).expect("open");
    engine.flush_and_settle().expect("flush");
    drop(engine);
    let files = std::fs::read_dir(one.join("state/data-1")).expect("list");
    let mut tables = files.map(|file| file.expect("entry").path());
    let table = tables.find(|path| path.extension().is_some_and(|is| is == "sst"));
    let table = table.expect("a sorted file");
    let mut bytes = std::fs::read(&table).expect("read");
    let middle = bytes.len() / 4;
    bytes[middle] ^= 0x10;
    std::fs::write(&table, bytes).expect("write");
    let (is_sound, found) = fsck(&[&one]);
    assert_eq!((is_sound, found), (false, vec!["every record reads".to_owned()]));
}

#[tokio::test]
async fn what_is_in_a_folder_is_shown() {
    let base = TempDir::new().expect("folder");
    let folder = base.path().join("node");
    make(&folder).await;
    let inspect = |arguments: &[&str]| {
        let run = Command::new(env!("CARGO_BIN_EXE_metad"))
            .args(["inspect", "--json"])
            .arg(&folder)
            .args(arguments)
            .output()
            .expect("run");
        let said = |bytes| String::from_utf8(bytes).expect("text");
        (run.status.success(), said(run.stdout), said(run.stderr))
    };
    let (is_ok, told, _) = inspect(&[]);
    let lines = told.lines().map(serde_json::from_str::<serde_json::Value>);
    let lines: Vec<_> = lines.collect::<Result<_, _>>().expect("JSON");
    let sum = |kind: &str| lines.iter().find(|line| line["kind"] == kind).expect("a kind");
    assert!(is_ok && sum("identity")["says"].as_str().expect("text").contains("test"));
    assert!(sum("node")["records"].as_u64() > Some(2) && sum("node")["says"].is_null());
    assert!(lines.iter().all(|line| line["unreadable"] == 0), "{told}");
    let (_, told, _) = inspect(&["--kind", "lock"]);
    assert!(told.lines().count() == 1 && told.contains("token"), "{told}");
    let (_, told, _) = inspect(&["--kind", "log-entry", "--limit", "2"]);
    assert_eq!(told.lines().count(), 2, "{told}");
    let (is_ok, _, said) = inspect(&["--kind", "lump"]);
    assert!(!is_ok && said.contains("past-node"), "{said}");
}
