//! A client session: what is known of its requests.

use super::codec::{Decoder, Encoder};
use crate::kv::Result;

const VERSION: u8 = 2;
/// All replies have records of their own.
const VERSION_BEFORE: u8 = 1;

/// Replies that are kept with a session.
const KEPT_MAX: usize = 8;
/// Bytes of a reply that may be: longer ones would be written again with each request.
const KEPT_BYTES_MAX: usize = 96;

/// One session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Replicated time of its last request, milliseconds.
    pub last_active_ms: u64,
    /// Replies to sequences below this one are forgotten: the client has them.
    pub first_pending: u64,
    /// Replies to sequences below this one may have records of their own.
    pub spilled: u64,
    /// The others, as they are stored: a sequence and a reply.
    pub kept: Vec<(u64, Vec<u8>)>,
}

impl Session {
    /// One that has answered nothing.
    pub fn new(time_ms: u64) -> Session {
        Session { last_active_ms: time_ms, first_pending: 1, spilled: 0, kept: Vec::new() }
    }

    /// Keeps a reply here. False: it needs a record of its own.
    pub fn keep(&mut self, sequence: u64, reply: &[u8]) -> bool {
        let has_room = self.kept.len() < KEPT_MAX && reply.len() <= KEPT_BYTES_MAX;
        match has_room {
            true => self.kept.push((sequence, reply.to_vec())),
            false => self.spilled = self.spilled.max(sequence + 1),
        }
        has_room
    }

    /// The reply to a request, if it is kept here.
    pub fn kept(&self, sequence: u64) -> Option<&[u8]> {
        let (_, reply) = self.kept.iter().find(|(kept, _)| *kept == sequence)?;
        Some(reply)
    }
}

/// The stored value.
pub fn encode(session: &Session) -> Vec<u8> {
    let mut encoder = Encoder::new();
    encoder.u64(session.last_active_ms);
    encoder.u64(session.first_pending);
    encoder.u64(session.spilled);
    encoder.u64(session.kept.len() as u64);
    for (sequence, reply) in &session.kept {
        encoder.u64(*sequence);
        encoder.bytes(reply);
    }
    encoder.seal(VERSION)
}

/// Reads a stored value.
pub fn decode(value: &[u8]) -> Result<Session> {
    if value.first() == Some(&VERSION_BEFORE) {
        let mut decoder = Decoder::open("session record", VERSION_BEFORE, value)?;
        let (last_active_ms, first_pending) = (decoder.u64()?, decoder.u64()?);
        decoder.end()?;
        let (spilled, kept) = (u64::MAX, Vec::new());
        return Ok(Session { last_active_ms, first_pending, spilled, kept });
    }
    let mut decoder = Decoder::open("session record", VERSION, value)?;
    let (last_active_ms, first_pending) = (decoder.u64()?, decoder.u64()?);
    let (spilled, count) = (decoder.u64()?, decoder.u64()?);
    let kept = (0..count).map(|_| Ok((decoder.u64()?, decoder.bytes()?.to_vec())));
    let kept = kept.collect::<Result<_>>()?;
    decoder.end()?;
    Ok(Session { last_active_ms, first_pending, spilled, kept })
}
