//! Says in words why a search got stuck.

use super::budget::Budget;
use super::minimise::{Found, From, minimise};
use super::search::{Stuck, furthest};
use super::verdict::{Candidate, Part, Violation, shorten};
use crate::history::{History, Operation, Outcome};
use crate::model::{Entry, Model};

/// Bytes of an argument or answer that a line shows.
const VALUE_BYTES_MAX: usize = 300;
/// Candidates that an explanation lists.
const CANDIDATES_MAX: usize = 32;

/// Steps in which to find out how far a part goes.
const FURTHEST_STEPS_MAX: u64 = 50_000;

/// Explains the longest linearization and what no candidate to follow it has.
pub(super) fn explain<M: Model>(
    history: &History,
    model: &M,
    entries: &[Entry<M::Operation>],
    stuck: &Stuck<M::State>,
    budget: &Budget,
) -> Violation
where
    M::Operation: Clone,
{
    let Next { candidates, late } = next(history, model, entries, stuck);
    let blocked = entries.iter().find(|entry| entry.completed == Some(stuck.blocked_at));
    let summary = match late.or(blocked) {
        Some(entry) => format!(
            "no order explains the operation of line {}: {}",
            history.operations[entry.index].line,
            line_of(&history.operations[entry.index]),
        ),
        None => "no order explains the answers".to_string(),
    };
    let budget = budget.for_side_task();
    let found = minimise(model, entries, stuck, late.map(|entry| entry.index), &budget);
    Violation {
        summary,
        prefix: stuck.order.iter().map(|index| entries[*index].index).collect(),
        state: model.describe(&stuck.state),
        candidates,
        minimal: found.and_then(|found| part(history, model, entries, found, &budget)),
        position: late.and_then(|entry| entry.completed).unwrap_or(stuck.blocked_at),
    }
}

/// A part that was found, in words.
fn part<M: Model>(
    history: &History,
    model: &M,
    entries: &[Entry<M::Operation>],
    found: Found<M::State, M::Operation>,
    budget: &Budget,
) -> Option<Part>
where
    M::Operation: Clone,
{
    let operations = found.kept.iter().map(|index| entries[*index].index);
    let operations: Vec<usize> = operations.collect();
    let before = near(history, model, &found.state, &operations);
    let start = From { model, state: Some(found.state) };
    let alone = || found.kept.iter().map(|index| entries[*index].clone()).collect();
    // With all that the others may have done, it may take too long to see how far it goes.
    let (shown, stuck) = [found.entries, alone()].into_iter().find_map(|shown: Vec<_>| {
        let stuck = furthest(&start, &shown, &mut budget.attempt(FURTHEST_STEPS_MAX))?;
        Some((shown, stuck))
    })?;
    Some(Part {
        operations,
        is_minimal: found.is_minimal,
        after: found.after,
        before,
        order: stuck.order.iter().map(|slot| shown[*slot].index).collect(),
        next: next(history, &start, &shown, &stuck).candidates,
    })
}

/// What a state holds where operations touch it.
pub(super) fn near<M: Model>(
    history: &History,
    model: &M,
    state: &M::State,
    operations: &[usize],
) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for index in operations {
        let [before, _] = model.near(state, state, &history.operations[*index]);
        for line in before {
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    lines
}

/// What could come next after a linearization that leads no further.
struct Next<'a, O> {
    candidates: Vec<Candidate>,
    /// It must come next for what it claims, but was asked too late.
    late: Option<&'a Entry<O>>,
}

fn next<'a, M: Model>(
    history: &History,
    model: &M,
    entries: &'a [Entry<M::Operation>],
    stuck: &Stuck<M::State>,
) -> Next<'a, M::Operation> {
    let mut placed = vec![false; entries.len()];
    for index in &stuck.order {
        placed[*index] = true;
    }
    let missing = || {
        let missing = entries.iter().zip(&placed).filter(|(_, placed)| !**placed);
        missing.map(|(entry, _)| entry).filter(|entry| entry.completed.is_some())
    };
    // What claims the earliest revision must come next; it may have been invoked too late.
    let due = missing().filter(|entry| entry.claim.is_some()).min_by_key(|entry| entry.claim);
    let late = due.filter(|entry| entry.invoked > stuck.blocked_at);
    let in_time = missing().filter(|entry| entry.invoked < stuck.blocked_at);
    let candidates = late.into_iter().chain(in_time.take(CANDIDATES_MAX)).map(|entry| {
        let recorded = &history.operations[entry.index];
        Candidate {
            operation: entry.index,
            text: line_of(recorded),
            needs: needs(history, model, entry, &stuck.state, due, late),
        }
    });
    Next { candidates: candidates.collect(), late }
}

/// Why an operation does not come next.
fn needs<M: Model>(
    history: &History,
    model: &M,
    entry: &Entry<M::Operation>,
    state: &M::State,
    due: Option<&Entry<M::Operation>>,
    late: Option<&Entry<M::Operation>>,
) -> String {
    let Some(due) = due.filter(|due| due.claim < entry.claim || late.is_some()) else {
        return model.refusal(state, &entry.operation);
    };
    let claim_of = |entry: &Entry<M::Operation>| entry.claim.unwrap_or_default();
    match due.index == entry.index {
        true => format!(
            "claims revision {}, but was asked after a later revision had been answered",
            claim_of(entry)
        ),
        false => format!(
            "claims revision {}, but revision {}, of line {}, must come first",
            claim_of(entry),
            claim_of(due),
            history.operations[due.index].line
        ),
    }
}

/// An operation with its process, its arguments and its answer, in a line.
pub(crate) fn line_of(operation: &Operation) -> String {
    format!("process {} {}", operation.process, call_of(operation))
}

/// An operation with its arguments and its answer, in a line.
pub(crate) fn call_of(operation: &Operation) -> String {
    let key = operation.key.as_ref().map_or_else(String::new, |key| format!(" {key}"));
    let input = shorten(&operation.input, VALUE_BYTES_MAX);
    let answer = match &operation.outcome {
        Outcome::Ok(value) => format!("ok {}", shorten(value, VALUE_BYTES_MAX)),
        Outcome::Fail(_) => "fail".to_string(),
        Outcome::Unknown => "unknown".to_string(),
    };
    let revision = operation.revision.map_or_else(String::new, |revision| format!(" @{revision}"));
    format!("{}{key} {input} → {answer}{revision}", operation.function)
}
