//! Holds an order that a route gave against the promise: it respects time, it has every
//! answered operation once, and the model agrees with every answer.

use crate::model::{Entry, Model, Step};

/// Whether an order of entries is a linearization.
pub(crate) fn is_linearization<M: Model>(
    model: &M,
    entries: &[Entry<M::Operation>],
    order: &[usize],
) -> bool {
    let mut placed = vec![false; entries.len()];
    for index in order {
        if std::mem::replace(&mut placed[*index], true) {
            return false;
        }
    }
    let all_placed =
        entries.iter().zip(&placed).all(|(entry, placed)| *placed || entry.completed.is_none());
    all_placed && respects_time(entries, order) && replays(model, entries, order)
}

/// No operation comes after one that was invoked only once it had returned.
pub(crate) fn respects_time<O>(entries: &[Entry<O>], order: &[usize]) -> bool {
    let mut latest_invoked = 0;
    order.iter().all(|index| {
        let entry = &entries[*index];
        let in_time = entry.completed.is_none_or(|completed| completed >= latest_invoked);
        latest_invoked = latest_invoked.max(entry.invoked);
        in_time
    })
}

/// Follows every state that what is not known yet may mean.
fn replays<M: Model>(model: &M, entries: &[Entry<M::Operation>], order: &[usize]) -> bool {
    let mut states = vec![model.initial()];
    for index in order {
        let mut next = Vec::with_capacity(states.len());
        for state in states {
            match model.step(&state, &entries[*index].operation) {
                Step::No => {}
                Step::Same => next.push(state),
                Step::To(state) => next.push(state),
                Step::OneOf(states) => next.extend(states),
            }
        }
        states = next;
    }
    !states.is_empty()
}
