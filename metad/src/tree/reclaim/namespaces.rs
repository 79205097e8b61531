//! Deleted namespaces. Their journals tell which versions ended when: trees that were moved
//! away may still be read as they were, so nothing goes before that time is no longer kept.

use super::journals::forget_line;
use crate::{
    kv::{KvRead, KvTxn, Result},
    records::{change, key, namespace, system::System},
    types::{Change, GroupId, NamespaceId, NodeId},
};

/// The next one after another that nobody can read anything of, and its root. That reads all
/// that wait for their time: see [`super::free_namespaces`].
pub(super) fn next(
    view: &(impl KvRead + ?Sized),
    group: GroupId,
    system: &System,
    after: NamespaceId,
) -> Result<Option<(NamespaceId, NodeId)>> {
    let end = key::deleted_namespaces(group).end;
    for pair in view.scan(&key::deleted_namespace(group, after), &end) {
        let (key, value) = pair?;
        let (root, deleted) = namespace::decode_deleted(&value)?;
        if deleted <= system.compacted {
            let id = key::last_id(&key).expect("the range holds whole keys");
            return Ok(Some((NamespaceId(id), root)));
        }
    }
    Ok(None)
}

/// Removes lines of its journal; once they are all gone, the rest. Says how many records that
/// took, at least one.
pub(super) fn reclaim(
    txn: &mut impl KvTxn,
    group: GroupId,
    (namespace, root): (NamespaceId, NodeId),
    records_max: usize,
) -> Result<usize> {
    let range = key::journal_after(group, namespace, None);
    let lines = txn.scan(&range.start, &range.end).take(records_max);
    let lines = lines.map(|pair| change::decode(&pair?.1)).collect::<Result<Vec<Change>>>()?;
    for line in &lines {
        forget_line(txn, group, line)?;
        txn.delete(key::journal(group, namespace, line.cursor));
    }
    if lines.len() < records_max {
        txn.put(key::forget(group, root), Vec::new());
        txn.delete(key::journal_start(group, namespace));
        txn.delete(key::deleted_namespace(group, namespace));
    }
    Ok(lines.len().max(1))
}
