//! What is believed to be in one namespace.

use std::collections::{BTreeMap, VecDeque};

use metad_client::v1;
use rand::{Rng, RngExt};

use super::known::{Effect, Known};
use crate::{
    operation::{Content, NodeKind, Policy},
    zipf,
};

/// Skew of the choice among files.
const FILES_ZIPF: f64 = 0.9;
/// Attempts to find something that is still there.
const TRIES_MAX: usize = 8;
/// Deleted nodes that are remembered.
const DELETED_MAX: usize = 32;
/// Deeper paths are not believed.
const DEPTH_MAX: usize = 64;

struct Made {
    parent: u64,
    name: String,
    kind: NodeKind,
    content: Option<Content>,
}

/// The believed tree of a namespace.
pub struct Tree {
    ns: u64,
    root: u64,
    policy: Policy,
    nodes: BTreeMap<u64, Known>,
    /// In the order of popularity. What is forgotten leaves at once, what was under a
    /// deleted directory when it is next met.
    files: Vec<u64>,
    /// Where each is in `files`.
    positions: BTreeMap<u64, usize>,
    /// Each directory twice and once more for each subdirectory: parents are chosen with
    /// that weight. The root is always there.
    parents: Vec<u64>,
    /// Some may be gone: they leave when they are next met.
    symlinks: Vec<u64>,
    /// What was deleted last: where it was, and a revision at which it was there.
    deleted: VecDeque<(String, u64)>,
}

impl Tree {
    /// The empty tree of a namespace with this root.
    pub fn new(ns: u64, root: u64, policy: Policy) -> Self {
        Tree {
            ns,
            root,
            policy,
            nodes: BTreeMap::new(),
            files: Vec::new(),
            positions: BTreeMap::new(),
            parents: vec![root, root],
            symlinks: Vec::new(),
            deleted: VecDeque::new(),
        }
    }

    /// The namespace.
    pub fn ns(&self) -> u64 {
        self.ns
    }

    /// The id of the root.
    pub fn root(&self) -> u64 {
        self.root
    }

    /// Does the spelling of names not count?
    pub fn is_casefold(&self) -> bool {
        self.policy == Policy::Casefold
    }

    /// What is known of a node.
    pub fn get(&self, id: u64) -> Option<&Known> {
        self.nodes.get(&id)
    }

    /// How many files are believed to be there.
    pub fn file_count(&self) -> usize {
        self.files.len()
    }

    /// The whole path of a node, if all of it is believed to be there.
    pub fn path(&self, mut id: u64) -> Option<String> {
        let mut names = Vec::new();
        while id != self.root {
            let known = self.nodes.get(&id)?;
            names.push(known.name.as_str());
            id = known.parent;
            if names.len() > DEPTH_MAX {
                return None;
            }
        }
        names.reverse();
        Some(format!("/{}", names.join("/")))
    }

    /// A file, popular ones more often.
    pub fn pick_file(&mut self, random: &mut impl Rng) -> Option<(u64, String)> {
        for _ in 0..TRIES_MAX {
            if self.files.is_empty() {
                return None;
            }
            let position = zipf::position(random, self.files.len(), FILES_ZIPF);
            if let Some(found) = self.file_at(position) {
                return Some(found);
            }
        }
        None
    }

    /// A file, each as likely as any other.
    pub fn pick_any_file(&mut self, random: &mut impl Rng) -> Option<(u64, String)> {
        for _ in 0..TRIES_MAX {
            if self.files.is_empty() {
                return None;
            }
            let position = random.random_range(0..self.files.len());
            if let Some(found) = self.file_at(position) {
                return Some(found);
            }
        }
        None
    }

    /// A symlink, each as likely as any other.
    pub fn pick_symlink(&mut self, random: &mut impl Rng) -> Option<(u64, String)> {
        for _ in 0..TRIES_MAX {
            if self.symlinks.is_empty() {
                return None;
            }
            let position = random.random_range(0..self.symlinks.len());
            match self.path(self.symlinks[position]) {
                Some(path) => return Some((self.symlinks[position], path)),
                None => drop(self.symlinks.swap_remove(position)),
            }
        }
        None
    }

    /// A directory to put something into: those with subdirectories more often.
    pub fn pick_parent(&mut self, random: &mut impl Rng) -> (u64, String) {
        for _ in 0..TRIES_MAX {
            let position = random.random_range(0..self.parents.len());
            match self.path(self.parents[position]) {
                Some(path) => return (self.parents[position], path),
                // Never the root, which always has a path.
                None => drop(self.parents.swap_remove(position)),
            }
        }
        (self.root, "/".to_owned())
    }

    /// A directory other than the root.
    pub fn pick_directory(&mut self, random: &mut impl Rng) -> Option<(u64, String)> {
        let root = self.root;
        (0..TRIES_MAX).map(|_| self.pick_parent(random)).find(|(id, _)| *id != root)
    }

    /// Takes in an acknowledged step, with the id and rev that it was answered with.
    pub fn acknowledge(&mut self, effect: Effect, id: u64, rev: u64) {
        match effect {
            Effect::Made { parent, name, kind, content } => {
                self.made(Made { parent, name, kind, content }, id, rev);
            }
            Effect::Updated { id: expected, content } if expected == id => {
                if let Some(known) = self.nodes.get_mut(&id) {
                    known.content = Some(content);
                    known.set_rev(rev);
                }
            }
            Effect::Moved { id: expected, parent, name } if expected == id => {
                if let Some(known) = self.nodes.get_mut(&id) {
                    (known.parent, known.name) = (parent, name);
                    known.set_rev(rev);
                }
            }
            Effect::Deleted { id: expected } if expected == id => {
                self.remember_deleted(id, rev);
                self.forget(id);
            }
            // Another node took the place meanwhile: the one meant is gone.
            Effect::Updated { id, .. } | Effect::Moved { id, .. } | Effect::Deleted { id } => {
                self.forget(id);
            }
            Effect::None => {}
        }
    }

    /// Takes in an acknowledged commit that became a conflicted copy of this name.
    pub fn acknowledge_copy(&mut self, effect: Effect, name: String, id: u64, rev: u64) {
        let (parent, content) = match effect {
            Effect::Made { parent, content, .. } => (Some(parent), content),
            Effect::Updated { id, content } => {
                (self.get(id).map(|known| known.parent), Some(content))
            }
            Effect::Moved { .. } | Effect::Deleted { .. } | Effect::None => (None, None),
        };
        if let Some(parent) = parent {
            self.made(Made { parent, name, kind: NodeKind::File, content }, id, rev);
        }
    }

    /// Takes in the entries of a directory, such as others made.
    pub fn listed(&mut self, parent: u64, entries: &[v1::Node]) {
        for entry in entries {
            let Some(kind) = NodeKind::from_wire(entry.kind) else { continue };
            let content = self.nodes.get(&entry.id).and_then(|known| known.content.clone());
            let made = Made { parent, name: entry.name.clone(), kind, content };
            self.made(made, entry.id, entry.rev);
        }
    }

    /// A node turned out not to be there. What is under it is dropped when it is next met.
    pub fn forget(&mut self, id: u64) {
        self.nodes.remove(&id);
        if let Some(position) = self.positions.remove(&id) {
            self.files.swap_remove(position);
            if let Some(moved) = self.files.get(position) {
                self.positions.insert(*moved, position);
            }
        }
    }

    /// A place where something was that was deleted, and a revision at which it was there.
    pub fn pick_deleted(&self, random: &mut impl Rng) -> Option<(String, u64)> {
        if self.deleted.is_empty() {
            return None;
        }
        self.deleted.get(random.random_range(0..self.deleted.len())).cloned()
    }

    /// Takes a node out that went to another tree.
    pub(super) fn take(&mut self, id: u64) -> Option<Known> {
        let known = self.nodes.get(&id).cloned();
        self.forget(id);
        known
    }

    /// Takes in a node that came from another tree.
    pub(super) fn receive(&mut self, known: Known, place: (u64, String), id: u64, rev: u64) {
        let (parent, name) = place;
        self.made(Made { parent, name, kind: known.kind, content: known.content }, id, rev);
    }

    /// `rev` is that of the node when it was deleted: it was there then.
    fn remember_deleted(&mut self, id: u64, rev: u64) {
        if let Some(path) = self.path(id) {
            self.deleted.push_back((path, rev));
            if self.deleted.len() > DELETED_MAX {
                self.deleted.pop_front();
            }
        }
    }

    fn file_at(&mut self, position: usize) -> Option<(u64, String)> {
        let id = self.files[position];
        let path = self.path(id);
        if path.is_none() {
            self.forget(id);
        }
        Some((id, path?))
    }

    fn made(&mut self, made: Made, id: u64, rev: u64) {
        let Made { parent, name, kind, content } = made;
        if !self.nodes.contains_key(&id) {
            self.enter(id, kind, parent);
        }
        let known = self.nodes.entry(id).or_insert(Known {
            parent,
            name: String::new(),
            rev: 0,
            rev_before: None,
            kind,
            content: None,
            subdirectories: 0,
        });
        if rev >= known.rev {
            (known.parent, known.name, known.content) = (parent, name, content);
            known.set_rev(rev);
        }
    }

    /// Lets a node that nobody knew be chosen from now on.
    fn enter(&mut self, id: u64, kind: NodeKind, parent: u64) {
        match kind {
            NodeKind::File => {
                self.positions.insert(id, self.files.len());
                self.files.push(id);
            }
            NodeKind::Symlink => self.symlinks.push(id),
            // Those who deal with mounts know them.
            NodeKind::Mount => {}
            NodeKind::Directory => {
                self.parents.extend([id, id, parent]);
                if let Some(above) = self.nodes.get_mut(&parent) {
                    above.subdirectories += 1;
                }
            }
        }
    }
}
