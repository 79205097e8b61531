//! Reads any record, whatever it is: for audits, and for those who look.

use std::fmt::Debug;

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
    read(key, value, &|_| ())
}

/// Reads a stored record and shows what it says.
///
/// # Errors
/// Says what is wrong with it.
pub fn read<T>(key: &[u8], value: &[u8], show: &dyn Fn(&dyn Debug) -> T) -> Result<T> {
    let kind = Kind::of(key);
    match kind.ok_or_else(|| StorageFault::corrupt("key", format!("unknown: {key:02x?}")))? {
        Kind::System => Ok(show(&system::decode(value)?)),
        Kind::Namespace => Ok(show(&namespace::decode(value)?)),
        Kind::NamespaceByName => Ok(show(&namespace::decode_id(value)?)),
        Kind::DeletedNamespace => Ok(show(&namespace::decode_deleted(value)?)),
        Kind::Node | Kind::PastNode => Ok(show(&node::decode(value)?)),
        Kind::Location | Kind::PastLocation => Ok(show(&node::decode_location(value)?)),
        Kind::Usage => Ok(show(&usage::decode(value)?)),
        Kind::Journal => Ok(show(&change::decode(value)?)),
        Kind::JournalStart => Ok(show(&decode_cursor("journal start", value)?)),
        Kind::Milestone => Ok(show(&milestone::decode(value)?)),
        Kind::Snapshot => Ok(show(&snapshot::decode(value)?)),
        Kind::Restored => Ok(show(&decode_revision("restore record", value)?)),
        Kind::Session => Ok(show(&session::decode(value)?)),
        Kind::Reply => Ok(show(&outcome::decode(value)?)),
        Kind::Lock => Ok(show(&lock::decode(value)?)),
        Kind::Reclaim => Ok(show(&decode_revision("reclaim record", value)?)),
        Kind::Applied => Ok(show(&applied::decode(value)?)),
        Kind::Identity => Ok(show(&identity::decode(value)?)),
        Kind::Vote => Ok(show(&vote::decode(value)?)),
        Kind::Purged | Kind::Committed => Ok(show(&entry::decode_position(value)?)),
        Kind::Standing => Ok(show(&standing::decode(value)?)),
        Kind::LogEntry => read_entry(key, value, show),
        Kind::Pin | Kind::Mounted | Kind::LockEnd | Kind::Forget => match value {
            [] => Ok(show(&())),
            _ => Err(StorageFault::corrupt("index record", "it has a value")),
        },
    }
}

fn read_entry<T>(key: &[u8], value: &[u8], show: &dyn Fn(&dyn Debug) -> T) -> Result<T> {
    let index = super::key::last_id(key);
    let index =
        index.ok_or_else(|| StorageFault::corrupt("log entry", "a key without an index"))?;
    let entry = entry::decode(value, index)?;
    match entry.kind {
        entry::Kind::Blank => Ok(show(&(entry.term, "blank"))),
        entry::Kind::Command => Ok(show(&(entry.term, super::command::decode(entry.payload)?))),
        entry::Kind::Membership => {
            Ok(show(&(entry.term, super::membership::decode(entry.payload)?)))
        }
    }
}
