//! The types that openraft is instantiated with.

use std::fmt;

use bytes::Bytes;
use openraft::{alias, impls};

use super::{queue::Answer, runtime::Runtime, state_store::StateStore};
use crate::{kv, types::Applied};

/// An encoded command. Cheap to clone: the bytes are those of the log and of the wire.
#[derive(Clone, PartialEq, Eq)]
pub struct Proposal(pub Bytes);

impl fmt::Debug for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proposal({} bytes)", self.0.len())
    }
}

impl fmt::Display for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// openraft's types of this project. By hand, because the macro cannot set them all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct TypeConfig;

impl openraft::RaftTypeConfig for TypeConfig {
    type D = Proposal;
    type R = Applied;
    type NodeId = u64;
    type Node = impls::BasicNode;
    type Term = u64;
    // One leader a term, as in the paper.
    type LeaderId = impls::leader_id_std::LeaderId<u64, u64>;
    type Vote = impls::Vote<Self::LeaderId>;
    type Payload = Payload;
    type Entry = impls::Entry<alias::CommittedLeaderIdOf<Self>, Payload>;
    type AsyncRuntime = Runtime;
    type Responder<T>
        = Answer<T>
    where
        T: openraft::OptionalSend + 'static;
    type Batch<T>
        = impls::InlineBatch<T>
    where
        T: openraft::OptionalSend + 'static;
    type ErrorSource = impls::BoxedErrorSource;
}

/// openraft's handle.
pub type Raft = openraft::Raft<TypeConfig, StateStore>;
/// What an entry holds.
pub type Payload = impls::EntryPayload<Proposal, u64, impls::BasicNode>;
/// An entry of the log.
pub type Entry = alias::EntryOf<TypeConfig>;
/// A position in the log.
pub type LogId = alias::LogIdOf<TypeConfig>;
/// Whom a server voted for, and in which term.
pub type Vote = alias::VoteOf<TypeConfig>;
/// Who is in the group.
pub type Membership = openraft::Membership<u64, impls::BasicNode>;
/// Who is in the group, and since which entry.
pub type StoredMembership = alias::StoredMembershipOf<TypeConfig>;
/// What a snapshot covers.
pub type SnapshotMeta = alias::SnapshotMetaOf<TypeConfig>;
/// A snapshot: a checkpoint of the state engine.
pub type Snapshot = alias::SnapshotOf<TypeConfig, kv::Checkpoint>;
/// What openraft says of itself.
pub type Metrics = openraft::RaftMetrics<TypeConfig>;
