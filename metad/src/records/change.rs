//! A line of the journal. Its cursor is in the key, too: the two must agree.

use super::{
    codec::{Decoder, Encoder},
    node,
};
use crate::{
    kv::Result,
    types::{Change, ChangeKind, ClientId, Cursor, NamespaceId, NodeId, Request, Revision},
};

const VERSION: u8 = 1;

/// The stored value.
pub fn encode(change: &Change) -> Vec<u8> {
    let mut encoder = Encoder::new();
    encoder.u64(change.cursor.revision.0);
    encoder.u64(change.cursor.ordinal.into());
    encoder.byte(match change.kind {
        ChangeKind::Created => 1,
        ChangeKind::Updated => 2,
        ChangeKind::Moved => 3,
        ChangeKind::Deleted => 4,
        ChangeKind::MovedIn { .. } => 5,
        ChangeKind::MovedOut { .. } => 6,
    });
    encoder.u64(change.request.client.0);
    encoder.u64(change.request.sequence);
    encoder.u64(change.time_ms);
    node::put(&mut encoder, &change.node);
    if let Some((parent, name)) = &change.from {
        encoder.u64(parent.0);
        node::put_entry_name(&mut encoder, Some(name));
    }
    if let ChangeKind::MovedIn { from: other } | ChangeKind::MovedOut { to: other } = change.kind {
        encoder.u64(other.0);
    }
    encoder.seal(VERSION)
}

/// Reads a stored value.
pub fn decode(value: &[u8]) -> Result<Change> {
    let mut decoder = Decoder::open("journal record", VERSION, value)?;
    let cursor = Cursor { revision: Revision(decoder.u64()?), ordinal: decoder.u32()? };
    let mut kind = match decoder.byte()? {
        1 => ChangeKind::Created,
        2 => ChangeKind::Updated,
        3 => ChangeKind::Moved,
        4 => ChangeKind::Deleted,
        5 => ChangeKind::MovedIn { from: NamespaceId::default() },
        6 => ChangeKind::MovedOut { to: NamespaceId::default() },
        other => return Err(decoder.fault(format!("unknown kind {other}"))),
    };
    let request = Request { client: ClientId(decoder.u64()?), sequence: decoder.u64()? };
    let time_ms = decoder.u64()?;
    let node = node::get(&mut decoder)?;
    let from = match kind {
        ChangeKind::Moved => Some((NodeId(decoder.u64()?), node::get_entry_name(&mut decoder)?)),
        _ => None,
    };
    if let ChangeKind::MovedIn { from: other } | ChangeKind::MovedOut { to: other } = &mut kind {
        *other = NamespaceId(decoder.u64()?);
    }
    decoder.end()?;
    Ok(Change { cursor, kind, node, from, request, time_ms })
}
