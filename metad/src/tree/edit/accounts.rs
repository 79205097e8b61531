//! The counters of directories, and the quotas that bound them: exact, and never exceeded.

use metad_proto::{
    errors::{BYTES, NODES},
    limits, planted,
};

use super::Edit;
use crate::{
    kv::{KvTxn, Result, StorageFault},
    records::{key, usage},
    tree::{Tried, reader::Way},
    types::{Account, Node, NodeId, Quota, Rejection, Usage},
};

impl<T: KvTxn> Edit<'_, T> {
    /// Refuses what directories have no room for, once what makes way for it is gone.
    pub fn check_room(&self, way: &Way, more: Usage, less: Usage) -> Tried<()> {
        self.check_bytes(way, more, less)?;
        self.check_quotas(&way.above, more, less)
    }

    fn check_bytes(&self, way: &Way, more: Usage, less: Usage) -> Tried<()> {
        // The root's counter is the greatest: where it has room, all have.
        let used = self.reader().usage(way.namespace.root)?.bytes.saturating_sub(less.bytes);
        if used.checked_add(more.bytes).is_none_or(|sum| sum > limits::TREE_BYTES_MAX) {
            let (limit, value) = (limits::TREE_BYTES, limits::TREE_BYTES_MAX);
            return Err(Rejection::LimitExceeded { limit, value }.into());
        }
        Ok(())
    }

    fn check_quotas(&self, above: &[NodeId], more: Usage, less: Usage) -> Tried<()> {
        if planted!(QuotaBeforeApply) && !planted::is_rehearsal() {
            return Ok(());
        }
        for directory in above {
            let Account { usage, quota } = self.reader().account(*directory)?;
            let bounds = [
                (quota.nodes, NODES, usage.nodes + more.nodes, less.nodes),
                (quota.bytes, BYTES, usage.bytes + more.bytes, less.bytes),
            ];
            for (bound, of, used, less) in bounds {
                if let Some(value) = bound.filter(|bound| used > bound.saturating_add(less)) {
                    let directory = *directory;
                    return Err(Rejection::QuotaExceeded { directory, of, value }.into());
                }
            }
        }
        Ok(())
    }

    /// Like [`Edit::check_room`], of a move that may replace another node.
    pub fn check_move(
        &self,
        from: &Way,
        node: &Node,
        to: &Way,
        replaced: Option<&Node>,
    ) -> Tried<()> {
        let size = self.size(node)?;
        let less = replaced.map_or(Ok(Usage::default()), |node| self.size(node))?;
        if from.namespace.id != to.namespace.id {
            self.check_bytes(to, size, less)?;
        }
        self.check_quotas(&to.above[from.shared(to)..], size, less)
    }

    /// Bounds what may be under a directory.
    pub fn set_quota(&mut self, directory: NodeId, quota: Quota) -> Result<()> {
        let account = self.reader().account(directory)?;
        self.put_account(directory, Account { quota, ..account });
        self.quotas_changed = true;
        Ok(())
    }

    /// What a node counts for in the directories above it.
    pub(super) fn size(&self, node: &Node) -> Result<Usage> {
        let under =
            if node.is_directory() { self.reader().usage(node.id)? } else { Usage::default() };
        Ok(Usage { nodes: under.nodes + 1, bytes: under.bytes + node.bytes() })
    }

    pub(super) fn grow(&mut self, above: &[NodeId], size: Usage) -> Result<()> {
        self.count(above, |usage| {
            let nodes = usage.nodes.checked_add(size.nodes)?;
            Some(Usage { nodes, bytes: usage.bytes.checked_add(size.bytes)? })
        })
    }

    pub(super) fn shrink(&mut self, above: &[NodeId], size: Usage) -> Result<()> {
        self.count(above, |usage| {
            let nodes = usage.nodes.checked_sub(size.nodes)?;
            Some(Usage { nodes, bytes: usage.bytes.checked_sub(size.bytes)? })
        })
    }

    /// Recounts directories. One with nothing under it, and no quota, has no record.
    fn count(&mut self, above: &[NodeId], recount: impl Fn(Usage) -> Option<Usage>) -> Result<()> {
        for directory in above {
            let account = self.reader().account(*directory)?;
            let counted = recount(account.usage);
            let counted = counted.ok_or_else(|| {
                StorageFault::corrupt("usage record", format!("of directory {directory}"))
            })?;
            self.put_account(*directory, Account { usage: counted, ..account });
        }
        Ok(())
    }

    pub(super) fn put_account(&mut self, directory: NodeId, account: Account) {
        let key = key::usage(self.context.group, directory);
        if account == Account::default() {
            self.txn.delete(key);
        } else {
            self.txn.put(key, usage::encode(&account));
        }
    }
}
