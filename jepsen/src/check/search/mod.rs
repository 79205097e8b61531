//! Decides linearizability by search, after Wing and Gong, and Lowe.
//!
//! A linearization is built from its first operation on. An operation may come next if no
//! operation that is still missing returned before it was invoked. When nothing fits, the
//! last choice is taken back. Configurations seen before are not searched again: a
//! configuration is the set of linearized operations and the state.
//!
//! Eight things keep this fast, none of which loses an answer:
//!
//! - An observation (an operation that changes nothing wherever it fits) is taken at once
//!   and for good where it fits: any linearization that has it later can have it here.
//! - Operations of unknown outcome need not be linearized, are tried last, fewest first
//!   ([`closure`]), and only where they change something. Of two that do exactly the same,
//!   the earlier goes first.
//! - A configuration is not searched if one with the same answered operations and state,
//!   but fewer unknown ones used up, was ([`memo`]).
//! - Where answers claim revisions, an operation waits for those that claim earlier ones;
//!   the model holds the claims to that anyway ([`claims`]).
//! - Until the operation that returned first is linearized, only those come next that it
//!   depends on, directly or through others: the rest may as well follow it ([`window`]).
//! - When nothing fits, the search jumps back to the last choice among operations that what
//!   does not fit depends on ([`failing`]).
//! - What the whole history tells of the order of its operations on one cell is not tried
//!   otherwise ([`ahead`]). What nobody ever sees goes right before what replaces it, or where
//!   nobody looks anyway.
//! - Chains of unknown operations are short at first. Only if that finds nothing, and a longer
//!   one might, the search begins again with longer ones.

mod ahead;
mod choose;
mod claims;
mod closure;
mod events;
mod failing;
mod memo;
mod window;

use super::budget::{Budget, Exhausted};
use crate::model::{Entry, Foresight, Model, Step, hash_bytes, mix};
use ahead::{Ahead, Here};
use claims::Claims;
use closure::Closure;
use events::{EventList, Position};
use failing::Failing;
use memo::{Left, Memo, UsedSet};
use window::Window;

/// How a search ended. Orders hold indices of entries.
#[derive(Debug, Clone)]
pub(crate) enum Outcome<S> {
    Valid { order: Vec<usize> },
    Invalid(Stuck<S>),
    Unknown(Exhausted, Stuck<S>),
}

/// The longest linearization that the search found before it got stuck.
#[derive(Debug, Clone)]
pub(crate) struct Stuck<S> {
    pub(crate) order: Vec<usize>,
    pub(crate) state: S,
    /// Position of the answer that no linearization got past.
    pub(crate) blocked_at: u32,
}

/// Searches for a linearization of the entries, which are in the order of invocation.
pub(crate) fn search<M: Model>(
    model: &M,
    entries: &[Entry<M::Operation>],
    budget: &mut Budget,
) -> Outcome<M::State> {
    search_with(model, entries, model.foresee(entries).as_ref(), budget)
}

/// How far a linearization of entries that have none comes, if that can be told. Foresight finds
/// out earlier that there is none, but not what does not fit.
pub(crate) fn furthest<M: Model>(
    model: &M,
    entries: &[Entry<M::Operation>],
    budget: &mut Budget,
) -> Option<Stuck<M::State>> {
    match search_with(model, entries, None, budget) {
        Outcome::Invalid(stuck) => Some(stuck),
        Outcome::Valid { .. } | Outcome::Unknown(..) => None,
    }
}

fn search_with<M: Model>(
    model: &M,
    entries: &[Entry<M::Operation>],
    foresight: Option<&Foresight>,
    budget: &mut Budget,
) -> Outcome<M::State> {
    for chain_max in CHAINS_MAX {
        let steps_max = ATTEMPT_STEPS_MIN + ATTEMPT_STEPS_FACTOR * entries.len() as u64;
        let mut attempt = budget.attempt(steps_max);
        let search = Search::new(model, entries, foresight, *chain_max, &mut attempt);
        let (outcome, was_cut) = search.run();
        budget.settle(&attempt);
        match outcome {
            Outcome::Invalid(_) if was_cut => {}
            Outcome::Unknown(Exhausted::Steps, _) => {}
            outcome => return outcome,
        }
    }
    Search::new(model, entries, foresight, usize::MAX, budget).run().0
}

/// Steps of an attempt with short chains, and more for each operation.
const ATTEMPT_STEPS_MIN: u64 = 200_000;
const ATTEMPT_STEPS_FACTOR: u64 = 60;

/// How many operations of unknown outcome may follow one another, in one attempt after another,
/// before there is no bound.
const CHAINS_MAX: &[usize] = &[1, 2, 4];

/// One choice on the way to the current configuration.
struct Frame<S> {
    entry: usize,
    before: S,
    here: Here,
    /// Other states that the same operation may lead to.
    alternatives: Vec<S>,
    /// Where to look for the next choice when this one fails; none for what was taken for good.
    resume: Option<Cursor>,
    /// Why the choices before this one at the same configuration led nowhere.
    failing: Failing,
}

/// Where the walk over the candidates of a configuration stands.
#[derive(Debug, Clone, Copy)]
enum Cursor {
    Answered(Position),
    /// In the closure that was opened last.
    Unknown,
}

struct Search<'a, M: Model> {
    model: &'a M,
    entries: &'a [Entry<M::Operation>],
    budget: &'a mut Budget,
    events: EventList,
    claims: Claims,
    ahead: Ahead<'a>,
    /// Where the linearization stands.
    here: Here,
    /// Operations may be independent of each other.
    is_separable: bool,
    used: UsedSet,
    window: Window,
    chain_max: usize,
    /// Why the choices so far at the current configuration led nowhere.
    collected: Failing,
    /// Why the configuration that failed last did.
    failing: Failing,
    /// A chain was not made longer.
    was_cut: bool,
    memo: Memo,
    frames: Vec<Frame<M::State>>,
    /// Of the configurations on the way to the current one whose answered candidates failed.
    closures: Vec<Closure<M::State>>,
    state: M::State,
    /// Exclusive or of the hashes of the answered operations that are linearized.
    linearized_hash: u128,
    answered_left: usize,
    best: Option<Stuck<M::State>>,
    best_left: usize,
    /// The frames below this are the same as when `best` was taken.
    best_prefix: usize,
}

impl<'a, M: Model> Search<'a, M> {
    fn new(
        model: &'a M,
        entries: &'a [Entry<M::Operation>],
        foresight: Option<&'a Foresight>,
        chain_max: usize,
        budget: &'a mut Budget,
    ) -> Self {
        let used = UsedSet::new(entries);
        let is_separable = foresight.is_none() && model.is_separable();
        let ahead = Ahead::new(foresight, entries);
        Search {
            model,
            entries,
            budget,
            events: EventList::new(entries),
            claims: Claims::new(entries),
            here: ahead.initial(),
            ahead,
            is_separable,
            memo: Memo::default(),
            window: Window::new(model, entries, &used, chain_max),
            chain_max,
            collected: Failing::default(),
            failing: Failing::default(),
            was_cut: false,
            used,
            frames: Vec::new(),
            closures: Vec::new(),
            state: model.initial(),
            linearized_hash: 0,
            answered_left: entries.iter().filter(|entry| entry.completed.is_some()).count(),
            best: None,
            best_left: usize::MAX,
            best_prefix: 0,
        }
    }

    /// How it ended, and whether chains were cut.
    fn run(mut self) -> (Outcome<M::State>, bool) {
        let result = self.explore();
        let was_cut = self.was_cut || self.window.was_cut();
        let outcome = match result {
            Ok(true) => {
                Outcome::Valid { order: self.frames.iter().map(|frame| frame.entry).collect() }
            }
            Ok(false) => Outcome::Invalid(self.take_best()),
            Err(exhausted) => {
                self.note_stuck();
                Outcome::Unknown(exhausted, self.take_best())
            }
        };
        (outcome, was_cut)
    }

    /// Whether there is a linearization; the frames hold it.
    fn explore(&mut self) -> Result<bool, Exhausted> {
        loop {
            self.absorb()?;
            if self.answered_left == 0 {
                return Ok(true);
            }
            self.collected = Failing::default();
            // Inside a closure it was remembered before it was visited.
            let fresh = self.in_closure() || {
                let key = self.key();
                let fresh = self.memo.insert(key, self.left(self.used.bits()));
                if !fresh {
                    self.failing = self.memo.failed(key).cloned().unwrap_or_else(Failing::all);
                }
                fresh
            };
            let mut cursor = fresh.then(|| Cursor::Answered(self.events.first()));
            loop {
                if let Some(from) = cursor {
                    if self.choose(from)? {
                        break;
                    }
                    self.fail();
                }
                match self.backtrack() {
                    Backtracked::To(resume) => cursor = Some(resume),
                    Backtracked::OtherState => break,
                    Backtracked::Nothing => return Ok(false),
                }
            }
        }
    }

    /// Names the current configuration, but for the operations of unknown outcome used up.
    fn key(&self) -> u128 {
        self.key_at(self.here, &self.state)
    }

    fn key_at(&self, here: Here, state: &M::State) -> u128 {
        let held = match here {
            Here::Unseen => 0,
            Here::At(_) | Here::Anywhere => self.model.fingerprint(state),
        };
        mix(self.linearized_hash, held)
    }

    /// The rest of the current configuration, with these operations of unknown outcome used up.
    fn left(&self, used: &[u64]) -> Left {
        let mut left = Left { used: used.to_vec(), ..Left::default() };
        if self.is_separable {
            return left;
        }
        let mut position = self.events.first();
        while let Some(entry) = self.events.invoked_at(position) {
            position = self.events.next(position);
            if self.entries[entry].observes {
                left.missing.push(self.entries[entry].invoked);
            }
        }
        left.first_return = self.events.first_return();
        left
    }

    /// Whether an operation is named by the key of a configuration.
    fn is_in_key(&self, entry: usize) -> bool {
        self.is_separable || !self.entries[entry].observes
    }

    /// Nothing is left to be tried here.
    fn fail(&mut self) {
        self.failing = std::mem::take(&mut self.collected);
        if !self.is_separable {
            self.failing = Failing::all();
            return;
        }
        self.look_through_window();
        self.failing.add_entries(self.window.members());
        if self.window.waits_for_claims() {
            self.failing = Failing::all();
        }
        let key = self.key();
        self.memo.fail(key, &self.failing);
    }

    /// Takes every observation that fits here, and what nobody sees if nobody sees what is here
    /// anyway. The return of one may have stood in the way of later invocations, so the walk
    /// goes on past it.
    fn absorb(&mut self) -> Result<(), Exhausted> {
        let mut position = self.events.first();
        while let Some(entry) = self.events.invoked_at(position) {
            position = self.events.next(position);
            let is_unseen = self.here == Here::Unseen && self.ahead.is_unseen(entry);
            if !self.entries[entry].observes && !is_unseen {
                continue;
            }
            self.budget.spend(self.memo.bytes())?;
            let state = match self.model.step(&self.state, &self.entries[entry].operation) {
                Step::Same => None,
                Step::To(state) if is_unseen => Some(state),
                Step::No | Step::To(_) | Step::OneOf(_) => continue,
            };
            self.push(entry, state, self.here, Vec::new(), None);
            position = self.events.next_of_lifted(entry);
        }
        Ok(())
    }

    fn push(
        &mut self,
        entry: usize,
        state: Option<M::State>,
        here: Here,
        alternatives: Vec<M::State>,
        resume: Option<Cursor>,
    ) {
        let before = match state {
            Some(state) => std::mem::replace(&mut self.state, state),
            None => self.state.clone(),
        };
        let here = std::mem::replace(&mut self.here, here);
        self.mark(entry);
        let failing = match resume {
            Some(_) => std::mem::take(&mut self.collected),
            None => Failing::default(),
        };
        self.frames.push(Frame { entry, before, here, alternatives, resume, failing });
    }

    fn mark(&mut self, entry: usize) {
        if self.entries[entry].completed.is_some() {
            self.events.lift(entry);
            self.claims.linearize(entry);
            self.ahead.linearize(entry);
            self.toggle(entry);
            self.answered_left -= 1;
        } else {
            self.used.set(entry);
        }
    }

    fn toggle(&mut self, entry: usize) {
        if self.is_in_key(entry) {
            self.linearized_hash ^= entry_hash(entry);
        }
    }

    fn unmark(&mut self, entry: usize) {
        if self.entries[entry].completed.is_some() {
            self.answered_left += 1;
            self.toggle(entry);
            self.ahead.restore(entry);
            self.claims.restore(entry);
            self.events.restore(entry);
        } else {
            self.used.clear(entry);
        }
    }

    /// Takes back the last choice that has another way out, and that made a difference.
    fn backtrack(&mut self) -> Backtracked {
        self.note_stuck();
        while let Some(mut frame) = self.frames.pop() {
            self.best_prefix = self.best_prefix.min(self.frames.len());
            if let Some(other) = frame.alternatives.pop() {
                self.state = other;
                frame.failing.add(&self.failing);
                self.frames.push(frame);
                return Backtracked::OtherState;
            }
            self.unmark(frame.entry);
            self.state = frame.before;
            self.here = frame.here;
            let Some(resume) = frame.resume else { continue };
            if self.made_a_difference() {
                self.collected = frame.failing;
                self.collected.add(&self.failing);
                return Backtracked::To(resume);
            }
            if let Cursor::Unknown = resume {
                self.closures.pop();
            }
            let key = self.key();
            self.memo.fail(key, &self.failing);
        }
        Backtracked::Nothing
    }

    /// Whether the choice here mattered to what has just failed.
    fn made_a_difference(&mut self) -> bool {
        self.look_through_window();
        let members = self.window.members();
        !self.is_separable || self.failing.depends_on(self.model, self.entries, members)
    }

    /// Remembers the longest linearization. Copies only what changed since the last time.
    fn note_stuck(&mut self) {
        if self.answered_left >= self.best_left {
            return;
        }
        self.best_left = self.answered_left;
        let mut order = self.best.take().map_or_else(Vec::new, |best| best.order);
        order.truncate(self.best_prefix);
        order.extend(self.frames[order.len()..].iter().map(|frame| frame.entry));
        self.best_prefix = order.len();
        let blocked_at = self.events.first_return();
        self.best = Some(Stuck { order, state: self.state.clone(), blocked_at });
    }

    fn take_best(&mut self) -> Stuck<M::State> {
        self.best.take().unwrap_or_else(|| Stuck {
            order: Vec::new(),
            state: self.model.initial(),
            blocked_at: self.events.first_return(),
        })
    }
}

enum Backtracked {
    /// To a configuration whose candidates from here on are still to be tried.
    To(Cursor),
    /// To another state after the same operation.
    OtherState,
    Nothing,
}

fn entry_hash(entry: usize) -> u128 {
    hash_bytes(&(entry as u64).to_le_bytes())
}
