//! The journal: what changed in a namespace.

use super::{Name, NamespaceId, Node, NodeId, Request, Revision};

/// A position in a namespace's journal: after the change that has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// Of the change.
    pub revision: Revision,
    /// Position inside the revision, from 0.
    pub ordinal: u32,
}

impl Cursor {
    /// After everything up to and with this revision.
    pub fn after(revision: Revision) -> Cursor {
        Cursor { revision, ordinal: u32::MAX }
    }
}

/// What happened to the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It was made.
    Created,
    /// Its content was replaced.
    Updated,
    /// It has another parent or name.
    Moved,
    /// It is gone, and all that was under it.
    Deleted,
    /// It came from another namespace, with all that is under it.
    MovedIn {
        /// That one.
        from: NamespaceId,
    },
    /// It went to another namespace, with all that is under it.
    MovedOut {
        /// That one.
        to: NamespaceId,
    },
}

/// One line of a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where it stands.
    pub cursor: Cursor,
    /// What happened.
    pub kind: ChangeKind,
    /// As it is after the change; of one that was deleted or moved out, as it was.
    pub node: Node,
    /// Of a moved node: the directory and the name that it had before.
    pub from: Option<(NodeId, Name)>,
    /// Who asked for it.
    pub request: Request,
    /// Replicated time, milliseconds since 1970.
    pub time_ms: u64,
}
