//! Reads that may be of an earlier state: `at_least` a revision, or of `any`.
//!
//! They are no part of a linearization. Judged is that each answers what was there at the
//! revision that it claims, in the order that was found for everything else; that one which
//! asked for a revision at least claims no earlier one; and that the `at_least` reads of one
//! process, which carries the last revision that it was told, never go back and reflect the
//! writes that it has seen acknowledged. What a read without any such promise (`any`) claims
//! may be as old as it likes.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::journal::finish;
use super::linearizable::Order;
use super::verdict::{Check, Verdict, shorten};
use crate::history::{History, Operation, Outcome};
use crate::model::tree::{self, Claims, Consistency, FileTree, Hints};
use crate::model::{BadOperation, Entry, Model, Step};

const NAME: &str = "sessions";

/// Checks such reads; none if the history has none.
pub(super) fn check(
    history: &History,
    order: Option<Order>,
) -> Result<Option<Check>, BadOperation> {
    let lagging = tree::compile(history, Claims::Judged, &Hints::new())?.lagging;
    if lagging.is_empty() {
        return Ok(None);
    }
    let mut findings = Vec::new();
    check_claims(history, &mut findings)?;
    let Some(order) = order else {
        if findings.is_empty() {
            let detail = "no order of the mutations to hold the reads against".to_string();
            return Ok(Some(Check { name: NAME, verdict: Verdict::Unknown, detail, findings }));
        }
        return Ok(Some(finish(NAME, String::new(), findings)));
    };
    let count = lagging.len();
    let judged_count = check_answers(history, &order, lagging, &mut findings);
    let detail = format!("{judged_count} of {count} reads held against the revisions they claim");
    Ok(Some(finish(NAME, detail, findings)))
}

// ---------------------------------------------------------------- claims

/// Holds claimed revisions against what was asked for and what the process had seen.
fn check_claims(history: &History, findings: &mut Vec<String>) -> Result<(), BadOperation> {
    let mut seen: BTreeMap<i64, (u64, u32)> = BTreeMap::new();
    for operation in &history.operations {
        let (Outcome::Ok(value), Some(revision)) = (&operation.outcome, operation.revision) else {
            continue;
        };
        let consistency =
            Consistency::of(operation).map_err(|reason| BadOperation::of(operation, reason))?;
        match consistency {
            Consistency::Any => continue,
            _ if reflects_the_past(operation) => continue,
            Consistency::Linearizable if is_read(operation) => continue,
            Consistency::Linearizable if value.get("rejected").is_some() => continue,
            Consistency::Linearizable => {}
            Consistency::AtLeast(asked) => {
                if revision < asked {
                    findings.push(format!(
                        "line {}: reflects revision {revision}, though {asked} at least was asked for",
                        operation.line
                    ));
                }
                if let Some((before, line)) = seen.get(&operation.process)
                    && revision < *before
                {
                    findings.push(format!(
                        "line {}: process {} goes back to revision {revision}, after {before} on \
                         line {line}",
                        operation.line, operation.process
                    ));
                }
            }
        }
        let last = seen.entry(operation.process).or_default();
        *last = (*last).max((revision, operation.line));
    }
    Ok(())
}

/// Versions are told of a node of then, but as of now.
fn reflects_the_past(operation: &Operation) -> bool {
    operation.input.get("at_revision").is_some() && operation.function != "list_revisions"
}

/// Whether it changes nothing, by its name.
fn is_read(operation: &Operation) -> bool {
    matches!(
        operation.function.as_str(),
        "stat"
            | "lookup"
            | "list"
            | "batch_stat"
            | "list_revisions"
            | "list_snapshots"
            | "list_namespaces"
            | "get_namespace"
            | "get_lock"
            | "list_locks"
            | "get_cursor"
            | "wait_for_change"
            | "diff"
            | "journal"
            | "subscribe"
            | "status"
            | "open_session"
            | "replica"
    )
}

// ---------------------------------------------------------------- answers

type Read = Entry<tree::Operation>;
type States = Vec<tree::State>;

/// Replays the order and holds each read against the state of its revision. Returns how many
/// claim one.
fn check_answers(
    history: &History,
    order: &Order,
    lagging: Vec<Read>,
    findings: &mut Vec<String>,
) -> usize {
    let mut reads: Vec<(u64, Read)> = lagging
        .into_iter()
        .filter_map(|read| Some((read.operation.revision_seen()?, read)))
        .collect();
    reads.sort_by_key(|(revision, _)| *revision);
    let judged_count = reads.len();
    let mut reads = reads.into_iter().peekable();
    // What may be the state of the last claimed revision: unclaimed operations came since.
    let mut recent: Vec<States> = vec![vec![order.model.initial()]];
    for index in &order.order {
        let entry = &order.entries[*index];
        if let Some(claim) = entry.claim {
            while let Some((revision, read)) = reads.next_if(|(revision, _)| *revision < claim) {
                judge(history, &order.model, &recent, revision, &read, findings);
            }
        }
        let states = step_all(&order.model, &recent[recent.len() - 1], &entry.operation);
        if entry.claim.is_some() {
            recent.clear();
        }
        recent.push(states);
    }
    for (revision, read) in reads {
        judge(history, &order.model, &recent, revision, &read, findings);
    }
    judged_count
}

fn step_all(model: &FileTree, states: &States, operation: &tree::Operation) -> States {
    let mut next = Vec::with_capacity(states.len());
    for state in states {
        match model.step(state, operation) {
            Step::No => {}
            Step::Same => next.push(state.clone()),
            Step::To(state) => next.push(state),
            Step::OneOf(states) => next.extend(states),
        }
    }
    next
}

fn judge(
    history: &History,
    model: &FileTree,
    recent: &[States],
    revision: u64,
    read: &Read,
    findings: &mut Vec<String>,
) {
    let states = || recent.iter().rev().flatten();
    if states().any(|state| !matches!(model.step(state, &read.operation), Step::No)) {
        return;
    }
    let recorded = &history.operations[read.index];
    let why = states().next().map(|state| model.refusal(state, &read.operation));
    findings.push(format!(
        "line {}: {} {} is not what was there at revision {revision}: {}",
        recorded.line,
        recorded.function,
        shorten(&recorded.input, 200),
        why.unwrap_or_default(),
    ));
}
