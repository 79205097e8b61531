//! Between openraft's types and those that are stored or sent, which do not know openraft.

use bytes::Bytes;
use openraft::{alias::CommittedLeaderIdOf, impls::BasicNode};

use super::types::{
    Entry, LogId, Membership, Payload, Proposal, StoredMembership, TypeConfig, Vote,
};
use crate::{
    kv::{Result, StorageFault},
    records::{
        self,
        entry::{Kind, Position},
        membership,
    },
    types::ServerId,
};

/// A position as it is stored.
pub fn position(id: &LogId) -> Position {
    Position { term: *id.leader_id, index: id.index }
}

/// A position as openraft has it.
pub fn log_id(position: Position) -> LogId {
    let leader_id = CommittedLeaderIdOf::<TypeConfig>::new(position.term);
    LogId { leader_id, index: position.index }
}

/// A vote as it is stored.
pub fn stored_vote(vote: &Vote) -> records::vote::Vote {
    let server = ServerId(vote.leader_id.voted_for);
    records::vote::Vote { term: vote.leader_id.term, server, committed: vote.committed }
}

/// A vote as openraft has it.
pub fn vote(stored: records::vote::Vote) -> Vote {
    let records::vote::Vote { term, server, committed } = stored;
    if committed { Vote::new_committed(term, server.0) } else { Vote::new(term, server.0) }
}

/// The kind and the bytes of a payload.
pub fn parts(payload: &Payload) -> (Kind, Bytes) {
    match payload {
        Payload::Blank => (Kind::Blank, Bytes::new()),
        Payload::Normal(Proposal(command)) => (Kind::Command, command.clone()),
        Payload::Membership(members) => {
            (Kind::Membership, membership::encode(&stored_membership(members)).into())
        }
    }
}

/// An entry of these parts.
pub fn entry(position: Position, kind: Kind, payload: Bytes) -> Result<Entry> {
    let payload = match kind {
        Kind::Blank => Payload::Blank,
        Kind::Command => Payload::Normal(Proposal(payload)),
        Kind::Membership => Payload::Membership(members(membership::decode(&payload)?)?),
    };
    Ok(Entry { log_id: log_id(position), payload })
}

/// A membership as it is stored.
pub fn stored_membership(members: &Membership) -> membership::Membership {
    let voters = members.get_joint_config().iter();
    membership::Membership {
        voters: voters.map(|voters| voters.iter().copied().map(ServerId).collect()).collect(),
        servers: members.nodes().map(|(id, node)| (ServerId(*id), node.addr.clone())).collect(),
    }
}

/// A membership as openraft has it.
pub fn members(stored: membership::Membership) -> Result<Membership> {
    if stored.voters.is_empty() {
        return Ok(Membership::default());
    }
    let voters = stored.voters.into_iter();
    let voters = voters.map(|voters| voters.into_iter().map(|id| id.0).collect()).collect();
    let servers = stored.servers.into_iter();
    let nodes = servers.map(|(id, address)| (id.0, BasicNode { addr: address }));
    Membership::new(voters, nodes.collect::<std::collections::BTreeMap<_, _>>())
        .map_err(|error| StorageFault::corrupt("membership", error.to_string()))
}

/// The membership of a state machine.
pub fn applied_membership(applied: &records::applied::Applied) -> Result<StoredMembership> {
    let members = members(applied.membership.clone())?;
    Ok(StoredMembership::new(applied.membership_at.map(log_id), members))
}
