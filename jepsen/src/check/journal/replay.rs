//! Replays journals from their starts and holds them against what reads answered.
//!
//! All namespaces go together, revision by revision: what one journal tells to have come from
//! another namespace is what the other's tree had there. Where that is not known, the rest of
//! the journal is not replayed.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::vec::IntoIter;

use serde_json::Value;

use super::copies::Copies;
use super::pages::{ChangeKind, namespace_of};
use super::replayed::{Departed, Refusal, Replayed};
use super::{FINDINGS_MAX, Journal, Journals};
use crate::history::{History, Operation, Outcome};
use crate::names::Policy;

/// Replays what is known without a gap. Returns how many reads were compared.
pub(super) fn check(history: &History, journals: &Journals, findings: &mut Vec<String>) -> usize {
    let mut followers: Vec<Follower<'_>> = journals
        .journals
        .iter()
        .map(|(ns, journal)| Follower::new(history, *ns, journal))
        .collect();
    let revisions: BTreeSet<u64> = journals
        .journals
        .values()
        .flat_map(|journal| journal.changes.range(..=journal.complete_to))
        .map(|(cursor, _)| cursor.revision)
        .collect();
    for revision in revisions {
        let mut departed = Departed::new();
        // What comes in must have left before.
        for receives in [false, true] {
            for follower in &mut followers {
                if follower.receives_at(revision) == receives {
                    follower.follow(revision, &mut departed, findings);
                }
            }
        }
    }
    followers.iter_mut().map(|follower| follower.finish(findings)).sum()
}

/// One journal on its way.
struct Follower<'h> {
    journal: &'h Journal,
    tree: Replayed,
    reads: Peekable<IntoIter<&'h Operation>>,
    copies: Copies<'h>,
    compared_count: usize,
    /// What follows is not known, or would only repeat a finding.
    stopped: bool,
}

impl<'h> Follower<'h> {
    fn new(history: &'h History, ns: u64, journal: &'h Journal) -> Follower<'h> {
        let (root, policy) = beginning_of(history, ns);
        let mut reads = reads_of(history, ns, journal);
        reads.sort_by_key(|operation| revision_read(operation));
        Follower {
            journal,
            tree: Replayed::new(root, policy),
            reads: reads.into_iter().peekable(),
            copies: Copies::of(history, ns),
            compared_count: 0,
            stopped: false,
        }
    }

    fn receives_at(&self, revision: u64) -> bool {
        self.journal.at(revision).any(|change| change.kind == ChangeKind::MovedIn)
    }

    fn follow(&mut self, revision: u64, departed: &mut Departed, findings: &mut Vec<String>) {
        let complete = self.journal.complete_to;
        let mut changes =
            self.journal.at(revision).filter(|change| change.cursor <= complete).peekable();
        if self.stopped || changes.peek().is_none() {
            return;
        }
        let is_before = |operation: &&Operation| revision_read(operation) < Some(revision);
        while let Some(read) = self.reads.next_if(is_before) {
            self.tree.compare(read, findings);
            self.compared_count += 1;
        }
        self.copies.check(&self.tree, revision, self.journal, findings);
        for change in changes {
            match self.tree.apply(change, departed) {
                Ok(()) => {}
                Err(refusal) => {
                    if let Refusal::Wrong(reason) = refusal {
                        findings.push(format!("line {}: {} {reason}", change.line, change.cursor));
                    }
                    self.stopped = true;
                    return;
                }
            }
        }
    }

    fn finish(&mut self, findings: &mut Vec<String>) -> usize {
        while let Some(read) = self.reads.next_if(|_| !self.stopped) {
            self.tree.compare(read, findings);
            self.compared_count += 1;
            if findings.len() > FINDINGS_MAX {
                break;
            }
        }
        self.compared_count
    }
}

/// The revision whose tree a read answers.
fn revision_read(operation: &Operation) -> Option<u64> {
    let asked = operation.input.get("at_revision").and_then(Value::as_u64);
    asked.filter(|revision| *revision != 0).or(operation.revision)
}

/// Answered listings and stats whose revision the journal reaches.
fn reads_of<'h>(history: &'h History, ns: u64, journal: &Journal) -> Vec<&'h Operation> {
    let is_read = |operation: &&Operation| {
        matches!(operation.function.as_str(), "list" | "stat")
            && matches!(&operation.outcome, Outcome::Ok(value) if value.get("rejected").is_none())
            && revision_read(operation).is_some_and(|revision| journal.covers(revision))
            && namespace_of(operation) == Some(ns)
    };
    history.operations.iter().filter(is_read).collect()
}

/// The root's id and the policy of names, from whatever tells them.
fn beginning_of(history: &History, ns: u64) -> (Option<u64>, Policy) {
    if let Some(namespace) = history.header.namespaces.iter().find(|namespace| namespace.id == ns) {
        return (Some(namespace.root), namespace.policy);
    }
    let created = history.operations.iter().find_map(|operation| {
        let Outcome::Ok(value) = &operation.outcome else { return None };
        let created = operation.function == "create_namespace"
            && value.get("id").and_then(Value::as_u64) == Some(ns);
        let policy = operation.input.get("policy").and_then(Value::as_str);
        let policy = policy.and_then(Policy::parse).unwrap_or_default();
        created.then(|| (value.get("root").and_then(Value::as_u64), policy))
    });
    created.unwrap_or_default()
}
