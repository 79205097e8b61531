//! What all replies have in common: a revision and a node, and how old a read may be.

use metad_proto::v1;

use crate::Reply;

/// A reply on the wire that says what it reflects and who gave it.
pub trait Stamped {
    fn revision(&self) -> u64;
    fn node(&self) -> u64;

    /// 0 of what is not a read, or not of level `any`.
    fn staleness_ms(&self) -> u64 {
        0
    }

    /// Takes the stamp off.
    fn reply<T>(self, value: impl FnOnce(Self) -> T) -> Reply<T>
    where
        Self: Sized,
    {
        let (revision, node) = (self.revision(), self.node());
        Reply { revision, node, staleness_ms: self.staleness_ms(), value: value(self) }
    }
}

macro_rules! stamped {
    ($($message:ident $({ $staleness:ident })?)+) => {$(
        impl Stamped for v1::$message {
            fn revision(&self) -> u64 {
                self.revision
            }
            fn node(&self) -> u64 {
                self.node
            }
            $(fn staleness_ms(&self) -> u64 {
                self.$staleness
            })?
        }
    )+};
}

stamped! {
    OpenSessionReply
    CloseSessionReply
    MutateReply
    SubscribeReply
    WaitForChangeReply
    BatchStatReply { staleness_ms }
    DiffReply { staleness_ms }
    GetCursorReply { staleness_ms }
    GetLockReply { staleness_ms }
    GetNamespaceReply { staleness_ms }
    ListLocksReply { staleness_ms }
    ListNamespacesReply { staleness_ms }
    ListReply { staleness_ms }
    ListRevisionsReply { staleness_ms }
    ListSnapshotsReply { staleness_ms }
    LookupReply { staleness_ms }
    ReadJournalReply { staleness_ms }
    StatReply { staleness_ms }
}

impl<T: Stamped, U> Stamped for (T, U) {
    fn revision(&self) -> u64 {
        self.0.revision()
    }
    fn node(&self) -> u64 {
        self.0.node()
    }
    fn staleness_ms(&self) -> u64 {
        self.0.staleness_ms()
    }
}
