//! The witness of a history that is read operation by operation.
//!
//! Owns the state after what is placed, and what waits to be placed. What is open may still
//! claim a revision that was answered before it was asked, so everything up to the earliest
//! such revision is final: nothing can come before it any more. Memory is that of the state
//! and of what overlaps with what is open, not of the history.

use std::collections::BTreeMap;

use super::{NoWitness, order_by_claims, replay_group, step_all};
use crate::model::{Entry, Model};

pub(crate) struct Streamed<'m, M: Model> {
    model: &'m M,
    /// After everything placed; several where the answers have not told yet which it is.
    states: Vec<M::State>,
    /// By index: the latest claim that was answered before the operation was invoked. Both grow
    /// together.
    open: BTreeMap<usize, u64>,
    latest_claim: u64,
    /// By claim.
    waiting: BTreeMap<u64, Vec<Entry<M::Operation>>>,
    /// The claims up to this one are placed, if any are.
    placed_to: Option<u64>,
    /// The latest invocation among what is placed.
    latest_invoked: u32,
}

impl<'m, M: Model> Streamed<'m, M> {
    pub(crate) fn new(model: &'m M) -> Streamed<'m, M> {
        Streamed {
            model,
            states: vec![model.initial()],
            open: BTreeMap::new(),
            latest_claim: 0,
            waiting: BTreeMap::new(),
            placed_to: None,
            latest_invoked: 0,
        }
    }

    /// The operation of this index begins.
    pub(crate) fn open(&mut self, index: usize) {
        self.open.insert(index, self.latest_claim);
    }

    /// It has ended, and this is what it says of the state, if anything. To be called for what
    /// never ended, too, and in the order of time.
    pub(crate) fn close(
        &mut self,
        index: usize,
        entry: Option<Entry<M::Operation>>,
    ) -> Result<(), NoWitness> {
        let seen_before = self.open.remove(&index).unwrap_or(0);
        if let Some(entry) = entry {
            self.take(entry, seen_before)?;
        }
        let final_to = self.open.first_key_value().map_or(self.latest_claim, |(_, claim)| *claim);
        self.place_to(final_to)
    }

    /// Places the rest; to be called when all is closed.
    pub(crate) fn finish(&mut self) -> Result<(), NoWitness> {
        self.place_to(u64::MAX)
    }

    fn take(&mut self, entry: Entry<M::Operation>, seen_before: u64) -> Result<(), NoWitness> {
        let Some(claim) = entry.claim else {
            // Without an answer it need not be part of the order.
            return entry.completed.map_or(Ok(()), |_| Err(NoWitness::Unclaimed));
        };
        if claim < seen_before {
            return Err(NoWitness::OutOfTime);
        }
        if entry.completed.is_some() {
            self.latest_claim = self.latest_claim.max(claim);
        }
        if Some(claim) > self.placed_to {
            self.waiting.entry(claim).or_default().push(entry);
            return Ok(());
        }
        // Of one revision what returns later comes later. What made it has returned before.
        self.respect_time(&entry)?;
        let states = std::mem::take(&mut self.states);
        self.states =
            step_all(self.model, states, &entry.operation).ok_or(NoWitness::Refused(claim))?;
        Ok(())
    }

    fn place_to(&mut self, last: u64) -> Result<(), NoWitness> {
        while let Some(first) = self.waiting.first_entry().filter(|first| *first.key() <= last) {
            let (claim, entries) = first.remove_entry();
            let claims = order_by_claims(&entries)?;
            let mut order = Vec::with_capacity(entries.len());
            self.states = replay_group(self.model, &entries, &self.states, &claims, &mut order)
                .ok_or(NoWitness::Refused(claim))?;
            for index in &order {
                self.respect_time(&entries[*index])?;
            }
            self.placed_to = Some(claim);
        }
        Ok(())
    }

    fn respect_time(&mut self, entry: &Entry<M::Operation>) -> Result<(), NoWitness> {
        if entry.completed.is_some_and(|completed| completed < self.latest_invoked) {
            return Err(NoWitness::OutOfTime);
        }
        self.latest_invoked = self.latest_invoked.max(entry.invoked);
        Ok(())
    }
}
