//! What applying costs by itself: one thread, RocksDB, no log, no network.
//!
//! `cargo bench --package metad --bench apply [-- --operations N]` prints operations for each
//! second of the thread's own processor time, so that other load disturbs it little. RocksDB's
//! flushes and compactions are on other threads and do not count.

#![cfg(not(madsim))]

use std::time::Duration;

use metad::{
    kv::{
        Cache, KvEngine as _, Txn,
        rocks::{RocksEngine, Settings},
    },
    records,
    tree::apply,
    types::{
        Action, ClientId, ClientRequest, Command, CommitMode, Content, GroupId, Mutation, Name,
        NamespaceId, NodeRef, Path, Policy, Quota, Request, Step,
    },
};
use rustix::time::{ClockId, clock_gettime};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const GROUP: GroupId = GroupId(1);
/// Clients take turns, each in a directory of its own.
const CLIENTS: u64 = 256;
/// Entries that are applied together: what gathers under load while the log is synced.
const BATCH: usize = 64;
const CACHE_BYTES: usize = 16 << 20;

struct Machine {
    engine: RocksEngine,
    cache: Cache,
    /// The last sequence of each client.
    sequences: Vec<u64>,
    digest: u128,
}

impl Machine {
    /// As a replica does: decoded, applied, digested, and written as one batch.
    fn apply(&mut self, entries: &[Vec<u8>]) {
        let mut txn = Txn::new(self.cache.over(self.engine.view().expect("view")));
        for entry in entries {
            let command = records::command::decode(entry).expect("decode");
            apply(&mut txn, GROUP, &command).expect("apply");
            self.digest = txn.take_digest(self.digest);
        }
        let writes = txn.into_batch();
        self.cache.follow(&writes);
        self.engine.write(writes).expect("write");
    }

    fn entry(&mut self, client: u64, mutation: Mutation) -> Vec<u8> {
        let sequence = &mut self.sequences[client as usize];
        *sequence += 1;
        let request = Request { client: ClientId(client + 1), sequence: *sequence };
        let (first_pending, fences) = (*sequence, Vec::new());
        let action = Action::Request(ClientRequest { request, first_pending, fences, mutation });
        records::command::encode(&Command { time_ms: 1_000, action })
    }

    /// Operations for each second of processor time; the step of each is made from its client
    /// and its number.
    fn measure(&mut self, name: &str, operations: u64, step: impl Fn(u64, u64) -> Step) {
        let mut spent = Duration::ZERO;
        let numbers: Vec<u64> = (0..operations).collect();
        for numbers in numbers.chunks(BATCH) {
            let entry = |number: &u64| {
                let (client, number) = (number % CLIENTS, number / CLIENTS);
                let steps = vec![step(client, number)];
                self.entry(client, Mutation::Steps { namespace: NamespaceId(1), steps })
            };
            let entries: Vec<_> = numbers.iter().map(entry).collect();
            let begun = processor_time();
            self.apply(&entries);
            spent += processor_time() - begun;
        }
        let each = spent.as_secs_f64() * 1e6 / operations as f64;
        println!("{name:<10} {:>9.0}/s {each:>8.2} µs", 1e6 / each);
    }
}

fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn at(path: &str) -> NodeRef {
    let names = path.split('/').filter(|name| !name.is_empty());
    let names = names.map(|name| Name::new(name).expect("a name"));
    NodeRef { path: Path::of(names.collect()), ..NodeRef::default() }
}

fn main() {
    let arguments: Vec<_> = std::env::args().collect();
    let operations = arguments.iter().skip_while(|argument| *argument != "--operations").nth(1);
    let operations = operations.map_or(200_000, |count| count.parse().expect("a number"));
    let folder = tempfile::tempdir().expect("folder");
    let engine = RocksEngine::open(folder.path(), Settings::replayed()).expect("open");
    let sequences = vec![0; CLIENTS as usize];
    let mut machine = Machine { engine, cache: Cache::new(CACHE_BYTES), sequences, digest: 0 };
    let open = records::command::encode(&Command { time_ms: 1_000, action: Action::OpenSession });
    (0..CLIENTS).for_each(|_| machine.apply(std::slice::from_ref(&open)));
    let (name, policy, quota) =
        (Name::new("bench").expect("name"), Policy::Exact, Quota::default());
    let namespace = machine.entry(0, Mutation::CreateNamespace { name, policy, quota });
    machine.apply(&[namespace]);

    let content = Content {
        size: 4_096,
        hash: [7; 32],
        media_type: String::new(),
        mtime_ms: 0,
        manifest: String::new(),
        blocks: Vec::new(),
    };
    let mkdir = |path: String| Step::Mkdir { target: at(&path), parents: false };
    let file = |client, number| format!("/c{client}/f{number}");
    let moved = |client, number| format!("/c{client}/g{number}");
    machine.measure("clients", CLIENTS, |client, _| mkdir(format!("/c{client}")));
    machine.measure("mkdir", operations, |client, number| mkdir(format!("/c{client}/d{number}")));
    machine.measure("create", operations, |client, number| Step::Commit {
        target: at(&file(client, number)),
        content: content.clone(),
        mode: CommitMode::Create,
        autorename: None,
    });
    machine.measure("rename", operations, |client, number| {
        let (from, to) = (at(&file(client, number)), at(&moved(client, number)));
        Step::Move { from, to, replace: false, rev: None }
    });
    machine.measure("delete", operations, |client, number| Step::Delete {
        target: at(&moved(client, number)),
        recursive: false,
        rev: None,
    });
}
