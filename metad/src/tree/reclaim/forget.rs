//! Directories that were deleted so long ago that nobody can read what was in them.

use crate::{
    kv::{KvRead, KvTxn, Result, StorageFault},
    records::{key, node},
    types::{GroupId, NodeId, Revision},
};

/// The first ones in the queue.
pub(super) fn queued(
    view: &(impl KvRead + ?Sized),
    group: GroupId,
    count: usize,
) -> Result<Vec<NodeId>> {
    let queued = key::forgets(group);
    let queued = view.scan(&queued.start, &queued.end).take(count).map(|pair| {
        let id = key::last_id(&pair?.0);
        Ok(NodeId(id.ok_or_else(|| StorageFault::corrupt("forget record", "key"))?))
    });
    queued.collect()
}

/// Removes past entries of a directory; once they are all gone, the directory leaves the
/// queue. Says how many records that took, at least one.
pub(super) fn forget(
    txn: &mut impl KvTxn,
    group: GroupId,
    directory: NodeId,
    records_max: usize,
) -> Result<usize> {
    let range = key::past_entries(group, directory, None);
    let past = txn.scan(&range.start, &range.end).take(records_max);
    let past = past.collect::<Result<Vec<_>>>()?;
    for (key, value) in &past {
        let node = node::decode(value)?;
        let until = Revision(key::last_id(key).expect("the range holds whole keys"));
        txn.delete(key.clone());
        txn.delete(key::past_location(group, node.id, until));
        // Those that were moved away are somewhere else, or have a place in the queue.
        let is_elsewhere = txn.get(&key::location(group, node.id))?.is_some()
            || has_later_past(txn, group, node.id, until)?;
        if node.is_directory() && !is_elsewhere {
            txn.put(key::forget(group, node.id), Vec::new());
        }
    }
    if past.len() < records_max {
        txn.delete(key::forget(group, directory));
    }
    Ok(past.len().max(1))
}

fn has_later_past(txn: &impl KvRead, group: GroupId, id: NodeId, until: Revision) -> Result<bool> {
    let range = key::past_locations_from(group, id, until);
    Ok(txn.scan(&range.start, &range.end).next().transpose()?.is_some())
}
