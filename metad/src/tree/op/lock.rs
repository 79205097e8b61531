//! Locks: who holds one, and until when, in replicated time. A grant's token is its revision,
//! so that tokens grow over all locks.

use metad_proto::{limits, planted};

use crate::{
    kv::{KvRead, KvTxn},
    records::{key, lock, system::System},
    tree::{Stop, Tried, apply::Context, reader::Reader},
    types::{Fence, Lock, LockRef, NodeId, Rejection, Revision},
};

/// Takes a lock that nobody holds.
pub(in crate::tree) fn acquire_lock(
    txn: &mut impl KvTxn,
    system: &mut System,
    context: &Context,
    (wanted, ttl_ms): (&LockRef, u64),
) -> Tried<Lock> {
    let reader = Reader::new(&*txn, context.group);
    let namespace = reader.namespace(wanted.namespace)?;
    if wanted.target.start != NodeId::NONE {
        reader.find(&namespace, &wanted.target)?;
    }
    let key = reader.lock_key(wanted)?;
    let last = reader.lock_at(&key)?;
    let early_ms = if planted!(LockTakenEarly) { 1_000 } else { 0 };
    match &last {
        Some(held) if held.is_held(context.time_ms + early_ms) => {
            let Lock { client, token, expires_ms, .. } = *held;
            return Err(Rejection::LockHeld { client, token, expires_ms }.into());
        }
        Some(_) => {}
        None if system.locks >= limits::LOCKS_MAX => {
            let (limit, value) = (limits::LOCKS, limits::LOCKS_MAX);
            return Err(Rejection::LimitExceeded { limit, value }.into());
        }
        None => {}
    }
    remove(txn, system, context, &key, last.as_ref());
    let granted = Lock {
        lock: wanted.clone(),
        token: if planted!(LockTokenReused) { Revision(1) } else { context.revision },
        client: context.request.client,
        expires_ms: context.time_ms.saturating_add(ttl_ms),
    };
    put(txn, system, context, &key, &granted);
    Ok(granted)
}

/// Has a lock end later.
pub(in crate::tree) fn renew_lock(
    txn: &mut impl KvTxn,
    system: &mut System,
    context: &Context,
    (fence, ttl_ms): (&Fence, u64),
) -> Tried<Lock> {
    let (key, held) = held(txn, context, fence)?;
    remove(txn, system, context, &key, Some(&held));
    let expires_ms = context.time_ms.saturating_add(ttl_ms);
    let renewed = Lock { expires_ms, ..held };
    put(txn, system, context, &key, &renewed);
    Ok(renewed)
}

/// Gives a lock back.
pub(in crate::tree) fn release_lock(
    txn: &mut impl KvTxn,
    system: &mut System,
    context: &Context,
    fence: &Fence,
) -> Tried<Lock> {
    let (key, held) = held(txn, context, fence)?;
    remove(txn, system, context, &key, Some(&held));
    Ok(held)
}

/// Refuses unless all these locks are held with their tokens.
pub(in crate::tree) fn check_fences(
    txn: &impl KvRead,
    context: &Context,
    fences: &[Fence],
) -> Tried<()> {
    if planted!(FencesIgnored) {
        return Ok(());
    }
    fences.iter().try_for_each(|fence| held(txn, context, fence).map(drop))
}

/// The lock, if it is held with this token, and its key.
fn held(txn: &impl KvRead, context: &Context, fence: &Fence) -> Tried<(Vec<u8>, Lock)> {
    let reader = Reader::new(txn, context.group);
    let stale = || Stop::from(Rejection::TokenStale { token: fence.token });
    let key = match reader.lock_key(&fence.lock) {
        // A lock in a namespace that is gone is held by nobody.
        Err(Stop::Rejected(_)) => return Err(stale()),
        key => key?,
    };
    let lock = reader.lock_at(&key)?;
    let held = lock.filter(|lock| lock.token == fence.token && lock.is_held(context.time_ms));
    Ok((key, held.ok_or_else(stale)?))
}

fn put(txn: &mut impl KvTxn, system: &mut System, context: &Context, key: &[u8], lock: &Lock) {
    txn.put(key.to_vec(), lock::encode(lock));
    txn.put(key::lock_end(context.group, lock.expires_ms, key), Vec::new());
    system.locks += 1;
}

fn remove(
    txn: &mut impl KvTxn,
    system: &mut System,
    context: &Context,
    key: &[u8],
    lock: Option<&Lock>,
) {
    if let Some(lock) = lock {
        txn.delete(key.to_vec());
        txn.delete(key::lock_end(context.group, lock.expires_ms, key));
        system.locks -= 1;
    }
}
