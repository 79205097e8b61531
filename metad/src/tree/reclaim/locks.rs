//! Locks that have ended. They are held by nobody whether their records are there or not.

use crate::{
    kv::{KvRead, KvTxn, Result},
    records::{key, system::System},
    types::GroupId,
};

/// The end of the first one at a time.
pub(super) fn next(
    view: &(impl KvRead + ?Sized),
    group: GroupId,
    time_ms: u64,
) -> Result<Option<Vec<u8>>> {
    let range = key::lock_ends(group);
    let Some(pair) = view.scan(&range.start, &range.end).next() else { return Ok(None) };
    let end = pair?.0;
    let (expires_ms, _) = key::lock_at_end(&end).expect("the range holds whole keys");
    Ok((expires_ms <= time_ms).then_some(end))
}

/// Frees it.
pub(super) fn reclaim(txn: &mut impl KvTxn, system: &mut System, end: Vec<u8>) {
    let (_, lock) = key::lock_at_end(&end).expect("the range holds whole keys");
    txn.delete(lock);
    txn.delete(end);
    system.locks -= 1;
}
