//! Namespaces and their names.

use super::{
    codec::{Decoder, Encoder},
    node::get_name,
};
use crate::{
    kv::Result,
    types::{Namespace, NamespaceId, NodeId, Revision},
};

const VERSION: u8 = 1;

/// The stored value of a namespace.
pub fn encode(namespace: &Namespace) -> Vec<u8> {
    let mut encoder = Encoder::new();
    put(&mut encoder, namespace);
    encoder.seal(VERSION)
}

/// Reads the stored value of a namespace.
pub fn decode(value: &[u8]) -> Result<Namespace> {
    let mut decoder = Decoder::open("namespace record", VERSION, value)?;
    let namespace = get(&mut decoder)?;
    decoder.end()?;
    Ok(namespace)
}

pub(super) fn put(encoder: &mut Encoder, namespace: &Namespace) {
    encoder.u64(namespace.id.0);
    encoder.text(namespace.name.as_str());
    encoder.u64(namespace.root.0);
    encoder.u64(namespace.created.0);
}

pub(super) fn get(decoder: &mut Decoder) -> Result<Namespace> {
    Ok(Namespace {
        id: NamespaceId(decoder.u64()?),
        name: get_name(decoder)?,
        root: NodeId(decoder.u64()?),
        created: Revision(decoder.u64()?),
    })
}

/// The stored value under a namespace's name.
pub fn encode_id(id: NamespaceId) -> Vec<u8> {
    let mut encoder = Encoder::new();
    encoder.u64(id.0);
    encoder.seal(VERSION)
}

/// Reads the stored value under a namespace's name.
pub fn decode_id(value: &[u8]) -> Result<NamespaceId> {
    let mut decoder = Decoder::open("namespace name record", VERSION, value)?;
    let id = NamespaceId(decoder.u64()?);
    decoder.end()?;
    Ok(id)
}
