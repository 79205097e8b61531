//! What operations cost, counted: a machine that is busy with other things counts the same.
//!
//! Reads and writes are those that reach the store, or what is kept in memory of it. Who makes an
//! operation cheaper lowers its line; who makes it dearer says here why that is right.

use std::{cell::Cell, collections::BTreeMap, fmt::Write as _};

use expect_test::expect;

use super::script::{GROUP, Machine, NAMESPACE, node_ref, step};
use crate::{
    kv::{KvRead, Pair, Result, Scan, Txn, Write},
    tree::{apply, query},
    types::{Action, ClientId, ClientRequest, Command, Mutation, Request},
};

/// A view that counts how it is read.
struct Counting<'v> {
    view: &'v BTreeMap<Vec<u8>, Vec<u8>>,
    gets: Cell<u64>,
    seeks: Cell<u64>,
    pairs: Cell<u64>,
}

impl<'v> Counting<'v> {
    fn new(view: &'v BTreeMap<Vec<u8>, Vec<u8>>) -> Counting<'v> {
        Counting { view, gets: Cell::new(0), seeks: Cell::new(0), pairs: Cell::new(0) }
    }

    fn reads(&self) -> String {
        format!("{:>4} {:>5} {:>5}", self.gets.get(), self.seeks.get(), self.pairs.get())
    }
}

fn count(counter: &Cell<u64>) {
    counter.set(counter.get() + 1);
}

impl KvRead for Counting<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        count(&self.gets);
        KvRead::get(self.view, key)
    }

    fn scan<'a>(&'a self, from: &[u8], to: &[u8]) -> Scan<'a> {
        count(&self.seeks);
        Box::new(self.view.scan(from, to).inspect(|_| count(&self.pairs)))
    }

    fn last(&self, from: &[u8], to: &[u8]) -> Result<Option<Pair>> {
        count(&self.seeks);
        KvRead::last(self.view, from, to)
    }
}

/// Allocations of a piece of work, in steps of ten: compilers differ by some.
fn allocations(work: impl FnOnce()) -> u64 {
    allocation_counter::measure(work).count_total.next_multiple_of(10)
}

/// A directory of 1,000 files, four levels deep, beside others.
fn machine() -> Machine {
    let mut machine = Machine::new();
    machine.line("mkdir -p /a/b/c/d");
    machine.line("mkdir -p /e");
    for number in 0..1_000 {
        mutation(&mut machine, &format!("commit create /a/b/c/d/{number:03} 10"));
    }
    machine
}

/// Applied as the next request of a client that has the replies to all earlier ones.
fn mutation(machine: &mut Machine, text: &str) -> String {
    let sequence = machine.next_sequence();
    let request = Request { client: ClientId(1), sequence };
    let mutation = Mutation::Steps { namespace: NAMESPACE, steps: vec![step(text)] };
    let asked = ClientRequest { request, first_pending: sequence, fences: Vec::new(), mutation };
    applied(machine, Action::Request(asked))
}

fn applied(machine: &mut Machine, action: Action) -> String {
    let command = Command { time_ms: 1_000, action };
    let view = Counting::new(&machine.state);
    let mut txn = Txn::new(&view);
    let allocations = allocations(|| drop(apply(&mut txn, GROUP, &command).unwrap()));
    let writes = txn.into_batch();
    let puts = writes.iter().filter(|write| matches!(write, Write::Put(..))).count();
    let bytes: usize = writes.iter().map(size).sum();
    let deletes = writes.len() - puts;
    let reads = view.reads();
    machine.write(writes);
    format!("{reads} {puts:>4} {deletes:>7} {bytes:>6} {allocations:>11}")
}

fn size(write: &Write) -> usize {
    match write {
        Write::Put(key, value) => key.len() + value.len(),
        Write::Delete(key) => key.len(),
        Write::DeleteRange(from, to) => from.len() + to.len(),
    }
}

/// A step of housekeeping that frees 100 directories with a directory in each.
fn reclaim() -> String {
    let mut machine = Machine::new();
    for number in 0..100 {
        mutation(&mut machine, &format!("mkdir -p /a/{number:02}/d"));
    }
    mutation(&mut machine, "delete -r /a");
    applied(&mut machine, Action::Reclaim { records_max: 100 });
    applied(&mut machine, Action::Reclaim { records_max: 200 })
}

fn read(machine: &Machine, text: &str) -> String {
    let view = Counting::new(&machine.state);
    let source = query::Source::now(&view, GROUP);
    let (verb, path) = text.split_once(' ').unwrap();
    let target = node_ref(path);
    let allocations = allocations(|| match verb {
        "list" => drop(query::list_page(source, NAMESPACE, &target, None, 1_000).unwrap()),
        _ => drop(query::stat(source, NAMESPACE, &target).unwrap()),
    });
    format!("{} {:>4} {:>7} {:>6} {allocations:>11}", view.reads(), "", "", "")
}

#[test]
fn costs_are_what_they_were() {
    let mut machine = machine();
    let mut table = format!("{:<32} gets seeks pairs puts deletes  bytes allocations\n", "");
    for line in [
        "commit create /a/b/c/d/new 10",
        "commit create /top 10",
        "commit overwrite /a/b/c/d/new 20",
        "mkdir /a/b/c/d/dir",
        "move /a/b/c/d/new /a/b/c/d/newer",
        "move /a/b /e/b",
        "delete /e/b/c/d/newer",
        "delete /e/b/c/d/dir",
        "delete -r /e/b",
    ] {
        let cost = mutation(&mut machine, line);
        writeln!(table, "{line:<32} {cost}").unwrap();
    }
    writeln!(table, "{:<32} {}", "reclaim 100 directories", reclaim()).unwrap();
    machine = self::machine();
    for line in ["stat /a/b/c/d/000", "stat /e", "list /a/b/c/d"] {
        let cost = read(&machine, line);
        writeln!(table, "{line:<32} {cost}").unwrap();
    }
    expect![[r#"
                                         gets seeks pairs puts deletes  bytes allocations
        commit create /a/b/c/d/new 10      13     0     0   10       0    376          70
        commit create /top 10               5     0     0    6       0    280          40
        commit overwrite /a/b/c/d/new 20   13     0     0   10       0    429          70
        mkdir /a/b/c/d/dir                 13     0     0   10       0    302          70
        move /a/b/c/d/new /a/b/c/d/newer   14     0     0    7       1    399          80
        move /a/b /e/b                     13     0     0    8       2    293          70
        delete /e/b/c/d/newer              15     0     0   10       2    432          80
        delete /e/b/c/d/dir                16     0     0   10       3    361          80
        delete -r /e/b                      9     0     0    7       4    283          50
        reclaim 100 directories           201   109   404  201     401  12155        3300
        stat /a/b/c/d/000                   6     0     0                              30
        stat /e                             3     0     0                              10
        list /a/b/c/d                       5     1  1000                            5040
    "#]]
    .assert_eq(&table);
}
