//! Reads any record, whatever it is: for audits.

use super::{
    applied, change, decode_cursor, decode_revision, entry, identity, key::Kind, lock, milestone,
    namespace, node, outcome, session, snapshot, standing, system, usage, vote,
};
use crate::kv::{Result, StorageFault};

/// Whether a stored record can be read.
///
/// # Errors
/// Says what is wrong with it.
pub fn audit(key: &[u8], value: &[u8]) -> Result<()> {
    let kind = Kind::of(key);
    match kind.ok_or_else(|| StorageFault::corrupt("key", format!("unknown: {key:02x?}")))? {
        Kind::System => system::decode(value).map(drop),
        Kind::Namespace => namespace::decode(value).map(drop),
        Kind::NamespaceByName => namespace::decode_id(value).map(drop),
        Kind::DeletedNamespace => namespace::decode_deleted(value).map(drop),
        Kind::Node | Kind::PastNode => node::decode(value).map(drop),
        Kind::Location | Kind::PastLocation => node::decode_location(value).map(drop),
        Kind::Usage => usage::decode(value).map(drop),
        Kind::Journal => change::decode(value).map(drop),
        Kind::JournalStart => decode_cursor("journal start", value).map(drop),
        Kind::Milestone => milestone::decode(value).map(drop),
        Kind::Snapshot => snapshot::decode(value).map(drop),
        Kind::Restored => decode_revision("restore record", value).map(drop),
        Kind::Session => session::decode(value).map(drop),
        Kind::Reply => outcome::decode(value).map(drop),
        Kind::Lock => lock::decode(value).map(drop),
        Kind::Reclaim => decode_revision("reclaim record", value).map(drop),
        Kind::Applied => applied::decode(value).map(drop),
        Kind::Identity => identity::decode(value).map(drop),
        Kind::Vote => vote::decode(value).map(drop),
        Kind::Purged | Kind::Committed => entry::decode_position(value).map(drop),
        Kind::Standing => standing::decode(value).map(drop),
        Kind::LogEntry => audit_entry(key, value),
        Kind::Pin | Kind::Mounted | Kind::LockEnd | Kind::Forget => match value {
            [] => Ok(()),
            _ => Err(StorageFault::corrupt("index record", "it has a value")),
        },
    }
}

fn audit_entry(key: &[u8], value: &[u8]) -> Result<()> {
    let index = super::key::last_id(key);
    let index =
        index.ok_or_else(|| StorageFault::corrupt("log entry", "a key without an index"))?;
    let entry = entry::decode(value, index)?;
    match entry.kind {
        entry::Kind::Blank => Ok(()),
        entry::Kind::Command => super::command::decode(entry.payload).map(drop),
        entry::Kind::Membership => super::membership::decode(entry.payload).map(drop),
    }
}
