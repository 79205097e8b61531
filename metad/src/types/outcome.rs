//! What apply answers.

use metad_proto::limits;

use super::{ClientId, Lock, Name, NameInvalid, Namespace, NodeId, Revision, Snapshot};

/// The answer to a command, kept for retries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Where it took effect; if it changed nothing, the revision that it saw.
    pub revision: Revision,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing changed, for this reason.
    Rejected(Rejection),
    /// A session was opened.
    Session {
        /// Its id.
        client: ClientId,
        /// Milliseconds of replicated time without a request after which it expires.
        ttl_ms: u64,
    },
    /// A namespace was made, changed or deleted.
    Namespace(Namespace),
    /// A snapshot was made or deleted.
    Snapshot(Snapshot),
    /// A lock was granted, renewed or released.
    Lock(Lock),
    /// All steps were done.
    Steps(Vec<StepResult>),
    /// What was there before this revision can no longer be read.
    Compacted(Revision),
    /// Housekeeping was done.
    Reclaimed {
        /// Whether there is more to do.
        more: bool,
    },
    /// An entry of Raft's own: nothing to do with the tree.
    None,
}

/// What one step did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepResult {
    /// The node made, changed, moved, deleted or checked; of an absent one, none.
    pub id: NodeId,
    /// Its rev after the step; of a deleted node, before it.
    pub rev: Revision,
    /// The name that it was given instead of the one asked for.
    pub renamed: Option<Name>,
}

impl StepResult {
    /// Of a node, under the name that was asked for.
    pub fn of(id: NodeId, rev: Revision) -> StepResult {
        StepResult { id, rev, renamed: None }
    }
}

/// Why a command was refused, or a query has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// No such namespace or node.
    #[error("no such namespace or node")]
    NotFound,
    /// The state has not come to the revision, or the namespace was made later.
    #[error("no such revision: it is yet to come, or from before the namespace was made")]
    NoRevision,
    /// The name is taken.
    #[error("the name is taken")]
    AlreadyExists,
    /// A directory is needed.
    #[error("not a directory")]
    NotADirectory,
    /// A file is needed.
    #[error("is a directory")]
    IsADirectory,
    /// The directory has entries.
    #[error("the directory is not empty")]
    NotEmpty,
    /// A directory cannot go under itself, nor a namespace show itself.
    #[error("it would lead back to itself")]
    Cycle,
    /// The rev given is not the current one.
    #[error("the rev given is not the current one, {current}")]
    Conflict {
        /// The node's rev.
        current: Revision,
    },
    /// A precondition does not hold.
    #[error("a precondition does not hold")]
    PreconditionFailed,
    /// Not a valid name here.
    #[error(transparent)]
    NameInvalid(NameInvalid),
    /// Beyond a limit.
    #[error("{}", beyond(limit, *value))]
    LimitExceeded {
        /// Its name.
        limit: &'static str,
        /// Its value.
        value: u64,
    },
    /// Beyond a quota.
    #[error("directory {directory} may hold {value} {of} at most")]
    QuotaExceeded {
        /// Whose quota.
        directory: NodeId,
        /// `nodes` or `bytes`.
        of: &'static str,
        /// The quota.
        value: u64,
    },
    /// What was there at the revision is no longer kept.
    #[error("what was there before revision {oldest} is no longer kept")]
    RevisionCompacted {
        /// The oldest revision that can be read.
        oldest: Revision,
    },
    /// The journal does not go on from the cursor: what follows it is gone, or it is ahead.
    #[error(
        "the journal does not go on from this cursor, which is older than what is kept or ahead \
         of what has happened here: list at {revision}, and read on from there"
    )]
    CursorReset {
        /// To list at.
        revision: Revision,
    },
    /// Somebody holds the lock.
    #[error("client {client} holds the lock, with token {token}")]
    LockHeld {
        /// Who.
        client: ClientId,
        /// The token of the grant.
        token: Revision,
        /// Replicated time at which it ends unless it is renewed, milliseconds since 1970.
        expires_ms: u64,
    },
    /// The lock has ended, or somebody else holds it.
    #[error("the lock is no longer held with token {token}")]
    TokenStale {
        /// The token given.
        token: Revision,
    },
    /// The session is gone, or the reply is no longer kept.
    #[error("the session has expired: its earlier requests are no longer known")]
    SessionExpired,
    /// A step of a mutation was refused, and so all of them.
    #[error("step {index}: {rejection}")]
    Step {
        /// Which, from 0.
        index: u32,
        /// Why.
        rejection: Box<Rejection>,
    },
}

fn beyond(limit: &str, value: u64) -> String {
    match (limit, value) {
        // The one limit that bounds from below as well.
        (limits::LOCK_TTL, limits::LOCK_TTL_MS_MIN) => {
            format!("below the limit {limit}, at least {value}")
        }
        _ => format!("beyond the limit {limit} of {value}"),
    }
}
