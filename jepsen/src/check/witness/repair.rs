//! The order that the claims give, with operations of unknown outcome put in where they are missed.
//!
//! An operation that took effect and was never answered took a revision that nobody claims.
//! Where the model refuses an answer in the order of the claims, such an operation is put into
//! one of the gaps before it, the one with which the replay comes furthest. That is a guess after
//! the other: an order that is found is a certificate, and where none is, nothing is decided.

use std::cmp::Ordering;

use super::super::budget::Budget;
use super::step_all;
use super::{Claim, NoWitness, insert_floating, order_by_claims, replay_group, respects_time};
use crate::model::{Claimed, Entry, Model};

/// Gaps that are tried, the last ones first.
const GAPS_MAX: usize = 256;
/// Likewise, where what is missing names nothing that was refused.
const GAPS_OF_ALL_MAX: usize = 24;
/// Places of operations that are tried two at a time.
const PAIRED_MAX: usize = 64;
/// Operations that are tried in one gap, the last ones first.
const CANDIDATES_MAX: usize = 48;
/// Gaps to which what was put in is moved, to make room.
const MOVES_MAX: usize = 64;
/// Revisions beyond the one that was refused that a guess is followed.
const HORIZON: usize = 500;

/// The order of entries, if one is found.
pub(crate) fn repaired<M: Model>(
    model: &M,
    entries: &[Entry<M::Operation>],
    budget: &mut Budget,
) -> Result<Vec<usize>, NoWitness> {
    let claims = order_by_claims(entries)?;
    let mut repair = Repair::new(model, entries, &claims);
    let order = repair.run(budget)?;
    let order = insert_floating(model, entries, order)?;
    match respects_time(entries, &order) {
        true => Ok(order),
        false => Err(NoWitness::OutOfTime),
    }
}

struct Repair<'a, M: Model> {
    model: &'a M,
    entries: &'a [Entry<M::Operation>],
    /// What claims one revision, by revision.
    groups: Vec<&'a [Claim]>,
    /// Operations that may be missing, by invocation: with the latest claim that was answered
    /// before.
    unknown: Vec<(usize, u64)>,
    /// What was put in right before each group.
    put_in: Vec<Vec<usize>>,
    is_put_in: Vec<bool>,
    /// Before the last groups with a gap before them.
    gaps: Vec<Gap<M::State>>,
}

/// Where something may be missing: before this group.
struct Gap<S> {
    group: usize,
    states: Vec<S>,
    order_length: usize,
}

/// Which operations may be missing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    /// Those that name what was refused.
    WhatMeets,
    /// All: it may have moved since.
    All,
}

/// What to put in: operations before groups, instead of what was put in there.
#[derive(Clone)]
struct Guess {
    /// The first gap that changes.
    gap: usize,
    put_in: Vec<(usize, Vec<usize>)>,
}

impl<'a, M: Model> Repair<'a, M> {
    fn new(model: &'a M, entries: &'a [Entry<M::Operation>], claims: &'a [Claim]) -> Self {
        let groups: Vec<&[Claim]> =
            claims.chunk_by(|left, right| left.revision == right.revision).collect();
        let put_in = vec![Vec::new(); groups.len()];
        let is_put_in = vec![false; entries.len()];
        let unknown = unknown_without_claim(entries);
        Repair { model, entries, groups, unknown, put_in, is_put_in, gaps: Vec::new() }
    }

    fn run(&mut self, budget: &mut Budget) -> Result<Vec<usize>, NoWitness> {
        let mut order = Vec::with_capacity(self.entries.len());
        let mut states = vec![self.model.initial()];
        let mut group = 0;
        while group < self.groups.len() {
            if self.is_after_gap(group) {
                let (states, order_length) = (states.clone(), order.len());
                self.gaps.push(Gap { group, states, order_length });
                if self.gaps.len() > 2 * GAPS_MAX {
                    self.gaps.drain(..GAPS_MAX);
                }
            }
            if let Some(next) = self.step_group(&states, group, &self.put_in[group], &mut order) {
                states = next;
                group += 1;
                continue;
            }
            let refused = NoWitness::Refused(self.groups[group][0].revision);
            let guess = self.best_guess(group, budget).ok_or(refused)?;
            let gap = &self.gaps[guess.gap];
            group = gap.group;
            states = gap.states.clone();
            order.truncate(gap.order_length);
            self.gaps.truncate(guess.gap);
            for (group, entries) in guess.put_in {
                entries.iter().for_each(|entry| self.is_put_in[*entry] = true);
                self.put_in[group] = entries;
            }
        }
        Ok(order)
    }

    /// Whether somebody may have made a revision before this group, or that of the group.
    fn is_after_gap(&self, group: usize) -> bool {
        let revision = |group: usize| self.groups[group][0].revision;
        let is_made = self.groups[group][0].claimed == Claimed::Effect;
        group == 0 || !is_made || revision(group) > revision(group - 1) + 1
    }

    /// Replays what was put in before a group, and the group.
    fn step_group(
        &self,
        states: &[M::State],
        group: usize,
        put_in: &[usize],
        order: &mut Vec<usize>,
    ) -> Option<Vec<M::State>> {
        let mut states = states.to_vec();
        for entry in put_in {
            states = step_all(self.model, states, &self.entries[*entry].operation)?;
            order.push(*entry);
        }
        replay_group(self.model, self.entries, &states, self.groups[group], order)
    }

    /// The guess with which the replay comes furthest, and past the group that was refused.
    fn best_guess(&self, refused: usize, budget: &mut Budget) -> Option<Guess> {
        let near = self.best_guess_of(refused, GAPS_MAX, Of::WhatMeets, budget);
        near.or_else(|| self.best_guess_of(refused, GAPS_OF_ALL_MAX, Of::All, budget))
            .or_else(|| self.best_pair(refused, budget))
    }

    /// Two operations: one answer, such as a listing, may miss both of them.
    fn best_pair(&self, refused: usize, budget: &mut Budget) -> Option<Guess> {
        let mut places = Vec::new();
        for gap in (0..self.gaps.len()).rev().take(GAPS_OF_ALL_MAX) {
            for entry in self.candidates(gap, refused, Of::WhatMeets) {
                let guess = self.beside(gap, &[entry]);
                if places.len() < PAIRED_MAX && self.follow(&guess, refused, budget)? == refused {
                    places.push((gap, entry));
                }
            }
        }
        let mut best: Option<(usize, Guess)> = None;
        for (gap, entry) in &places {
            for (later, second) in places.iter().filter(|(_, second)| second != entry) {
                let guess = match later.cmp(gap) {
                    Ordering::Less => continue,
                    Ordering::Equal => self.beside(*gap, &[*entry, *second]),
                    Ordering::Greater => {
                        let (first, then) =
                            (self.beside(*gap, &[*entry]), self.beside(*later, &[*second]));
                        Guess { gap: *gap, put_in: [first.put_in, then.put_in].concat() }
                    }
                };
                let reached = self.follow(&guess, refused, budget)?;
                if reached > best.as_ref().map_or(refused, |(reached, _)| *reached) {
                    best = Some((reached, guess));
                }
            }
        }
        best.map(|(_, guess)| guess)
    }

    fn best_guess_of(
        &self,
        refused: usize,
        gaps_max: usize,
        of: Of,
        budget: &mut Budget,
    ) -> Option<Guess> {
        let mut best: Option<(usize, Guess)> = None;
        for gap in (0..self.gaps.len()).rev().take(gaps_max) {
            for entry in self.candidates(gap, refused, of) {
                for guess in self.guesses(gap, entry) {
                    let reached = self.follow(&guess, refused, budget)?;
                    if reached > refused + HORIZON {
                        return Some(guess);
                    }
                    if reached > best.as_ref().map_or(refused, |(reached, _)| *reached) {
                        best = Some((reached, guess));
                    }
                }
            }
        }
        best.map(|(_, guess)| guess)
    }

    /// To put an operation into a gap, beside what is there or in its place: that may have been
    /// put into an earlier gap as well.
    fn guesses(&self, gap: usize, entry: usize) -> Vec<Guess> {
        let group = self.gaps[gap].group;
        let there = &self.put_in[group];
        let mut guesses = vec![self.beside(gap, &[entry])];
        let [moved] = there[..] else { return guesses };
        for earlier in (0..gap).rev().take(MOVES_MAX) {
            let to = self.gaps[earlier].group;
            if self.put_in[to].is_empty() && self.may_be_before(moved, to) {
                let put_in = vec![(to, vec![moved]), (group, vec![entry])];
                guesses.push(Guess { gap: earlier, put_in });
            }
        }
        guesses
    }

    /// To put operations into a gap, beside what is there.
    fn beside(&self, gap: usize, entries: &[usize]) -> Guess {
        let group = self.gaps[gap].group;
        Guess { gap, put_in: vec![(group, [&self.put_in[group], entries].concat())] }
    }

    /// Whether an operation was asked for before what this group claims was answered.
    fn may_be_before(&self, entry: usize, group: usize) -> bool {
        let slot = self.unknown.binary_search_by_key(&entry, |(entry, _)| *entry);
        slot.is_ok_and(|slot| self.unknown[slot].1 < self.groups[group][0].revision)
    }

    /// What may be missing in a gap, for the time and for what was refused.
    fn candidates(&self, gap: usize, refused: usize, of: Of) -> Vec<usize> {
        let before = self.groups[self.gaps[gap].group][0].revision;
        let meets = |entry: usize| {
            let operation = &self.entries[entry].operation;
            let meets = |claim: &Claim| {
                let refused = &self.entries[claim.entry];
                let may_come =
                    refused.completed.is_none_or(|end| self.entries[entry].invoked < end);
                may_come && (of == Of::All || self.model.may_meet(operation, &refused.operation))
            };
            self.groups[refused].iter().any(meets)
        };
        let until = self.unknown.partition_point(|(_, seen)| *seen < before);
        let entries = self.unknown[..until].iter().rev().map(|(entry, _)| *entry);
        let candidates = entries.filter(|entry| !self.is_put_in[*entry] && meets(*entry));
        candidates.take(CANDIDATES_MAX).collect()
    }

    /// The first group that is refused with a guess, or the last that is looked at; none if the
    /// budget is spent.
    fn follow(&self, guess: &Guess, refused: usize, budget: &mut Budget) -> Option<usize> {
        let gap = &self.gaps[guess.gap];
        let mut order = Vec::new();
        let mut states = gap.states.clone();
        let last = (refused + HORIZON).min(self.groups.len() - 1);
        for group in gap.group..=last {
            for _ in self.groups[group] {
                budget.spend(0).ok()?;
            }
            order.clear();
            let guessed = guess.put_in.iter().find(|(of, _)| *of == group);
            let put_in = guessed.map_or(&self.put_in[group], |(_, entries)| entries);
            match self.step_group(&states, group, put_in, &mut order) {
                Some(next) => states = next,
                None => return Some(group),
            }
        }
        Some(last + 1)
    }
}

/// In the order of invocation, which is also that of the claims.
fn unknown_without_claim<O>(entries: &[Entry<O>]) -> Vec<(usize, u64)> {
    let mut returns: Vec<(u32, u64)> =
        entries.iter().filter_map(|entry| Some((entry.completed?, entry.claim?))).collect();
    returns.sort_unstable();
    let mut returns = returns.into_iter().peekable();
    let mut latest = 0;
    let mut unknown = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        while let Some((_, claim)) = returns.next_if(|(returned, _)| *returned < entry.invoked) {
            latest = latest.max(claim);
        }
        if entry.completed.is_none() && entry.claim.is_none() {
            unknown.push((index, latest));
        }
    }
    unknown
}
