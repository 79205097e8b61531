//! Between openraft's messages and the protos.

use metad_proto::v1;
use openraft::raft::{
    AppendEntriesRequest, StreamAppendError, StreamAppendResult, VoteRequest, VoteResponse,
};
use tonic::Status;

use crate::{
    raft::{
        convert,
        types::{Entry, LogId, TypeConfig, Vote},
    },
    records::{
        self,
        entry::{Kind, Position},
    },
    types::ServerId,
};

fn missing(what: &str) -> Status {
    Status::invalid_argument(format!("{what} is missing"))
}

pub fn log_id(id: &LogId) -> v1::LogId {
    let Position { term, index } = convert::position(id);
    v1::LogId { term, index }
}

pub fn to_log_id(id: v1::LogId) -> LogId {
    convert::log_id(Position { term: id.term, index: id.index })
}

pub fn ballot(vote: &Vote) -> v1::Ballot {
    let vote = convert::stored_vote(vote);
    v1::Ballot { term: vote.term, node: vote.server.0, committed: vote.committed }
}

pub fn to_vote(ballot: Option<v1::Ballot>) -> Result<Vote, Status> {
    let v1::Ballot { term, node, committed } = ballot.ok_or_else(|| missing("the vote"))?;
    Ok(convert::vote(records::vote::Vote { term, server: ServerId(node), committed }))
}

pub fn vote_request(address: v1::Address, request: &VoteRequest<TypeConfig>) -> v1::VoteRequest {
    v1::VoteRequest {
        address: Some(address),
        vote: Some(ballot(&request.vote)),
        last: request.last_log_id.as_ref().map(log_id),
        leadership_transfer: request.leadership_transfer,
    }
}

pub fn to_vote_request(request: v1::VoteRequest) -> Result<VoteRequest<TypeConfig>, Status> {
    let (vote, last) = (to_vote(request.vote)?, request.last.map(to_log_id));
    let mut asked = VoteRequest::new(vote, last);
    asked.leadership_transfer = request.leadership_transfer;
    Ok(asked)
}

pub fn vote_reply(response: &VoteResponse<TypeConfig>) -> v1::VoteReply {
    v1::VoteReply {
        vote: Some(ballot(&response.vote)),
        granted: response.vote_granted,
        last: response.last_log_id.as_ref().map(log_id),
    }
}

pub fn vote_response(reply: v1::VoteReply) -> Result<VoteResponse<TypeConfig>, Status> {
    let last = reply.last.map(to_log_id);
    Ok(VoteResponse::new(to_vote(reply.vote)?, last, reply.granted))
}

fn entry(entry: &Entry) -> v1::Entry {
    let (kind, payload) = convert::parts(&entry.payload);
    v1::Entry { id: Some(log_id(&entry.log_id)), kind: kind.number().into(), payload }
}

fn to_entry(entry: v1::Entry) -> Result<Entry, Status> {
    let id = entry.id.ok_or_else(|| missing("an entry's id"))?;
    let kind = Kind::of(entry.kind)
        .ok_or_else(|| Status::invalid_argument(format!("unknown entry kind {}", entry.kind)))?;
    let position = Position { term: id.term, index: id.index };
    convert::entry(position, kind, entry.payload)
        .map_err(|fault| Status::invalid_argument(fault.to_string()))
}

pub fn append_request(
    address: v1::Address,
    request: &AppendEntriesRequest<TypeConfig>,
) -> v1::AppendRequest {
    v1::AppendRequest {
        address: Some(address),
        vote: Some(ballot(&request.vote)),
        prev: request.prev_log_id.as_ref().map(log_id),
        commit: request.leader_commit.as_ref().map(log_id),
        entries: request.entries.iter().map(entry).collect(),
    }
}

pub fn to_append_request(
    request: v1::AppendRequest,
) -> Result<AppendEntriesRequest<TypeConfig>, Status> {
    Ok(AppendEntriesRequest {
        vote: to_vote(request.vote)?,
        prev_log_id: request.prev.map(to_log_id),
        leader_commit: request.commit.map(to_log_id),
        entries: request.entries.into_iter().map(to_entry).collect::<Result<_, _>>()?,
    })
}

pub fn append_reply(result: &StreamAppendResult<TypeConfig>) -> v1::AppendReply {
    use v1::append_reply::{Matching, Reply};
    let reply = match result {
        Ok(matching) => Reply::Matching(Matching { id: matching.as_ref().map(log_id) }),
        Err(StreamAppendError::Conflict(at)) => Reply::Conflict(log_id(at)),
        Err(StreamAppendError::HigherVote(vote)) => Reply::HigherVote(ballot(vote)),
    };
    v1::AppendReply { reply: Some(reply) }
}

pub fn append_result(reply: v1::AppendReply) -> Result<StreamAppendResult<TypeConfig>, Status> {
    use v1::append_reply::Reply;
    Ok(match reply.reply.ok_or_else(|| missing("the reply"))? {
        Reply::Matching(matching) => Ok(matching.id.map(to_log_id)),
        Reply::Conflict(at) => Err(StreamAppendError::Conflict(to_log_id(at))),
        Reply::HigherVote(vote) => Err(StreamAppendError::HigherVote(to_vote(Some(vote))?)),
    })
}
