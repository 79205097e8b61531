//! Who holds which lock, in replicated time.

use super::Source;
use crate::{
    records::{key, lock},
    tree::{Answer, Tried, answer},
    types::{Lock, LockRef, NamespaceId},
};

/// A lock, if somebody holds it.
pub fn lock(source: Source, lock: &LockRef) -> Answer<Option<Lock>> {
    let read = || -> Tried<Option<Lock>> {
        let reader = source.reader()?;
        let time_ms = reader.system()?.time_ms;
        let lock = reader.lock_at(&reader.lock_key(lock)?)?;
        Ok(lock.filter(|lock| lock.is_held(time_ms)))
    };
    answer(read())
}

/// A lock that is held, and its place in the order of all.
#[derive(Debug)]
pub struct HeldLock {
    /// The lock.
    pub lock: Lock,
    /// To go on after it.
    pub key: Vec<u8>,
}

/// The locks of a namespace that are held, after one: those on nodes by their ids, then those
/// on paths; at most `limit`.
pub fn locks(
    source: Source,
    namespace: NamespaceId,
    after: Option<&[u8]>,
    limit: usize,
) -> Answer<Vec<HeldLock>> {
    let read = || -> Tried<Vec<HeldLock>> {
        let reader = source.reader()?;
        reader.namespace(namespace)?;
        let time_ms = reader.system()?.time_ms;
        let mut range = key::locks(source.group, namespace);
        if let Some(after) = after {
            range.start = [after, &[0]].concat();
        }
        let mut held = Vec::new();
        for pair in source.view.scan(&range.start, &range.end) {
            let (key, value) = pair?;
            let lock = lock::decode(&value)?;
            if lock.is_held(time_ms) {
                held.push(HeldLock { lock, key });
            }
            if held.len() >= limit {
                break;
            }
        }
        Ok(held)
    };
    answer(read())
}
