//! The file trees: mutations through Raft, reads behind the barrier.

use std::{
    sync::{Arc, atomic::AtomicUsize},
    time::Duration,
};

use futures::stream::BoxStream;
use metad_proto::{
    limits,
    v1::{self, files_server},
};
use tonic::{Request, Response, Status};

use super::{
    closing::Closing,
    decode::{self, Decoded},
    encode, list,
    reading::Reading,
    status, subscribe,
};
use crate::{
    kv,
    raft::{self, Replica, Unavailable},
    tree::query::{self, Source},
    types::{Action, Applied, Cursor, NamespaceId, NodeRef, Outcome, Rejection, ServerId},
};

/// How long a reader with a later cursor waits for a node that lags.
const LAG_MAX: Duration = Duration::from_secs(2);

/// The service.
pub struct Files {
    replica: Replica,
    closing: Closing,
    subscribers: Arc<AtomicUsize>,
}

impl Files {
    /// Of a replica. Subscriptions end when it is closing.
    pub fn new(replica: Replica, closing: Closing) -> Files {
        Files { replica, closing, subscribers: Arc::default() }
    }

    fn server(&self) -> ServerId {
        self.replica.member().server
    }

    /// What was decoded. A rejection has not seen the state.
    fn decoded<T>(&self, decoded: Decoded<T>) -> Result<T, Status> {
        decoded.map_err(|rejection| status::rejected(&rejection, None, self.server()))
    }

    fn unavailable(&self, unavailable: Unavailable) -> Status {
        status::unavailable(&unavailable, self.server())
    }

    async fn propose(&self, action: Action) -> Result<Applied, Status> {
        let proposed = self.replica.propose(action).await;
        let applied = proposed.map_err(|unavailable| self.unavailable(unavailable))?;
        match &applied.outcome {
            Outcome::Rejected(why) => {
                Err(status::rejected(why, Some(applied.revision), self.server()))
            }
            _ => Ok(applied),
        }
    }

    async fn read(&self, consistency: Option<v1::Consistency>) -> Result<Reading, Status> {
        Reading::begin(&self.replica, decode::consistency(consistency)).await
    }

    /// Waits until this node has come as far as a cursor. One that the whole cluster has not
    /// reached is of another history: its reader would miss what comes until then.
    async fn reaches(&self, cursor: Option<Cursor>) -> Result<(), Status> {
        let wanted = cursor.unwrap_or_default().revision;
        let mut state = self.replica.state().clone();
        let arrived =
            async { while state.note_progress().revision < wanted && state.moved_on().await {} };
        if raft::time::timeout(LAG_MAX, arrived).await.is_some() {
            return Ok(());
        }
        let Reading { revision, .. } = self.read(None).await?;
        if revision >= wanted {
            return Ok(());
        }
        let rejection = Rejection::CursorReset { revision };
        Err(status::rejected(&rejection, Some(revision), self.server()))
    }

    fn unexpected(&self, outcome: &str) -> Status {
        let fault =
            kv::StorageFault::corrupt("reply", format!("an outcome of another kind: {outcome}"));
        status::fault(&fault, &self.replica)
    }
}

#[tonic::async_trait]
impl files_server::Files for Files {
    async fn open_session(
        &self,
        _request: Request<v1::OpenSessionRequest>,
    ) -> Result<Response<v1::OpenSessionReply>, Status> {
        let Applied { revision, outcome } = self.propose(Action::OpenSession).await?;
        let Outcome::Session { client, ttl_ms } = outcome else {
            return Err(self.unexpected("not a session"));
        };
        Ok(Response::new(v1::OpenSessionReply {
            revision: revision.0,
            client_id: client.0,
            ttl_ms,
            node: self.server().0,
        }))
    }

    async fn mutate(
        &self,
        request: Request<v1::MutateRequest>,
    ) -> Result<Response<v1::MutateReply>, Status> {
        let v1::MutateRequest { request, first_pending, mutation } = request.into_inner();
        let missing = |field| status::missing(field, self.server());
        let request = decode::request(request).ok_or_else(|| missing("request"))?;
        let mutation = mutation.ok_or_else(|| missing("mutation"))?;
        let action = self.decoded(decode::action(request, first_pending, mutation))?;
        let Applied { revision, outcome } = self.propose(action).await?;
        let result = encode::mutation_result(outcome);
        let result = result.ok_or_else(|| self.unexpected("not a mutation's"))?;
        let (revision, node) = (revision.0, self.server().0);
        Ok(Response::new(v1::MutateReply { revision, node, result: Some(result) }))
    }

    async fn list_namespaces(
        &self,
        request: Request<v1::ListNamespacesRequest>,
    ) -> Result<Response<v1::ListNamespacesReply>, Status> {
        let reading = self.read(request.into_inner().consistency).await?;
        let namespaces = |source: Source| query::namespaces(source.view, source.group).map(Ok);
        let (namespaces, revision) = reading.ask(None, namespaces)?;
        Ok(Response::new(v1::ListNamespacesReply {
            revision: revision.0,
            node: self.server().0,
            namespaces: namespaces.into_iter().map(encode::namespace).collect(),
            staleness_ms: reading.staleness_ms,
        }))
    }

    async fn stat(
        &self,
        request: Request<v1::StatRequest>,
    ) -> Result<Response<v1::StatReply>, Status> {
        let v1::StatRequest { ns, target, at_revision, consistency } = request.into_inner();
        let target = self.decoded(decode::node_ref(target))?;
        let stat = |source: Source| query::stat(source, NamespaceId(ns), &target);
        let reading = self.read(consistency).await?;
        let (stat, revision) = reading.ask(decode::revision(at_revision), stat)?;
        Ok(Response::new(v1::StatReply {
            revision: revision.0,
            node: self.server().0,
            stat: Some(encode::stat(stat)),
            staleness_ms: reading.staleness_ms,
        }))
    }

    async fn lookup(
        &self,
        request: Request<v1::LookupRequest>,
    ) -> Result<Response<v1::LookupReply>, Status> {
        let v1::LookupRequest { ns, target, at_revision, consistency } = request.into_inner();
        let target = self.decoded(decode::node_ref(target))?;
        let lookup = |source: Source| query::lookup(source, NamespaceId(ns), &target);
        let reading = self.read(consistency).await?;
        let ((node, path), revision) = reading.ask(decode::revision(at_revision), lookup)?;
        Ok(Response::new(v1::LookupReply {
            revision: revision.0,
            node: self.server().0,
            id: node.id.0,
            kind: encode::kind(node.kind()).into(),
            path: path.to_string(),
            staleness_ms: reading.staleness_ms,
        }))
    }

    type ListStream = BoxStream<'static, Result<v1::ListReply, Status>>;

    async fn list(
        &self,
        request: Request<v1::ListRequest>,
    ) -> Result<Response<Self::ListStream>, Status> {
        let mut request = request.into_inner();
        let consistency = request.consistency.take();
        let listing = self.decoded(list::Listing::decode(request))?;
        let pages = list::Pages(self.read(consistency).await?);
        // The first page now: a rejection is then the call's own status.
        let first = pages.read(&listing)?;
        Ok(Response::new(Box::pin(pages.stream(listing, first))))
    }

    async fn list_snapshots(
        &self,
        request: Request<v1::ListSnapshotsRequest>,
    ) -> Result<Response<v1::ListSnapshotsReply>, Status> {
        let v1::ListSnapshotsRequest { ns, consistency } = request.into_inner();
        let reading = self.read(consistency).await?;
        let list = |source: Source| query::snapshots(source, NamespaceId(ns));
        let (snapshots, revision) = reading.ask(None, list)?;
        Ok(Response::new(v1::ListSnapshotsReply {
            revision: revision.0,
            node: self.server().0,
            snapshots: snapshots.into_iter().map(encode::snapshot).collect(),
            staleness_ms: reading.staleness_ms,
        }))
    }

    async fn list_revisions(
        &self,
        request: Request<v1::ListRevisionsRequest>,
    ) -> Result<Response<v1::ListRevisionsReply>, Status> {
        let request = request.into_inner();
        let target = self.decoded(decode::node_ref(request.target))?;
        let limit = self.decoded(decode::page_limit(request.limit))?;
        let before = decode::revision(request.before);
        let reading = self.read(request.consistency).await?;
        let list = |source: Source| {
            query::versions(source, NamespaceId(request.ns), &target, before, limit)
        };
        let (versions, _) = reading.ask(decode::revision(request.at_revision), list)?;
        // What does not fit into a message is asked for with `before`.
        let (versions, _) = encode::fill(versions, encode::entry);
        Ok(Response::new(v1::ListRevisionsReply {
            revision: reading.revision.0,
            node: self.server().0,
            versions,
            staleness_ms: reading.staleness_ms,
        }))
    }

    async fn get_cursor(
        &self,
        request: Request<v1::GetCursorRequest>,
    ) -> Result<Response<v1::GetCursorReply>, Status> {
        let v1::GetCursorRequest { ns, consistency } = request.into_inner();
        let reading = self.read(consistency).await?;
        let root = NodeRef::default();
        let (_, revision) =
            reading.ask(None, |source: Source| query::stat(source, NamespaceId(ns), &root))?;
        Ok(Response::new(v1::GetCursorReply {
            revision: revision.0,
            node: self.server().0,
            cursor: Some(encode::cursor(Cursor::after(revision))),
            staleness_ms: reading.staleness_ms,
        }))
    }

    async fn wait_for_change(
        &self,
        request: Request<v1::WaitForChangeRequest>,
    ) -> Result<Response<v1::WaitForChangeReply>, Status> {
        let v1::WaitForChangeRequest { ns, after, timeout_ms } = request.into_inner();
        let seat = subscribe::Seat::take(&self.subscribers);
        let _seat = seat.ok_or_else(|| self.unavailable(Unavailable::overloaded()))?;
        let after = after.map(decode::cursor);
        self.reaches(after).await?;
        let patience = Duration::from_millis(timeout_ms.min(limits::WAIT_MS_MAX));
        let waited = subscribe::wait(&self.replica, NamespaceId(ns), after, &self.closing);
        let (changed, revision) = match raft::time::timeout(patience, waited).await {
            Some(changed) => (true, changed?),
            None => (false, self.replica.state().progress().revision),
        };
        let (revision, node) = (revision.0, self.server().0);
        Ok(Response::new(v1::WaitForChangeReply { revision, node, changed }))
    }

    async fn read_journal(
        &self,
        request: Request<v1::ReadJournalRequest>,
    ) -> Result<Response<v1::ReadJournalReply>, Status> {
        let v1::ReadJournalRequest { ns, after, limit, consistency } = request.into_inner();
        let limit = self.decoded(decode::page_limit(limit))?;
        let after = after.map(decode::cursor);
        let page = |source: Source| {
            query::journal_page(source.view, source.group, NamespaceId(ns), after, limit)
        };
        let reading = self.read(consistency).await?;
        let (page, revision) = reading.ask(None, page)?;
        let (changes, rest) = encode::fill(page.changes, encode::change);
        let cursor = changes.last().and_then(|change| change.cursor);
        Ok(Response::new(v1::ReadJournalReply {
            revision: revision.0,
            node: self.server().0,
            changes,
            cursor: Some(cursor.unwrap_or(encode::cursor(page.cursor))),
            end: page.end && rest.is_empty(),
            staleness_ms: reading.staleness_ms,
        }))
    }

    type SubscribeStream = BoxStream<'static, Result<v1::SubscribeReply, Status>>;

    async fn subscribe(
        &self,
        request: Request<v1::SubscribeRequest>,
    ) -> Result<Response<Self::SubscribeStream>, Status> {
        let v1::SubscribeRequest { ns, after } = request.into_inner();
        let seat = subscribe::Seat::take(&self.subscribers);
        let seat = seat.ok_or_else(|| self.unavailable(Unavailable::overloaded()))?;
        let after = after.map(decode::cursor);
        self.reaches(after).await?;
        let told = subscribe::stream(&self.replica, NamespaceId(ns), after, &self.closing, seat);
        Ok(Response::new(Box::pin(told)))
    }
}
