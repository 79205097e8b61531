//! Nodes, and where they are. A node is stored under its parent and name, so that a
//! directory is one range and a path costs one read a name; its location leads there
//! from its id. A root has a location alone: its namespace says the rest.

use metad_proto::limits::HASH_BYTES;

use super::codec::{Decoder, Encoder};
use crate::{
    kv::Result,
    types::{Content, Name, NamespaceId, Node, NodeId, Revision},
};

const VERSION: u8 = 1;

const DIRECTORY: u8 = 1;
const FILE: u8 = 2;

/// The stored value of a node that is not a root.
pub fn encode(node: &Node) -> Vec<u8> {
    let mut encoder = Encoder::new();
    put(&mut encoder, node);
    encoder.seal(VERSION)
}

/// Reads the stored value of a node.
pub fn decode(value: &[u8]) -> Result<Node> {
    let mut decoder = Decoder::open("node record", VERSION, value)?;
    let node = get(&mut decoder)?;
    decoder.end()?;
    Ok(node)
}

pub(super) fn put(encoder: &mut Encoder, node: &Node) {
    encoder.u64(node.id.0);
    encoder.u64(node.parent.0);
    encoder.text(node.name.as_ref().map_or("", Name::as_str));
    encoder.u64(node.rev.0);
    match &node.content {
        None => encoder.byte(DIRECTORY),
        Some(content) => {
            encoder.byte(FILE);
            put_content(encoder, content);
        }
    }
}

pub(super) fn get(decoder: &mut Decoder) -> Result<Node> {
    Ok(Node {
        id: NodeId(decoder.u64()?),
        parent: NodeId(decoder.u64()?),
        name: Some(get_name(decoder)?),
        rev: Revision(decoder.u64()?),
        content: match decoder.byte()? {
            DIRECTORY => None,
            FILE => Some(get_content(decoder)?),
            other => return Err(decoder.fault(format!("unknown kind {other}"))),
        },
    })
}

pub(super) fn get_name(decoder: &mut Decoder) -> Result<Name> {
    let text = decoder.text()?;
    Name::new(text).map_err(|error| decoder.fault(error.to_string()))
}

pub(super) fn put_content(encoder: &mut Encoder, content: &Content) {
    encoder.u64(content.size);
    encoder.fixed(&content.hash);
    encoder.text(&content.media_type);
    encoder.i64(content.mtime_ms);
    encoder.u64(content.blocks.len() as u64);
    content.blocks.iter().for_each(|block| encoder.fixed(block));
}

pub(super) fn get_content(decoder: &mut Decoder) -> Result<Content> {
    Ok(Content {
        size: decoder.u64()?,
        hash: decoder.fixed::<HASH_BYTES>()?,
        media_type: decoder.text()?.to_owned(),
        mtime_ms: decoder.i64()?,
        blocks: {
            let count = decoder.u64()?;
            (0..count).map(|_| decoder.fixed::<HASH_BYTES>()).collect::<Result<_>>()?
        },
    })
}

/// Where a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// In which tree.
    pub namespace: NamespaceId,
    /// [`NodeId::NONE`] for a root.
    pub parent: NodeId,
    /// Its name there; None for a root.
    pub name: Option<Name>,
}

/// The stored value of a location.
pub fn encode_location(location: &Location) -> Vec<u8> {
    let mut encoder = Encoder::new();
    encoder.u64(location.namespace.0);
    encoder.u64(location.parent.0);
    if let Some(name) = &location.name {
        encoder.text(name.as_str());
    }
    encoder.seal(VERSION)
}

/// Reads the stored value of a location.
pub fn decode_location(value: &[u8]) -> Result<Location> {
    let mut decoder = Decoder::open("location record", VERSION, value)?;
    let namespace = NamespaceId(decoder.u64()?);
    let parent = NodeId(decoder.u64()?);
    let name = if parent == NodeId::NONE { None } else { Some(get_name(&mut decoder)?) };
    decoder.end()?;
    Ok(Location { namespace, parent, name })
}
