//! The counters of the state machine.

use super::codec::{Decoder, Encoder};
use crate::{
    kv::Result,
    types::{ClientId, NamespaceId, NodeId, Revision},
};

const VERSION: u8 = 1;

/// What the state machine counts. Everything in it only grows.
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
}

impl Default for System {
    fn default() -> Self {
        System {
            revision: Revision(0),
            time_ms: 0,
            next_node: NodeId(1),
            next_namespace: NamespaceId(1),
            next_client: ClientId(1),
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
    };
    decoder.end()?;
    Ok(system)
}
