//! Snapshots of namespaces.

use super::{
    codec::{Decoder, Encoder},
    node::get_name,
};
use crate::{
    kv::Result,
    types::{Revision, Snapshot},
};

const VERSION: u8 = 1;

/// The stored value.
pub fn encode(snapshot: &Snapshot) -> Vec<u8> {
    let mut encoder = Encoder::new();
    put(&mut encoder, snapshot);
    encoder.seal(VERSION)
}

/// Reads a stored value.
pub fn decode(value: &[u8]) -> Result<Snapshot> {
    let mut decoder = Decoder::open("snapshot record", VERSION, value)?;
    let snapshot = get(&mut decoder)?;
    decoder.end()?;
    Ok(snapshot)
}

pub(super) fn put(encoder: &mut Encoder, snapshot: &Snapshot) {
    encoder.text(snapshot.name.as_str());
    encoder.u64(snapshot.revision.0);
    encoder.u64(snapshot.time_ms);
}

pub(super) fn get(decoder: &mut Decoder) -> Result<Snapshot> {
    Ok(Snapshot {
        name: get_name(decoder)?,
        revision: Revision(decoder.u64()?),
        time_ms: decoder.u64()?,
    })
}
