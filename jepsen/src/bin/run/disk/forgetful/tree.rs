//! What a disk holds, and what of that is left after a power loss.
//!
//! Owns: the rule of what is lost, which is that of file systems with a journal. What was written
//! to a file stays once that file was synced; names that were made, moved or removed stay once
//! anything was synced after it.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::{OsStr, OsString},
};

use rustix::io::Errno;

/// The folder that is there from the beginning.
pub const ROOT: u64 = 1;

/// See the module.
pub struct Tree {
    nodes: BTreeMap<u64, Node>,
    next_id: u64,
    /// Whether there is no room for anything more.
    pub is_full: bool,
    /// Some folder's names are not those that would be left.
    has_new_names: bool,
}

/// A file or a folder.
pub struct Node {
    pub kind: Kind,
    /// How many times it is open: it is kept for as long, even without a name.
    opened: u64,
}

pub enum Kind {
    File(File),
    Folder(Folder),
}

#[derive(Default)]
pub struct File {
    pub data: Vec<u8>,
    /// What takes back all since the last sync, the latest at the end.
    undo: Vec<Undo>,
}

#[derive(Default)]
pub struct Folder {
    pub names: Names,
    /// Those that would be left.
    synced: Names,
}

type Names = BTreeMap<OsString, u64>;

/// Puts back what a change has replaced.
struct Undo {
    size: usize,
    offset: usize,
    replaced: Vec<u8>,
}

impl File {
    /// Changes the size to `size`, and what is behind `offset` to `data`.
    fn change(&mut self, size: usize, offset: usize, data: &[u8]) {
        let old = self.data.len();
        // What a shorter file loses is all behind its new end; of a write behind the end, nothing.
        let end = if size < old { old } else { old.min(offset + data.len()) };
        let start = offset.min(end);
        let replaced = self.data[start..end].to_vec();
        self.undo.push(Undo { size: old, offset: start, replaced });
        self.data.resize(size, 0);
        self.data[offset..offset + data.len()].copy_from_slice(data);
    }

    /// Tells how many changes are taken back.
    fn lose_unsynced(&mut self) -> usize {
        let lost = self.undo.len();
        while let Some(Undo { size, offset, replaced }) = self.undo.pop() {
            self.data.resize(size, 0);
            self.data[offset..offset + replaced.len()].copy_from_slice(&replaced);
        }
        lost
    }
}

impl Tree {
    /// An empty disk.
    pub fn new() -> Tree {
        let root = Node { kind: Kind::Folder(Folder::default()), opened: 0 };
        let nodes = BTreeMap::from([(ROOT, root)]);
        Tree { nodes, next_id: ROOT + 1, is_full: false, has_new_names: false }
    }

    pub fn node(&self, id: u64) -> Result<&Node, Errno> {
        self.nodes.get(&id).ok_or(Errno::NOENT)
    }

    pub fn file(&self, id: u64) -> Result<&File, Errno> {
        match &self.node(id)?.kind {
            Kind::File(file) => Ok(file),
            Kind::Folder(_) => Err(Errno::ISDIR),
        }
    }

    pub fn folder(&self, id: u64) -> Result<&Folder, Errno> {
        match &self.node(id)?.kind {
            Kind::Folder(folder) => Ok(folder),
            Kind::File(_) => Err(Errno::NOTDIR),
        }
    }

    pub fn find(&self, parent: u64, name: &OsStr) -> Result<u64, Errno> {
        self.folder(parent)?.names.get(name).copied().ok_or(Errno::NOENT)
    }

    /// How many names it has. The kernel counts on from there, and refuses one more to what has none.
    pub fn links(&self, id: u64) -> u32 {
        let names = |node: &Node| match &node.kind {
            Kind::Folder(folder) => folder.names.values().filter(|it| **it == id).count() as u32,
            Kind::File(_) => 0,
        };
        self.nodes.values().map(names).sum()
    }

    fn file_mut(&mut self, id: u64) -> Result<&mut File, Errno> {
        match &mut self.nodes.get_mut(&id).ok_or(Errno::NOENT)?.kind {
            Kind::File(file) => Ok(file),
            Kind::Folder(_) => Err(Errno::ISDIR),
        }
    }

    /// The names of a folder, to be changed.
    fn names(&mut self, id: u64) -> Result<&mut Names, Errno> {
        self.has_new_names = true;
        match &mut self.nodes.get_mut(&id).ok_or(Errno::NOENT)?.kind {
            Kind::Folder(folder) => Ok(&mut folder.names),
            Kind::File(_) => Err(Errno::NOTDIR),
        }
    }

    /// Makes a file or a folder.
    pub fn create(&mut self, parent: u64, name: &OsStr, kind: Kind) -> Result<u64, Errno> {
        self.needs_room()?;
        let id = self.next_id;
        self.link(id, parent, name)?;
        self.next_id += 1;
        self.nodes.insert(id, Node { kind, opened: 0 });
        Ok(id)
    }

    /// Gives it a name more.
    pub fn link(&mut self, id: u64, parent: u64, name: &OsStr) -> Result<(), Errno> {
        match self.find(parent, name) {
            Ok(_) => Err(Errno::EXIST),
            Err(Errno::NOENT) => {
                self.names(parent)?.insert(name.to_owned(), id);
                Ok(())
            }
            Err(other) => Err(other),
        }
    }

    /// Removes a name, of a folder only if that is empty.
    pub fn remove(&mut self, parent: u64, name: &OsStr) -> Result<(), Errno> {
        let id = self.find(parent, name)?;
        if self.folder(id).is_ok_and(|folder| !folder.names.is_empty()) {
            return Err(Errno::NOTEMPTY);
        }
        self.names(parent)?.remove(name);
        Ok(())
    }

    /// Moves a name, over what is there.
    pub fn rename(&mut self, from: (u64, &OsStr), to: (u64, &OsStr)) -> Result<(), Errno> {
        let id = self.find(from.0, from.1)?;
        match self.find(to.0, to.1) {
            Ok(over) if over == id => return Ok(()),
            Ok(_) => self.remove(to.0, to.1)?,
            Err(Errno::NOENT) => {}
            Err(other) => return Err(other),
        }
        self.names(to.0)?.insert(to.1.to_owned(), id);
        self.names(from.0)?.remove(from.1);
        Ok(())
    }

    pub fn write(&mut self, id: u64, offset: usize, data: &[u8]) -> Result<(), Errno> {
        let size = self.file(id)?.data.len().max(offset + data.len());
        if size > self.file(id)?.data.len() {
            self.needs_room()?;
        }
        self.file_mut(id)?.change(size, offset, data);
        Ok(())
    }

    pub fn resize(&mut self, id: u64, size: usize) -> Result<(), Errno> {
        let old = self.file(id)?.data.len();
        if size > old {
            self.needs_room()?;
        }
        self.file_mut(id)?.change(size, size.min(old), &[]);
        Ok(())
    }

    pub fn needs_room(&self) -> Result<(), Errno> {
        if self.is_full { Err(Errno::NOSPC) } else { Ok(()) }
    }

    pub fn open(&mut self, id: u64) -> Result<(), Errno> {
        self.nodes.get_mut(&id).ok_or(Errno::NOENT)?.opened += 1;
        Ok(())
    }

    pub fn close(&mut self, id: u64) {
        if let Some(node) = self.nodes.get_mut(&id) {
            node.opened -= 1;
        }
    }

    /// Syncs a file or a folder.
    pub fn sync(&mut self, id: u64) {
        if let Ok(file) = self.file_mut(id) {
            file.undo.clear();
        }
        if std::mem::take(&mut self.has_new_names) {
            self.each_folder(|folder| {
                if folder.synced != folder.names {
                    folder.synced.clone_from(&folder.names);
                }
            });
            self.sweep();
        }
    }

    /// The power fails. Tells how many changes of files are lost.
    pub fn lose_unsynced(&mut self) -> usize {
        let mut lost = 0;
        for node in self.nodes.values_mut() {
            node.opened = 0;
            match &mut node.kind {
                Kind::File(file) => lost += file.lose_unsynced(),
                Kind::Folder(folder) => folder.names.clone_from(&folder.synced),
            }
        }
        self.has_new_names = false;
        self.sweep();
        lost
    }

    fn each_folder(&mut self, mut act: impl FnMut(&mut Folder)) {
        for node in self.nodes.values_mut() {
            if let Kind::Folder(folder) = &mut node.kind {
                act(folder);
            }
        }
    }

    /// Forgets what has no name, would get none back, and is not open.
    fn sweep(&mut self) {
        let mut found = BTreeSet::new();
        let mut waiting = vec![ROOT];
        while let Some(id) = waiting.pop() {
            if found.insert(id)
                && let Ok(folder) = self.folder(id)
            {
                waiting.extend(folder.names.values().chain(folder.synced.values()));
            }
        }
        self.nodes.retain(|id, node| node.opened > 0 || found.contains(id));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(tree: &mut Tree, name: &str) -> u64 {
        tree.create(ROOT, OsStr::new(name), Kind::File(File::default())).expect("a new name")
    }

    fn held<'a>(tree: &'a Tree, name: &str) -> Option<&'a [u8]> {
        let id = tree.find(ROOT, OsStr::new(name)).ok()?;
        tree.file(id).ok().map(|file| file.data.as_slice())
    }

    #[test]
    fn what_was_not_synced_is_lost() {
        let mut tree = Tree::new();
        let log = file(&mut tree, "log");
        tree.write(log, 0, b"kept").expect("room");
        tree.sync(log);
        tree.write(log, 2, b"--lost").expect("room");
        file(&mut tree, "new");
        tree.rename((ROOT, OsStr::new("log")), (ROOT, OsStr::new("moved"))).expect("it is there");
        tree.lose_unsynced();
        assert_eq!(held(&tree, "log"), Some(&b"kept"[..]));
        assert_eq!((held(&tree, "new"), held(&tree, "moved")), (None, None));
    }

    #[test]
    fn names_last_with_the_next_sync_and_content_with_its_own() {
        let mut tree = Tree::new();
        let [one, two] = ["one", "two"].map(|name| file(&mut tree, name));
        tree.write(one, 0, b"lost").expect("room");
        tree.sync(two);
        tree.remove(ROOT, OsStr::new("two")).expect("it is there");
        tree.lose_unsynced();
        assert_eq!((held(&tree, "one"), held(&tree, "two")), (Some(&b""[..]), Some(&b""[..])));
    }

    #[test]
    fn a_full_disk_takes_only_what_needs_no_room() {
        let mut tree = Tree::new();
        let log = file(&mut tree, "log");
        tree.write(log, 0, b"abc").expect("room");
        tree.is_full = true;
        assert_eq!(tree.write(log, 2, b"xy"), Err(Errno::NOSPC));
        assert_eq!(tree.write(log, 0, b"xyz"), Ok(()));
    }

    proptest! {
        /// Whatever is done to a file after it was synced, a power loss takes back.
        #[test]
        fn a_power_loss_brings_back_what_was_synced(
            before in prop::collection::vec((0_usize..40, prop::collection::vec(any::<u8>(), 0..20)), 0..6),
            after in prop::collection::vec((any::<bool>(), 0_usize..60, prop::collection::vec(any::<u8>(), 0..20)), 0..12),
        ) {
            let mut tree = Tree::new();
            let id = file(&mut tree, "file");
            for (offset, data) in &before {
                tree.write(id, *offset, data).expect("room");
            }
            tree.sync(id);
            let synced = held(&tree, "file").map(<[u8]>::to_vec);
            for (is_write, offset, data) in &after {
                let done = if *is_write { tree.write(id, *offset, data) } else { tree.resize(id, *offset) };
                done.expect("room");
            }
            tree.lose_unsynced();
            prop_assert_eq!(held(&tree, "file").map(<[u8]>::to_vec), synced);
        }
    }
}
