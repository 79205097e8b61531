//! What comes next: answered operations first, in the order of invocation, then those of
//! unknown outcome, fewest first.

use std::collections::BTreeMap;

use super::{
    Cursor, Frame, Search,
    closure::{Chain, Closure},
    events::Position,
};
use crate::{
    check::budget::Exhausted,
    model::{Entry, Model, Step},
};

impl<M: Model> Search<'_, M> {
    /// Takes the next candidate from the cursor on that fits; false if there is none.
    pub(super) fn choose(&mut self, from: Cursor) -> Result<bool, Exhausted> {
        if let Cursor::Answered(position) = from {
            if self.choose_answered(position)? {
                return Ok(true);
            }
            // The closure that it is in goes on from it later.
            if self.in_closure() {
                return Ok(false);
            }
            self.closures.push(Closure::new(self.used.bits(), self.state.clone(), self.here));
        }
        self.choose_unknown()
    }

    /// Whether only operations of unknown outcome came since a closure was opened.
    pub(super) fn in_closure(&self) -> bool {
        self.frames.last().is_some_and(|frame| self.entries[frame.entry].completed.is_none())
    }

    fn choose_answered(&mut self, from: Position) -> Result<bool, Exhausted> {
        let claim_max = self.claims.earliest_missing();
        self.look_through_window();
        let returns = self.first_returns();
        let mut position = from;
        while let Some(entry) = self.events.invoked_at(position) {
            position = self.events.next(position);
            let twins = returns.get(&self.entries[entry].class);
            if twins.is_some_and(|first| self.entries[entry].completed > Some(*first))
                || self.entries[entry].claim.is_some_and(|claim| claim > claim_max)
                || !self.window.holds(entry)
                || !self.follows_chain(entry)
            {
                continue;
            }
            if self.try_entry(entry, Cursor::Answered(position))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// When the first returned of those candidates that do exactly the same: it goes first, since
    /// they may change places.
    fn first_returns(&self) -> BTreeMap<u64, u32> {
        let mut returns = BTreeMap::new();
        if !self.ahead.has_twins() {
            return returns;
        }
        let mut position = self.events.first();
        while let Some(entry) = self.events.invoked_at(position) {
            position = self.events.next(position);
            if !self.ahead.is_twin(entry) {
                continue;
            }
            let Entry { class, completed, .. } = self.entries[entry];
            let completed = completed.expect("only answered operations are among the events");
            let first = returns.entry(class).or_insert(completed);
            *first = completed.min(*first);
        }
        returns
    }

    /// Whether an answered operation depends on the unknown ones right before it, if there are
    /// any. If not, those may as well come later.
    fn follows_chain(&self, entry: usize) -> bool {
        let unknown = |frame: &&Frame<M::State>| self.entries[frame.entry].completed.is_none();
        let operation = &self.entries[entry].operation;
        let depends = |frame: &Frame<M::State>| {
            !self.model.are_independent(&self.entries[frame.entry].operation, operation)
        };
        let mut chain = self.frames.iter().rev().take_while(unknown).peekable();
        chain.peek().is_none() || chain.any(depends)
    }

    /// Visits the next chain of the closure.
    fn choose_unknown(&mut self) -> Result<bool, Exhausted> {
        let mut closure = self.closures.pop().expect("opened before it is walked");
        if let Some(visited) = closure.visited() {
            self.extend(&visited, &mut closure)?;
        }
        let Some(chain) = closure.visit() else { return Ok(false) };
        // Back from the first of them, the walk goes on in the closure.
        let mut resume = Some(Cursor::Unknown);
        for entry in &chain.entries {
            self.push(*entry, Some(chain.state.clone()), chain.here, Vec::new(), resume.take());
        }
        self.closures.push(closure);
        Ok(true)
    }

    /// Adds each chain that is one operation longer and leads somewhere new.
    fn extend(
        &mut self,
        chain: &Chain<M::State>,
        closure: &mut Closure<M::State>,
    ) -> Result<(), Exhausted> {
        let before = self.events.first_return();
        let claim_max = self.claims.earliest_missing();
        self.look_through_window();
        for ordinal in 0..self.used.count() {
            let entry = self.used.entry(ordinal);
            if self.entries[entry].invoked > before {
                break;
            }
            if !self.used.may_use(&chain.used, ordinal) || !self.window.holds(entry) {
                continue;
            }
            // Nobody needs to have had an effect that nobody ever sees.
            if self.ahead.is_unseen(entry) {
                continue;
            }
            let Some(here) = self.ahead.after(chain.here, entry, false) else { continue };
            if chain.entries.len() >= self.chain_max {
                self.was_cut = true;
                break;
            }
            self.budget.spend(self.memo.bytes())?;
            let states = match self.model.step(&chain.state, &self.entries[entry].operation) {
                Step::No | Step::Same => continue,
                Step::To(state) => vec![state],
                Step::OneOf(states) => states,
            };
            // What claims less must still come.
            let may_go_on = |state: &M::State| self.model.floor(state) <= claim_max;
            for state in states.into_iter().filter(may_go_on) {
                let longer = chain.with(entry, ordinal, state, here);
                let key = self.key_at(here, &longer.state);
                if self.memo.insert(key, self.left(&longer.used)) {
                    closure.add(longer);
                } else if let Some(failing) = self.memo.failed(key) {
                    self.collected.add(failing);
                }
            }
        }
        Ok(())
    }

    /// Finds what may come before the first return.
    pub(super) fn look_through_window(&mut self) {
        if self.is_separable {
            let root = self.claims.earliest();
            self.window.look(self.model, self.entries, &self.events, &self.used, root);
        }
    }

    fn try_entry(&mut self, entry: usize, resume: Cursor) -> Result<bool, Exhausted> {
        self.budget.spend(self.memo.bytes())?;
        let Some(here) = self.ahead.after(self.here, entry, true) else { return Ok(false) };
        let claim_max = match self.entries[entry].claim {
            Some(_) => u64::MAX,
            None => self.claims.earliest_missing(),
        };
        // What claims less must still come.
        let may_go_on = |state: &M::State| self.model.floor(state) <= claim_max;
        match self.model.step(&self.state, &self.entries[entry].operation) {
            Step::No => Ok(false),
            Step::To(state) if !may_go_on(&state) => Ok(false),
            Step::Same => {
                self.push(entry, None, here, Vec::new(), Some(resume));
                Ok(true)
            }
            Step::To(state) => {
                let mut resume = Some(resume);
                if self.ahead.replaces(entry) {
                    self.take_unseen(entry, &mut resume)?;
                }
                self.push(entry, Some(state), here, Vec::new(), resume);
                Ok(true)
            }
            Step::OneOf(mut states) => {
                let Some(state) = states.pop() else { return Ok(false) };
                self.push(entry, Some(state), here, states, Some(resume));
                Ok(true)
            }
        }
    }

    /// Takes what nobody ever sees right before what replaces it: any linearization that has it
    /// later can have it here. The first choice that is made so goes on with `resume`.
    fn take_unseen(
        &mut self,
        replacing: usize,
        resume: &mut Option<Cursor>,
    ) -> Result<(), Exhausted> {
        let mut position = self.events.first();
        while let Some(entry) = self.events.invoked_at(position) {
            position = self.events.next(position);
            if entry == replacing || !self.ahead.is_unseen(entry) {
                continue;
            }
            self.budget.spend(self.memo.bytes())?;
            let Some(here) = self.ahead.after(self.here, entry, true) else { continue };
            let state = match self.model.step(&self.state, &self.entries[entry].operation) {
                Step::Same => None,
                Step::To(state) => Some(state),
                Step::No | Step::OneOf(_) => continue,
            };
            self.push(entry, state, here, Vec::new(), resume.take());
            position = self.events.next_of_lifted(entry);
        }
        Ok(())
    }
}
