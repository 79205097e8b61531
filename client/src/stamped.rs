//! What all replies have in common: a revision and a node.

use metad_proto::v1;

use crate::Reply;

/// A reply on the wire that says what it reflects and who gave it.
pub trait Stamped {
    fn revision(&self) -> u64;
    fn node(&self) -> u64;

    /// Takes the stamp off.
    fn reply<T>(self, value: impl FnOnce(Self) -> T) -> Reply<T>
    where
        Self: Sized,
    {
        Reply { revision: self.revision(), node: self.node(), value: value(self) }
    }
}

macro_rules! stamped {
    ($($message:ident)+) => {$(
        impl Stamped for v1::$message {
            fn revision(&self) -> u64 {
                self.revision
            }
            fn node(&self) -> u64 {
                self.node
            }
        }
    )+};
}

stamped! {
    OpenSessionReply MutateReply ListNamespacesReply StatReply LookupReply ListReply
    ReadJournalReply SubscribeReply ListSnapshotsReply ListRevisionsReply GetCursorReply
    WaitForChangeReply GetNamespaceReply BatchStatReply DiffReply GetLockReply ListLocksReply
}

impl<T: Stamped, U> Stamped for (T, U) {
    fn revision(&self) -> u64 {
        self.0.revision()
    }
    fn node(&self) -> u64 {
        self.0.node()
    }
}
