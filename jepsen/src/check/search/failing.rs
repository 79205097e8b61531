//! Why a configuration leads nowhere: the operations that were tried, and could not all be placed.
//!
//! What they depend on decided that. So a choice among operations that none of them depends on
//! did not matter, and is not tried otherwise: the search jumps back past it.

use crate::model::{Entry, Model};

/// With more, everything is said to matter.
const ENTRIES_MAX: usize = 400;

/// Some operations, or all there are.
#[derive(Debug, Clone, Default)]
pub(super) struct Failing {
    /// In order.
    entries: Vec<usize>,
    all: bool,
}

impl Failing {
    pub(super) fn all() -> Failing {
        Failing { entries: Vec::new(), all: true }
    }

    pub(super) fn add(&mut self, other: &Failing) {
        self.all |= other.all;
        self.add_entries(&other.entries);
    }

    pub(super) fn add_entries(&mut self, entries: &[usize]) {
        if self.all || entries.is_empty() {
            self.entries.truncate(if self.all { 0 } else { usize::MAX });
            return;
        }
        self.entries.extend_from_slice(entries);
        self.entries.sort_unstable();
        self.entries.dedup();
        if self.entries.len() > ENTRIES_MAX {
            *self = Failing::all();
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        8 * self.entries.len() as u64
    }

    /// Whether it depends on any of these.
    pub(super) fn depends_on<M: Model>(
        &self,
        model: &M,
        entries: &[Entry<M::Operation>],
        others: &[usize],
    ) -> bool {
        self.all
            || others.iter().any(|other| {
                let other = &entries[*other].operation;
                let depends =
                    |entry: &usize| !model.are_independent(&entries[*entry].operation, other);
                self.entries.iter().any(depends)
            })
    }
}
