//! A client session: what is known of its requests.

use super::codec::{Decoder, Encoder};
use crate::kv::Result;

const VERSION: u8 = 1;

/// One session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Replicated time of its last request, milliseconds.
    pub last_active_ms: u64,
    /// Replies to sequences below this one are forgotten: the client has them.
    pub first_pending: u64,
}

/// The stored value.
pub fn encode(session: &Session) -> Vec<u8> {
    let mut encoder = Encoder::new();
    encoder.u64(session.last_active_ms);
    encoder.u64(session.first_pending);
    encoder.seal(VERSION)
}

/// Reads a stored value.
pub fn decode(value: &[u8]) -> Result<Session> {
    let mut decoder = Decoder::open("session record", VERSION, value)?;
    let session = Session { last_active_ms: decoder.u64()?, first_pending: decoder.u64()? };
    decoder.end()?;
    Ok(session)
}
