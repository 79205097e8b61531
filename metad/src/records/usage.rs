//! How much is under a directory, and how much may be.

use super::codec::{Decoder, Encoder};
use crate::{
    kv::Result,
    types::{Account, Quota, Usage},
};

const VERSION: u8 = 1;

/// The stored value.
pub fn encode(account: &Account) -> Vec<u8> {
    let mut encoder = Encoder::new();
    encoder.u64(account.usage.nodes);
    encoder.u64(account.usage.bytes);
    put_quota(&mut encoder, account.quota);
    encoder.seal(VERSION)
}

/// Reads a stored value.
pub fn decode(value: &[u8]) -> Result<Account> {
    let mut decoder = Decoder::open("usage record", VERSION, value)?;
    let usage = Usage { nodes: decoder.u64()?, bytes: decoder.u64()? };
    let quota = get_quota(&mut decoder)?;
    decoder.end()?;
    Ok(Account { usage, quota })
}

/// One more than the bound, and 0 for none.
pub(super) fn put_quota(encoder: &mut Encoder, quota: Quota) {
    for bound in [quota.nodes, quota.bytes] {
        encoder.u64(bound.map_or(0, |bound| bound.saturating_add(1)));
    }
}

pub(super) fn get_quota(decoder: &mut Decoder) -> Result<Quota> {
    Ok(Quota { nodes: decoder.u64()?.checked_sub(1), bytes: decoder.u64()?.checked_sub(1) })
}
