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

/// The locks of a namespace that are held: those on nodes by their ids, then those on paths.
pub fn locks(source: Source, namespace: NamespaceId) -> Answer<Vec<Lock>> {
    let read = || -> Tried<Vec<Lock>> {
        let reader = source.reader()?;
        reader.namespace(namespace)?;
        let time_ms = reader.system()?.time_ms;
        let range = key::locks(source.group, namespace);
        let mut held = Vec::new();
        for pair in source.view.scan(&range.start, &range.end) {
            held.extend(Some(lock::decode(&pair?.1)?).filter(|lock| lock.is_held(time_ms)));
        }
        Ok(held)
    };
    answer(read())
}
