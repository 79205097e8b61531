//! Guesses revisions from an order that fits without any, and from those that nobody claims.

use std::collections::{BTreeMap, BTreeSet};

use super::{Entry, Operation};
use crate::model::Claimed;

/// How many operations before and after one are asked for their claims.
const NEIGHBOURS_MAX: usize = 40;

/// For mutations without a claim: the earliest revision left that is later than those of what
/// comes before and earlier than those of what comes after.
pub(super) fn guess_by_order(
    entries: &[Entry<Operation>],
    order: &[usize],
) -> BTreeMap<usize, u64> {
    let mut claims: Vec<Option<u64>> = entries.iter().map(|entry| entry.claim).collect();
    let made = |entry: &Entry<Operation>| {
        entry.claim.filter(|_| entry.claimed != Claimed::NoEffect && !entry.observes)
    };
    let taken: BTreeSet<u64> = entries.iter().filter_map(made).collect();
    let latest = claims.iter().flatten().max().copied().unwrap_or_default();
    let mut free: BTreeSet<u64> = (1..=latest).filter(|number| !taken.contains(number)).collect();
    let times = Times::new(entries);
    let places = Places::new(entries, order);
    let mut guesses = BTreeMap::new();
    for (position, index) in order.iter().enumerate() {
        let entry = &entries[*index];
        if claims[*index].is_some() || entry.observes {
            continue;
        }
        let mut above = times.claimed_before(entry.invoked);
        let mut below = entry.completed.map_or(u64::MAX, |end| times.claimed_after(end));
        for other in places.before(entries, *index, position) {
            above = above.max(claims[other].unwrap_or_default());
        }
        for other in places.after(entries, *index, position) {
            let is_read = u64::from(entries[other].observes);
            below =
                below.min(claims[other].map_or(u64::MAX, |claim| claim.saturating_add(is_read)));
        }
        let gap = free.range(above.saturating_add(1)..).next().copied();
        if let Some(gap) = gap.filter(|gap| *gap < below) {
            free.remove(&gap);
            claims[*index] = Some(gap);
            guesses.insert(*index, gap);
        }
    }
    guesses
}

/// Claims by time.
pub(super) struct Times {
    /// By return: the latest claim up to it.
    returns: Vec<(u32, u64)>,
    /// By invocation: the earliest claim from it on.
    invocations: Vec<(u32, u64)>,
}

impl Times {
    pub(super) fn new(entries: &[Entry<Operation>]) -> Times {
        let claimed = |time: fn(&Entry<Operation>) -> Option<u32>| {
            let of = |entry: &Entry<Operation>| Some((time(entry)?, entry.claim?));
            let mut claims: Vec<(u32, u64)> = entries.iter().filter_map(of).collect();
            claims.sort_unstable();
            claims
        };
        let mut returns = claimed(|entry| entry.completed);
        let mut latest = 0;
        for (_, claim) in &mut returns {
            latest = latest.max(*claim);
            *claim = latest;
        }
        let mut invocations = claimed(|entry| entry.completed.map(|_| entry.invoked));
        let mut earliest = u64::MAX;
        for (_, claim) in invocations.iter_mut().rev() {
            earliest = earliest.min(*claim);
            *claim = earliest;
        }
        Times { returns, invocations }
    }

    pub(super) fn claimed_before(&self, invoked: u32) -> u64 {
        let count = self.returns.partition_point(|(returned, _)| *returned < invoked);
        count.checked_sub(1).map_or(0, |last| self.returns[last].1)
    }

    fn claimed_after(&self, returned: u32) -> u64 {
        let first = self.invocations.partition_point(|(invoked, _)| *invoked < returned);
        self.invocations.get(first).map_or(u64::MAX, |(_, claim)| *claim)
    }
}

/// Where operations stand in an order, by what they may depend on.
struct Places {
    by_locality: BTreeMap<Option<u64>, Vec<(usize, usize)>>,
}

impl Places {
    fn new(entries: &[Entry<Operation>], order: &[usize]) -> Places {
        let mut by_locality: BTreeMap<Option<u64>, Vec<(usize, usize)>> = BTreeMap::new();
        for (position, index) in order.iter().enumerate() {
            let locality = entries[*index].operation.footprint().locality();
            by_locality.entry(locality).or_default().push((position, *index));
        }
        Places { by_locality }
    }

    fn near(&self, entries: &[Entry<Operation>], index: usize) -> Vec<&[(usize, usize)]> {
        let of = |locality| self.by_locality.get(&locality).map(Vec::as_slice);
        match entries[index].operation.footprint().locality() {
            Some(locality) => of(Some(locality)).into_iter().chain(of(None)).collect(),
            None => self.by_locality.values().map(Vec::as_slice).collect(),
        }
    }

    fn before(&self, entries: &[Entry<Operation>], index: usize, position: usize) -> Vec<usize> {
        let mut found = Vec::new();
        for places in self.near(entries, index) {
            let end = places.partition_point(|(place, _)| *place < position);
            let earlier = places[..end].iter().rev().map(|(_, other)| *other);
            found.extend(
                earlier.filter(|other| depend(entries, index, *other)).take(NEIGHBOURS_MAX),
            );
        }
        found
    }

    fn after(&self, entries: &[Entry<Operation>], index: usize, position: usize) -> Vec<usize> {
        let mut found = Vec::new();
        for places in self.near(entries, index) {
            let start = places.partition_point(|(place, _)| *place <= position);
            let later = places[start..].iter().map(|(_, other)| *other);
            found.extend(later.filter(|other| depend(entries, index, *other)).take(NEIGHBOURS_MAX));
        }
        found
    }
}

fn depend(entries: &[Entry<Operation>], left: usize, right: usize) -> bool {
    !entries[left].operation.footprint().is_apart(entries[right].operation.footprint())
}
