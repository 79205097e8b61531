//! What is stored: one file a record kind, and [`key`], which documents every key.
//!
//! Invariants: key bytes are forever (a kind is retired, never renumbered); each value
//! carries a version and a checksum, and one that does not decode is a fault, never a
//! guess. Must not: read or write storage, or know Raft's types.

use crate::{
    kv::Result,
    types::{Cursor, Revision},
};

pub mod applied;
pub mod audit;
pub mod change;
pub mod codec;
pub mod command;
pub mod entry;
pub mod identity;
pub mod key;
pub mod lock;
pub mod membership;
pub mod milestone;
pub mod namespace;
pub mod node;
pub mod outcome;
pub mod session;
pub mod snapshot;
pub mod standing;
pub mod step;
pub mod system;
pub mod usage;
pub mod vote;

/// The stored value that is a cursor alone.
pub fn encode_cursor(cursor: Cursor) -> Vec<u8> {
    let mut encoder = codec::Encoder::new();
    encoder.u64(cursor.revision.0);
    encoder.u64(cursor.ordinal.into());
    encoder.seal(1)
}

/// Reads a stored value that is a cursor alone.
pub fn decode_cursor(what: &'static str, value: &[u8]) -> Result<Cursor> {
    let mut decoder = codec::Decoder::open(what, 1, value)?;
    let cursor = Cursor { revision: Revision(decoder.u64()?), ordinal: decoder.u32()? };
    decoder.end()?;
    Ok(cursor)
}

/// The stored value that is a revision alone.
pub fn encode_revision(revision: Revision) -> Vec<u8> {
    let mut encoder = codec::Encoder::new();
    encoder.u64(revision.0);
    encoder.seal(1)
}

/// Reads a stored value that is a revision alone.
pub fn decode_revision(what: &'static str, value: &[u8]) -> Result<Revision> {
    let mut decoder = codec::Decoder::open(what, 1, value)?;
    let revision = Revision(decoder.u64()?);
    decoder.end()?;
    Ok(revision)
}
