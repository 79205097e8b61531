//! What the steps of one command find, and whether it may be there: within the limits that
//! bound what a step costs.

use super::Edit;
use crate::{
    kv::KvTxn,
    tree::{
        Tried,
        reader::{Found, Reader, Slot, check_depth},
    },
    types::{NamespaceId, Node, NodeRef, Revision, Usage},
};

impl<T: KvTxn> Edit<'_, T> {
    pub fn reader(&self) -> Reader<'_, T> {
        Reader::new(self.txn, self.context.group)
    }

    /// Reads what was there at a revision, if that is still kept.
    pub fn reader_at(&self, at: Option<Revision>) -> Tried<Reader<'_, T>> {
        Reader::at(self.txn, self.context.group, at)
    }

    /// The node that a reference named at a revision.
    pub fn find_at(&self, at: Option<Revision>, target: &NodeRef) -> Tried<Found> {
        let reader = self.reader_at(at)?;
        // The namespace may have been made later.
        let found = reader.find(&reader.namespace(self.namespace.id)?, target)?;
        check_depth(found.way.above.len())?;
        Ok(found)
    }

    /// The node that a reference names. What is too deep is out of reach, so that no step
    /// costs more than so many levels.
    pub fn find(&self, target: &NodeRef) -> Tried<Found> {
        let found = self.reader().find(self.namespace, target)?;
        check_depth(found.way.above.len())?;
        Ok(found)
    }

    /// The place that a reference names: not too deep.
    pub fn slot(&self, target: &NodeRef) -> Tried<Slot> {
        let slot = self.reader().slot(self.namespace, target)?;
        check_depth(slot.way.above.len())?;
        Ok(slot)
    }

    /// Whether one more mount may show a namespace, in another one.
    pub fn check_mount(&mut self, shown: NamespaceId, inside: NamespaceId) -> Tried<()> {
        let reader = Reader::new(&*self.txn, self.context.group);
        self.mounts.check_new(&reader, shown, inside)
    }

    /// Whether all mounts among these nodes may be made again in a namespace.
    pub fn check_mounts(&mut self, nodes: &[(Node, Usage)], inside: NamespaceId) -> Tried<()> {
        let reader = Reader::new(&*self.txn, self.context.group);
        self.mounts.check_copies(&reader, nodes, inside)
    }

    /// Whether a node may go to a namespace with all mounts that are under it.
    pub fn check_moved_mounts(&mut self, moved: &Found, to: NamespaceId) -> Tried<()> {
        let reader = Reader::new(&*self.txn, self.context.group);
        self.mounts.check_move(&reader, moved, to)
    }
}
