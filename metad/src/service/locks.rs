//! Reading locks.

use futures::Stream;
use metad_proto::{limits::PAGE_ENTRIES_MAX, v1};
use tonic::Status;

use super::{decode, encode, files::Files, parts, reading::Reading};
use crate::{
    tree::query::{self, Source},
    types::NamespaceId,
};

impl Files {
    pub(super) async fn lock(
        &self,
        request: v1::GetLockRequest,
    ) -> Result<v1::GetLockReply, Status> {
        let v1::GetLockRequest { lock, consistency } = request;
        let wanted = self.decoded(decode::lock_ref(lock))?;
        let reading = self.read(consistency).await?;
        let (lock, revision) = reading.ask(None, |source: Source| query::lock(source, &wanted))?;
        Ok(v1::GetLockReply {
            revision: revision.0,
            node: self.server().0,
            lock: lock.map(encode::lock),
            staleness_ms: reading.staleness_ms,
        })
    }

    pub(super) async fn locks(
        &self,
        request: v1::ListLocksRequest,
    ) -> Result<impl Stream<Item = Result<v1::ListLocksReply, Status>> + Send + use<>, Status> {
        let v1::ListLocksRequest { ns, consistency } = request;
        let reading = self.read(consistency).await?;
        parts::stream(reading, None, move |reading, after| {
            locks_after(reading, NamespaceId(ns), after)
        })
    }
}

/// The key of the last lock that was told.
type Place = Option<Vec<u8>>;

fn locks_after(
    reading: &Reading,
    namespace: NamespaceId,
    after: Place,
) -> Result<(v1::ListLocksReply, Option<Place>), Status> {
    let list = |source: Source| query::locks(source, namespace, after.as_deref(), PAGE_ENTRIES_MAX);
    let (locks, revision) = reading.ask(None, list)?;
    let is_last_page = locks.len() < PAGE_ENTRIES_MAX;
    let keys: Vec<_> = locks.iter().map(|held| held.key.clone()).collect();
    let (locks, rest) = encode::fill(locks, |held| encode::lock(held.lock));
    let done = is_last_page && rest.is_empty();
    let last = locks.len().checked_sub(1).and_then(|last| keys.get(last).cloned());
    let message = v1::ListLocksReply {
        revision: revision.0,
        node: reading.server().0,
        locks,
        staleness_ms: reading.staleness_ms,
        done,
    };
    Ok((message, (!done).then_some(last)))
}
