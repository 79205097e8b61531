//! A mirror of each node's log as it is on its disk, synced or not.

use std::{
    collections::BTreeMap,
    ops::{Bound, RangeBounds},
};

use super::{Entry, LogId, Node};

/// One node's log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    purged: Option<LogId>,
    entries: BTreeMap<u64, Entry>,
}

impl Log {
    /// A log whose entries up to `purged` are gone.
    pub fn new(purged: Option<LogId>, entries: impl IntoIterator<Item = (u64, Entry)>) -> Log {
        Log { purged, entries: entries.into_iter().collect() }
    }

    /// In order.
    pub fn entries(&self) -> impl Iterator<Item = (u64, Entry)> + '_ {
        self.entries.iter().map(|(index, entry)| (*index, *entry))
    }

    /// The term at an index, where it is known.
    pub fn term_at(&self, index: u64) -> Option<u64> {
        let purged = self.purged.filter(|purged| purged.index == index);
        purged.map(|purged| purged.term).or_else(|| Some(self.entries.get(&index)?.term))
    }

    /// Is this entry in the log, or under what was purged from it?
    pub fn holds(&self, id: LogId) -> bool {
        self.purged.is_some_and(|purged| purged.index >= id.index)
            || self.term_at(id.index) == Some(id.term)
    }

    /// The last entry, or where the purged part ends.
    pub fn last(&self) -> Option<LogId> {
        match self.entries.last_key_value() {
            Some((index, entry)) => Some(LogId { term: entry.term, index: *index }),
            None => self.purged,
        }
    }

    pub(super) fn insert(&mut self, index: u64, entry: Entry) {
        self.entries.insert(index, entry);
    }

    pub(super) fn remove(&mut self, range: impl RangeBounds<u64>) {
        match (range.start_bound(), range.end_bound()) {
            // What openraft does most: keep the split cheap.
            (Bound::Included(0) | Bound::Unbounded, Bound::Excluded(end)) => {
                self.entries = self.entries.split_off(end);
            }
            _ => self.entries.retain(|index, _| !range.contains(index)),
        }
    }

    pub(super) fn purge(&mut self, up_to: LogId) {
        self.purged = Some(up_to);
    }
}

#[derive(Debug, Default)]
pub(super) struct Logs(BTreeMap<Node, Log>);

impl Logs {
    pub(super) fn of(&mut self, node: Node) -> &mut Log {
        self.0.entry(node).or_default()
    }

    pub(super) fn replace(&mut self, node: Node, log: Log) {
        self.0.insert(node, log);
    }
}
