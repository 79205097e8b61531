//! The counters of the state machine.

use super::codec::{Decoder, Encoder};
use crate::{
    kv::Result,
    types::{ClientId, NamespaceId, NodeId, Revision},
};

const VERSION: u8 = 1;

/// What the state machine counts. Ids, revisions and time only grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct System {
    /// Of the last change.
    pub revision: Revision,
    /// Replicated time, milliseconds since 1970.
    pub time_ms: u64,
    /// The id that the next node gets.
    pub next_node: NodeId,
    /// The id that the next namespace gets.
    pub next_namespace: NamespaceId,
    /// The id that the next session gets.
    pub next_client: ClientId,
    /// What was there before this revision can no longer be read.
    pub compacted: Revision,
    /// How far that has been carried out.
    pub trim: Trim,
    /// Lines of all journals, those that were trimmed included.
    pub changes: u64,
    /// The time of the last milestone, milliseconds since 1970, and `changes` at it.
    pub milestone: (u64, u64),
    /// Sessions that are stored.
    pub sessions: u64,
    /// When to look for sessions that have expired, milliseconds since 1970.
    pub sessions_due_ms: u64,
    /// Locks that are stored.
    pub locks: u64,
}

/// How far the past has been removed: one journal after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trim {
    /// Everything before this revision is gone.
    pub done: Revision,
    /// The pass that is under way removes what is before this one.
    pub target: Revision,
    /// It goes on with this namespace.
    pub next: NamespaceId,
}

impl Default for System {
    fn default() -> Self {
        System {
            revision: Revision(0),
            time_ms: 0,
            next_node: NodeId(1),
            next_namespace: NamespaceId(1),
            next_client: ClientId(1),
            compacted: Revision(0),
            trim: Trim::default(),
            changes: 0,
            milestone: (0, 0),
            sessions: 0,
            sessions_due_ms: 0,
            locks: 0,
        }
    }
}

/// The stored value.
pub fn encode(system: &System) -> Vec<u8> {
    let mut encoder = Encoder::new();
    encoder.u64(system.revision.0);
    encoder.u64(system.time_ms);
    encoder.u64(system.next_node.0);
    encoder.u64(system.next_namespace.0);
    encoder.u64(system.next_client.0);
    encoder.u64(system.compacted.0);
    encoder.u64(system.trim.done.0);
    encoder.u64(system.trim.target.0);
    encoder.u64(system.trim.next.0);
    encoder.u64(system.changes);
    encoder.u64(system.milestone.0);
    encoder.u64(system.milestone.1);
    encoder.u64(system.sessions);
    encoder.u64(system.sessions_due_ms);
    encoder.u64(system.locks);
    encoder.seal(VERSION)
}

/// Reads a stored value.
pub fn decode(value: &[u8]) -> Result<System> {
    let mut decoder = Decoder::open("system record", VERSION, value)?;
    let system = System {
        revision: Revision(decoder.u64()?),
        time_ms: decoder.u64()?,
        next_node: NodeId(decoder.u64()?),
        next_namespace: NamespaceId(decoder.u64()?),
        next_client: ClientId(decoder.u64()?),
        compacted: Revision(decoder.u64()?),
        trim: Trim {
            done: Revision(decoder.u64()?),
            target: Revision(decoder.u64()?),
            next: NamespaceId(decoder.u64()?),
        },
        changes: decoder.u64()?,
        milestone: (decoder.u64()?, decoder.u64()?),
        sessions: decoder.u64()?,
        sessions_due_ms: decoder.u64()?,
        locks: decoder.u64()?,
    };
    decoder.end()?;
    Ok(system)
}
