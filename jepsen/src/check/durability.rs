//! What was acknowledged is there, and each request had its effect once.
//!
//! Holds the answers against the journal, as far as it was read: every acknowledged change is
//! in it, at its revision and under its request; no request is in it at two revisions and no
//! revision under two requests; what was refused, failed or changed nothing is not in it.
//! Requests of unknown outcome are resolved by it. What a service had forgotten before anybody
//! read it cannot be judged, and is counted.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::journal::{Change, Journals, finish, revisions_by_request};
use super::verdict::Check;
use crate::history::{History, Operation, Outcome, RequestId};

/// What an answer says that its operation changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// Something, at the operation's revision.
    Certain,
    /// The answer is the same either way.
    Possible,
    None,
    /// Nobody knows.
    Unknown,
}

/// Checks durability; none if the history has read no journal.
pub(super) fn check(history: &History, journals: &Journals) -> Option<Check> {
    if journals.journals.is_empty() {
        return None;
    }
    let mut findings = Vec::new();
    let told = revisions_by_request(journals);
    let mut counts = Counts::default();
    let acknowledged = Acknowledged::new(history);
    for operation in history.operations.iter().filter(|operation| is_mutation(operation)) {
        let floor = acknowledged.before(operation.invoked);
        check_operation(history, operation, floor, journals, &told, &mut counts, &mut findings);
    }
    check_requests(&told, &mut findings);
    check_revisions(journals, &mut findings);
    Some(finish("durability", counts.describe(), findings))
}

#[derive(Default)]
struct Counts {
    found: usize,
    beyond: usize,
    untold: usize,
    resolved_done: usize,
    resolved_not_done: usize,
    open: usize,
}

impl Counts {
    fn describe(&self) -> String {
        let mut text = format!("{} acknowledged changes are in the journal", self.found);
        if self.beyond > 0 {
            text.push_str(&format!(", {} are past what was read of it", self.beyond));
        }
        if self.untold > 0 {
            text.push_str(&format!(", {} are of parts that nobody read in time", self.untold));
        }
        let unknown = self.resolved_done + self.resolved_not_done + self.open;
        if unknown > 0 {
            text.push_str(&format!(
                "; of {unknown} unknown outcomes {} took effect and {} did not",
                self.resolved_done, self.resolved_not_done
            ));
            if self.open > 0 {
                text.push_str(&format!(", {} stay open", self.open));
            }
        }
        text
    }
}

fn is_mutation(operation: &Operation) -> bool {
    matches!(
        operation.function.as_str(),
        "mkdir"
            | "commit"
            | "symlink"
            | "copy"
            | "move"
            | "delete"
            | "set_attributes"
            | "check"
            | "batch"
            | "restore"
            | "mount"
            | "unmount"
    )
}

fn check_operation(
    history: &History,
    operation: &Operation,
    floor: u64,
    journals: &Journals,
    told: &BTreeMap<RequestId, BTreeSet<u64>>,
    counts: &mut Counts,
    findings: &mut Vec<String>,
) {
    let told = operation.request.and_then(|request| told.get(&request));
    let ns = operation.input.get("ns").and_then(Value::as_u64);
    let journal = ns.and_then(|ns| journals.journals.get(&ns));
    match (effect_of(operation), told) {
        (Effect::None, Some(revisions)) => findings.push(format!(
            "line {}: the {} changed nothing, but the journal tells of it at {revisions:?}",
            operation.line, operation.function
        )),
        (Effect::Unknown, Some(_)) => counts.resolved_done += 1,
        (Effect::Unknown, None) => match operation.request.and(journal) {
            // Nothing is pending once everything that was read comes to an end.
            Some(journal) if journal.coverage.is_complete_after(floor) => {
                counts.resolved_not_done += 1
            }
            _ => counts.open += 1,
        },
        (Effect::Certain, _) => {
            let (Some(revision), Some(ns)) = (operation.revision, ns) else { return };
            let changes = match journals.where_told(ns, revision, history) {
                Some(changes) => changes,
                None if journal.is_none_or(|journal| journal.coverage.ends_before(revision)) => {
                    counts.beyond += 1;
                    return;
                }
                None => {
                    counts.untold += 1;
                    return;
                }
            };
            counts.found += 1;
            check_change(operation, revision, &changes, findings);
        }
        (Effect::Possible | Effect::None, _) => {}
    }
}

/// The greatest revision that was acknowledged before each answer.
struct Acknowledged(Vec<(u32, u64)>);

impl Acknowledged {
    fn new(history: &History) -> Acknowledged {
        let answers = history.operations.iter();
        let mut answers: Vec<(u32, u64)> = answers
            .filter(|operation| matches!(operation.outcome, Outcome::Ok(_)))
            .filter_map(|operation| Some((operation.completed?, operation.revision?)))
            .collect();
        answers.sort_unstable();
        let mut greatest = 0;
        for (_, revision) in &mut answers {
            greatest = greatest.max(*revision);
            *revision = greatest;
        }
        Acknowledged(answers)
    }

    /// What is asked for then takes effect later than this, if at all.
    fn before(&self, invoked: u32) -> u64 {
        let count = self.0.partition_point(|(completed, _)| *completed < invoked);
        count.checked_sub(1).map_or(0, |last| self.0[last].1)
    }
}

/// The changes at an acknowledged revision are those of the operation.
fn check_change(
    operation: &Operation,
    revision: u64,
    changes: &[&Change],
    findings: &mut Vec<String>,
) {
    let what =
        format!("line {}: the acknowledged {} at {revision}", operation.line, operation.function);
    if changes.is_empty() {
        findings.push(format!("{what} is not in the journal"));
        return;
    }
    let other = changes.iter().find(|change| {
        change.request.is_some()
            && operation.request.is_some()
            && change.request != operation.request
    });
    if let Some(other) = other {
        findings.push(format!("{what} is told under another request, {:?}", other.request));
    }
    if let Outcome::Ok(value) = &operation.outcome
        && let Some(id) = value.get("id").and_then(Value::as_u64)
        && !changes.iter().any(|change| change.id == id)
    {
        findings.push(format!("{what} is told of other nodes than {id}"));
    }
    if let Outcome::Ok(value) = &operation.outcome
        && let Some(renamed) = renamed_in(value)
        && !changes.iter().any(|change| change.name == renamed)
    {
        findings.push(format!("{what} is told under another name than {renamed:?}"));
    }
}

/// The name of the conflicted copy that a commit became.
fn renamed_in(answer: &Value) -> Option<&str> {
    answer.get("renamed").and_then(Value::as_str).filter(|name| !name.is_empty())
}

fn effect_of(operation: &Operation) -> Effect {
    let value = match &operation.outcome {
        Outcome::Unknown => return Effect::Unknown,
        Outcome::Fail(_) => return Effect::None,
        Outcome::Ok(value) => value,
    };
    match value.get("rejected").and_then(Value::as_str) {
        // Says nothing of an earlier try of the same request.
        Some("SESSION_EXPIRED") => return Effect::Unknown,
        Some(_) => return Effect::None,
        None => {}
    }
    let flag = |name: &str| operation.input.get(name).and_then(Value::as_bool) == Some(true);
    let has_rev = |result: &Value| {
        let rev = result.get("rev").and_then(Value::as_u64);
        rev.is_some() && rev == operation.revision
    };
    match operation.function.as_str() {
        "delete" | "symlink" | "copy" | "mount" | "unmount" => Effect::Certain,
        "check" => Effect::None,
        "commit" if renamed_in(value).is_some() => Effect::Certain,
        "mkdir" if !flag("parents") => Effect::Certain,
        "commit" if operation.input.get("mode").and_then(Value::as_str) != Some("update") => {
            Effect::Certain
        }
        "batch" => Effect::Possible,
        // A rev that is the answer's revision is new, or it is that of the last change there was.
        _ if has_rev(value) => Effect::Possible,
        _ if operation.revision.is_some() && value.get("rev").is_some() => Effect::None,
        _ => Effect::Possible,
    }
}

fn check_requests(told: &BTreeMap<RequestId, BTreeSet<u64>>, findings: &mut Vec<String>) {
    for (request, revisions) in told {
        if revisions.len() > 1 {
            findings.push(format!(
                "request [{},{}] took effect {} times, at {revisions:?}",
                request.client,
                request.sequence,
                revisions.len()
            ));
        }
    }
}

fn check_revisions(journals: &Journals, findings: &mut Vec<String>) {
    let mut requests: BTreeMap<u64, BTreeSet<RequestId>> = BTreeMap::new();
    for (_, change) in journals.all_changes() {
        if let Some(request) = change.request {
            requests.entry(change.cursor.revision).or_default().insert(request);
        }
    }
    for (revision, requests) in requests {
        if requests.len() > 1 {
            findings.push(format!("revision {revision} is told under {} requests", requests.len()));
        }
    }
}
