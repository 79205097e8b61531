//! The tree as a client sees it offline, and the edits that it makes there.

use rand::{Rng, RngExt, seq::IndexedRandom};

use super::{
    pending::{Action, Edit, LOCAL_IDS, Pending, Place},
    replica::{Entry, Replica},
};
use crate::{
    names,
    operation::{Content, NodeKind, hex},
};

/// How often a new name is one that another node has.
const USED_SHARE: f64 = 0.3;

/// What was known at the last cursor, with the edits made since.
pub struct Local {
    view: Replica,
    next_id: u64,
}

impl Local {
    /// What the replica shows; `pending` must hold no earlier edits.
    pub fn new(replica: &Replica, pending: &Pending) -> Self {
        assert_eq!(pending.count(), 0, "the replica shows no pending edits");
        Local { view: replica.clone(), next_id: LOCAL_IDS }
    }

    /// Makes one edit, if there is something to make it with.
    pub fn edit(&mut self, pending: &mut Pending, random: &mut impl Rng) {
        let edit = match random.random_range(0..20) {
            0..7 => self.create(random),
            7..9 => self.make_directory(random),
            9..14 => self.update(random),
            14..17 => self.rename(random),
            _ => self.delete(random),
        };
        if let Some(edit) = edit {
            pending.add(edit);
        }
    }

    fn create(&mut self, random: &mut impl Rng) -> Option<Edit> {
        let place = self.free_place(names::file(random, None), random)?;
        let content = Content { hash: random.random(), size: names::size_bytes(random) };
        let id = self.make(&place, NodeKind::File, Some(&content));
        Some(Edit { id, action: Action::Create { place, content } })
    }

    fn make_directory(&mut self, random: &mut impl Rng) -> Option<Edit> {
        let place = self.free_place(names::directory(random), random)?;
        let id = self.make(&place, NodeKind::Directory, None);
        Some(Edit { id, action: Action::MakeDirectory { place } })
    }

    fn update(&mut self, random: &mut impl Rng) -> Option<Edit> {
        let (id, entry) = self.pick(random, |_, entry| entry.kind == NodeKind::File)?;
        let content = Content { hash: random.random(), size: names::size_bytes(random) };
        let place = self.place(entry.parent, entry.name.clone())?;
        let rev = entry.rev;
        self.view.put(id, Entry { hash: Some(hex(&content.hash)), ..entry });
        Some(Edit { id, action: Action::Update { rev, place, content } })
    }

    fn rename(&mut self, random: &mut impl Rng) -> Option<Edit> {
        // Of a directory that is not there yet, the edits would have to be told apart.
        let (id, entry) = self.pick(random, |id, entry| match entry.kind {
            NodeKind::Directory => id < LOCAL_IDS,
            NodeKind::File => true,
            NodeKind::Symlink | NodeKind::Mount => false,
        })?;
        let name = match entry.kind {
            NodeKind::Directory => names::directory(random),
            _ => names::file(random, None),
        };
        let place = self.free_place(name, random)?;
        if self.is_under(place.parent, id) {
            return None;
        }
        let rev = entry.rev;
        let (parent, name) = (place.parent, place.name.clone());
        self.view.put(id, Entry { parent, name, ..entry });
        Some(Edit { id, action: Action::Rename { rev, place } })
    }

    /// A file, a symlink or a directory without entries: what is in others it may not know.
    fn delete(&mut self, random: &mut impl Rng) -> Option<Edit> {
        let view = &self.view;
        let (id, entry) = self.pick(random, |id, entry| match entry.kind {
            NodeKind::Directory => id < LOCAL_IDS && view.children(id).next().is_none(),
            NodeKind::File | NodeKind::Symlink => true,
            NodeKind::Mount => false,
        })?;
        self.view.remove(id);
        Some(Edit { id, action: Action::Delete { rev: entry.rev } })
    }

    fn pick(
        &self,
        random: &mut impl Rng,
        is_meant: impl Fn(u64, &Entry) -> bool,
    ) -> Option<(u64, Entry)> {
        let found: Vec<_> = self.view.nodes().filter(|(id, entry)| is_meant(*id, entry)).collect();
        found.choose(random).map(|(id, entry)| (*id, (*entry).clone()))
    }

    fn free_place(&self, name: String, random: &mut impl Rng) -> Option<Place> {
        // A name that is in use elsewhere: others may have it in mind, too.
        let used = self.pick(random, |_, _| true).filter(|_| random.random_bool(USED_SHARE));
        let name = used.map_or(name, |(_, entry)| entry.name);
        let picked = self.pick(random, |_, entry| entry.kind == NodeKind::Directory);
        let parent = match picked.filter(|_| random.random_bool(0.8)) {
            Some((id, _)) => id,
            None => self.view.root(),
        };
        let is_free = self.view.child(parent, &name).is_none();
        self.place(parent, name).filter(|_| is_free)
    }

    fn place(&self, parent: u64, name: String) -> Option<Place> {
        Some(Place { parent, directory: self.view.path(parent)?, name })
    }

    fn make(&mut self, place: &Place, kind: NodeKind, content: Option<&Content>) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        let hash = content.map(|content| hex(&content.hash));
        let (parent, name) = (place.parent, place.name.clone());
        self.view.put(id, Entry { parent, name, kind, rev: 0, hash });
        id
    }

    fn is_under(&self, mut id: u64, top: u64) -> bool {
        while id != top {
            match self.view.get(id) {
                Some(entry) => id = entry.parent,
                None => return false,
            }
        }
        true
    }
}
