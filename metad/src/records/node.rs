//! Nodes, and where they are. A node is stored under its parent and name, so that a
//! directory is one range and a path costs one read a name; its location leads there
//! from its id. A root has a location alone: its namespace says the rest. What a change
//! replaces goes into the history: the node as it was, under its place and the revision
//! that ended it, and likewise where it was.

use metad_proto::limits::HASH_BYTES;

use super::codec::{Decoder, Encoder};
use crate::{
    kv::Result,
    types::{Attributes, Body, Content, Kind, Name, NamespaceId, Node, NodeId, Revision},
};

const VERSION: u8 = 1;

const DIRECTORY: u8 = 1;
const FILE: u8 = 2;
const SYMLINK: u8 = 3;
const MOUNT: u8 = 4;

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
    put_entry_name(encoder, node.name.as_ref());
    encoder.u64(node.rev.0);
    put_kind(encoder, node.kind());
    match &node.body {
        Body::Directory => {}
        Body::File(content) => put_content(encoder, content),
        Body::Symlink(to) => encoder.text(to),
        Body::Mount(namespace) => encoder.u64(namespace.0),
    }
    put_attributes(encoder, &node.attributes);
}

pub(super) fn get(decoder: &mut Decoder) -> Result<Node> {
    Ok(Node {
        id: NodeId(decoder.u64()?),
        parent: NodeId(decoder.u64()?),
        name: Some(get_entry_name(decoder)?),
        rev: Revision(decoder.u64()?),
        body: match get_kind(decoder)? {
            Kind::Directory => Body::Directory,
            Kind::File => Body::File(get_content(decoder)?),
            Kind::Symlink => Body::Symlink(decoder.text()?.into()),
            Kind::Mount => Body::Mount(NamespaceId(decoder.u64()?)),
        },
        attributes: get_attributes(decoder)?,
    })
}

pub(super) fn put_kind(encoder: &mut Encoder, kind: Kind) {
    encoder.byte(match kind {
        Kind::Directory => DIRECTORY,
        Kind::File => FILE,
        Kind::Symlink => SYMLINK,
        Kind::Mount => MOUNT,
    });
}

pub(super) fn get_kind(decoder: &mut Decoder) -> Result<Kind> {
    match decoder.byte()? {
        DIRECTORY => Ok(Kind::Directory),
        FILE => Ok(Kind::File),
        SYMLINK => Ok(Kind::Symlink),
        MOUNT => Ok(Kind::Mount),
        other => Err(decoder.fault(format!("unknown kind {other}"))),
    }
}

pub(super) fn put_attributes(encoder: &mut Encoder, attributes: &Attributes) {
    encoder.u64(attributes.len() as u64);
    for (name, value) in attributes {
        encoder.text(name);
        encoder.bytes(value);
    }
}

pub(super) fn get_attributes(decoder: &mut Decoder) -> Result<Attributes> {
    let count = decoder.u64()?;
    (0..count).map(|_| Ok((decoder.text()?.to_owned(), decoder.bytes()?.to_vec()))).collect()
}

pub(super) fn get_name(decoder: &mut Decoder) -> Result<Name> {
    let text = decoder.text()?;
    Name::new(text).map_err(|error| decoder.fault(error.to_string()))
}

/// The name of a node in its directory, with its key if that is another one.
pub(super) fn put_entry_name(encoder: &mut Encoder, name: Option<&Name>) {
    let (text, key) = name.map_or(("", ""), |name| (name.as_str(), name.key()));
    encoder.text(text);
    encoder.text(if key == text { "" } else { key });
}

pub(super) fn get_entry_name(decoder: &mut Decoder) -> Result<Name> {
    let name = get_name(decoder)?;
    Ok(match decoder.text()? {
        "" => name,
        key => name.with_key(key),
    })
}

pub(super) fn put_content(encoder: &mut Encoder, content: &Content) {
    encoder.u64(content.size);
    encoder.fixed(&content.hash);
    encoder.text(&content.media_type);
    encoder.i64(content.mtime_ms);
    encoder.text(&content.manifest);
    encoder.u64(content.blocks.len() as u64);
    content.blocks.iter().for_each(|block| encoder.fixed(block));
}

pub(super) fn get_content(decoder: &mut Decoder) -> Result<Content> {
    Ok(Content {
        size: decoder.u64()?,
        hash: decoder.fixed::<HASH_BYTES>()?,
        media_type: decoder.text()?.to_owned(),
        mtime_ms: decoder.i64()?,
        manifest: decoder.text()?.to_owned(),
        blocks: {
            let count = decoder.u64()?;
            (0..count).map(|_| decoder.fixed::<HASH_BYTES>()).collect::<Result<_>>()?
        },
    })
}

/// Where a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// It is the root of a namespace.
    Root(NamespaceId),
    /// It is in a directory.
    In(Place),
}

/// A name in a directory, and since when a node has had it. Which namespace that is in, the
/// way up tells: a subtree moves to another one without a change to what is under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The directory.
    pub parent: NodeId,
    /// The name there.
    pub name: Name,
    /// The revision that put the node there.
    pub since: Revision,
}

/// The stored value of a location.
pub fn encode_location(location: &Location) -> Vec<u8> {
    match location {
        Location::In(Place { parent, name, since }) => encode_place(*parent, name, *since),
        Location::Root(namespace) => {
            let mut encoder = Encoder::new();
            encoder.u64(NodeId::NONE.0);
            encoder.u64(namespace.0);
            encoder.seal(VERSION)
        }
    }
}

/// The stored value of a location in a directory.
pub fn encode_place(parent: NodeId, name: &Name, since: Revision) -> Vec<u8> {
    let mut encoder = Encoder::new();
    encoder.u64(parent.0);
    put_entry_name(&mut encoder, Some(name));
    encoder.u64(since.0);
    encoder.seal(VERSION)
}

/// Reads the stored value of a location.
pub fn decode_location(value: &[u8]) -> Result<Location> {
    let mut decoder = Decoder::open("location record", VERSION, value)?;
    let location = match NodeId(decoder.u64()?) {
        NodeId::NONE => Location::Root(NamespaceId(decoder.u64()?)),
        parent => Location::In(Place {
            parent,
            name: get_entry_name(&mut decoder)?,
            since: Revision(decoder.u64()?),
        }),
    };
    decoder.end()?;
    Ok(location)
}
