//! What comes next: answered operations first, in the order of invocation, then those of
//! unknown outcome, fewest first.

use super::{
    Cursor, Frame, Search,
    closure::{Chain, Closure},
    events::Position,
};
use crate::{
    check::budget::Exhausted,
    model::{Model, Step, mix},
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
            self.closures.push(Closure::new(self.used.bits(), self.state.clone()));
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
        let mut position = from;
        while let Some(entry) = self.events.invoked_at(position) {
            position = self.events.next(position);
            if self.entries[entry].claim.is_some_and(|claim| claim > claim_max)
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
            self.push(*entry, Some(chain.state.clone()), Vec::new(), resume.take());
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
                let longer = chain.with(entry, ordinal, state);
                let key = mix(self.linearized_hash, self.model.fingerprint(&longer.state));
                if self.memo.insert(key, &longer.used) {
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
        if self.model.is_separable() {
            let root = self.claims.earliest();
            self.window.look(self.model, self.entries, &self.events, &self.used, root);
        }
    }

    fn try_entry(&mut self, entry: usize, resume: Cursor) -> Result<bool, Exhausted> {
        self.budget.spend(self.memo.bytes())?;
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
                self.push(entry, None, Vec::new(), Some(resume));
                Ok(true)
            }
            Step::To(state) => {
                self.push(entry, Some(state), Vec::new(), Some(resume));
                Ok(true)
            }
            Step::OneOf(mut states) => {
                let Some(state) = states.pop() else { return Ok(false) };
                self.push(entry, Some(state), states, Some(resume));
                Ok(true)
            }
        }
    }
}
