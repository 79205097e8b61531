//! Which missing operations matter before the first of them returns.
//!
//! Until the answered operation that returned first is linearized, only those that were invoked
//! before its return may come. Those among them that it does not depend on, not even through
//! others, can as well come after it: whatever order has one of them before has a twin that has
//! it after. So only what it depends on is tried. What matters is found anew wherever a choice is
//! made. An operation that claims a revision depends on all that claim less. Attempts that keep chains of unknown operations short do not look further than those reach.

use std::collections::{BTreeMap, VecDeque};

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
    /// How many operations of unknown outcome, one after the other, lead to each entry found.
    hops: Vec<usize>,
    hops_max: usize,
    /// Something was too far away.
    was_cut: bool,
    /// Something waits for a claim that was invoked too late.
    waits_for_claims: bool,
    /// What was found and not followed yet.
    waiting: VecDeque<usize>,
    answered: Vec<usize>,
    /// What was found at this look.
    members: Vec<usize>,
}

impl Window {
    pub(super) fn new<M: Model>(
        model: &M,
        entries: &[Entry<M::Operation>],
        used: &UsedSet,
        hops_max: usize,
    ) -> Window {
        let is_separable = model.is_separable();
        let mut window = Window {
            is_separable,
            localities: Vec::new(),
            unknown: BTreeMap::new(),
            found: Vec::new(),
            look: 0,
            hops: Vec::new(),
            hops_max,
            was_cut: false,
            waits_for_claims: false,
            waiting: VecDeque::new(),
            answered: Vec::new(),
            members: Vec::new(),
        };
        if is_separable {
            let locality = |entry: &Entry<M::Operation>| model.locality(&entry.operation);
            window.localities = entries.iter().map(locality).collect();
            window.found = vec![0; entries.len()];
            window.hops = vec![0; entries.len()];
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

    /// Whether something cannot come next, for the claims alone.
    pub(super) fn waits_for_claims(&self) -> bool {
        self.waits_for_claims
    }

    /// All that matters.
    pub(super) fn members(&self) -> &[usize] {
        &self.members
    }

    /// Finds what matters in a configuration.
    pub(super) fn look<M: Model>(
        &mut self,
        model: &M,
        entries: &[Entry<M::Operation>],
        events: &EventList,
        used: &UsedSet,
        due: Option<usize>,
    ) {
        self.look += 1;
        self.answered.clear();
        self.members.clear();
        let mut position = events.first();
        while let Some(entry) = events.invoked_at(position) {
            self.answered.push(entry);
            position = events.next(position);
        }
        let Some(first) = events.returned_at(position) else { return };
        let before = entries[first].completed.unwrap_or(u32::MAX);
        self.mark(first, 0);
        while let Some(entry) = self.waiting.pop_front() {
            let operation = &entries[entry].operation;
            let depends =
                |other: usize| !model.are_independent(operation, &entries[other].operation);
            // An operation waits for all that claim less.
            let claim = entries[entry].claim.unwrap_or(0);
            let waits = |other: usize| entries[other].claim.is_some_and(|other| other < claim);
            for slot in 0..self.answered.len() {
                let other = self.answered[slot];
                if !self.is_near(other, 0) && (waits(other) || depends(other)) {
                    self.mark(other, 0);
                }
            }
            let hops = self.hops[entry] + 1;
            for other in self.unknown_near(entry) {
                let may_come = entries[other].invoked < before && !used.is_used(other);
                if !may_come || self.is_near(other, hops) || !depends(other) {
                    continue;
                }
                match hops <= self.hops_max {
                    true => self.mark(other, hops),
                    false => self.was_cut |= self.found[other] != self.look,
                }
            }
        }
        self.waits_for_claims = self.wait_too_long(entries, due, before);
    }

    /// Whether it was found, over no more operations of unknown outcome.
    fn is_near(&self, entry: usize, hops: usize) -> bool {
        self.found[entry] == self.look && self.hops[entry] <= hops
    }

    /// Whether something was left out because it was too far away.
    pub(super) fn was_cut(&self) -> bool {
        self.was_cut
    }

    fn mark(&mut self, entry: usize, hops: usize) {
        if self.found[entry] != self.look {
            self.found[entry] = self.look;
            self.members.push(entry);
        }
        self.hops[entry] = hops;
        self.waiting.push_back(entry);
    }

    /// Whether one of them waits for what claims less, and was invoked too late.
    fn wait_too_long<O>(&self, entries: &[Entry<O>], due: Option<usize>, before: u32) -> bool {
        let Some(due) = due.filter(|due| entries[*due].invoked > before) else { return false };
        self.members.iter().any(|member| entries[*member].claim > entries[due].claim)
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
