//! Locks that are held, or were and wait to be cleared away.

use super::{
    codec::{Decoder, Encoder},
    command::{get_node_ref, put_node_ref},
};
use crate::{
    kv::Result,
    types::{ClientId, Fence, Lock, LockRef, NamespaceId, Revision},
};

const VERSION: u8 = 1;

/// The stored value.
pub fn encode(lock: &Lock) -> Vec<u8> {
    let mut encoder = Encoder::new();
    put(&mut encoder, lock);
    encoder.seal(VERSION)
}

/// Reads the stored value.
pub fn decode(value: &[u8]) -> Result<Lock> {
    let mut decoder = Decoder::open("lock record", VERSION, value)?;
    let lock = get(&mut decoder)?;
    decoder.end()?;
    Ok(lock)
}

pub(super) fn put(encoder: &mut Encoder, lock: &Lock) {
    put_ref(encoder, &lock.lock);
    encoder.u64(lock.token.0);
    encoder.u64(lock.client.0);
    encoder.u64(lock.expires_ms);
}

pub(super) fn get(decoder: &mut Decoder) -> Result<Lock> {
    Ok(Lock {
        lock: get_ref(decoder)?,
        token: Revision(decoder.u64()?),
        client: ClientId(decoder.u64()?),
        expires_ms: decoder.u64()?,
    })
}

pub(super) fn put_ref(encoder: &mut Encoder, lock: &LockRef) {
    encoder.u64(lock.namespace.0);
    put_node_ref(encoder, &lock.target);
    encoder.text(&lock.name);
}

pub(super) fn get_ref(decoder: &mut Decoder) -> Result<LockRef> {
    Ok(LockRef {
        namespace: NamespaceId(decoder.u64()?),
        target: get_node_ref(decoder)?,
        name: decoder.text()?.into(),
    })
}

pub(super) fn put_fence(encoder: &mut Encoder, fence: &Fence) {
    put_ref(encoder, &fence.lock);
    encoder.u64(fence.token.0);
}

pub(super) fn get_fence(decoder: &mut Decoder) -> Result<Fence> {
    Ok(Fence { lock: get_ref(decoder)?, token: Revision(decoder.u64()?) })
}
