//! Locks: leases with fencing tokens.

use std::time::Duration;

use metad_proto::v1::{self, GetLockRequest, ListLocksRequest, Lock, LockRef, NodeRef};

use crate::{Client, Error, Reply, parts::whole, read::unary, stamped::Stamped};

impl Client {
    /// Acquires a lock for a time that is replicated; refused with `LOCK_HELD` as long as
    /// anybody holds it. The token of the answer is for [`fenced`](Client::fenced).
    pub async fn acquire_lock(&self, lock: LockRef, ttl: Duration) -> Result<Reply<Lock>, Error> {
        self.apply(v1::AcquireLock { lock: Some(lock), ttl_ms: milliseconds(ttl) }).await
    }

    /// Holds on to a lock for this long from now.
    pub async fn renew_lock(
        &self,
        lock: LockRef,
        token: u64,
        ttl: Duration,
    ) -> Result<Reply<Lock>, Error> {
        self.apply(v1::RenewLock { lock: Some(lock), token, ttl_ms: milliseconds(ttl) }).await
    }

    /// Lets others have a lock.
    pub async fn release_lock(&self, lock: LockRef, token: u64) -> Result<Reply<Lock>, Error> {
        self.apply(v1::ReleaseLock { lock: Some(lock), token }).await
    }

    /// Who holds a lock, if anybody does.
    pub async fn get_lock(&self, lock: LockRef) -> Result<Reply<Option<Lock>>, Error> {
        let reply =
            unary!(self, get_lock, GetLockRequest { lock: Some(lock), ..Default::default() });
        Ok(reply.reply(|reply| reply.lock))
    }

    /// The locks of a namespace that are held: those on nodes, then those on paths.
    pub async fn list_locks(&self, ns: u64) -> Result<Reply<Vec<Lock>>, Error> {
        Ok(whole!(self, list_locks, ListLocksRequest { ns, ..Default::default() }))
    }
}

/// The lock of this name, which may be empty, on a path or a node.
pub fn lock(ns: u64, target: NodeRef, name: impl Into<String>) -> LockRef {
    LockRef { ns, target: Some(target), name: name.into() }
}

/// Refuses a mutation once this lock has been lost.
pub fn fence(lock: LockRef, token: u64) -> v1::Fence {
    v1::Fence { lock: Some(lock), token }
}

fn milliseconds(ttl: Duration) -> u64 {
    u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX)
}
