//! The file trees of all namespaces, as a persistent value.
//!
//! Invariants: every node but a root is its parent's child under its own name; `ids` knows
//! every id that the history has shown, also of deleted nodes; `unseen` are the live nodes
//! whose id it has not shown; the fingerprint is that of the contents, kept up with each change.
//! Copies share what they have in common, so that a search can keep one for each choice.

use std::sync::Arc;

use rpds::{RedBlackTreeMap, RedBlackTreeSet};

use super::node::{Body, Handle, Node};
use super::operation::Name;
use super::revisions::{Rev, Revisions};
use crate::model::{hash_bytes, mix};

#[derive(Debug, Clone)]
pub(super) struct Namespace {
    pub(super) name: Name,
    pub(super) id: Option<u64>,
    pub(super) root: Handle,
    /// The revision of the last change in it; followed only if the history asks for it.
    pub(super) changed: Rev,
}

/// Everything that the service holds.
#[derive(Debug, Clone, Default)]
pub struct State {
    namespaces: RedBlackTreeMap<Handle, Namespace>,
    namespace_names: RedBlackTreeMap<Name, Handle>,
    namespace_ids: RedBlackTreeMap<u64, Handle>,
    nodes: RedBlackTreeMap<Handle, Node>,
    /// None for an id whose node was deleted.
    ids: RedBlackTreeMap<u64, Option<Handle>>,
    unseen: RedBlackTreeSet<Handle>,
    /// Nodes of unseen id that are known not to have this id.
    excluded_ids: RedBlackTreeSet<(Handle, u64)>,
    pub(super) revisions: Revisions,
    /// Whether namespaces remember their last change: it tells states apart that are alike.
    pub(super) tracks_changes: bool,
    fingerprint: u128,
}

impl State {
    /// No namespaces; `revisions` say whether claims are judged.
    pub(super) fn new(revisions: Revisions, tracks_changes: bool) -> State {
        State { revisions, tracks_changes, ..State::default() }
    }

    pub(super) fn fingerprint(&self) -> u128 {
        mix(self.fingerprint, self.revisions.fingerprint())
    }

    // ------------------------------------------------------------ reading

    pub(super) fn namespaces(&self) -> impl Iterator<Item = (Handle, &Namespace)> {
        self.namespaces.iter().map(|(handle, namespace)| (*handle, namespace))
    }

    pub(super) fn namespace(&self, handle: Handle) -> &Namespace {
        self.namespaces.get(&handle).expect("handles of namespaces are never removed")
    }

    pub(super) fn namespace_by_id(&self, id: u64) -> Option<Handle> {
        self.namespace_ids.get(&id).copied()
    }

    pub(super) fn namespace_by_name(&self, name: &str) -> Option<Handle> {
        self.namespace_names.get(name).copied()
    }

    pub(super) fn node(&self, handle: Handle) -> &Node {
        self.nodes.get(&handle).expect("handles come from live nodes")
    }

    pub(super) fn is_live(&self, handle: Handle) -> bool {
        self.nodes.contains_key(&handle)
    }

    /// Some(None) for a deleted node, None for an id that was never shown.
    pub(super) fn node_by_id(&self, id: u64) -> Option<Option<Handle>> {
        self.ids.get(&id).copied()
    }

    /// Live nodes of unseen id that may have this id.
    pub(super) fn unseen_candidates(&self, id: u64) -> Vec<Handle> {
        let may_have = |handle: &&Handle| !self.excluded_ids.contains(&(**handle, id));
        self.unseen.iter().filter(may_have).copied().collect()
    }

    pub(super) fn is_excluded(&self, handle: Handle, id: u64) -> bool {
        self.excluded_ids.contains(&(handle, id))
    }

    /// Whether `handle` is `ancestor` or under it.
    pub(super) fn is_within(&self, handle: Handle, ancestor: Handle) -> bool {
        let mut current = Some(handle);
        while let Some(handle) = current {
            if handle == ancestor {
                return true;
            }
            current = self.node(handle).parent;
        }
        false
    }

    pub(super) fn path(&self, handle: Handle) -> String {
        let mut names = Vec::new();
        let mut current = self.node(handle);
        while let Some(parent) = current.parent {
            names.push(Arc::clone(&current.name));
            current = self.node(parent);
        }
        names.reverse();
        format!("/{}", names.join("/"))
    }

    // ------------------------------------------------------------ changing

    pub(super) fn add_namespace(&mut self, handle: Handle, namespace: Namespace) {
        self.fingerprint ^= namespace_fingerprint(handle, &namespace);
        self.namespace_names.insert_mut(Arc::clone(&namespace.name), handle);
        if let Some(id) = namespace.id {
            self.namespace_ids.insert_mut(id, handle);
        }
        self.namespaces.insert_mut(handle, namespace);
    }

    pub(super) fn bind_namespace(&mut self, handle: Handle, id: u64) {
        let namespace = Namespace { id: Some(id), ..self.namespace(handle).clone() };
        self.fingerprint ^= namespace_fingerprint(handle, self.namespace(handle));
        self.add_namespace(handle, namespace);
    }

    pub(super) fn set_changed(&mut self, handle: Handle, changed: Rev) {
        let namespace = Namespace { changed, ..self.namespace(handle).clone() };
        self.fingerprint ^= namespace_fingerprint(handle, self.namespace(handle));
        self.add_namespace(handle, namespace);
    }

    /// Adds a node and enters it in its parent.
    pub(super) fn add_node(&mut self, handle: Handle, node: Node) {
        self.fingerprint ^= node.fingerprint(handle);
        match node.id {
            Some(id) => self.set_id(id, Some(handle)),
            None => self.unseen.insert_mut(handle),
        }
        if let Some(parent) = node.parent {
            self.link(parent, &node.name, handle);
        }
        self.nodes.insert_mut(handle, node);
    }

    /// Removes a node and all under it.
    pub(super) fn remove_tree(&mut self, top: Handle) {
        if let Some(parent) = self.node(top).parent {
            let name = Arc::clone(&self.node(top).name);
            self.unlink(parent, &name);
        }
        let mut doomed = vec![top];
        while let Some(handle) = doomed.pop() {
            let node = self.node(handle).clone();
            if let Some(children) = node.children() {
                doomed.extend(children.values());
            }
            self.fingerprint ^= node.fingerprint(handle);
            match node.id {
                Some(id) => self.set_id(id, None),
                None => {
                    self.unseen.remove_mut(&handle);
                }
            }
            self.nodes.remove_mut(&handle);
        }
    }

    /// Gives a node another place.
    pub(super) fn relink(&mut self, handle: Handle, parent: Handle, name: &Name) {
        let node = self.node(handle);
        let (old_parent, old_name) =
            (node.parent.expect("a root is never moved"), Arc::clone(&node.name));
        self.unlink(old_parent, &old_name);
        self.link(parent, name, handle);
        self.change(handle, |node| {
            node.parent = Some(parent);
            node.name = Arc::clone(name);
        });
    }

    /// Changes a node in place. Its children and id have their own functions.
    pub(super) fn change(&mut self, handle: Handle, change: impl FnOnce(&mut Node)) {
        let node = self.nodes.get_mut(&handle).expect("handles come from live nodes");
        let before = node.fingerprint(handle);
        change(node);
        self.fingerprint ^= before ^ node.fingerprint(handle);
    }

    /// Learns the id of a live node.
    pub(super) fn bind_node(&mut self, handle: Handle, id: u64) {
        self.change(handle, |node| node.id = Some(id));
        self.unseen.remove_mut(&handle);
        self.set_id(id, Some(handle));
    }

    pub(super) fn exclude_id(&mut self, handle: Handle, id: u64) {
        if !self.excluded_ids.contains(&(handle, id)) {
            self.excluded_ids.insert_mut((handle, id));
            let place = u128::from(handle.tag) << 32 | u128::from(handle.ordinal);
            self.fingerprint ^= mix(mix(2, place), u128::from(id));
        }
    }

    fn set_id(&mut self, id: u64, handle: Option<Handle>) {
        if let Some(before) = self.ids.get(&id) {
            self.fingerprint ^= id_fingerprint(id, before.is_some());
        }
        self.fingerprint ^= id_fingerprint(id, handle.is_some());
        self.ids.insert_mut(id, handle);
    }

    fn link(&mut self, parent: Handle, name: &Name, child: Handle) {
        if let Body::Directory(children) = self.body_mut(parent) {
            children.insert_mut(Arc::clone(name), child);
        }
    }

    fn unlink(&mut self, parent: Handle, name: &Name) {
        if let Body::Directory(children) = self.body_mut(parent) {
            children.remove_mut(name);
        }
    }

    fn body_mut(&mut self, handle: Handle) -> &mut Body {
        &mut self.nodes.get_mut(&handle).expect("handles come from live nodes").body
    }
}

fn id_fingerprint(id: u64, live: bool) -> u128 {
    mix(u128::from(live), u128::from(id))
}

fn namespace_fingerprint(handle: Handle, namespace: &Namespace) -> u128 {
    let place = u128::from(handle.tag) << 32 | u128::from(handle.ordinal);
    let id = namespace.id.map_or(u128::MAX, u128::from);
    let (rev_kind, rev) = namespace.changed.to_parts();
    let changed = u128::from(rev_kind) << 64 | u128::from(rev);
    mix(mix(mix(3, place), changed), mix(id, hash_bytes(namespace.name.as_bytes())))
}
