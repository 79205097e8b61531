//! Which claimed revision must come next.
//!
//! Revisions only grow along a linearization, so an operation that claims one waits for
//! all answered operations that claim less.

use crate::model::Entry;

pub(super) struct Claims {
    /// Answered operations that claim a revision, in the order of their claims.
    order: Vec<(u64, usize)>,
    /// Index of each entry in `order`.
    ranks: Vec<Option<usize>>,
    linearized: Vec<bool>,
    /// Everything in `order` before this is linearized.
    missing_from: usize,
}

impl Claims {
    pub(super) fn new<O>(entries: &[Entry<O>]) -> Claims {
        let answered = entries.iter().enumerate().filter(|(_, entry)| entry.completed.is_some());
        let mut order: Vec<(u64, usize)> =
            answered.filter_map(|(index, entry)| Some((entry.claim?, index))).collect();
        order.sort_unstable();
        let mut ranks = vec![None; entries.len()];
        for (rank, (_, entry)) in order.iter().enumerate() {
            ranks[*entry] = Some(rank);
        }
        let linearized = vec![false; order.len()];
        Claims { order, ranks, linearized, missing_from: 0 }
    }

    /// What must come before all else that claims a revision.
    pub(super) fn earliest(&mut self) -> Option<usize> {
        self.earliest_missing();
        self.order.get(self.missing_from).map(|(_, entry)| *entry)
    }

    /// The smallest claim that is not linearized yet.
    pub(super) fn earliest_missing(&mut self) -> u64 {
        while self.linearized.get(self.missing_from) == Some(&true) {
            self.missing_from += 1;
        }
        self.order.get(self.missing_from).map_or(u64::MAX, |(claim, _)| *claim)
    }

    pub(super) fn linearize(&mut self, entry: usize) {
        if let Some(rank) = self.ranks[entry] {
            self.linearized[rank] = true;
        }
    }

    pub(super) fn restore(&mut self, entry: usize) {
        if let Some(rank) = self.ranks[entry] {
            self.linearized[rank] = false;
            self.missing_from = self.missing_from.min(rank);
        }
    }
}
