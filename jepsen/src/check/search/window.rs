//! Which missing operations matter before the first of them returns.
//!
//! Until the answered operation that returned first is linearized, only those that were invoked
//! before its return may come. Those among them that it does not depend on, not even through
//! others, can as well come after it: whatever order has one of them before has a twin that has
//! it after. So only what it depends on is tried. What matters is found anew wherever a choice is made.

use std::collections::BTreeMap;

use super::events::EventList;
use super::memo::UsedSet;
use crate::model::{Entry, Model};

pub(super) struct Window {
    is_separable: bool,
    /// The locality of each entry.
    localities: Vec<Option<u64>>,
    /// Operations of unknown outcome by locality, in the order of invocation.
    unknown: BTreeMap<Option<u64>, Vec<usize>>,
    /// The look at which each entry was found to matter last.
    found: Vec<u64>,
    look: u64,
    /// What was found and not followed yet.
    waiting: Vec<usize>,
    answered: Vec<usize>,
}

impl Window {
    pub(super) fn new<M: Model>(
        model: &M,
        entries: &[Entry<M::Operation>],
        used: &UsedSet,
    ) -> Window {
        let is_separable = model.is_separable();
        let mut window = Window {
            is_separable,
            localities: Vec::new(),
            unknown: BTreeMap::new(),
            found: Vec::new(),
            look: 0,
            waiting: Vec::new(),
            answered: Vec::new(),
        };
        if is_separable {
            let locality = |entry: &Entry<M::Operation>| model.locality(&entry.operation);
            window.localities = entries.iter().map(locality).collect();
            window.found = vec![0; entries.len()];
            for ordinal in 0..used.count() {
                let entry = used.entry(ordinal);
                window.unknown.entry(window.localities[entry]).or_default().push(entry);
            }
        }
        window
    }

    /// Whether an operation matters here.
    pub(super) fn holds(&self, entry: usize) -> bool {
        !self.is_separable || self.found[entry] == self.look
    }

    /// Finds what matters in a configuration.
    pub(super) fn look<M: Model>(
        &mut self,
        model: &M,
        entries: &[Entry<M::Operation>],
        events: &EventList,
        used: &UsedSet,
    ) {
        self.look += 1;
        self.answered.clear();
        let mut position = events.first();
        while let Some(entry) = events.invoked_at(position) {
            self.answered.push(entry);
            position = events.next(position);
        }
        let Some(first) = events.returned_at(position) else { return };
        self.mark(first);
        while let Some(entry) = self.waiting.pop() {
            let operation = &entries[entry].operation;
            for slot in 0..self.answered.len() {
                let other = self.answered[slot];
                if self.found[other] != self.look
                    && !model.are_independent(operation, &entries[other].operation)
                {
                    self.mark(other);
                }
            }
            let before = entries[first].completed.unwrap_or(u32::MAX);
            for other in self.unknown_near(entry) {
                if self.found[other] != self.look
                    && entries[other].invoked < before
                    && !used.is_used(other)
                    && !model.are_independent(operation, &entries[other].operation)
                {
                    self.mark(other);
                }
            }
        }
    }

    fn mark(&mut self, entry: usize) {
        self.found[entry] = self.look;
        self.waiting.push(entry);
    }

    /// Operations of unknown outcome that this one may depend on.
    fn unknown_near(&self, entry: usize) -> Vec<usize> {
        let of = |locality: Option<u64>| self.unknown.get(&locality).into_iter().flatten().copied();
        match self.localities[entry] {
            Some(locality) => of(Some(locality)).chain(of(None)).collect(),
            None => self.unknown.values().flatten().copied().collect(),
        }
    }
}
