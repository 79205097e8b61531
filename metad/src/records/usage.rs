//! How much is under a directory.

use super::codec::{Decoder, Encoder};
use crate::{kv::Result, types::Usage};

const VERSION: u8 = 1;

/// The stored value.
pub fn encode(usage: &Usage) -> Vec<u8> {
    let mut encoder = Encoder::new();
    encoder.u64(usage.nodes);
    encoder.u64(usage.bytes);
    encoder.seal(VERSION)
}

/// Reads a stored value.
pub fn decode(value: &[u8]) -> Result<Usage> {
    let mut decoder = Decoder::open("usage record", VERSION, value)?;
    let usage = Usage { nodes: decoder.u64()?, bytes: decoder.u64()? };
    decoder.end()?;
    Ok(usage)
}
