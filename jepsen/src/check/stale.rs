//! Finds an answer that is older than one acknowledged before it was asked for.
//!
//! Revisions only grow along a linearization. So if an operation returned before another
//! was invoked, and claims a later revision, no order explains both: no search is needed,
//! which on a history that fits nowhere may take for ever.

use super::budget::Budget;
use super::explain::{line_of, near};
use super::search::{Outcome, search};
use super::verdict::{Candidate, Part, Violation};
use super::witness::witness;
use crate::history::History;
use crate::model::{Entry, Model, Step};

/// Indices of two entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stale {
    /// Claims the earlier revision.
    answer: usize,
    /// Had returned before, and claims a later one.
    after: usize,
}

/// The first one in time. Entries are in the order of invocation.
pub(super) fn find<O>(entries: &[Entry<O>]) -> Option<Stale> {
    let returned = |index: &usize| entries[*index].completed;
    let claims = |index: &usize| entries[*index].claim.is_some() && returned(index).is_some();
    let mut returns: Vec<usize> = (0..entries.len()).filter(claims).collect();
    returns.sort_unstable_by_key(returned);
    let mut returns = returns.into_iter().peekable();
    let mut latest: Option<usize> = None;
    for (answer, entry) in entries.iter().enumerate() {
        let invoked = Some(entry.invoked);
        while let Some(index) = returns.next_if(|index| returned(index) < invoked) {
            if latest.is_none_or(|latest| entries[index].claim > entries[latest].claim) {
                latest = Some(index);
            }
        }
        if let Some(after) = latest.filter(|_| claims(&answer))
            && entries[after].claim > entry.claim
        {
            return Some(Stale { answer, after });
        }
    }
    None
}

/// Says it in words.
pub(super) fn explain<M: Model>(
    history: &History,
    model: &M,
    entries: &[Entry<M::Operation>],
    stale: Stale,
    budget: &Budget,
) -> Violation
where
    M::Operation: Clone,
{
    let [answer, after] = [stale.answer, stale.after].map(|index| &entries[index]);
    let [recorded, earlier] = [answer, after].map(|entry| &history.operations[entry.index]);
    let revision = |entry: &Entry<_>| entry.claim.unwrap_or_default();
    let needs = format!(
        "reflects revision {}, but revision {}, of line {}, had been answered before it was asked",
        revision(answer),
        revision(after),
        earlier.line
    );
    let (prefix, state) = before(model, entries, stale, &mut budget.for_side_task());
    let pair = [after.index, answer.index];
    let candidates = vec![Candidate { operation: answer.index, text: line_of(recorded), needs }];
    Violation {
        summary: format!(
            "stale: line {} {}: {}",
            recorded.line,
            candidates[0].needs,
            line_of(recorded)
        ),
        state: state.as_ref().map_or_else(Vec::new, |state| model.describe(state)),
        minimal: Some(Part {
            operations: pair.to_vec(),
            is_minimal: true,
            after: prefix.len(),
            before: state.map_or_else(Vec::new, |state| near(history, model, &state, &pair)),
            order: vec![after.index],
            next: candidates.clone(),
        }),
        prefix,
        candidates,
        position: answer.completed.unwrap_or(answer.invoked),
    }
}

/// What came before the stale answer and the state after it, if that is easily found.
fn before<M: Model>(
    model: &M,
    entries: &[Entry<M::Operation>],
    stale: Stale,
    budget: &mut Budget,
) -> (Vec<usize>, Option<M::State>)
where
    M::Operation: Clone,
{
    let claim = entries[stale.answer].claim;
    let end = entries[stale.answer].invoked;
    let earlier = |entry: &&Entry<M::Operation>| match entry.completed {
        Some(completed) => completed < end && entry.claim <= claim,
        None => entry.invoked < end,
    };
    let kept: Vec<_> = entries.iter().filter(earlier).cloned().collect();
    let order = match witness(model, &kept) {
        Ok(order) => order,
        Err(_) => match search(model, &kept, budget) {
            Outcome::Valid { order } => order,
            Outcome::Invalid(_) | Outcome::Unknown(..) => return (Vec::new(), None),
        },
    };
    let mut state = model.initial();
    for index in &order {
        if let Step::To(next) = model.step(&state, &kept[*index].operation) {
            state = next;
        }
    }
    (order.iter().map(|index| kept[*index].index).collect(), Some(state))
}
