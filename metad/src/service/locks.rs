//! Reading locks.

use metad_proto::v1;
use tonic::Status;

use super::{decode, encode, files::Files};
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
    ) -> Result<v1::ListLocksReply, Status> {
        let v1::ListLocksRequest { ns, consistency } = request;
        let reading = self.read(consistency).await?;
        let list = |source: Source| query::locks(source, NamespaceId(ns));
        let (locks, revision) = reading.ask(None, list)?;
        let reply = v1::ListLocksReply {
            revision: revision.0,
            node: self.server().0,
            locks: locks.into_iter().map(encode::lock).collect(),
            staleness_ms: reading.staleness_ms,
        };
        self.decoded(encode::fitting(reply))
    }
}
