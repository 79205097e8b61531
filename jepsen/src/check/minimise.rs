//! Finds a small part of a history that does not fit by itself.
//!
//! To leave an operation out is to ask nothing of it ([`Model::unasked`]): an observation is gone,
//! and a change may have happened at any time after it was asked for, or never. So what is kept
//! contradicts itself whatever the others did. And leaving out more never makes an order
//! impossible: what is needed once is needed with fewer others, too, and each operation has to be
//! tried by itself only once.
//!
//! To search all that the others may have done since the start can take for ever. Then the part
//! begins where the longest order that fits has got to, some operations before its end.

use super::budget::Budget;
use super::search::{Outcome, Stuck, search};
use crate::model::{Entry, Foresight, Model, Step};

/// Operations at the end of the longest order that are taken out again to look for a part among
/// them: all if there are few, and fewer where that finds nothing small.
const TAILS: [usize; 4] = [1_000, 100, 30, 8];
/// A part of so many is small.
const ENOUGH: usize = 10;
/// Searches that a minimisation may make from one start.
const ATTEMPTS_MAX: usize = 300;
/// Steps that one of them may take.
const ATTEMPT_STEPS_MAX: u64 = 20_000;
/// States that are followed to a start.
const STATES_MAX: usize = 64;

/// A part that does not fit by itself.
pub(super) struct Found<S, O> {
    /// So many operations of the longest order come before it.
    pub(super) after: usize,
    /// The state after those.
    pub(super) state: S,
    /// Indices of entries.
    pub(super) kept: Vec<usize>,
    /// These, and what is left of the others.
    pub(super) entries: Vec<Entry<O>>,
    /// It was shown of each that the others fit without it.
    pub(super) is_minimal: bool,
}

/// A small part of what no order explains. `late` is the index of an operation that was asked
/// after an answer that no order gets past, and claims to come before it.
pub(super) fn minimise<M: Model>(
    model: &M,
    entries: &[Entry<M::Operation>],
    stuck: &Stuck<M::State>,
    late: Option<usize>,
    budget: &Budget,
) -> Option<Found<M::State, M::Operation>>
where
    M::Operation: Clone,
{
    let mut best: Option<Found<M::State, M::Operation>> = None;
    let mut last_start = None;
    for tail in TAILS {
        let after = stuck.order.len().saturating_sub(tail);
        if last_start.replace(after) == Some(after) {
            continue;
        }
        let found = minimise_after(model, entries, stuck, late, after, &mut budget.part(4));
        let Some(found) = found else { continue };
        if found.is_minimal && found.kept.len() <= ENOUGH {
            return Some(found);
        }
        let badness = |found: &Found<_, _>| (!found.is_minimal, found.kept.len());
        if best.as_ref().is_none_or(|best| badness(&found) < badness(best)) {
            best = Some(found);
        }
    }
    best
}

pub(super) fn minimise_after<M: Model>(
    model: &M,
    entries: &[Entry<M::Operation>],
    stuck: &Stuck<M::State>,
    late: Option<usize>,
    after: usize,
    budget: &mut Budget,
) -> Option<Found<M::State, M::Operation>>
where
    M::Operation: Clone,
{
    let mut is_left = vec![true; entries.len()];
    stuck.order[..after].iter().for_each(|index| is_left[*index] = false);
    let state = state_after(model, entries, &stuck.order[..after])?;
    let start = From { model, state: (after > 0).then(|| state.clone()) };
    let late = entries.iter().find(|entry| late == Some(entry.index));
    let end = late.and_then(|late| late.completed).unwrap_or(0).max(stuck.blocked_at);
    // Mostly, what is in the way is over when no order gets further, and what comes later is not.
    [end, u32::MAX].into_iter().find_map(|end| {
        let in_time = |index: &usize| is_left[*index] && entries[*index].invoked <= end;
        let slot = |index: usize| Slot::new(&start, index, &entries[index], end);
        let slots = (0..entries.len()).filter(in_time).map(slot).collect();
        let mut part = Part { model: &start, slots };
        let is_minimal = part.shrink(budget)?;
        let (state, kept, entries) = (state.clone(), part.kept(), part.entries());
        Some(Found { after, state, kept, entries, is_minimal })
    })
}

/// Of the states that the history leaves open, one: none of them leads on to an order.
fn state_after<M: Model>(
    model: &M,
    entries: &[Entry<M::Operation>],
    order: &[usize],
) -> Option<M::State> {
    let mut states = vec![model.initial()];
    for index in order {
        let operation = &entries[*index].operation;
        let next = states.iter().flat_map(|state| match model.step(state, operation) {
            Step::No => Vec::new(),
            Step::Same => vec![state.clone()],
            Step::To(next) => vec![next],
            Step::OneOf(states) => states,
        });
        states = next.take(STATES_MAX).collect();
    }
    states.into_iter().next()
}

/// Some operations, each of which is kept or left out.
struct Part<'a, M: Model> {
    model: &'a From<'a, M>,
    slots: Vec<Slot<M::Operation>>,
}

struct Slot<O> {
    index: usize,
    is_kept: bool,
    kept: Entry<O>,
    left_out: Option<Entry<O>>,
}

impl<O: Clone> Slot<O> {
    /// Nothing is asked of what had not returned by the end.
    fn new<M: Model<Operation = O>>(model: &M, index: usize, entry: &Entry<O>, end: u32) -> Self {
        let left_out = match entry.completed {
            Some(_) => model.unasked(entry),
            None => Some(entry.clone()),
        };
        let is_kept = entry.completed.is_some_and(|completed| completed <= end);
        Slot { index, is_kept, kept: entry.clone(), left_out }
    }
}

impl<M: Model> Part<'_, M>
where
    M::Operation: Clone,
{
    fn kept(&self) -> Vec<usize> {
        let kept = self.slots.iter().filter(|slot| slot.is_kept);
        kept.map(|slot| slot.index).collect()
    }

    /// Leaves out what can be, the earliest first, and says whether each of the rest is known to
    /// be needed. None if what is there at first is not known to fail.
    fn shrink(&mut self, budget: &mut Budget) -> Option<bool> {
        if self.fits(budget)? {
            return None;
        }
        let mut attempts = 0;
        let mut chunk = self.kept().len().div_ceil(2).max(1);
        loop {
            let mut is_minimal = true;
            let kept: Vec<usize> =
                (0..self.slots.len()).filter(|slot| self.slots[*slot].is_kept).collect();
            for slots in kept.chunks(chunk) {
                attempts += 1;
                slots.iter().for_each(|slot| self.slots[*slot].is_kept = false);
                let fits = if attempts <= ATTEMPTS_MAX { self.fits(budget) } else { None };
                if fits != Some(false) {
                    slots.iter().for_each(|slot| self.slots[*slot].is_kept = true);
                }
                is_minimal &= fits.is_some();
            }
            if chunk == 1 {
                return Some(is_minimal);
            }
            chunk /= 2;
        }
    }

    fn entries(&self) -> Vec<Entry<M::Operation>> {
        let entry = |slot: &Slot<M::Operation>| match slot.is_kept {
            true => Some(slot.kept.clone()),
            false => slot.left_out.clone(),
        };
        self.slots.iter().filter_map(entry).collect()
    }

    /// Whether some order explains what is kept; None if that takes too long to find out.
    fn fits(&self, budget: &mut Budget) -> Option<bool> {
        let mut attempt = budget.attempt(ATTEMPT_STEPS_MAX);
        let outcome = search(self.model, &self.entries(), &mut attempt);
        budget.settle(&attempt);
        match outcome {
            Outcome::Valid { .. } => Some(true),
            Outcome::Invalid(_) => Some(false),
            Outcome::Unknown(..) => None,
        }
    }
}

/// A model that begins in another state.
pub(super) struct From<'m, M: Model> {
    pub(super) model: &'m M,
    /// None: the model's own first state.
    pub(super) state: Option<M::State>,
}

impl<M: Model> Model for From<'_, M> {
    type State = M::State;
    type Operation = M::Operation;

    fn initial(&self) -> M::State {
        self.state.clone().unwrap_or_else(|| self.model.initial())
    }

    fn step(&self, state: &M::State, operation: &M::Operation) -> Step<M::State> {
        self.model.step(state, operation)
    }

    fn fingerprint(&self, state: &M::State) -> u128 {
        self.model.fingerprint(state)
    }

    fn unasked(&self, entry: &Entry<M::Operation>) -> Option<Entry<M::Operation>>
    where
        M::Operation: Clone,
    {
        self.model.unasked(entry)
    }

    fn floor(&self, state: &M::State) -> u64 {
        self.model.floor(state)
    }

    fn is_separable(&self) -> bool {
        self.model.is_separable()
    }

    fn are_independent(&self, left: &M::Operation, right: &M::Operation) -> bool {
        self.model.are_independent(left, right)
    }

    fn may_meet(&self, left: &M::Operation, right: &M::Operation) -> bool {
        self.model.may_meet(left, right)
    }

    fn locality(&self, operation: &M::Operation) -> Option<u64> {
        self.model.locality(operation)
    }

    /// What is foreseen rests on the first state.
    fn foresee(&self, entries: &[Entry<M::Operation>]) -> Option<Foresight> {
        self.state.is_none().then(|| self.model.foresee(entries))?
    }

    fn refusal(&self, state: &M::State, operation: &M::Operation) -> String {
        self.model.refusal(state, operation)
    }

    fn describe(&self, state: &M::State) -> Vec<String> {
        self.model.describe(state)
    }
}
