//! Sessions that have expired. They are refused whether their records are there or not, so it
//! is enough to look for them now and then: that reads all sessions.

use crate::{
    kv::{KvTxn, Result},
    records::{key, session, system::System},
    tree::session::{free, has_expired},
    types::{ClientId, GroupId},
};

/// Replicated time between two looks at all sessions, milliseconds.
const LOOK_MS: u64 = 60_000;

/// Whether it is time to look for some.
pub(super) fn is_due(system: &System, time_ms: u64) -> bool {
    system.sessions > 0 && time_ms >= system.sessions_due_ms
}

/// Frees replies of expired sessions, and then the sessions; once there are none left, the
/// next look is later. Says how many records that took, at least one.
pub(super) fn reclaim(
    txn: &mut impl KvTxn,
    group: GroupId,
    system: &mut System,
    records_max: usize,
) -> Result<usize> {
    let mut left = records_max;
    for client in expired(txn, group, system.time_ms, records_max)? {
        left = left.saturating_sub(free(txn, group, system, client, left)?);
        if left == 0 {
            return Ok(records_max);
        }
    }
    system.sessions_due_ms = system.time_ms.saturating_add(LOOK_MS);
    Ok((records_max - left).max(1))
}

fn expired(
    txn: &impl KvTxn,
    group: GroupId,
    time_ms: u64,
    count_max: usize,
) -> Result<Vec<ClientId>> {
    let range = key::sessions(group);
    let mut expired = Vec::new();
    for pair in txn.scan(&range.start, &range.end) {
        let (key, value) = pair?;
        if has_expired(&session::decode(&value)?, time_ms) {
            expired.extend(key::last_id(&key).map(ClientId));
            if expired.len() == count_max {
                break;
            }
        }
    }
    Ok(expired)
}
