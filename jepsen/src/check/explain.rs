//! Says in words why a search got stuck.

use super::budget::Budget;
use super::minimise::minimise;
use super::search::Stuck;
use super::verdict::{Candidate, Violation, shorten};
use crate::history::{History, Operation, Outcome};
use crate::model::{Entry, Model};

/// Bytes of an argument or answer that a line shows.
const VALUE_BYTES_MAX: usize = 300;
/// Candidates that an explanation lists.
const CANDIDATES_MAX: usize = 32;

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
    let mut placed = vec![false; entries.len()];
    for index in &stuck.order {
        placed[*index] = true;
    }
    let earliest_claim = entries
        .iter()
        .enumerate()
        .filter(|(index, entry)| !placed[*index] && entry.completed.is_some())
        .filter_map(|(_, entry)| entry.claim.map(|claim| (claim, entry.index)))
        .min();
    let missing = entries.iter().enumerate().filter(|(index, _)| !placed[*index]);
    let next = missing.filter(|(_, entry)| entry.invoked < stuck.blocked_at);
    let candidates = next
        .filter(|(_, entry)| entry.completed.is_some())
        .take(CANDIDATES_MAX)
        .map(|(_, entry)| {
            let needs = match (entry.claim, earliest_claim) {
                (Some(claim), Some((earlier, index))) if earlier < claim => format!(
                    "claims revision {claim}, but revision {earlier} of operation {index} must come first"
                ),
                _ => model.refusal(&stuck.state, &entry.operation),
            };
            let text = line_of(&history.operations[entry.index]);
            Candidate { operation: entry.index, text, needs }
        })
        .collect::<Vec<_>>();
    let blocked = entries.iter().find(|entry| entry.completed == Some(stuck.blocked_at));
    let summary = match blocked {
        Some(entry) => format!(
            "no order explains the operation of line {}: {}",
            history.operations[entry.index].line,
            line_of(&history.operations[entry.index]),
        ),
        None => "no order explains the answers".to_string(),
    };
    Violation {
        summary,
        prefix: stuck.order.iter().map(|index| entries[*index].index).collect(),
        state: model.describe(&stuck.state),
        candidates,
        minimal: minimise(model, entries, stuck, &mut budget.for_side_task()),
        position: stuck.blocked_at,
    }
}

/// An operation with its arguments and its answer, in a line.
pub(crate) fn line_of(operation: &Operation) -> String {
    let key = operation.key.as_ref().map_or_else(String::new, |key| format!(" {key}"));
    let input = shorten(&operation.input, VALUE_BYTES_MAX);
    let answer = match &operation.outcome {
        Outcome::Ok(value) => format!("ok {}", shorten(value, VALUE_BYTES_MAX)),
        Outcome::Fail(_) => "fail".to_string(),
        Outcome::Unknown => "unknown".to_string(),
    };
    let revision = operation.revision.map_or_else(String::new, |revision| format!(" @{revision}"));
    format!(
        "process {} {}{key} {input} → {answer}{revision}",
        operation.process, operation.function
    )
}
