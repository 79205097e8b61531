//! Namespaces and their names.

use super::{
    codec::{Decoder, Encoder},
    node::get_name,
};
use crate::{
    kv::Result,
    types::{Namespace, NamespaceId, NodeId, Policy, Revision},
};

const VERSION: u8 = 1;

const EXACT: u8 = 0;
/// With the tables of Unicode 18. A replica that does not know the tables of a namespace
/// stops: it would find other names the same. Others are another code.
const CASEFOLD_18: u8 = 1;

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
    put_policy(encoder, namespace.policy);
}

pub(super) fn get(decoder: &mut Decoder) -> Result<Namespace> {
    Ok(Namespace {
        id: NamespaceId(decoder.u64()?),
        name: get_name(decoder)?,
        root: NodeId(decoder.u64()?),
        created: Revision(decoder.u64()?),
        policy: get_policy(decoder)?,
    })
}

pub(super) fn put_policy(encoder: &mut Encoder, policy: Policy) {
    encoder.byte(match policy {
        Policy::Exact => EXACT,
        Policy::Casefold => CASEFOLD_18,
    });
}

pub(super) fn get_policy(decoder: &mut Decoder) -> Result<Policy> {
    match decoder.byte()? {
        EXACT => Ok(Policy::Exact),
        CASEFOLD_18 => Ok(Policy::Casefold),
        other => Err(decoder.fault(format!("unknown name policy {other}: use a newer version"))),
    }
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

/// The stored value of a namespace that was deleted: its root, and the revision.
pub fn encode_deleted(root: NodeId, deleted: Revision) -> Vec<u8> {
    let mut encoder = Encoder::new();
    encoder.u64(root.0);
    encoder.u64(deleted.0);
    encoder.seal(VERSION)
}

/// Reads it.
pub fn decode_deleted(value: &[u8]) -> Result<(NodeId, Revision)> {
    let mut decoder = Decoder::open("deleted namespace record", VERSION, value)?;
    let deleted = (NodeId(decoder.u64()?), Revision(decoder.u64()?));
    decoder.end()?;
    Ok(deleted)
}
