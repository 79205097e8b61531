//! Locks that have ended. They are held by nobody whether their records are there or not.

use crate::{
    kv::{KvRead, KvTxn, Result},
    records::{key, system::System},
    types::GroupId,
};

/// The ends of the first ones that have ended at a time.
pub(super) fn ended(
    view: &(impl KvRead + ?Sized),
    group: GroupId,
    time_ms: u64,
    count: usize,
) -> Result<Vec<Vec<u8>>> {
    let range = key::lock_ends(group);
    let ends = view.scan(&range.start, &range.end).map(|pair| Ok(pair?.0));
    let has_ended = |end: &Result<Vec<u8>>| {
        let expires_ms = |end: &Vec<u8>| key::lock_at_end(end).expect("whole keys").0;
        end.as_ref().map_or(true, |end| expires_ms(end) <= time_ms)
    };
    ends.take_while(has_ended).take(count).collect()
}

/// Frees one, by its end. Says how many that are.
pub(super) fn reclaim(txn: &mut impl KvTxn, system: &mut System, end: Vec<u8>) -> usize {
    let (_, lock) = key::lock_at_end(&end).expect("the range holds whole keys");
    txn.delete(lock);
    txn.delete(end);
    system.locks -= 1;
    1
}
