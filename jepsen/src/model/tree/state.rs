//! Everything that the service holds, and what the history has shown of it.
//!
//! Owns the forest of now, the ids that are known, the snapshots and what is kept of the past.
//! Invariants: `ids` and `id_of` know every id that the history has shown, but for those of
//! deleted nodes, which are `retired`, unless the past is followed; `unseen` are the live nodes whose id it has not shown; `mounts` are the live mounts;
//! the fingerprint is that of the contents, kept up with each change.

use rpds::{RedBlackTreeMap, RedBlackTreeSet};

use super::forest::{Forest, Namespace};
use super::id_set::IdSet;
use super::node::{Body, Handle, Node};
use super::operation::Name;
use super::past::Past;
use super::revisions::{Rev, Revisions};
use crate::model::{hash_bytes, mix};

/// What the history asks for, and must be followed for that: it tells states apart that are
/// alike otherwise.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tracked {
    /// When each namespace has changed last.
    pub(super) changes: bool,
    /// What was there before.
    pub(super) past: bool,
}

/// Everything that the service holds.
#[derive(Debug, Clone, Default)]
pub struct State {
    pub(super) forest: Forest,
    namespace_names: RedBlackTreeMap<Name, Handle>,
    /// Also of namespaces that were deleted.
    namespace_ids: RedBlackTreeMap<u64, Handle>,
    namespace_id_of: RedBlackTreeMap<Handle, u64>,
    ids: RedBlackTreeMap<u64, Handle>,
    id_of: RedBlackTreeMap<Handle, u64>,
    retired: IdSet,
    unseen: RedBlackTreeSet<Handle>,
    /// Nodes of unseen id that are known not to have this id.
    excluded_ids: RedBlackTreeSet<(Handle, u64)>,
    mounts: RedBlackTreeSet<Handle>,
    /// By namespace and name.
    snapshots: RedBlackTreeMap<(Handle, Name), Rev>,
    pub(super) past: Past,
    pub(super) revisions: Revisions,
    pub(super) tracked: Tracked,
    fingerprint: u128,
}

impl State {
    /// No namespaces; `revisions` say whether claims are judged.
    pub(super) fn new(revisions: Revisions, tracked: Tracked) -> State {
        State { revisions, tracked, ..State::default() }
    }

    pub(super) fn fingerprint(&self) -> u128 {
        let known = mix(self.fingerprint, self.past.fingerprint());
        mix(self.forest.fingerprint(), mix(known, self.revisions.fingerprint()))
    }

    // ------------------------------------------------------------ reading

    /// None if it is gone or was never shown; see [`State::is_namespace_id`].
    pub(super) fn namespace_by_id(&self, id: u64) -> Option<Handle> {
        self.namespace_ids.get(&id).copied().filter(|handle| self.has_namespace(*handle))
    }

    /// Whether a namespace has or had this id.
    pub(super) fn is_namespace_id(&self, id: u64) -> bool {
        self.namespace_ids.contains_key(&id)
    }

    pub(super) fn namespace_by_name(&self, name: &str) -> Option<Handle> {
        self.namespace_names.get(name).copied()
    }

    pub(super) fn has_namespace(&self, handle: Handle) -> bool {
        self.forest.find_namespace(handle).is_some()
    }

    pub(super) fn id_of_namespace(&self, handle: Handle) -> Option<u64> {
        self.namespace_id_of.get(&handle).copied()
    }

    pub(super) fn node(&self, handle: Handle) -> &Node {
        self.forest.node(handle)
    }

    pub(super) fn id_of(&self, handle: Handle) -> Option<u64> {
        self.id_of.get(&handle).copied()
    }

    /// The node that has this id, or had it, if the past is followed.
    pub(super) fn node_by_id(&self, id: u64) -> Option<Handle> {
        self.ids.get(&id).copied()
    }

    /// Whether some node has or had this id, and the history has shown it.
    pub(super) fn is_node_id(&self, id: u64) -> bool {
        self.ids.contains_key(&id) || self.retired.contains(id)
    }

    /// Nodes of a forest whose id was never shown and may be this one.
    pub(super) fn unseen_candidates(&self, forest: &Forest, is_now: bool, id: u64) -> Vec<Handle> {
        let may_have = |handle: &Handle| !self.is_excluded(*handle, id);
        match is_now {
            true => self.unseen.iter().copied().filter(may_have).collect(),
            false => {
                let unseen = |handle: &Handle| self.id_of(*handle).is_none();
                forest.nodes().map(|(handle, _)| handle).filter(unseen).filter(may_have).collect()
            }
        }
    }

    pub(super) fn is_excluded(&self, handle: Handle, id: u64) -> bool {
        self.excluded_ids.contains(&(handle, id))
    }

    /// The mounts that there are: the namespace that each is in, and the one that it shows.
    pub(super) fn mounts(&self) -> impl Iterator<Item = (Handle, Handle)> {
        self.mounts.iter().filter_map(|handle| {
            let node = self.node(*handle);
            match node.body {
                Body::Mount(_, shown) => Some((node.namespace, shown)),
                _ => None,
            }
        })
    }

    /// Whether one namespace is the other or leads to it over mounts.
    pub(super) fn leads_to(&self, from: Handle, to: Handle) -> bool {
        let mut reached = vec![from];
        let mut next = 0;
        while let Some(namespace) = reached.get(next).copied() {
            next += 1;
            for (_, shown) in self.mounts().filter(|(within, _)| *within == namespace) {
                if !reached.contains(&shown) {
                    reached.push(shown);
                }
            }
        }
        reached.contains(&to)
    }

    /// In the order of their names.
    pub(super) fn snapshots(&self, namespace: Handle) -> impl Iterator<Item = (&Name, Rev)> {
        self.snapshots
            .range((namespace, Name::from(""))..)
            .take_while(move |((of, _), _)| *of == namespace)
            .map(|((_, name), rev)| (name, *rev))
    }

    // ------------------------------------------------------------ namespaces and snapshots

    pub(super) fn add_namespace(&mut self, handle: Handle, namespace: Namespace) {
        self.namespace_names.insert_mut(Name::clone(&namespace.name), handle);
        self.forest.put_namespace(handle, namespace);
    }

    pub(super) fn rename_namespace(&mut self, handle: Handle, name: &Name) {
        let before = self.forest.namespace(handle).clone();
        self.namespace_names.remove_mut(&before.name);
        self.add_namespace(handle, Namespace { name: Name::clone(name), ..before });
    }

    pub(super) fn remove_namespace(&mut self, handle: Handle) {
        let namespace = self.forest.namespace(handle).clone();
        self.remove_tree(namespace.root);
        self.namespace_names.remove_mut(&namespace.name);
        let names: Vec<Name> = self.snapshots(handle).map(|(name, _)| Name::clone(name)).collect();
        for name in names {
            self.remove_snapshot(handle, &name);
        }
        self.forest.drop_namespace(handle);
    }

    pub(super) fn bind_namespace(&mut self, handle: Handle, id: u64) {
        self.namespace_ids.insert_mut(id, handle);
        self.namespace_id_of.insert_mut(handle, id);
        self.fingerprint ^= mix(mix(4, handle.to_number()), u128::from(id));
    }

    pub(super) fn set_changed(&mut self, handle: Handle, changed: Rev) {
        let namespace = Namespace { changed, ..self.forest.namespace(handle).clone() };
        self.forest.put_namespace(handle, namespace);
    }

    pub(super) fn add_snapshot(&mut self, namespace: Handle, name: &Name, rev: Rev) {
        self.fingerprint ^= snapshot_fingerprint(namespace, name, rev);
        self.snapshots.insert_mut((namespace, Name::clone(name)), rev);
    }

    pub(super) fn remove_snapshot(&mut self, namespace: Handle, name: &Name) {
        let key = (namespace, Name::clone(name));
        if let Some(rev) = self.snapshots.get(&key) {
            self.fingerprint ^= snapshot_fingerprint(namespace, name, *rev);
            self.snapshots.remove_mut(&key);
        }
    }

    pub(super) fn find_snapshot(&self, namespace: Handle, name: &Name) -> Option<Rev> {
        self.snapshots.get(&(namespace, Name::clone(name))).copied()
    }

    // ------------------------------------------------------------ nodes

    /// Adds a node and enters it in its parent.
    pub(super) fn add_node(&mut self, handle: Handle, node: Node) {
        if let Body::Mount(..) = node.body {
            self.mounts.insert_mut(handle);
        }
        self.unseen.insert_mut(handle);
        self.forest.add_node(handle, node);
    }

    /// Removes a node and all under it.
    pub(super) fn remove_tree(&mut self, top: Handle) {
        for handle in self.forest.remove_tree(top) {
            self.unseen.remove_mut(&handle);
            self.mounts.remove_mut(&handle);
            if let Some(id) = self.id_of(handle) {
                self.fingerprint ^= self.id_fingerprint(handle, id, true);
                self.fingerprint ^= self.id_fingerprint(handle, id, false);
                self.retire(handle, id);
            }
        }
    }

    /// Learns the id of a node.
    pub(super) fn bind_node(&mut self, handle: Handle, id: u64) {
        let is_live = self.forest.is_live(handle);
        self.fingerprint ^= self.id_fingerprint(handle, id, is_live);
        self.unseen.remove_mut(&handle);
        self.ids.insert_mut(id, handle);
        self.id_of.insert_mut(handle, id);
        if !is_live {
            self.retire(handle, id);
        }
    }

    /// Forgets whose the id of a deleted node was.
    fn retire(&mut self, handle: Handle, id: u64) {
        if !self.tracked.past {
            self.ids.remove_mut(&id);
            self.id_of.remove_mut(&handle);
            self.retired.insert(id);
        }
    }

    pub(super) fn exclude_id(&mut self, handle: Handle, id: u64) {
        if !self.excluded_ids.contains(&(handle, id)) {
            self.excluded_ids.insert_mut((handle, id));
            self.fingerprint ^= mix(mix(2, handle.to_number()), u128::from(id));
        }
    }

    /// Keeps the forest as it is now as that of a revision, if the history asks for the past.
    pub(super) fn remember(&mut self, rev: Rev) {
        if self.tracked.past {
            self.past.push(rev, self.forest.clone());
        }
    }

    /// Whose a dead id was matters only where the past can be read.
    fn id_fingerprint(&self, handle: Handle, id: u64, live: bool) -> u128 {
        match live || self.tracked.past {
            true => mix(mix(u128::from(live), handle.to_number()), u128::from(id)),
            false => mix(5, u128::from(id)),
        }
    }
}

fn snapshot_fingerprint(namespace: Handle, name: &Name, rev: Rev) -> u128 {
    let (rev_kind, rev) = rev.to_parts();
    let rev = u128::from(rev_kind) << 64 | u128::from(rev);
    mix(mix(mix(6, namespace.to_number()), rev), hash_bytes(name.as_bytes()))
}
