//! The kinds of records.

use super::PREFIX_SIZE;

/// The kind byte. Values are on disk: never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    System = 0x01,
    Namespace = 0x02,
    NamespaceByName = 0x03,
    Node = 0x10,
    Location = 0x11,
    Usage = 0x12,
    PastNode = 0x13,
    PastLocation = 0x14,
    Journal = 0x20,
    JournalStart = 0x21,
    Milestone = 0x22,
    Snapshot = 0x23,
    Pin = 0x24,
    Mounted = 0x25,
    Restored = 0x26,
    Session = 0x30,
    Reply = 0x31,
    Lock = 0x32,
    LockEnd = 0x33,
    Reclaim = 0x40,
    Forget = 0x41,
    DeletedNamespace = 0x42,
    Applied = 0x70,
    Identity = 0x80,
    Vote = 0x81,
    Purged = 0x82,
    Committed = 0x83,
    Standing = 0x84,
    LogEntry = 0x90,
}

impl Kind {
    pub const ALL: [Kind; 29] = [
        Kind::System,
        Kind::Namespace,
        Kind::NamespaceByName,
        Kind::Node,
        Kind::Location,
        Kind::Usage,
        Kind::PastNode,
        Kind::PastLocation,
        Kind::Journal,
        Kind::JournalStart,
        Kind::Milestone,
        Kind::Snapshot,
        Kind::Pin,
        Kind::Mounted,
        Kind::Restored,
        Kind::Session,
        Kind::Reply,
        Kind::Lock,
        Kind::LockEnd,
        Kind::Reclaim,
        Kind::Forget,
        Kind::DeletedNamespace,
        Kind::Applied,
        Kind::Identity,
        Kind::Vote,
        Kind::Purged,
        Kind::Committed,
        Kind::Standing,
        Kind::LogEntry,
    ];

    /// That of a stored key.
    pub fn of(key: &[u8]) -> Option<Kind> {
        let byte = *key.get(PREFIX_SIZE - 1)?;
        Kind::ALL.into_iter().find(|kind| *kind as u8 == byte)
    }
}
