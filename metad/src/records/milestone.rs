//! Where history was at a time: so that retention by age and by size finds a revision.

use super::codec::{Decoder, Encoder};
use crate::{kv::Result, types::Revision};

const VERSION: u8 = 1;

/// See the module. Its time is in the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Milestone {
    /// The last revision then.
    pub revision: Revision,
    /// Lines of all journals until then.
    pub changes: u64,
}

/// The stored value.
pub fn encode(milestone: Milestone) -> Vec<u8> {
    let mut encoder = Encoder::new();
    encoder.u64(milestone.revision.0);
    encoder.u64(milestone.changes);
    encoder.seal(VERSION)
}

/// Reads a stored value.
pub fn decode(value: &[u8]) -> Result<Milestone> {
    let mut decoder = Decoder::open("milestone record", VERSION, value)?;
    let milestone = Milestone { revision: Revision(decoder.u64()?), changes: decoder.u64()? };
    decoder.end()?;
    Ok(milestone)
}
