//! The trees of all namespaces at one revision, as a persistent value.
//!
//! Invariants: every node but a root is its parent's child under the key of its own name;
//! `under` of each directory equals a recount; the fingerprint is that of the contents, kept
//! up with each change. Copies share what they have in common, so that a search can keep one
//! for each choice, and the model one for each revision. Who has which id is not its business.

use std::sync::Arc;

use rpds::RedBlackTreeMap;

use super::node::{Body, Handle, Node, Usage};
use super::operation::{Content, Name};
use super::revisions::Rev;
use crate::model::{hash_bytes, mix};
use crate::names::Policy;

#[derive(Debug, Clone)]
pub(super) struct Namespace {
    pub(super) name: Name,
    pub(super) policy: Policy,
    pub(super) root: Handle,
    /// The revision of the last change in it; followed only if the history asks for it.
    pub(super) changed: Rev,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Forest {
    namespaces: RedBlackTreeMap<Handle, Namespace>,
    nodes: RedBlackTreeMap<Handle, Node>,
    fingerprint: u128,
}

impl Forest {
    pub(super) fn fingerprint(&self) -> u128 {
        self.fingerprint
    }

    // ------------------------------------------------------------ reading

    pub(super) fn namespaces(&self) -> impl Iterator<Item = (Handle, &Namespace)> {
        self.namespaces.iter().map(|(handle, namespace)| (*handle, namespace))
    }

    pub(super) fn nodes(&self) -> impl Iterator<Item = (Handle, &Node)> {
        self.nodes.iter().map(|(handle, node)| (*handle, node))
    }

    /// None if it is not there (any more).
    pub(super) fn find_namespace(&self, handle: Handle) -> Option<&Namespace> {
        self.namespaces.get(&handle)
    }

    pub(super) fn namespace(&self, handle: Handle) -> &Namespace {
        self.namespaces.get(&handle).expect("nodes and callers name live namespaces")
    }

    pub(super) fn find_node(&self, handle: Handle) -> Option<&Node> {
        self.nodes.get(&handle)
    }

    pub(super) fn node(&self, handle: Handle) -> &Node {
        self.nodes.get(&handle).expect("handles come from live nodes")
    }

    pub(super) fn is_live(&self, handle: Handle) -> bool {
        self.nodes.contains_key(&handle)
    }

    /// What decides whether a name is taken in a directory.
    pub(super) fn key(&self, directory: Handle, name: &Name) -> Name {
        match self.namespace(self.node(directory).namespace).policy {
            Policy::Exact => Name::clone(name),
            policy => Name::from(policy.key(name)),
        }
    }

    /// A node and all under it.
    pub(super) fn total(&self, handle: Handle) -> Usage {
        let node = self.node(handle);
        node.under.plus(node.own_usage())
    }

    /// Whether `handle` is `ancestor` or under it.
    pub(super) fn is_within(&self, handle: Handle, ancestor: Handle) -> bool {
        self.chain(handle).any(|handle| handle == ancestor)
    }

    /// A node, its parent and so on up to the root.
    pub(super) fn chain(&self, handle: Handle) -> impl Iterator<Item = Handle> {
        std::iter::successors(Some(handle), |handle| self.node(*handle).parent)
    }

    /// How many directories are above a node in its namespace.
    pub(super) fn depth(&self, handle: Handle) -> usize {
        self.chain(handle).skip(1).count()
    }

    /// A node and all under it, each before what is under it, siblings by their keys.
    pub(super) fn walk(&self, top: Handle) -> impl Iterator<Item = Handle> {
        let mut stack = vec![top];
        std::iter::from_fn(move || {
            let handle = stack.pop()?;
            if let Some(children) = self.node(handle).children() {
                let from = stack.len();
                stack.extend(children.values());
                stack[from..].reverse();
            }
            Some(handle)
        })
    }

    /// From the root of its namespace.
    pub(super) fn path(&self, handle: Handle) -> String {
        format!("/{}", self.path_from(None, handle))
    }

    /// From a directory that it is under, or from the root, without a slash before it.
    pub(super) fn path_from(&self, top: Option<Handle>, handle: Handle) -> String {
        let mut names: Vec<&str> = Vec::new();
        for handle in self.chain(handle) {
            let node = self.node(handle);
            if node.parent.is_none() || top == Some(handle) {
                break;
            }
            names.push(&node.name);
        }
        names.reverse();
        names.join("/")
    }

    // ------------------------------------------------------------ changing

    pub(super) fn put_namespace(&mut self, handle: Handle, namespace: Namespace) {
        self.drop_namespace(handle);
        self.fingerprint ^= namespace_fingerprint(handle, &namespace);
        self.namespaces.insert_mut(handle, namespace);
    }

    pub(super) fn drop_namespace(&mut self, handle: Handle) {
        if let Some(before) = self.namespaces.get(&handle) {
            self.fingerprint ^= namespace_fingerprint(handle, before);
            self.namespaces.remove_mut(&handle);
        }
    }

    /// Adds a node that has nothing under it and enters it in its parent.
    pub(super) fn add_node(&mut self, handle: Handle, node: Node) {
        self.fingerprint ^= node.fingerprint(handle);
        let usage = node.own_usage();
        let place = node.parent.map(|parent| (parent, Name::clone(&node.name)));
        self.nodes.insert_mut(handle, node);
        if let Some((parent, name)) = place {
            self.link(parent, &name, handle);
            self.count(parent, |under| under.plus(usage));
        }
    }

    /// Removes a node and all under it; says which they were.
    pub(super) fn remove_tree(&mut self, top: Handle) -> Vec<Handle> {
        if self.node(top).parent.is_some() {
            self.leave_place(top);
        }
        let doomed: Vec<Handle> = self.walk(top).collect();
        for handle in &doomed {
            self.fingerprint ^= self.node(*handle).fingerprint(*handle);
            self.nodes.remove_mut(handle);
        }
        doomed
    }

    /// Gives a node another place, with all under it.
    pub(super) fn relink(&mut self, handle: Handle, parent: Handle, name: &Name) {
        self.leave_place(handle);
        let namespace = self.node(parent).namespace;
        if self.node(handle).namespace != namespace {
            let moved: Vec<Handle> = self.walk(handle).collect();
            for handle in moved {
                self.change(handle, |node| node.namespace = namespace);
            }
        }
        self.change(handle, |node| {
            node.parent = Some(parent);
            node.name = Name::clone(name);
        });
        self.link(parent, name, handle);
        let total = self.total(handle);
        self.count(parent, |under| under.plus(total));
    }

    pub(super) fn set_content(&mut self, handle: Handle, content: Content, rev: Rev) {
        let before = self.node(handle).own_usage();
        self.change(handle, |node| {
            node.rev = rev;
            node.body = Body::File(content);
        });
        let after = self.node(handle).own_usage();
        if let Some(parent) = self.node(handle).parent {
            self.count(parent, |under| under.minus(before).plus(after));
        }
    }

    /// Changes a node in place. Its children and content have their own functions.
    pub(super) fn change(&mut self, handle: Handle, change: impl FnOnce(&mut Node)) {
        let node = self.nodes.get_mut(&handle).expect("handles come from live nodes");
        let before = node.fingerprint(handle);
        change(node);
        self.fingerprint ^= before ^ node.fingerprint(handle);
    }

    fn leave_place(&mut self, handle: Handle) {
        let node = self.node(handle);
        let (parent, name) =
            (node.parent.expect("a root stays where it is"), Arc::clone(&node.name));
        let key = self.key(parent, &name);
        if let Body::Directory(children) = self.body_mut(parent) {
            children.remove_mut(&key);
        }
        let total = self.total(handle);
        self.count(parent, |under| under.minus(total));
    }

    fn link(&mut self, parent: Handle, name: &Name, child: Handle) {
        let key = self.key(parent, name);
        if let Body::Directory(children) = self.body_mut(parent) {
            children.insert_mut(key, child);
        }
    }

    /// Keeps up what is under a directory and under those above it.
    fn count(&mut self, directory: Handle, count: impl Fn(Usage) -> Usage) {
        let above: Vec<Handle> = self.chain(directory).collect();
        for handle in above {
            let node = self.nodes.get_mut(&handle).expect("handles come from live nodes");
            node.under = count(node.under);
        }
    }

    fn body_mut(&mut self, handle: Handle) -> &mut Body {
        &mut self.nodes.get_mut(&handle).expect("handles come from live nodes").body
    }
}

fn namespace_fingerprint(handle: Handle, namespace: &Namespace) -> u128 {
    let (rev_kind, rev) = namespace.changed.to_parts();
    let changed = u128::from(rev_kind) << 64 | u128::from(rev);
    let policy = u128::from(namespace.policy == Policy::Casefold);
    let name = mix(policy, hash_bytes(namespace.name.as_bytes()));
    mix(mix(mix(3, handle.to_number()), changed), name)
}
