//! Deleted directories: their entries are still stored as if they were there. They go into
//! the past, or away, if that past is no longer kept.

use metad_proto::planted;

use crate::{
    kv::{KvRead, KvTxn, Result, StorageFault},
    records::{
        decode_revision, encode_revision, key,
        node::{self, Location},
        system::System,
    },
    tree::reader::Reader,
    types::{GroupId, Node, NodeId, Revision},
};

/// The first ones in the queue, and the revision that deleted each.
pub(super) fn queued(
    view: &(impl KvRead + ?Sized),
    group: GroupId,
    count: usize,
) -> Result<Vec<(NodeId, Revision)>> {
    let queued = key::reclaims(group);
    let queued = view.scan(&queued.start, &queued.end).take(count).map(|pair| {
        let (key, value) = pair?;
        let id = key::last_id(&key);
        let id = id.ok_or_else(|| StorageFault::corrupt("reclaim record", "key"))?;
        Ok((NodeId(id), decode_revision("reclaim record", &value)?))
    });
    queued.collect()
}

/// Works on entries of a directory; once they are all gone, the directory leaves the queue.
/// Says how many records that took, at least one.
pub(super) fn reclaim(
    txn: &mut impl KvTxn,
    group: GroupId,
    system: &System,
    (directory, deleted): (NodeId, Revision),
    records_max: usize,
) -> Result<usize> {
    let is_kept = deleted > system.compacted;
    let reader = Reader::new(&*txn, group);
    let entries = reader.entries(directory, None).take(records_max);
    let entries = entries.collect::<Result<Vec<Node>>>()?;
    let left_over = usize::from(planted!(ReclaimLeavesOne) && entries.len() < records_max);
    for entry in entries.iter().skip(left_over) {
        bury(txn, group, entry, deleted, is_kept)?;
    }
    if entries.len() < records_max {
        txn.delete(key::reclaim(group, directory));
    }
    Ok(entries.len().max(1))
}

fn bury(
    txn: &mut impl KvTxn,
    group: GroupId,
    entry: &Node,
    deleted: Revision,
    is_kept: bool,
) -> Result<()> {
    let name = entry.name.as_ref().expect("decode gives a name").key();
    let reader = Reader::new(&*txn, group);
    let location = reader.location(entry.id)?;
    let holds_nodes = entry.is_directory() && reader.usage(entry.id)?.nodes > 0;
    txn.delete(key::node(group, entry.parent, name));
    txn.delete(key::location(group, entry.id));
    if let Some(shown) = entry.mounted() {
        txn.delete(key::mounted(group, shown, entry.id));
    }
    if is_kept {
        // Also if it came here at that very revision: this leads to its own past.
        txn.put(key::past_node(group, entry.parent, name, deleted), node::encode(entry));
        if let Some(Location::In(place)) = location
            && place.since < deleted
        {
            let key = key::past_location(group, entry.id, deleted);
            txn.put(key, node::encode_location(&Location::In(place)));
        }
    } else if entry.is_directory() {
        // It may have a past of its own.
        txn.put(key::forget(group, entry.id), Vec::new());
    }
    if entry.is_directory() {
        txn.delete(key::usage(group, entry.id));
    }
    if holds_nodes {
        txn.put(key::reclaim(group, entry.id), encode_revision(deleted));
    }
    Ok(())
}
