//! What is known of one node, and what changes that.

use crate::operation::{Content, NodeKind};

/// A node that was there when somebody last looked.
#[derive(Clone, Debug)]
pub struct Known {
    /// Id of the directory that holds it.
    pub parent: u64,
    /// Name in that directory.
    pub name: String,
    /// Revision of its last change.
    pub rev: u64,
    /// Revision before that one, if known.
    pub rev_before: Option<u64>,
    /// What it is.
    pub kind: NodeKind,
    /// Of a file, if known.
    pub content: Option<Content>,
    /// Directories made in it.
    pub subdirectories: u32,
}

/// How an acknowledged step changes what is believed.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Effect {
    Made {
        parent: u64,
        name: String,
        kind: NodeKind,
        /// Of a file, if known.
        content: Option<Content>,
    },
    Updated {
        id: u64,
        content: Content,
    },
    Moved {
        id: u64,
        parent: u64,
        name: String,
    },
    Deleted {
        id: u64,
    },
    /// Too complicated to follow.
    None,
}

impl Known {
    pub(super) fn set_rev(&mut self, rev: u64) {
        // Answers may arrive out of order.
        if rev > self.rev {
            self.rev_before = (self.rev != 0).then_some(self.rev);
            self.rev = rev;
        }
    }
}
