//! The journal of each namespace: what the pages that clients read say together.
//!
//! Checks that every page is in order, starts after its cursor and skips no ordinal; that
//! all pages tell the same changes for the same stretch (unique and gap-free); that a page
//! is no older than what was acknowledged before it was asked for; that a parent is told
//! before its children; that a copy is told as what it was made from; that what goes from one
//! namespace to another is told in both; that a reader who comes too late is told a revision to
//! list at; that who waits is told of a change when there is one; and that replaying the journals from their starts, or from listings where they begin
//! later, gives what listings and stats answered at each revision. Shares no code with the model
//! of the tree.

mod compare;
mod copies;
mod coverage;
mod listed;
mod pages;
pub(super) mod remarks;
mod replay;
mod replayed;
mod resets;
#[cfg(test)]
mod tests;
mod waits;

use std::collections::{BTreeMap, BTreeSet};

use coverage::Coverage;
pub(super) use pages::{Change, ChangeKind, Cursor, Page, read_pages};

use serde_json::Value;

use super::verdict::{Check, Verdict};
use crate::history::{History, Operation, Outcome, RequestId};
use crate::model::BadOperation;
use crate::model::tree::{Hint, Hints};

/// Findings that a check lists; more of them say nothing new.
pub(super) const FINDINGS_MAX: usize = 20;

/// What all pages together tell of all namespaces.
#[derive(Debug, Default)]
pub(super) struct Journals {
    /// By namespace.
    pub(super) journals: BTreeMap<u64, Journal>,
}

/// What all pages together tell of one namespace.
#[derive(Debug, Default)]
pub(super) struct Journal {
    pub(super) pages: Vec<Page>,
    pub(super) changes: BTreeMap<Cursor, Change>,
    /// Which of it is in `changes`.
    pub(super) coverage: Coverage,
}

impl Journals {
    /// Reads all journal pages of a history.
    pub(super) fn read(history: &History) -> Result<Journals, BadOperation> {
        let mut journals: BTreeMap<u64, Journal> = BTreeMap::new();
        for page in read_pages(history)? {
            let journal = journals.entry(page.ns).or_default();
            for change in &page.changes {
                journal.changes.entry(change.cursor).or_insert_with(|| change.clone());
            }
            journal.pages.push(page);
        }
        for journal in journals.values_mut() {
            journal.coverage = Coverage::of(&journal.pages);
        }
        Ok(Journals { journals })
    }

    /// Every change that any page tells, with its namespace.
    pub(super) fn all_changes(&self) -> impl Iterator<Item = (u64, &Change)> {
        self.journals
            .iter()
            .flat_map(|(ns, journal)| journal.changes.values().map(|change| (*ns, change)))
    }

    /// The changes of a revision that a mutation of this namespace took; none if they are not
    /// all known.
    pub(super) fn where_told(
        &self,
        ns: u64,
        revision: u64,
        history: &History,
    ) -> Option<Vec<&Change>> {
        let covers = |journal: &Journal| journal.coverage.covers(revision);
        let tells = |journal: &&Journal| journal.at(revision).next().is_some();
        let is_known = self.journals.get(&ns).is_some_and(covers)
            && self.journals.values().filter(tells).all(covers);
        // Over a mount it may be told in another namespace's journal.
        let changes: Vec<&Change> =
            self.journals.values().flat_map(|journal| journal.at(revision)).collect();
        let is_known =
            is_known && (!changes.is_empty() || self.cover_ways_from(ns, history, revision));
        is_known.then_some(changes)
    }

    /// Whether a revision is known wherever a change in this namespace may be told: over a
    /// mount that is any other.
    fn cover_ways_from(&self, ns: u64, history: &History, revision: u64) -> bool {
        let covers = |ns| {
            self.journals
                .get(&ns)
                .is_some_and(|journal: &Journal| journal.coverage.covers(revision))
        };
        if !history.operations.iter().any(mounts_something) {
            return covers(ns);
        }
        let created = history.operations.iter().filter_map(|operation| match &operation.outcome {
            Outcome::Ok(value) if operation.function == "create_namespace" => {
                value.get("id").and_then(Value::as_u64)
            }
            _ => None,
        });
        let mut all = history.header.namespaces.iter().map(|namespace| namespace.id).chain(created);
        all.all(covers)
    }

    /// What the journal tells of each request, or else somebody who has seen it take effect.
    pub(super) fn hints(&self, history: &History) -> Hints {
        let mut hints = remarks::hints(&history.faults);
        for (_, change) in self.all_changes() {
            let Some(request) = change.request else { continue };
            let hint = hints.entry(request).or_default();
            if hint.revision != change.cursor.revision {
                *hint = Hint { revision: change.cursor.revision, names: Vec::new() };
            }
            if change.kind == ChangeKind::Created {
                hint.names.push(change.name.clone());
            }
        }
        hints
    }
}

fn mounts_something(operation: &Operation) -> bool {
    let is_mount = |f: &str| f == "mount";
    let steps = operation.input.get("steps").and_then(Value::as_array);
    let name = |step: &Value| step.get("f").and_then(Value::as_str).is_some_and(is_mount);
    is_mount(&operation.function) || steps.is_some_and(|steps| steps.iter().any(name))
}

impl Journal {
    /// The changes of one revision.
    pub(super) fn at(&self, revision: u64) -> impl Iterator<Item = &Change> {
        let first = Cursor { revision, ordinal: 0 };
        self.changes.range(first..=Cursor::end_of(revision)).map(|(_, change)| change)
    }
}

/// Checks the journal; none if the history has read none.
pub(super) fn check(history: &History, journals: &Journals) -> Option<Check> {
    if journals.journals.is_empty() {
        return None;
    }
    let mut findings = Vec::new();
    let mut changes_count = 0;
    let mut pages_count = 0;
    for (ns, journal) in &journals.journals {
        changes_count += journal.changes.len();
        pages_count += journal.pages.len();
        let acknowledged = Acknowledged::new(history, *ns);
        for page in &journal.pages {
            check_order(page, &mut findings);
            check_agreement(page, journal, &mut findings);
            acknowledged.check_freshness(page, &mut findings);
        }
    }
    check_crossings(journals, &mut findings);
    let resets_count = resets::check(history, &mut findings);
    let waits_count = waits::check(history, journals, &mut findings);
    let replay = replay::check(history, journals, &mut findings);
    let mut detail = format!("{changes_count} changes in {pages_count} pages, {replay}");
    if resets_count > 0 {
        detail.push_str(&format!("; resets: {resets_count}"));
    }
    if waits_count > 0 {
        detail.push_str(&format!("; changes waited for: {waits_count}"));
    }
    Some(finish("journal", detail, findings))
}

/// The verdict that the findings make.
pub(super) fn finish(name: &'static str, detail: String, mut findings: Vec<String>) -> Check {
    if findings.is_empty() {
        return Check { name, verdict: Verdict::Valid, detail, findings };
    }
    let count = findings.len();
    findings.truncate(FINDINGS_MAX);
    let more =
        if count > findings.len() { format!(" (and {} more)", count - 1) } else { String::new() };
    let detail = format!("{}{more}", findings[0]);
    Check { name, verdict: Verdict::Invalid, detail, findings }
}

/// Order, ordinals and revs inside one page.
fn check_order(page: &Page, findings: &mut Vec<String>) {
    let mut last = page.after;
    for change in &page.changes {
        let cursor = change.cursor;
        let expected = if cursor.revision == last.revision { last.next_ordinal() } else { 0 };
        if cursor <= last {
            findings.push(format!("line {}: {cursor} is told after {last}", page.line));
        } else if cursor.ordinal != expected {
            findings.push(format!(
                "line {}: {cursor} follows {last}: ordinal {expected} is missing",
                page.line
            ));
        }
        let rev_fits = match change.is_farewell() {
            true => change.rev.is_none_or(|rev| rev <= cursor.revision),
            false => change.rev.is_none_or(|rev| rev == cursor.revision),
        };
        if !rev_fits {
            let rev = change.rev.unwrap_or_default();
            findings.push(format!("line {}: the node of {cursor} has rev {rev}", page.line));
        }
        last = last.max(cursor);
    }
    if page.cursor < last {
        findings
            .push(format!("line {}: reading goes on at {}, before {last}", page.line, page.cursor));
    }
    if let Some(revision) = page.revision
        && last.revision > revision
        && !page.changes.is_empty()
    {
        findings.push(format!("line {}: a page of revision {revision} tells of {last}", page.line));
    }
    if let (Some(revision), Some(at_least)) = (page.revision, page.at_least)
        && revision < at_least
    {
        findings.push(format!(
            "line {}: a page of revision {revision}, though {at_least} at least was asked for",
            page.line
        ));
    }
}

/// What goes from one namespace to another is told in both journals.
fn check_crossings(journals: &Journals, findings: &mut Vec<String>) {
    for (ns, change) in journals.all_changes() {
        let (Some(other_ns), revision) = (change.other_ns, change.cursor.revision) else {
            continue;
        };
        let Some(other) = journals.journals.get(&other_ns) else { continue };
        // Of what came in, parts may be told again; what went out is told at its top.
        let fits = |told: &Change| match change.kind {
            ChangeKind::MovedOut => told.kind == ChangeKind::MovedIn && told.id == change.id,
            _ => told.kind == ChangeKind::MovedOut && told.other_ns == Some(ns),
        };
        if other.coverage.covers(revision) && !other.at(revision).any(fits) {
            findings.push(format!(
                "line {}: {} moves node {} between namespaces {ns} and {other_ns}, and the other \
                 journal does not tell of it",
                change.line, change.cursor, change.id
            ));
        }
    }
}

/// A page tells every change of its stretch that any page tells, and tells it alike.
fn check_agreement(page: &Page, journal: &Journal, findings: &mut Vec<String>) {
    let told: BTreeMap<Cursor, &Change> =
        page.changes.iter().map(|change| (change.cursor, change)).collect();
    let reach = page.reach();
    if page.after >= reach {
        return;
    }
    for (cursor, change) in journal.changes.range(page.after..=reach) {
        if *cursor == page.after && page.after != Cursor::START {
            continue;
        }
        match told.get(cursor) {
            Some(same) if *same == change => {}
            Some(_) => findings.push(format!(
                "line {}: {cursor} is told differently than on line {}",
                page.line, change.line
            )),
            None => findings.push(format!(
                "line {}: {cursor} is skipped, which line {} tells",
                page.line, change.line
            )),
        }
    }
}

/// The greatest revision in a namespace that was acknowledged before each event.
struct Acknowledged {
    /// Position of the answer, and the greatest revision up to it.
    revisions: Vec<(u32, u64)>,
}

impl Acknowledged {
    fn new(history: &History, ns: u64) -> Acknowledged {
        let mut answers: Vec<(u32, u64)> = history
            .operations
            .iter()
            .filter(|operation| matches!(operation.outcome, Outcome::Ok(_)))
            .filter(|operation| pages::namespace_of(operation) == Some(ns))
            .filter_map(|operation| Some((operation.completed?, operation.revision?)))
            .collect();
        answers.sort_unstable();
        let mut greatest = 0;
        for (_, revision) in &mut answers {
            greatest = greatest.max(*revision);
            *revision = greatest;
        }
        Acknowledged { revisions: answers }
    }

    fn check_freshness(&self, page: &Page, findings: &mut Vec<String>) {
        let before = self.revisions.partition_point(|(completed, _)| *completed < page.invoked);
        let Some((_, acknowledged)) =
            before.checked_sub(1).and_then(|last| self.revisions.get(last))
        else {
            return;
        };
        match page.revision {
            Some(revision) if revision < *acknowledged && !page.may_lag => {
                findings.push(format!(
                    "line {}: a page of revision {revision}, though {acknowledged} was acknowledged before",
                    page.line
                ));
            }
            _ => {}
        }
    }
}

/// Requests by what the journal says of them.
pub(super) fn revisions_by_request(journals: &Journals) -> BTreeMap<RequestId, BTreeSet<u64>> {
    let mut revisions: BTreeMap<RequestId, BTreeSet<u64>> = BTreeMap::new();
    for (_, change) in journals.all_changes() {
        if let Some(request) = change.request {
            revisions.entry(request).or_default().insert(change.cursor.revision);
        }
    }
    revisions
}
