//! Sessions that have expired. They are refused whether their records are there or not.

use crate::{
    kv::{KvRead, KvTxn, Result},
    records::{key, session, system::System},
    tree::session::has_expired,
    types::{ClientId, GroupId},
};

/// The next one at a time.
pub(super) fn next(
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

/// Frees replies of a session; once they are all gone, the session. Says how many records
/// that took, at least one.
pub(super) fn reclaim(
    txn: &mut impl KvTxn,
    group: GroupId,
    system: &mut System,
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
        system.sessions -= 1;
    }
    Ok(count.max(1))
}
