//! Puts observations that claim no revision where they fit in an order of the others.
//!
//! Such an observation may stand anywhere between what returned before it was asked for and
//! what was asked for after it had returned. Where it tells nothing new it goes first in that
//! stretch that it fits; what it tells, such as an id, is learned as late as possible.

use super::{NoWitness, step_all};
use crate::model::{Entry, Model, Step};

/// The order with everything that claims no revision.
pub(super) fn insert_floating<M: Model>(
    model: &M,
    entries: &[Entry<M::Operation>],
    order: Vec<usize>,
) -> Result<Vec<usize>, NoWitness> {
    let floats = |entry: &Entry<_>| entry.claim.is_none() && entry.completed.is_some();
    let floating: Vec<usize> =
        (0..entries.len()).filter(|index| floats(&entries[*index])).collect();
    if floating.is_empty() {
        return Ok(order);
    }
    let stretches = Stretches::new(entries, &order);
    let mut waiting: Vec<Waiting> =
        floating.into_iter().map(|entry| stretches.of(entries, entry)).collect::<Result<_, _>>()?;
    let mut placed = Vec::with_capacity(entries.len());
    let mut states = vec![model.initial()];
    for position in 0..=order.len() {
        place(model, entries, position, &mut waiting, &mut states, &mut placed)?;
        let Some(entry) = order.get(position) else { break };
        states = step_all(model, states, &entries[*entry].operation).ok_or(NoWitness::Unfit)?;
        placed.push(*entry);
    }
    Ok(placed)
}

/// An observation, and before which positions of the order it may stand.
struct Waiting {
    entry: usize,
    first: usize,
    last: usize,
}

/// Places what fits before a position; in the order of invocation, so that of two that follow
/// one another in time the earlier is placed first.
fn place<M: Model>(
    model: &M,
    entries: &[Entry<M::Operation>],
    position: usize,
    waiting: &mut Vec<Waiting>,
    states: &mut Vec<M::State>,
    placed: &mut Vec<usize>,
) -> Result<(), NoWitness> {
    let mut index = 0;
    // What still waits before this one returned by then: nothing invoked later may pass it.
    let mut first_return = u32::MAX;
    while let Some(Waiting { entry, first, last }) = waiting.get(index) {
        let (entry, invoked) = (*entry, entries[*entry].invoked);
        if *first > position || invoked > first_return {
            // Those invoked later may only start later, too.
            return Ok(());
        }
        let operation = &entries[entry].operation;
        let tells_nothing = |state: &M::State| matches!(model.step(state, operation), Step::Same);
        if states.iter().any(tells_nothing) {
            states.retain(tells_nothing);
        } else if *last <= position {
            let next = step_all(model, std::mem::take(states), operation);
            *states = next.ok_or(NoWitness::Unfit)?;
        } else {
            first_return = first_return.min(entries[entry].completed.unwrap_or(u32::MAX));
            index += 1;
            continue;
        }
        placed.push(entry);
        waiting.remove(index);
    }
    Ok(())
}

/// What the order says of time, at each position.
struct Stretches {
    /// The latest invocation up to each position, and with it.
    latest_invoked: Vec<u32>,
    /// The earliest return from each position on.
    earliest_return: Vec<u32>,
}

impl Stretches {
    fn new<O>(entries: &[Entry<O>], order: &[usize]) -> Stretches {
        let mut latest = 0;
        let latest_invoked = order.iter().map(|entry| {
            latest = latest.max(entries[*entry].invoked);
            latest
        });
        let latest_invoked = latest_invoked.collect();
        let mut earliest = u32::MAX;
        let mut earliest_return: Vec<u32> = order
            .iter()
            .rev()
            .map(|entry| {
                earliest = earliest.min(entries[*entry].completed.unwrap_or(u32::MAX));
                earliest
            })
            .collect();
        earliest_return.reverse();
        Stretches { latest_invoked, earliest_return }
    }

    /// Both lists grow along the order, so the ends of a stretch are found by bisection.
    fn of<O>(&self, entries: &[Entry<O>], entry: usize) -> Result<Waiting, NoWitness> {
        let invoked = entries[entry].invoked;
        let completed = entries[entry].completed.unwrap_or(u32::MAX);
        let first = self.earliest_return.partition_point(|returned| *returned < invoked);
        let last = self.latest_invoked.partition_point(|invoked| *invoked <= completed);
        match first <= last {
            true => Ok(Waiting { entry, first, last }),
            false => Err(NoWitness::OutOfTime),
        }
    }
}
