//! The end of the log in memory, so that replication and apply seldom read the engine.
//!
//! Invariant: entries without a hole, which are all in the engine as well.

use std::{collections::VecDeque, ops::Range};

use openraft::entry::RaftEntry as _;

use crate::raft::types::{Entry, Payload};

/// Bytes of payloads that are kept.
const SIZE_MAX: usize = 16 << 20;
/// Entries that are kept.
const COUNT_MAX: usize = 16_384;

/// See the module.
#[derive(Default)]
pub struct Cache {
    entries: VecDeque<Entry>,
    size: usize,
}

/// Bytes that an entry takes, about.
pub fn size_of(entry: &Entry) -> usize {
    match &entry.payload {
        Payload::Normal(proposal) => proposal.0.len() + 64,
        Payload::Blank | Payload::Membership(_) => 64,
    }
}

impl Cache {
    /// Adds entries to the end; the oldest go when it is full.
    pub fn extend(&mut self, entries: Vec<Entry>) {
        let Some(first) = entries.first() else { return };
        if self.entries.back().is_some_and(|last| last.index() + 1 != first.index()) {
            self.entries.clear();
            self.size = 0;
        }
        self.size += entries.iter().map(size_of).sum::<usize>();
        self.entries.extend(entries);
        while self.entries.len() > COUNT_MAX || (self.size > SIZE_MAX && self.entries.len() > 1) {
            self.size -= self.entries.pop_front().map_or(0, |entry| size_of(&entry));
        }
    }

    /// Forgets the entries from an index on.
    pub fn truncate(&mut self, from: u64) {
        while self.entries.back().is_some_and(|entry| entry.index() >= from) {
            self.size -= self.entries.pop_back().map_or(0, |entry| size_of(&entry));
        }
    }

    /// Forgets the entries up to and with an index.
    pub fn purge(&mut self, last: u64) {
        while self.entries.front().is_some_and(|entry| entry.index() <= last) {
            self.size -= self.entries.pop_front().map_or(0, |entry| size_of(&entry));
        }
    }

    /// The entries of a range that the log has; None if its beginning is not in memory.
    pub fn range(&self, indexes: &Range<u64>) -> Option<impl Iterator<Item = &Entry>> {
        let first = self.entries.front()?.index();
        let skipped = usize::try_from(indexes.start.checked_sub(first)?).ok()?;
        let end = indexes.end;
        Some(self.entries.iter().skip(skipped).take_while(move |entry| entry.index() < end))
    }
}
