//! Reading namespaces and their snapshots.

use futures::Stream;
use metad_proto::{limits::PAGE_ENTRIES_MAX, v1};
use tonic::Status;

use super::{decode, encode, files::Files, parts, reading::Reading};
use crate::{
    tree::query::{self, Source},
    types::NamespaceId,
};

impl Files {
    pub(super) async fn namespaces(
        &self,
        request: v1::ListNamespacesRequest,
    ) -> Result<impl Stream<Item = Result<v1::ListNamespacesReply, Status>> + Send + use<>, Status>
    {
        let reading = self.read(request.consistency).await?;
        parts::stream(reading, None, namespaces_after)
    }

    pub(super) async fn namespace(
        &self,
        request: v1::GetNamespaceRequest,
    ) -> Result<v1::GetNamespaceReply, Status> {
        let which = self.decoded(decode::namespace(request.ns, &request.name))?;
        let reading = self.read(request.consistency).await?;
        let find = |source: Source| query::namespace(source, &which);
        let ((namespace, account), revision) = reading.ask(None, find)?;
        Ok(v1::GetNamespaceReply {
            revision: revision.0,
            node: self.server().0,
            namespace: Some(encode::namespace(namespace)),
            nodes: account.usage.nodes,
            bytes: account.usage.bytes,
            quota: encode::quota(account.quota),
            staleness_ms: reading.staleness_ms,
        })
    }

    pub(super) async fn snapshots(
        &self,
        request: v1::ListSnapshotsRequest,
    ) -> Result<v1::ListSnapshotsReply, Status> {
        let v1::ListSnapshotsRequest { ns, consistency } = request;
        let reading = self.read(consistency).await?;
        let list = |source: Source| query::snapshots(source, NamespaceId(ns));
        let (snapshots, revision) = reading.ask(None, list)?;
        Ok(v1::ListSnapshotsReply {
            revision: revision.0,
            node: self.server().0,
            snapshots: snapshots.into_iter().map(encode::snapshot).collect(),
            staleness_ms: reading.staleness_ms,
        })
    }
}

fn namespaces_after(
    reading: &Reading,
    after: Option<NamespaceId>,
) -> Result<(v1::ListNamespacesReply, Option<Option<NamespaceId>>), Status> {
    let list = |source: Source| {
        query::namespaces(source.view, source.group, after, PAGE_ENTRIES_MAX).map(Ok)
    };
    let (namespaces, revision) = reading.ask(None, list)?;
    let done = namespaces.len() < PAGE_ENTRIES_MAX;
    let last = namespaces.last().map(|last| last.id);
    let message = v1::ListNamespacesReply {
        revision: revision.0,
        node: reading.server().0,
        namespaces: namespaces.into_iter().map(encode::namespace).collect(),
        staleness_ms: reading.staleness_ms,
        done,
    };
    Ok((message, (!done).then_some(last)))
}
