//! The counters of directories, and the quotas that bound them: exact, and never exceeded.

use metad_proto::{
    errors::{BYTES, NODES},
    limits, planted,
};

use super::Edit;
use crate::{
    kv::{KvTxn, StorageFault},
    records::{key, usage},
    tree::{Tried, reader::Way},
    types::{Account, Node, NodeId, Quota, Rejection, Usage},
};

type Result<T, E = StorageFault> = std::result::Result<T, E>;

impl<T: KvTxn> Edit<'_, T> {
    /// Refuses what directories have no room for, once what makes way for it is gone.
    pub fn check_room(&self, way: &Way, more: Usage, less: Usage) -> Tried<Vec<(NodeId, Account)>> {
        let accounts = self.accounts(&way.above)?;
        // The root's counter is the greatest: where it has room, all have.
        let (_, root) = accounts.first().expect("a place is in a directory");
        check_bytes(root.usage, more, less)?;
        check_quotas(&accounts, more, less)?;
        Ok(accounts)
    }

    /// Counts what comes to a place, and what makes way for it, if there is room.
    pub fn make_room(&mut self, way: &Way, more: Usage, less: Usage) -> Tried<()> {
        let accounts = self.check_room(way, more, less)?;
        let less = if planted!(OverwrittenBytesKept) { Usage::default() } else { less };
        for (directory, account) in accounts {
            let usage = add(account.usage, more).and_then(|usage| subtract(usage, less));
            self.put_usage(directory, account, usage)?;
        }
        Ok(())
    }

    fn accounts(&self, directories: &[NodeId]) -> Result<Vec<(NodeId, Account)>> {
        let reader = self.reader();
        directories.iter().map(|directory| Ok((*directory, reader.account(*directory)?))).collect()
    }

    /// Refuses what directories have no room for, of a move that may replace another node.
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
            check_bytes(self.reader().usage(to.namespace.root)?, size, less)?;
        }
        Ok(check_quotas(&self.accounts(&to.above[from.shared(to)..])?, size, less)?)
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
        self.count(above, |usage| add(usage, size))
    }

    pub(super) fn shrink(&mut self, above: &[NodeId], size: Usage) -> Result<()> {
        self.count(above, |usage| subtract(usage, size))
    }

    /// Recounts directories. One with nothing under it, and no quota, has no record.
    fn count(&mut self, above: &[NodeId], recount: impl Fn(Usage) -> Option<Usage>) -> Result<()> {
        for (directory, account) in self.accounts(above)? {
            self.put_usage(directory, account, recount(account.usage))?;
        }
        Ok(())
    }

    fn put_usage(&mut self, of: NodeId, account: Account, counted: Option<Usage>) -> Result<()> {
        let usage = counted
            .ok_or_else(|| StorageFault::corrupt("usage record", format!("of directory {of}")))?;
        self.put_account(of, Account { usage, ..account });
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

fn add(one: Usage, other: Usage) -> Option<Usage> {
    let nodes = one.nodes.checked_add(other.nodes)?;
    Some(Usage { nodes, bytes: one.bytes.checked_add(other.bytes)? })
}

fn subtract(one: Usage, other: Usage) -> Option<Usage> {
    let nodes = one.nodes.checked_sub(other.nodes)?;
    Some(Usage { nodes, bytes: one.bytes.checked_sub(other.bytes)? })
}

/// Refuses more bytes than a tree may have.
fn check_bytes(root: Usage, more: Usage, less: Usage) -> Result<(), Rejection> {
    let used = root.bytes.saturating_sub(less.bytes);
    if used.checked_add(more.bytes).is_none_or(|sum| sum > limits::TREE_BYTES_MAX) {
        let (limit, value) = (limits::TREE_BYTES, limits::TREE_BYTES_MAX);
        return Err(Rejection::LimitExceeded { limit, value });
    }
    Ok(())
}

/// Refuses what is beyond the quota of one of these directories.
fn check_quotas(accounts: &[(NodeId, Account)], more: Usage, less: Usage) -> Result<(), Rejection> {
    if planted!(QuotaBeforeApply) && !planted::is_rehearsal() {
        return Ok(());
    }
    for (directory, Account { usage, quota }) in accounts {
        let bounds = [
            (quota.nodes, NODES, usage.nodes + more.nodes, less.nodes),
            (quota.bytes, BYTES, usage.bytes + more.bytes, less.bytes),
        ];
        for (bound, of, used, less) in bounds {
            if let Some(value) = bound.filter(|bound| used > bound.saturating_add(less)) {
                return Err(Rejection::QuotaExceeded { directory: *directory, of, value });
            }
        }
    }
    Ok(())
}
