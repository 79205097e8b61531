//! What is stored: one file a record kind, and [`key`], which documents every key.
//!
//! Invariants: key bytes are forever (a kind is retired, never renumbered); each value
//! carries a version and a checksum, and one that does not decode is a fault, never a
//! guess. Must not: read or write storage, or know Raft's types.

pub mod applied;
pub mod change;
pub mod codec;
pub mod command;
pub mod entry;
pub mod identity;
pub mod key;
pub mod membership;
pub mod namespace;
pub mod node;
pub mod outcome;
pub mod session;
pub mod standing;
pub mod system;
pub mod usage;
pub mod vote;
