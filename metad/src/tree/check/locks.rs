//! Locks: each has one holder, with a token of a grant that took place, and one end.

use super::Findings;
use crate::{
    kv::{KvRead, Result},
    records::{key, lock, system::System},
    types::GroupId,
};

/// Checks all locks and their ends.
pub(super) fn check(
    view: &dyn KvRead,
    group: GroupId,
    system: &System,
    findings: &mut Findings,
) -> Result<()> {
    let mut count = 0;
    let range = key::all_locks(group);
    for pair in view.scan(&range.start, &range.end) {
        let (key, value) = pair?;
        let lock = lock::decode(&value)?;
        count += 1;
        let granted = lock.token <= system.revision && lock.client < system.next_client;
        findings.expect(granted, "tokens only grow", || format!("{lock:?}"));
        let end = view.get(&key::lock_end(group, lock.expires_ms, &key))?;
        findings.expect(end.is_some(), "a lock has its end", || format!("{lock:?}"));
    }
    let ends = key::lock_ends(group);
    let ends = view.scan(&ends.start, &ends.end).count() as u64;
    findings.expect(ends == count, "a lock has its end", || format!("{ends} for {count} locks"));
    findings.expect(count == system.locks, "counters equal a recount", || {
        format!("{} locks counted, {count} stored", system.locks)
    });
    Ok(())
}
