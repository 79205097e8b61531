//! Housekeeping in small replicated steps: frees what deleted directories held, and
//! sessions that have expired. Nothing that a client can reach changes.

use super::{reader::Reader, session::has_expired};
use crate::{
    kv::{KvRead, KvTxn, Result, StorageFault},
    records::{key, node, session, system::System},
    types::{Applied, ClientId, GroupId, Node, NodeId, Outcome},
};

/// Frees at most about so many records.
pub(super) fn reclaim(
    txn: &mut impl KvTxn,
    group: GroupId,
    system: &System,
    records_max: u32,
) -> Result<Applied> {
    let mut budget = records_max as usize;
    while budget > 0 {
        let Some(directory) = next_directory(txn, group)? else { break };
        budget -= reclaim_directory(txn, group, directory, budget)?;
    }
    while budget > 0 {
        let Some(client) = next_session(txn, group, system.time_ms)? else { break };
        budget -= reclaim_session(txn, group, client, budget)?;
    }
    let outcome = Outcome::Reclaimed { more: is_needed(txn, group, system.time_ms)? };
    Ok(Applied { revision: system.revision, outcome })
}

/// Whether there is anything to free at a time.
pub(super) fn is_needed(
    view: &(impl KvRead + ?Sized),
    group: GroupId,
    time_ms: u64,
) -> Result<bool> {
    Ok(next_directory(view, group)?.is_some() || next_session(view, group, time_ms)?.is_some())
}

fn next_directory(view: &(impl KvRead + ?Sized), group: GroupId) -> Result<Option<NodeId>> {
    let queued = key::reclaims(group);
    let Some(pair) = view.scan(&queued.start, &queued.end).next() else { return Ok(None) };
    let id = key::last_id(&pair?.0);
    Ok(Some(NodeId(id.ok_or_else(|| StorageFault::corrupt("reclaim record", "short key"))?)))
}

/// Frees entries of a directory; once they are all gone, the directory's place in the
/// queue. Says how many records that took, at least one.
fn reclaim_directory(
    txn: &mut impl KvTxn,
    group: GroupId,
    directory: NodeId,
    records_max: usize,
) -> Result<usize> {
    let range = key::entries(group, directory, None);
    let entries = txn.scan(&range.start, &range.end).take(records_max);
    let entries = entries.map(|pair| node::decode(&pair?.1)).collect::<Result<Vec<Node>>>()?;
    for entry in &entries {
        let name = entry.name.as_ref().expect("decode gives a name");
        txn.delete(key::node(group, directory, name.as_str()));
        txn.delete(key::location(group, entry.id));
        if entry.is_directory() && Reader::new(txn, group).usage(entry.id)?.nodes > 0 {
            txn.delete(key::usage(group, entry.id));
            txn.put(key::reclaim(group, entry.id), Vec::new());
        }
    }
    if entries.len() < records_max {
        txn.delete(key::reclaim(group, directory));
    }
    Ok(entries.len().max(1))
}

fn next_session(
    view: &(impl KvRead + ?Sized),
    group: GroupId,
    time_ms: u64,
) -> Result<Option<ClientId>> {
    let range = key::sessions(group);
    for pair in view.scan(&range.start, &range.end) {
        let (key, value) = pair?;
        if has_expired(&session::decode(&value)?, time_ms) {
            return Ok(key::last_id(&key).map(ClientId));
        }
    }
    Ok(None)
}

/// Frees replies of a session; once they are all gone, the session. It has expired: it is
/// refused whether its records are there or not.
fn reclaim_session(
    txn: &mut impl KvTxn,
    group: GroupId,
    client: ClientId,
    records_max: usize,
) -> Result<usize> {
    let range = key::replies(group, client, 0..u64::MAX);
    let replies = txn.scan(&range.start, &range.end).take(records_max);
    let replies = replies.map(|pair| Ok(pair?.0)).collect::<Result<Vec<_>>>()?;
    let count = replies.len();
    replies.into_iter().for_each(|reply| txn.delete(reply));
    if count < records_max {
        txn.delete(key::session(group, client));
    }
    Ok(count.max(1))
}
