//! The file trees: mutations through Raft, reads behind the barrier. The reads themselves are
//! in the modules for nodes, namespaces, journals and locks.

use std::sync::{Arc, atomic::AtomicUsize};

use futures::stream::BoxStream;
use metad_proto::{
    limits, planted,
    v1::{self, files_server},
};
use tonic::{Request, Response, Status, Streaming};

use super::{
    closing::Closing,
    decode::{self, Decoded},
    diff, encode, list,
    reading::Reading,
    seat::Seat,
    session, status, subscribe,
};
use crate::{
    kv,
    metrics::Calls,
    raft::{Replica, Unavailable},
    tree::{self, query},
    types::{
        Action, Applied, ClientId, Command, Field, Mutation, NameInvalid, NamespaceId, Outcome,
        Rejection, Revision, ServerId,
    },
};

/// The service. Clones are the same service.
#[derive(Clone)]
pub struct Files {
    pub(super) replica: Replica,
    pub(super) closing: Closing,
    pub(super) subscribers: Arc<AtomicUsize>,
    pub(super) calls: Calls,
}

impl Files {
    /// Of a replica. Subscriptions end when it is closing.
    pub fn new(
        replica: Replica,
        closing: Closing,
        subscribers: Arc<AtomicUsize>,
        calls: Calls,
    ) -> Files {
        Files { replica, closing, subscribers, calls }
    }

    pub(super) fn server(&self) -> ServerId {
        self.replica.member().server
    }

    /// What was decoded. A rejection has not seen the state.
    pub(super) fn decoded<T>(&self, decoded: Decoded<T>) -> Result<T, Status> {
        decoded.map_err(|rejection| status::rejected(&rejection, None, self.server()))
    }

    pub(super) fn unavailable(&self, unavailable: Unavailable) -> Status {
        status::unavailable(&unavailable, self.server())
    }

    pub(super) async fn propose(&self, action: Action) -> Result<Applied, Status> {
        self.check_room(&action)?;
        planted!(QuotaBeforeApply => { self.rehearse(&action)? });
        let proposed = self.replica.propose(action).await;
        let applied = proposed.map_err(|unavailable| self.unavailable(unavailable))?;
        match &applied.outcome {
            Outcome::Rejected(why) => {
                Err(status::rejected(why, Some(applied.revision), self.server()))
            }
            _ => Ok(applied),
        }
    }

    pub(super) async fn change(
        &self,
        request: v1::MutateRequest,
    ) -> Result<v1::MutateReply, Status> {
        let v1::MutateRequest { request, first_pending, mutation, fences } = request;
        let missing = |field| Rejection::NameInvalid(NameInvalid::Missing(field));
        let request = decode::request(request).ok_or(missing(Field::Request));
        let request = self.decoded(request)?;
        let mutation = self.decoded(mutation.ok_or(missing(Field::Mutation)))?;
        let action = self.decoded(decode::action(request, first_pending, fences, mutation))?;
        let Applied { revision, outcome } = self.propose(action).await?;
        let result = encode::mutation_result(outcome);
        let result = result.ok_or_else(|| self.unexpected("not a mutation's"))?;
        let (revision, node) = (revision.0, self.server().0);
        Ok(v1::MutateReply { revision, node, result: Some(result) })
    }

    /// Checks quotas against what is here before anything is replicated: for a planted bug.
    #[allow(dead_code, reason = "a planted bug uses it")]
    fn rehearse(&self, action: &Action) -> Result<(), Status> {
        let fault = |fault| status::fault(&fault, &self.replica);
        let view = self.replica.state().view().map_err(fault)?;
        let command = Command { time_ms: self.replica.now_ms(), action: action.clone() };
        let mut txn = kv::Txn::new(view);
        let group = self.replica.member().group;
        let rehearsed = planted::rehearse(|| tree::apply(&mut txn, group, &command));
        match rehearsed.map_err(fault)?.outcome {
            Outcome::Rejected(rejection @ Rejection::QuotaExceeded { .. }) => {
                Err(status::rejected(&rejection, None, self.server()))
            }
            _ => Ok(()),
        }
    }

    /// What a full state refuses needs no place in the log.
    fn check_room(&self, action: &Action) -> Result<(), Status> {
        let mutation = match action {
            Action::Request(request) => Some(&request.mutation),
            Action::OpenSession => None,
            _ => return Ok(()),
        };
        if !matches!(mutation, None | Some(Mutation::AcquireLock { .. })) {
            return Ok(());
        }
        let fault = |fault| status::fault(&fault, &self.replica);
        let view = self.replica.state().view().map_err(fault)?;
        let group = self.replica.member().group;
        match query::check_room(&*view, group, action).map_err(fault)? {
            Err(rejection @ Rejection::LimitExceeded { .. }) => {
                let revision = query::revision(&*view, group).map_err(fault)?;
                Err(status::rejected(&rejection, Some(revision), self.server()))
            }
            // Whether the namespace is there is for apply to say.
            _ => Ok(()),
        }
    }

    pub(super) async fn read(
        &self,
        consistency: Option<v1::Consistency>,
    ) -> Result<Reading, Status> {
        Reading::begin(&self.replica, decode::consistency(consistency)).await
    }

    /// A place for one more who waits for changes.
    pub(super) fn seat(&self) -> Result<Seat, Status> {
        let (limit, value) = (limits::SUBSCRIBERS, limits::SUBSCRIBERS_MAX as u64);
        let seat = Seat::take(&self.subscribers, limits::SUBSCRIBERS_MAX);
        self.decoded(seat.ok_or(Rejection::LimitExceeded { limit, value }))
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

    async fn close_session(
        &self,
        request: Request<v1::CloseSessionRequest>,
    ) -> Result<Response<v1::CloseSessionReply>, Status> {
        let client = ClientId(request.into_inner().client_id);
        let Applied { revision, .. } = self.propose(Action::CloseSession(client)).await?;
        Ok(Response::new(v1::CloseSessionReply { revision: revision.0, node: self.server().0 }))
    }

    type SessionStream = BoxStream<'static, Result<v1::SessionReply, Status>>;

    async fn session(
        &self,
        request: Request<Streaming<v1::SessionRequest>>,
    ) -> Result<Response<Self::SessionStream>, Status> {
        let told = session::stream(self.clone(), request.into_inner());
        Ok(Response::new(Box::pin(told)))
    }

    async fn mutate(
        &self,
        request: Request<v1::MutateRequest>,
    ) -> Result<Response<v1::MutateReply>, Status> {
        self.change(request.into_inner()).await.map(Response::new)
    }

    type ListNamespacesStream = BoxStream<'static, Result<v1::ListNamespacesReply, Status>>;

    async fn list_namespaces(
        &self,
        request: Request<v1::ListNamespacesRequest>,
    ) -> Result<Response<Self::ListNamespacesStream>, Status> {
        let told = self.namespaces(request.into_inner()).await?;
        Ok(Response::new(Box::pin(told)))
    }

    async fn get_namespace(
        &self,
        request: Request<v1::GetNamespaceRequest>,
    ) -> Result<Response<v1::GetNamespaceReply>, Status> {
        self.namespace(request.into_inner()).await.map(Response::new)
    }

    async fn stat(
        &self,
        request: Request<v1::StatRequest>,
    ) -> Result<Response<v1::StatReply>, Status> {
        self.stat_one(request.into_inner()).await.map(Response::new)
    }

    async fn batch_stat(
        &self,
        request: Request<v1::BatchStatRequest>,
    ) -> Result<Response<v1::BatchStatReply>, Status> {
        self.stat_many(request.into_inner()).await.map(Response::new)
    }

    async fn lookup(
        &self,
        request: Request<v1::LookupRequest>,
    ) -> Result<Response<v1::LookupReply>, Status> {
        self.look_up(request.into_inner()).await.map(Response::new)
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
        self.snapshots(request.into_inner()).await.map(Response::new)
    }

    async fn list_revisions(
        &self,
        request: Request<v1::ListRevisionsRequest>,
    ) -> Result<Response<v1::ListRevisionsReply>, Status> {
        self.revisions(request.into_inner()).await.map(Response::new)
    }

    type DiffStream = BoxStream<'static, Result<v1::DiffReply, Status>>;

    async fn diff(
        &self,
        request: Request<v1::DiffRequest>,
    ) -> Result<Response<Self::DiffStream>, Status> {
        let v1::DiffRequest { ns, from, to, consistency } = request.into_inner();
        let reading = self.read(consistency).await?;
        let (from, to) = (Revision(from), decode::revision(to));
        let told = diff::stream(reading, NamespaceId(ns), from, to).await?;
        Ok(Response::new(Box::pin(told)))
    }

    async fn get_lock(
        &self,
        request: Request<v1::GetLockRequest>,
    ) -> Result<Response<v1::GetLockReply>, Status> {
        self.lock(request.into_inner()).await.map(Response::new)
    }

    type ListLocksStream = BoxStream<'static, Result<v1::ListLocksReply, Status>>;

    async fn list_locks(
        &self,
        request: Request<v1::ListLocksRequest>,
    ) -> Result<Response<Self::ListLocksStream>, Status> {
        let told = self.locks(request.into_inner()).await?;
        Ok(Response::new(Box::pin(told)))
    }

    async fn get_cursor(
        &self,
        request: Request<v1::GetCursorRequest>,
    ) -> Result<Response<v1::GetCursorReply>, Status> {
        self.cursor(request.into_inner()).await.map(Response::new)
    }

    async fn wait_for_change(
        &self,
        request: Request<v1::WaitForChangeRequest>,
    ) -> Result<Response<v1::WaitForChangeReply>, Status> {
        self.wait(request.into_inner()).await.map(Response::new)
    }

    async fn read_journal(
        &self,
        request: Request<v1::ReadJournalRequest>,
    ) -> Result<Response<v1::ReadJournalReply>, Status> {
        self.journal(request.into_inner()).await.map(Response::new)
    }

    type SubscribeStream = BoxStream<'static, Result<v1::SubscribeReply, Status>>;

    async fn subscribe(
        &self,
        request: Request<v1::SubscribeRequest>,
    ) -> Result<Response<Self::SubscribeStream>, Status> {
        let v1::SubscribeRequest { ns, after } = request.into_inner();
        let seat = self.seat()?;
        let after = after.map(decode::cursor);
        self.reaches(after).await?;
        let told = subscribe::stream(&self.replica, NamespaceId(ns), after, &self.closing, seat);
        Ok(Response::new(Box::pin(told)))
    }
}
