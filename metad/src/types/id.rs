//! Identifiers. Each is its own type, so that one cannot be passed for another.

use std::fmt;

macro_rules! id {
    ($(#[doc = $doc:literal])+ $name:ident($inner:ty)) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// A Raft group. There is one for now; the id is in every key, RPC and metric all the same.
    GroupId(u32)
}
id! {
    /// A server of the cluster: a Raft node.
    ServerId(u64)
}
id! {
    /// A namespace. Never reused.
    NamespaceId(u64)
}
id! {
    /// A node of a file tree, unique in the cluster. Never reused; 0 is no node.
    NodeId(u64)
}
id! {
    /// A client session.
    ClientId(u64)
}
id! {
    /// The position at which a change was committed. 0 is before all changes.
    Revision(u64)
}

impl NodeId {
    /// Stands for the root where a reference starts, and for the parent of a root.
    pub const NONE: NodeId = NodeId(0);
}

impl Revision {
    /// The one after this.
    #[must_use]
    pub fn next(self) -> Revision {
        Revision(self.0 + 1)
    }
}
