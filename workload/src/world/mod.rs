//! What the clients of a run together believe to be there: they choose from it what to work
//! on. It follows the acknowledged changes and may be wrong, which is wanted: real clients
//! are wrong too. Nothing is ever checked against it.
//!
//! The first tree is that of the run's namespace. The others, if the set-up made them, are
//! mounted in it; paths and moves lead from one to the other. The last one is that of the
//! clients which keep replicas: others are only polite there. Namespaces that clients make and
//! delete on the way have no tree here.

mod known;
#[cfg(test)]
mod tests;
mod tree;

use std::collections::{BTreeMap, VecDeque};

use metad_client::v1::Cursor;
use rand::{Rng, RngExt, seq::IndexedRandom};

use crate::operation::{Fence, LockName, Policy};
pub use known::{Effect, Known};
pub use tree::Tree;

/// Grants, namespaces and snapshots that are remembered, each.
const REMEMBERED_MAX: usize = 24;
/// How often an operation is about another tree than the first one, for each of the others.
const OTHER_TREE_SHARE: f64 = 0.1;

/// A snapshot that was made.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Snapshot {
    pub ns: u64,
    pub name: String,
    pub revision: u64,
}

/// A mount in the first tree.
#[derive(Clone, Copy, Debug)]
pub struct Mount {
    /// Its node.
    pub id: u64,
    /// The namespace that it shows.
    pub shown: u64,
}

/// All that is believed.
pub struct World {
    /// What the names of all namespaces of the run begin with.
    family: String,
    trees: Vec<Tree>,
    /// The position of the tree of those who keep replicas: the last one.
    polite: Option<usize>,
    mounts: Vec<Mount>,
    snapshots: VecDeque<Snapshot>,
    /// Locks as they were granted: held, expired or superseded.
    grants: VecDeque<Fence>,
    /// Namespaces that were made to be deleted, and those that were.
    passing: VecDeque<u64>,
    gone: VecDeque<u64>,
    /// Directories with a tight quota, in the first tree.
    tight: VecDeque<u64>,
    /// Up to where somebody has read the journal of a namespace.
    cursors: BTreeMap<u64, Cursor>,
    /// The greatest revision that an answer has told.
    revision: u64,
    lease_share: f64,
}

impl World {
    /// A run's namespace, which is empty, with this root.
    pub fn new(family: &str, ns: u64, root: u64) -> Self {
        World {
            family: family.to_owned(),
            trees: vec![Tree::new(ns, root, Policy::Exact)],
            polite: None,
            mounts: Vec::new(),
            snapshots: VecDeque::new(),
            grants: VecDeque::new(),
            passing: VecDeque::new(),
            gone: VecDeque::new(),
            tight: VecDeque::new(),
            cursors: BTreeMap::new(),
            revision: 0,
            lease_share: 0.04,
        }
    }

    /// Whether an answer has told of a namespace of the run.
    pub fn knows(&self, ns: u64) -> bool {
        self.trees.iter().any(|tree| tree.ns() == ns) || self.passing.contains(&ns)
    }

    /// The share of reads that rely on leases.
    pub fn set_lease_share(&mut self, share: f64) {
        self.lease_share = share;
    }

    /// The share of reads that rely on leases.
    pub fn lease_share(&self) -> f64 {
        self.lease_share
    }

    /// One more namespace to work in.
    pub fn add_tree(&mut self, ns: u64, root: u64, policy: Policy) {
        assert_eq!(self.polite, None, "the polite tree is the last one");
        self.trees.push(Tree::new(ns, root, policy));
    }

    /// The namespace of those who keep replicas. No other one may be added after it.
    pub fn add_polite_tree(&mut self, ns: u64, root: u64) {
        assert_eq!(self.polite, None, "there is one");
        self.polite = Some(self.trees.len());
        self.trees.push(Tree::new(ns, root, Policy::Exact));
    }

    /// The position of the tree of those who keep replicas.
    pub fn polite(&self) -> Option<usize> {
        self.polite
    }

    /// What the names of all namespaces of the run begin with.
    pub fn family(&self) -> &str {
        &self.family
    }

    /// How many trees there are for any kind of work: at least one.
    pub fn tree_count(&self) -> usize {
        self.polite.unwrap_or(self.trees.len())
    }

    /// The tree at a position.
    pub fn tree(&self, position: usize) -> &Tree {
        &self.trees[position]
    }

    /// The tree at a position.
    pub fn tree_mut(&mut self, position: usize) -> &mut Tree {
        &mut self.trees[position]
    }

    /// The position of a tree, mostly the first.
    pub fn pick_tree(&self, random: &mut impl Rng) -> usize {
        let drawn: f64 = random.random();
        let other = (drawn / OTHER_TREE_SHARE) as usize + 1;
        if other < self.tree_count() { other } else { 0 }
    }

    /// The greatest revision that an answer has told.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// An answer told of this revision.
    pub fn reached(&mut self, revision: u64) {
        self.revision = self.revision.max(revision);
    }

    /// Somebody has read the journal of a namespace up to here.
    pub fn journal_read(&mut self, ns: u64, cursor: Cursor) {
        let position = |cursor: &Cursor| (cursor.revision, cursor.ordinal);
        let furthest = self.cursors.entry(ns).or_insert(cursor);
        if position(&cursor) > position(furthest) {
            *furthest = cursor;
        }
    }

    /// Up to where anybody has read the journal of a namespace.
    pub fn journal_cursor(&self, ns: u64) -> Option<Cursor> {
        self.cursors.get(&ns).copied()
    }

    // -------------------------------------------------------------- mounts

    /// A node of the first tree shows a namespace.
    pub fn mounted(&mut self, id: u64, shown: u64) {
        self.mounts.push(Mount { id, shown });
    }

    /// A mount, and its path.
    pub fn pick_mount(&mut self, random: &mut impl Rng) -> Option<(Mount, String)> {
        let main = &self.trees[0];
        self.mounts.retain(|mount| main.get(mount.id).is_some());
        let mount = *self.mounts.choose(random)?;
        Some((mount, main.path(mount.id)?))
    }

    /// The path from the first tree's root at which a namespace is shown.
    pub fn way_to(&self, ns: u64, random: &mut impl Rng) -> Option<String> {
        let main = &self.trees[0];
        let ways = self.mounts.iter().filter(|mount| mount.shown == ns);
        let ways: Vec<_> = ways.filter_map(|mount| main.path(mount.id)).collect();
        ways.choose(random).cloned()
    }

    /// A node of one tree went to another one.
    pub fn crossed(&mut self, (from, to): (usize, usize), effect: Effect, id: u64, rev: u64) {
        let Effect::Moved { id: expected, parent, name } = effect else { return };
        let known = self.trees[from].take(expected);
        if let Some(known) = known.filter(|_| expected == id) {
            self.trees[to].receive(known, (parent, name), id, rev);
        }
    }

    // -------------------------------------------------------------- snapshots

    /// A snapshot was made.
    pub fn add_snapshot(&mut self, snapshot: Snapshot) {
        remember(&mut self.snapshots, snapshot);
    }

    /// A snapshot was deleted.
    pub fn remove_snapshot(&mut self, ns: u64, name: &str) {
        self.snapshots.retain(|snapshot| (snapshot.ns, snapshot.name.as_str()) != (ns, name));
    }

    /// A snapshot of a namespace.
    pub fn pick_snapshot(&self, ns: u64, random: &mut impl Rng) -> Option<&Snapshot> {
        let of_ns: Vec<_> = self.snapshots.iter().filter(|snapshot| snapshot.ns == ns).collect();
        of_ns.choose(random).copied()
    }

    /// The first snapshot that is left: it keeps all of the past since then.
    pub fn first_snapshot(&self) -> Option<&Snapshot> {
        self.snapshots.iter().min_by_key(|snapshot| snapshot.revision)
    }

    // -------------------------------------------------------------- locks

    /// A lock was granted.
    pub fn granted(&mut self, ns: u64, lock: LockName, token: u64) {
        remember(&mut self.grants, Fence { ns, lock, token });
    }

    /// A grant of some time ago; late ones more often.
    pub fn pick_grant(&self, random: &mut impl Rng) -> Option<&Fence> {
        let count = self.grants.len();
        let from_end =
            random.random_range(0..count.max(1)).min(random.random_range(0..count.max(1)));
        self.grants.get(count.checked_sub(1 + from_end)?)
    }

    // -------------------------------------------------------------- namespaces

    /// A namespace was made that is to be deleted.
    pub fn add_passing(&mut self, ns: u64) {
        remember(&mut self.passing, ns);
    }

    /// A namespace was deleted.
    pub fn remove_passing(&mut self, ns: u64) {
        self.passing.retain(|passing| *passing != ns);
        remember(&mut self.gone, ns);
    }

    /// A namespace that is to be deleted.
    pub fn pick_passing(&self, random: &mut impl Rng) -> Option<u64> {
        pick(&self.passing, random)
    }

    /// A namespace that was deleted.
    pub fn pick_gone(&self, random: &mut impl Rng) -> Option<u64> {
        pick(&self.gone, random)
    }

    // -------------------------------------------------------------- quotas

    /// A directory of the first tree has a tight quota.
    pub fn add_tight(&mut self, id: u64) {
        remember(&mut self.tight, id);
    }

    /// A directory with a tight quota, and its path.
    pub fn pick_tight(&self, random: &mut impl Rng) -> Option<(u64, String)> {
        let main = &self.trees[0];
        let there = self.tight.iter().filter_map(|id| Some((*id, main.path(*id)?)));
        there.collect::<Vec<_>>().choose(random).cloned()
    }
}

fn remember<T>(all: &mut VecDeque<T>, one: T) {
    all.push_back(one);
    if all.len() > REMEMBERED_MAX {
        all.pop_front();
    }
}

fn pick<T: Copy>(all: &VecDeque<T>, random: &mut impl Rng) -> Option<T> {
    if all.is_empty() {
        return None;
    }
    all.get(random.random_range(0..all.len())).copied()
}
