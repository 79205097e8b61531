//! Locks: leases with fencing tokens.

use super::{ClientId, NamespaceId, NodeRef, Revision};

/// Names a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockRef {
    /// Which tree.
    pub namespace: NamespaceId,
    /// A node, wherever it is; or a path, whatever is there. Never a path from a node.
    pub target: NodeRef,
    /// One of several on the same target; may be empty.
    pub name: Box<str>,
}

/// A lock that somebody holds, or held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// Which.
    pub lock: LockRef,
    /// The revision that granted it: greater than that of every grant before.
    pub token: Revision,
    /// The session that it was granted to.
    pub client: ClientId,
    /// Replicated time at which it ends, milliseconds since 1970.
    pub expires_ms: u64,
}

impl Lock {
    /// Whether it is held at a time, milliseconds since 1970.
    pub fn is_held(&self, time_ms: u64) -> bool {
        time_ms < self.expires_ms
    }
}

/// Has a mutation refused once a lock is no longer held with this token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    /// Which.
    pub lock: LockRef,
    /// The token of the grant.
    pub token: Revision,
}
