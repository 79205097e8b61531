//! The tree of one namespace, as its journal tells it.

use std::collections::{BTreeMap, BTreeSet};

use super::pages::{Body, Change, ChangeKind};
use crate::names::Policy;

#[derive(Default)]
pub(super) struct Replayed {
    pub(super) root: Option<u64>,
    pub(super) policy: Policy,
    pub(super) nodes: BTreeMap<u64, Node>,
    /// By the keys of the names.
    children: BTreeMap<(u64, String), u64>,
    ids_seen: BTreeSet<u64>,
}

#[derive(Clone)]
pub(super) struct Node {
    pub(super) parent: u64,
    pub(super) name: String,
    pub(super) rev: Option<u64>,
    pub(super) body: Body,
}

/// What was under nodes that went to other namespaces, with them: by the top's id. A parent
/// comes before its children.
pub(super) type Departed = BTreeMap<u64, Vec<(u64, Node)>>;

/// Why a change was not applied.
pub(super) enum Refusal {
    /// It does not fit.
    Wrong(String),
    /// What was under a node that came from another namespace is not known.
    Unknown,
}

impl From<String> for Refusal {
    fn from(reason: String) -> Refusal {
        Refusal::Wrong(reason)
    }
}

/// Where a path leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Node(u64),
    Nothing,
    /// Through a mount.
    Elsewhere,
}

impl Replayed {
    /// Nothing but a root, if that was told.
    pub(super) fn new(root: Option<u64>, policy: Policy) -> Replayed {
        Replayed { root, policy, ..Replayed::default() }
    }

    /// Puts in what a listing tells; false if the node or its place was there before.
    pub(super) fn plant(&mut self, id: u64, node: Node) -> bool {
        let place = (node.parent, self.policy.key(&node.name));
        let is_new = self.ids_seen.insert(id) && !self.children.contains_key(&place);
        self.children.insert(place, id);
        self.nodes.insert(id, node);
        is_new
    }

    pub(super) fn apply(
        &mut self,
        change: &Change,
        departed: &mut Departed,
    ) -> Result<(), Refusal> {
        // A journal whose root nobody told begins with a child of it.
        let root = *self.root.get_or_insert(change.parent);
        match change.kind {
            ChangeKind::Created => {
                if change.id == root || !self.ids_seen.insert(change.id) {
                    let reason = format!("creates node {}, which was there before", change.id);
                    return Err(Refusal::Wrong(reason));
                }
                self.check_place(change)?;
                self.enter(change, change.body.clone());
            }
            ChangeKind::Updated => self.update(change)?,
            ChangeKind::Moved => self.relocate(change)?,
            ChangeKind::Deleted => {
                self.remove_told(change, "deletes")?;
            }
            ChangeKind::MovedOut => {
                let gone = self.remove_told(change, "moves out")?;
                departed.insert(change.id, gone);
            }
            // A part of what came in with the same mutation may be told again.
            ChangeKind::MovedIn if self.nodes.contains_key(&change.id) => self.relocate(change)?,
            ChangeKind::MovedIn => self.admit(change, departed)?,
        }
        Ok(())
    }

    fn update(&mut self, change: &Change) -> Result<(), Refusal> {
        let node = self.nodes.get_mut(&change.id);
        let node = node.ok_or_else(|| format!("updates node {}, which is not there", change.id))?;
        let is_same = node.parent == change.parent
            && node.name == change.name
            && node.body.is_directory() == change.body.is_directory()
            && node.body.mount == change.body.mount
            && node.body.symlink == change.body.symlink;
        if !is_same {
            return Err(format!("updates node {}, which is not as it tells", change.id).into());
        }
        node.rev = change.rev;
        node.body = change.body.clone();
        Ok(())
    }

    fn relocate(&mut self, change: &Change) -> Result<(), Refusal> {
        let node = self.nodes.get(&change.id);
        let node = node.ok_or_else(|| format!("moves node {}, which is not there", change.id))?;
        let (body, place) = (node.body.clone(), (node.parent, self.policy.key(&node.name)));
        self.children.remove(&place);
        self.check_place(change)?;
        if self.is_within(change.parent, change.id) {
            return Err(format!("moves node {} under itself", change.id).into());
        }
        if change.body.kind.is_some() && change.body != body {
            return Err(format!("moves node {}, which is not as it tells", change.id).into());
        }
        self.enter(change, body);
        Ok(())
    }

    /// Takes in what left another namespace at the same revision.
    fn admit(&mut self, change: &Change, departed: &Departed) -> Result<(), Refusal> {
        let Some(((_, top), below)) =
            departed.get(&change.id).and_then(|nodes| nodes.split_first())
        else {
            return Err(Refusal::Unknown);
        };
        self.check_place(change)?;
        if change.body.kind.is_some() && change.body != top.body {
            return Err(format!("moves in node {}, which is not as it tells", change.id).into());
        }
        self.ids_seen.insert(change.id);
        self.enter(change, top.body.clone());
        for (id, node) in below {
            self.ids_seen.insert(*id);
            self.children.insert((node.parent, self.policy.key(&node.name)), *id);
            self.nodes.insert(*id, node.clone());
        }
        Ok(())
    }

    /// Removes a node that should be as the change tells, and all under it.
    fn remove_told(&mut self, change: &Change, what: &str) -> Result<Vec<(u64, Node)>, Refusal> {
        let node = self.nodes.get(&change.id);
        let node = node.ok_or_else(|| format!("{what} node {}, which is not there", change.id))?;
        if node.parent != change.parent || node.name != change.name {
            return Err(format!("{what} node {}, which is not as it tells", change.id).into());
        }
        Ok(self.remove(change.id))
    }

    /// The parent was told before, is a directory, and has no such name yet.
    fn check_place(&self, change: &Change) -> Result<(), String> {
        let parent_is_directory = Some(change.parent) == self.root
            || self.nodes.get(&change.parent).is_some_and(|parent| parent.body.is_directory());
        if !parent_is_directory {
            return Err(format!(
                "puts node {} in {}, which is no directory",
                change.id, change.parent
            ));
        }
        match self.children.get(&(change.parent, self.policy.key(&change.name))) {
            Some(taken) => Err(format!(
                "puts node {} at {:?} in {}, where node {taken} is",
                change.id, change.name, change.parent
            )),
            None => Ok(()),
        }
    }

    fn enter(&mut self, change: &Change, body: Body) {
        self.children.insert((change.parent, self.policy.key(&change.name)), change.id);
        let node = Node { parent: change.parent, name: change.name.clone(), rev: change.rev, body };
        self.nodes.insert(change.id, node);
    }

    fn remove(&mut self, top: u64) -> Vec<(u64, Node)> {
        let mut doomed = vec![top];
        let mut removed = Vec::new();
        while let Some(id) = doomed.pop() {
            doomed.extend(self.children_of(id).map(|(_, child)| child));
            if let Some(node) = self.nodes.remove(&id) {
                self.children.remove(&(node.parent, self.policy.key(&node.name)));
                removed.push((id, node));
            }
        }
        removed
    }

    /// In the order of the keys, with the names as they are spelled.
    pub(super) fn children_of(&self, parent: u64) -> impl Iterator<Item = (&str, u64)> {
        self.children
            .range((parent, String::new())..)
            .take_while(move |((of, _), _)| *of == parent)
            .map(|(_, id)| (self.nodes.get(id).map_or("", |node| node.name.as_str()), *id))
    }

    fn is_within(&self, id: u64, ancestor: u64) -> bool {
        let mut current = Some(id);
        while let Some(id) = current {
            if id == ancestor {
                return true;
            }
            current = self.nodes.get(&id).map(|node| node.parent);
        }
        false
    }

    /// The node at a path from a node, or from the root.
    pub(super) fn resolve(&self, start: Option<u64>, path: &str) -> Found {
        let Some(start) = start.filter(|id| *id != 0).or(self.root) else { return Found::Nothing };
        let names = path.split('/').filter(|name| !name.is_empty());
        let mut current = start;
        for name in names {
            if self.nodes.get(&current).is_some_and(|node| node.body.is_mount()) {
                return Found::Elsewhere;
            }
            match self.children.get(&(current, self.policy.key(name))) {
                Some(child) => current = *child,
                None => return Found::Nothing,
            }
        }
        match Some(current) == self.root || self.nodes.contains_key(&current) {
            true => Found::Node(current),
            false => Found::Nothing,
        }
    }
}
