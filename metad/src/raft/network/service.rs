//! Raft's messages, the receiver's side.

use std::{future::ready, pin::Pin, sync::Arc};

use futures::{Stream, StreamExt as _};
use metad_proto::{
    planted,
    v1::{
        self,
        raft_server::{Raft as Service, RaftServer},
        snapshot_chunk,
    },
};
use openraft::{
    RaftState,
    raft::{
        AppendEntriesRequest, AppendEntriesResponse, StreamAppendError, TransferLeaderRequest,
        VoteRequest,
    },
};
use tonic::{Request, Response, Status, Streaming};

use super::{
    MESSAGE_SIZE_MAX,
    snapshot::{self, Receiving},
    wire,
};
use crate::{
    kv::KvEngine,
    raft::{
        Replica, compare, convert,
        types::{LogId, TypeConfig, Vote},
    },
    records::{entry, membership},
};

/// The gRPC service of a replica, which takes snapshots into its state engine.
pub fn service(replica: Replica, state: Arc<dyn KvEngine>) -> RaftServer<impl Service> {
    RaftServer::new(Receiver { replica, state })
        .max_decoding_message_size(MESSAGE_SIZE_MAX)
        .max_encoding_message_size(MESSAGE_SIZE_MAX)
}

#[derive(Clone)]
struct Receiver {
    replica: Replica,
    state: Arc<dyn KvEngine>,
}

impl Receiver {
    /// What a leader's snapshot holds was committed, and a log that has all of it needs no
    /// snapshot: told so, openraft takes it for installed. Otherwise it would install it, and
    /// count entries behind it, which are on their way to the disk, as not yet written.
    async fn commit_what_is_there(&self, vote: Vote, last: Option<LogId>) -> Result<(), Status> {
        let request = AppendEntriesRequest {
            vote,
            prev_log_id: last,
            entries: Vec::new(),
            leader_commit: last,
        };
        self.replica.raft().append_entries(request).await.map_err(stopped).map(drop)
    }

    /// Refuses what is meant for another server: two clusters may share an address after a
    /// mistake in a configuration, and must not share votes.
    fn check(&self, address: Option<&v1::Address>) -> Result<(), Status> {
        let member = self.replica.member();
        let ours = v1::Address {
            cluster: member.cluster.clone(),
            group: member.group.0.into(),
            to: member.server.0,
        };
        if address == Some(&ours) {
            return Ok(());
        }
        let message = format!("this is {ours:?}, not {address:?}");
        tracing::warn!(message, "a Raft message for another server");
        Err(Status::failed_precondition(message))
    }

    /// Refuses to vote with a memory that has a gap.
    fn check_votes(&self) -> Result<(), Status> {
        if self.replica.admission().may_vote() {
            return Ok(());
        }
        Err(Status::failed_precondition("this node joins: it does not vote yet"))
    }

    /// Takes any candidate's log for as good as this one's: for a planted bug alone.
    async fn flatter(&self, request: &mut VoteRequest<TypeConfig>) -> Result<(), Status> {
        if planted!(VoteIgnoresLog) {
            let last = self.replica.raft().with_raft_state(|state| state.log_ids.last().copied());
            request.last_log_id = last.await.map_err(stopped)?.max(request.last_log_id);
        }
        Ok(())
    }

    /// Refuses proposals that there is no room for. The leader sends them again; Raft's own
    /// entries, and those that are here already, go on: without them a new leader could commit
    /// nothing, and so serve no reads.
    fn check_room(&self, entries: &[v1::Entry]) -> Result<(), Status> {
        if !self.replica.room().is_out() {
            return Ok(());
        }
        let command = u32::from(entry::Kind::Command.number());
        let last = self.replica.metrics().last_log_index;
        let is_new = |id: &v1::LogId| Some(id.index) > last;
        if !entries
            .iter()
            .any(|entry| entry.kind == command && entry.id.as_ref().is_some_and(is_new))
        {
            return Ok(());
        }
        Err(Status::resource_exhausted("this node has no room on its disk"))
    }

    /// Refuses to follow a leader that may have been superseded with this node's help.
    fn check_term(&self, ballot: Option<&v1::Ballot>) -> Result<(), Status> {
        let term = ballot.map_or(0, |ballot| ballot.term);
        if self.replica.admission().may_follow(term) {
            return Ok(());
        }
        Err(Status::failed_precondition("this node joins: it does not follow this term"))
    }
}

fn stopped(error: impl std::fmt::Display) -> Status {
    Status::unavailable(error.to_string())
}

#[tonic::async_trait]
impl Service for Receiver {
    async fn vote(
        &self,
        request: Request<v1::VoteRequest>,
    ) -> Result<Response<v1::VoteReply>, Status> {
        let request = request.into_inner();
        self.check(request.address.as_ref())?;
        self.check_votes()?;
        let mut request = wire::to_vote_request(request)?;
        self.flatter(&mut request).await?;
        let response = self.replica.raft().vote(request).await.map_err(stopped)?;
        Ok(Response::new(wire::vote_reply(&response)))
    }

    async fn pre_vote(
        &self,
        request: Request<v1::VoteRequest>,
    ) -> Result<Response<v1::VoteReply>, Status> {
        let request = request.into_inner();
        self.check(request.address.as_ref())?;
        self.check_votes()?;
        let mut request = wire::to_vote_request(request)?;
        self.flatter(&mut request).await?;
        let response = self.replica.raft().pre_vote(request).await.map_err(stopped)?;
        Ok(Response::new(wire::vote_reply(&response)))
    }

    async fn append(
        &self,
        request: Request<v1::AppendRequest>,
    ) -> Result<Response<v1::AppendReply>, Status> {
        let request = request.into_inner();
        self.check(request.address.as_ref())?;
        self.check_term(request.vote.as_ref())?;
        self.check_room(&request.entries)?;
        let request = wire::to_append_request(request)?;
        let previous = request.prev_log_id;
        let last = request.entries.last().map(|entry| entry.log_id).or(previous);
        let response = self.replica.raft().append_entries(request).await.map_err(stopped)?;
        let result = match response {
            AppendEntriesResponse::Success => Ok(last),
            AppendEntriesResponse::PartialSuccess(matching) => Ok(matching),
            AppendEntriesResponse::Conflict => {
                let at = previous.expect("an empty log conflicts with nothing");
                Err(StreamAppendError::Conflict(at))
            }
            AppendEntriesResponse::HigherVote(vote) => Err(StreamAppendError::HigherVote(vote)),
        };
        Ok(Response::new(wire::append_reply(&result)))
    }

    type AppendStreamStream = Pin<Box<dyn Stream<Item = Result<v1::AppendReply, Status>> + Send>>;

    async fn append_stream(
        &self,
        request: Request<Streaming<v1::AppendRequest>>,
    ) -> Result<Response<Self::AppendStreamStream>, Status> {
        let receiver = self.clone();
        // A request that cannot be taken ends the stream: the sender starts anew.
        let take = move |request: Result<v1::AppendRequest, Status>| {
            let request = request.ok()?;
            receiver.check(request.address.as_ref()).ok()?;
            receiver.check_term(request.vote.as_ref()).ok()?;
            receiver.check_room(&request.entries).ok()?;
            wire::to_append_request(request).ok()
        };
        let requests = request.into_inner().scan((), move |(), request| ready(take(request)));
        let results = self.replica.raft().stream_append(requests);
        let replies = results.map(|result| match result {
            Ok(result) => Ok(wire::append_reply(&result)),
            Err(fatal) => Err(stopped(fatal)),
        });
        Ok(Response::new(Box::pin(replies)))
    }

    async fn install_snapshot(
        &self,
        request: Request<Streaming<v1::SnapshotChunk>>,
    ) -> Result<Response<v1::SnapshotReply>, Status> {
        let mut stream = request.into_inner();
        let snapshot_chunk::Chunk::Header(header) = snapshot::next(&mut stream).await? else {
            return Err(Status::invalid_argument("a header expected"));
        };
        self.check(header.address.as_ref())?;
        self.check_term(header.vote.as_ref())?;
        let incoming =
            self.state.incoming().map_err(|fault| Status::internal(fault.to_string()))?;
        let receiving = Receiving::new(header, incoming)?;
        let vote = receiving.vote;
        let snapshot = receiving.receive(&mut stream).await?;
        self.commit_what_is_there(vote, snapshot.meta.last_log_id).await?;
        let installed = self.replica.raft().install_full_snapshot(vote, snapshot).await;
        let response = installed.map_err(stopped)?;
        Ok(Response::new(v1::SnapshotReply { vote: Some(wire::ballot(&response.vote)) }))
    }

    async fn standing(
        &self,
        request: Request<v1::StandingRequest>,
    ) -> Result<Response<v1::StandingReply>, Status> {
        self.check(request.into_inner().address.as_ref())?;
        let is_member = self.replica.admission().may_vote();
        // From Raft itself, in turn with its other work: metrics may lag behind a promise.
        let look = move |state: &RaftState<TypeConfig>| {
            let vote = convert::stored_vote(state.vote_ref());
            let last = state.log_ids.last().map(wire::log_id);
            let members = state.membership_state.effective();
            v1::StandingReply {
                member: is_member,
                term: vote.term,
                last,
                membership: membership::encode(&convert::stored_membership(members.membership()))
                    .into(),
                membership_at: members.log_id().as_ref().map(wire::log_id),
            }
        };
        let reply = self.replica.raft().with_raft_state(look).await.map_err(stopped)?;
        Ok(Response::new(reply))
    }

    async fn state_at(
        &self,
        request: Request<v1::StateAtRequest>,
    ) -> Result<Response<v1::StateAtReply>, Status> {
        let request = request.into_inner();
        self.check(request.address.as_ref())?;
        let hash = compare::state_at(&self.replica, request.index).await.map_err(|fault| {
            self.replica.report(&fault);
            Status::internal(fault.to_string())
        })?;
        let hash = hash.map_or_else(Vec::new, |hash| hash.to_be_bytes().to_vec());
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Ok(Response::new(v1::StateAtReply { hash: hash.into(), version }))
    }

    async fn transfer_leader(
        &self,
        request: Request<v1::TransferLeaderRequest>,
    ) -> Result<Response<v1::TransferLeaderReply>, Status> {
        let request = request.into_inner();
        self.check(request.address.as_ref())?;
        self.check_votes()?;
        let from = wire::to_vote(request.from)?;
        let last = request.last.map(wire::to_log_id);
        let request = TransferLeaderRequest::new(from, request.to_node, last);
        let handled = self.replica.raft().handle_transfer_leader(request).await;
        match handled.map_err(stopped)? {
            Ok(()) => Ok(Response::new(v1::TransferLeaderReply {})),
            Err(refused) => Err(Status::failed_precondition(refused.to_string())),
        }
    }
}
