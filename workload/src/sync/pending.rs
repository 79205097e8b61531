//! Edits that a client made offline, and how they are merged: each becomes an operation on
//! what the replica shows now, guarded by the rev that the client saw.
//!
//! Invariants: content is given up only when the server says where it is kept, or that there is
//! no room for it anywhere; what is pushed refuses to replace or delete what the client has not
//! seen. Must not do I/O.

use metad_client::{errors::Reason, v1::StepResult};

use super::replica::{Entry, Replica};
use crate::operation::{Content, Mode, NodeKind, Operation, Step, hex};

/// The first id of nodes that the server does not know yet.
pub const LOCAL_IDS: u64 = 1 << 63;

/// One edit of a node, which has a local id until it is pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The node.
    pub id: u64,
    /// What was done.
    pub action: Action,
}

/// What was done to a node.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Action {
    MakeDirectory {
        place: Place,
    },
    Create {
        place: Place,
        content: Content,
    },
    Update {
        rev: u64,
        /// Where it was.
        place: Place,
        content: Content,
    },
    Rename {
        rev: u64,
        place: Place,
    },
    Delete {
        rev: u64,
    },
}

/// A place for a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The directory.
    pub parent: u64,
    /// Its path when the edit was made, in case it is gone.
    pub directory: String,
    /// The name.
    pub name: String,
}

/// What to do with an edit next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// It needs nothing any more; the server knows its node under this id.
    Done(u64),
    /// It cannot be done any more, and what is there stays.
    Drop,
    /// Send this.
    Send(Operation),
}

/// All edits that were not pushed yet, in the order in which they were made.
#[derive(Clone, Debug, Default)]
pub struct Pending {
    edits: Vec<Edit>,
}

impl Place {
    fn path(&self, replica: &Replica) -> Option<String> {
        let directory = replica.path(self.parent).filter(|_| replica.is_directory(self.parent))?;
        Some(join(&directory, &self.name))
    }

    fn is_of(&self, entry: &Entry) -> bool {
        (entry.parent, &entry.name) == (self.parent, &self.name)
    }
}

fn join(directory: &str, name: &str) -> String {
    format!("{}/{name}", directory.trim_end_matches('/'))
}

impl Pending {
    /// The edit to push first.
    pub fn first(&self) -> Option<&Edit> {
        self.edits.first()
    }

    /// All of them.
    #[cfg(test)]
    pub fn edits(&self) -> &[Edit] {
        &self.edits
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.edits.len()
    }

    /// Gives up what cannot be pushed.
    pub fn clear(&mut self) {
        self.edits.clear();
    }

    // -------------------------------------------------------------- made offline

    /// Adds an edit, or makes it part of one that was not pushed yet.
    pub fn add(&mut self, edit: Edit) {
        match &edit.action {
            Action::Update { content, .. } => {
                if self.rewrite(edit.id, content) {
                    return;
                }
            }
            Action::Rename { place, .. } => {
                if self.replace_place(edit.id, place) {
                    return;
                }
            }
            Action::Delete { .. } => {
                self.edits.retain(|earlier| earlier.id != edit.id);
                if edit.id >= LOCAL_IDS {
                    return;
                }
            }
            Action::MakeDirectory { .. } | Action::Create { .. } => {}
        }
        self.edits.push(edit);
    }

    fn rewrite(&mut self, edited: u64, new: &Content) -> bool {
        for edit in self.edits.iter_mut().filter(|edit| edit.id == edited) {
            if let Action::Create { content, .. } | Action::Update { content, .. } =
                &mut edit.action
            {
                content.clone_from(new);
                return true;
            }
        }
        false
    }

    fn replace_place(&mut self, edited: u64, new: &Place) -> bool {
        for edit in self.edits.iter_mut().filter(|edit| edit.id == edited) {
            match &mut edit.action {
                // The new place may be a directory that was made after this edit.
                Action::Create { place, .. } if new.parent < LOCAL_IDS => {
                    place.clone_from(new);
                    return true;
                }
                Action::Create { .. } => {
                    let mut moved = edit.clone();
                    if let Action::Create { place, .. } = &mut moved.action {
                        place.clone_from(new);
                    }
                    self.edits.retain(|edit| edit.id != edited);
                    self.edits.push(moved);
                    return true;
                }
                Action::Rename { .. }
                | Action::MakeDirectory { .. }
                | Action::Update { .. }
                | Action::Delete { .. } => {}
            }
        }
        self.edits
            .retain(|edit| edit.id != edited || !matches!(edit.action, Action::Rename { .. }));
        false
    }

    // -------------------------------------------------------------- pushed

    /// What becomes of the first edit, given what the replica shows now.
    pub fn next(&self, replica: &Replica, client: &str) -> Option<Next> {
        let Edit { id, action } = self.first()?;
        let entry = replica.get(*id);
        Some(match action {
            Action::MakeDirectory { place } => make_directory(place, replica),
            Action::Create { place, content } => create(place, content, replica, client),
            Action::Update { rev, place, content } => match entry {
                Some(entry) if entry.hash.as_deref() == Some(&hex(&content.hash)) => {
                    Next::Done(*id)
                }
                Some(entry) if entry.kind == NodeKind::File => {
                    let Some(path) = replica.path(*id) else { return Some(Next::Drop) };
                    Next::Send(commit(path, Mode::Update(*rev), content, client))
                }
                // Somebody deleted it without having seen this.
                _ => create(place, content, replica, client),
            },
            Action::Rename { rev, place } => {
                match (entry, replica.path(*id), place.path(replica)) {
                    (Some(entry), ..) if place.is_of(entry) => Next::Done(*id),
                    (Some(_), Some(from), Some(to)) => Next::Send(Operation::Step(Step::Move {
                        from,
                        to,
                        replace: false,
                        rev: Some(*rev),
                    })),
                    _ => Next::Drop,
                }
            }
            Action::Delete { rev } => match replica.path(*id) {
                Some(path) => Next::Send(Operation::Step(Step::Delete {
                    path,
                    recursive: false,
                    rev: Some(*rev),
                })),
                None => Next::Drop,
            },
        })
    }

    /// The first edit was done: its node is this one now, with this rev.
    pub fn done(&mut self, result: &StepResult) {
        let edit = self.edits.remove(0);
        // A conflicted copy is another node than the one that the client saw.
        if result.renamed.is_empty() || edit.id >= LOCAL_IDS {
            self.learn(edit.id, result.id, Some(result.rev));
        }
    }

    /// The first edit needs nothing: its node is this one.
    pub fn settled(&mut self, id: u64, rev: Option<u64>) {
        let edit = self.edits.remove(0);
        self.learn(edit.id, id, rev);
    }

    /// The first edit cannot be done any more.
    pub fn drop_first(&mut self) {
        self.edits.remove(0);
    }

    /// The first edit was refused. Content is kept for another try where that can help.
    pub fn refused(&mut self, reason: Reason, replica: &Replica) {
        let Some(edit) = self.edits.first_mut() else { return };
        // Nobody has room for it: it was never acknowledged.
        let has_no_room = matches!(reason, Reason::QuotaExceeded | Reason::LimitExceeded);
        match &mut edit.action {
            Action::Create { place, .. } if !has_no_room && place.parent != replica.root() => {
                // The directory is gone, or is none any more: the root always is there.
                (place.parent, place.directory) = (replica.root(), "/".to_owned());
            }
            Action::Update { place, content, .. } if !has_no_room => {
                let (place, content) = (place.clone(), content.clone());
                edit.action = Action::Create { place, content };
            }
            _ => self.drop_first(),
        }
    }

    fn learn(&mut self, local: u64, id: u64, new_rev: Option<u64>) {
        for edit in &mut self.edits {
            if edit.id == local {
                edit.id = id;
                if let Some(new_rev) = new_rev
                    && let Action::Update { rev, .. }
                    | Action::Rename { rev, .. }
                    | Action::Delete { rev } = &mut edit.action
                {
                    *rev = new_rev;
                }
            }
            if let Action::MakeDirectory { place }
            | Action::Create { place, .. }
            | Action::Update { place, .. }
            | Action::Rename { place, .. } = &mut edit.action
                && place.parent == local
            {
                place.parent = id;
            }
        }
    }
}

fn make_directory(place: &Place, replica: &Replica) -> Next {
    let there = replica.child(place.parent, &place.name);
    if let Some(id) = there.filter(|id| replica.is_directory(*id)) {
        return Next::Done(id);
    }
    match place.path(replica) {
        Some(path) => Next::Send(Operation::Step(Step::Mkdir { path, parents: false })),
        // Its files make it if they need it.
        None => Next::Drop,
    }
}

fn create(place: &Place, content: &Content, replica: &Replica, client: &str) -> Next {
    let there = replica.child(place.parent, &place.name);
    let same = there.filter(|id| {
        replica.get(*id).is_some_and(|entry| entry.hash.as_deref() == Some(&hex(&content.hash)))
    });
    if let Some(id) = same {
        return Next::Done(id);
    }
    let make = |path| commit_step(path, Mode::Create, content, client);
    match place.path(replica) {
        Some(path) => Next::Send(Operation::Step(make(path))),
        None => {
            let directory = place.directory.clone();
            let file = make(join(&directory, &place.name));
            let mkdir = Step::Mkdir { path: directory, parents: true };
            Next::Send(Operation::Batch(vec![mkdir, file]))
        }
    }
}

fn commit(path: String, mode: Mode, content: &Content, client: &str) -> Operation {
    Operation::Step(commit_step(path, mode, content, client))
}

fn commit_step(path: String, mode: Mode, content: &Content, client: &str) -> Step {
    let (content, autorename) = (content.clone(), Some(client.to_owned()));
    Step::Commit { path, mode, content, autorename }
}
