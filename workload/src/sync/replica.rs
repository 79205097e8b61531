//! What a client knows of the server's tree at a cursor of its journal.
//!
//! Invariants: each node but the root has a place, which is its own; what is under a node that
//! goes, goes. Must not do I/O: what a change leaves to be looked up, it says.

use std::collections::BTreeMap;

use metad_client::v1::{self, change::Change};

use crate::operation::{NodeKind, hex};

/// A node of the replica.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The directory that it is in.
    pub parent: u64,
    /// Its name there.
    pub name: String,
    /// What it is.
    pub kind: NodeKind,
    /// The revision of its last change.
    pub rev: u64,
    /// The content hash of a file, in hex.
    pub hash: Option<String>,
}

/// A tree that follows a journal.
#[derive(Clone, Debug)]
pub struct Replica {
    root: u64,
    nodes: BTreeMap<u64, Entry>,
    /// The nodes by their places.
    places: BTreeMap<(u64, String), u64>,
}

/// A directory that came with all that is under it: list it at this revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// The directory.
    pub id: u64,
    /// When it came.
    pub revision: u64,
}

impl Replica {
    /// An empty tree with this root.
    pub fn new(root: u64) -> Self {
        Replica { root, nodes: BTreeMap::new(), places: BTreeMap::new() }
    }

    /// The id of the root.
    pub fn root(&self) -> u64 {
        self.root
    }

    /// A node.
    pub fn get(&self, id: u64) -> Option<&Entry> {
        self.nodes.get(&id)
    }

    /// All nodes but the root, by their ids.
    pub fn nodes(&self) -> impl Iterator<Item = (u64, &Entry)> {
        self.nodes.iter().map(|(id, entry)| (*id, entry))
    }

    /// The node at a place.
    pub fn child(&self, parent: u64, name: &str) -> Option<u64> {
        self.places.get(&(parent, name.to_owned())).copied()
    }

    /// Is it the root, or a directory that is there?
    pub fn is_directory(&self, id: u64) -> bool {
        id == self.root || self.get(id).is_some_and(|entry| entry.kind == NodeKind::Directory)
    }

    /// The whole path of a node.
    pub fn path(&self, id: u64) -> Option<String> {
        let mut names = Vec::new();
        let mut at = id;
        while at != self.root {
            let entry = self.nodes.get(&at)?;
            names.push(entry.name.as_str());
            at = entry.parent;
            if names.len() > self.nodes.len() {
                // A cycle: no server tells of one.
                return None;
            }
        }
        names.reverse();
        Some(format!("/{}", names.join("/")))
    }

    /// Takes in the next change.
    pub fn apply(&mut self, change: &v1::Change) -> Option<Arrived> {
        match change.change.as_ref()? {
            Change::Created(node) | Change::Updated(node) | Change::Moved(node) => {
                self.put(node.id, entry_of(node)?);
                None
            }
            Change::Deleted(node) | Change::MovedOut(node) => {
                self.remove(node.id);
                None
            }
            Change::MovedIn(node) => {
                self.put(node.id, entry_of(node)?);
                let revision = change.cursor.unwrap_or_default().revision;
                let is_directory = node.kind == v1::Kind::Directory as i32;
                is_directory.then_some(Arrived { id: node.id, revision })
            }
        }
    }

    /// Takes in all that is under a directory, as a recursive listing tells it.
    pub fn graft(&mut self, top: u64, listed: &[v1::Node]) {
        self.remove_below(top);
        let mut by_path = BTreeMap::new();
        for node in listed {
            let (parent, name) = match node.path.rsplit_once('/') {
                Some((directory, name)) => (by_path.get(directory).copied(), name),
                None => (Some(top), node.path.as_str()),
            };
            // A listing tells each directory before what is in it.
            let Some(parent) = parent else { continue };
            by_path.insert(node.path.as_str(), node.id);
            if let Some(entry) = entry_of(node) {
                self.put(node.id, Entry { parent, name: name.to_owned(), ..entry });
            }
        }
    }

    /// Makes a node, or changes it.
    pub fn put(&mut self, id: u64, entry: Entry) {
        self.leave_place(id);
        self.places.insert((entry.parent, entry.name.clone()), id);
        self.nodes.insert(id, entry);
    }

    /// Removes a node and all that is under it.
    pub fn remove(&mut self, id: u64) {
        self.remove_below(id);
        self.leave_place(id);
        self.nodes.remove(&id);
    }

    /// The ids of what is directly in a directory.
    pub fn children(&self, id: u64) -> impl Iterator<Item = u64> {
        let from = (id, String::new());
        self.places
            .range(from..)
            .take_while(move |((parent, _), _)| *parent == id)
            .map(|(_, id)| *id)
    }

    fn remove_below(&mut self, top: u64) {
        let mut below: Vec<u64> = self.children(top).collect();
        while let Some(id) = below.pop() {
            below.extend(self.children(id));
            self.leave_place(id);
            self.nodes.remove(&id);
        }
    }

    /// Another node may have taken the place: it stays.
    fn leave_place(&mut self, id: u64) {
        if let Some(entry) = self.nodes.get(&id) {
            let place = (entry.parent, entry.name.clone());
            if self.places.get(&place) == Some(&id) {
                self.places.remove(&place);
            }
        }
    }
}

fn entry_of(node: &v1::Node) -> Option<Entry> {
    Some(Entry {
        parent: node.parent_id,
        name: node.name.clone(),
        kind: NodeKind::from_wire(node.kind)?,
        rev: node.rev,
        hash: node.content.as_ref().map(|content| hex(&content.hash)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(id: u64, parent: u64, name: &str, kind: v1::Kind) -> v1::Node {
        let kind = kind as i32;
        v1::Node { id, parent_id: parent, name: name.to_owned(), kind, ..v1::Node::default() }
    }

    fn change(change: Change) -> v1::Change {
        let cursor = Some(v1::Cursor { revision: 9, ordinal: 0 });
        v1::Change { cursor, change: Some(change), ..v1::Change::default() }
    }

    fn paths(replica: &Replica) -> Vec<String> {
        let mut paths: Vec<_> = replica.nodes().filter_map(|(id, _)| replica.path(id)).collect();
        paths.sort();
        paths
    }

    #[test]
    fn it_follows_a_journal() {
        let mut replica = Replica::new(1);
        let directory = v1::Kind::Directory;
        for (id, parent, name) in [(2, 1, "a"), (3, 2, "b"), (4, 1, "c")] {
            replica.apply(&change(Change::Created(node(id, parent, name, directory))));
        }
        replica.apply(&change(Change::Moved(node(3, 4, "d", directory))));
        assert_eq!(paths(&replica), ["/a", "/c", "/c/d"]);
        replica.apply(&change(Change::Deleted(node(4, 1, "c", directory))));
        assert_eq!(paths(&replica), ["/a"]);
        // What takes a place before the one that had it is told to be gone, keeps it.
        replica.apply(&change(Change::Created(node(5, 1, "x", v1::Kind::File))));
        replica.apply(&change(Change::Moved(node(2, 1, "x", directory))));
        replica.apply(&change(Change::Deleted(node(5, 1, "x", v1::Kind::File))));
        assert_eq!((paths(&replica), replica.child(1, "x")), (vec!["/x".to_owned()], Some(2)));
    }

    #[test]
    fn what_comes_from_elsewhere_is_listed() {
        let mut replica = Replica::new(1);
        let came = node(7, 1, "in", v1::Kind::Directory);
        let arrived = replica.apply(&change(Change::MovedIn(came)));
        assert_eq!(arrived, Some(Arrived { id: 7, revision: 9 }));
        let listed = |id, path: &str, kind| v1::Node {
            path: path.to_owned(),
            ..node(id, 0, path.rsplit('/').next().unwrap_or(path), kind)
        };
        let entries = [
            listed(8, "d", v1::Kind::Directory),
            listed(9, "d/f", v1::Kind::File),
            listed(10, "m", v1::Kind::Mount),
        ];
        replica.graft(7, &entries);
        assert_eq!(paths(&replica), ["/in", "/in/d", "/in/d/f", "/in/m"]);
        replica.graft(7, &entries[..1]);
        assert_eq!(paths(&replica), ["/in", "/in/d"]);
        let file = change(Change::MovedIn(node(11, 1, "f", v1::Kind::File)));
        assert_eq!(replica.apply(&file), None);
        replica.apply(&change(Change::MovedOut(node(7, 1, "in", v1::Kind::Directory))));
        assert_eq!(paths(&replica), ["/f"]);
    }
}
