//! Who is in the Raft group. A payload inside other records, and on the wire.

use std::collections::{BTreeMap, BTreeSet};

use super::codec::{Decoder, Encoder};
use crate::{kv::Result, types::ServerId};

/// Who is in the Raft group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Membership {
    /// The sets of voters, of each of which a majority must agree: two while it changes.
    pub voters: Vec<BTreeSet<ServerId>>,
    /// All servers and their addresses, those that do not vote included.
    pub servers: BTreeMap<ServerId, String>,
}

/// The payload.
pub fn encode(membership: &Membership) -> Vec<u8> {
    let mut encoder = Encoder::new();
    put(&mut encoder, membership);
    encoder.into_bytes()
}

/// Reads a payload.
pub fn decode(payload: &[u8]) -> Result<Membership> {
    let mut decoder = Decoder::new("membership", payload);
    let membership = get(&mut decoder)?;
    decoder.end()?;
    Ok(membership)
}

pub(super) fn put(encoder: &mut Encoder, membership: &Membership) {
    encoder.u64(membership.voters.len() as u64);
    for voters in &membership.voters {
        encoder.u64(voters.len() as u64);
        voters.iter().for_each(|server| encoder.u64(server.0));
    }
    encoder.u64(membership.servers.len() as u64);
    for (server, address) in &membership.servers {
        encoder.u64(server.0);
        encoder.text(address);
    }
}

pub(super) fn get(decoder: &mut Decoder) -> Result<Membership> {
    let mut membership = Membership::default();
    for _ in 0..decoder.u64()? {
        let count = decoder.u64()?;
        let voters = (0..count).map(|_| decoder.u64().map(ServerId)).collect::<Result<_>>()?;
        membership.voters.push(voters);
    }
    for _ in 0..decoder.u64()? {
        let server = ServerId(decoder.u64()?);
        membership.servers.insert(server, decoder.text()?.to_owned());
    }
    Ok(membership)
}
