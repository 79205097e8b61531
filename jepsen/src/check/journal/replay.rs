//! Replays journals and holds them against what reads answered.
//!
//! A journal is replayed from its start, or where that is not known from a listing of its
//! whole namespace. All namespaces go together, revision by revision: what one journal tells to
//! have come from another namespace is what the other's tree had there. Where that is not known,
//! it is waited for the next listing.

use std::collections::BTreeSet;
use std::fmt;
use std::iter::Peekable;
use std::vec::IntoIter;

use serde_json::Value;

use super::copies::Copies;
use super::coverage::Stretch;
use super::pages::{ChangeKind, Cursor, namespace_of};
use super::replayed::{Departed, Refusal, Replayed};
use super::{FINDINGS_MAX, Journal, Journals};
use crate::history::{History, Operation, Outcome};
use crate::names::Policy;

/// What was done.
#[derive(Default)]
pub(super) struct Counts {
    /// Reads that were compared.
    compared: usize,
    /// Reads of trees that are not known.
    skipped: usize,
    /// How often a listing was begun with.
    listings: usize,
}

impl fmt::Display for Counts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "replayed and compared with {} reads", self.compared)?;
        if self.listings > 0 {
            write!(formatter, "; {} of the replays began with a listing", self.listings)?;
        }
        if self.skipped > 0 {
            write!(formatter, "; {} reads are of what was not read in time", self.skipped)?;
        }
        Ok(())
    }
}

/// Replays what is known without a gap.
pub(super) fn check(history: &History, journals: &Journals, findings: &mut Vec<String>) -> Counts {
    let mut followers: Vec<Follower<'_>> = journals
        .journals
        .iter()
        .map(|(ns, journal)| Follower::new(history, *ns, journal))
        .collect();
    let revisions: BTreeSet<u64> =
        journals.all_changes().map(|(_, change)| change.cursor.revision).collect();
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
    let mut counts = Counts::default();
    for follower in &mut followers {
        follower.finish(findings);
        counts.compared += follower.counts.compared;
        counts.skipped += follower.counts.skipped;
        counts.listings += follower.counts.listings;
    }
    counts
}

/// One journal on its way.
struct Follower<'h> {
    journal: &'h Journal,
    root: Option<u64>,
    policy: Policy,
    /// Those that are still to come.
    stretches: Peekable<IntoIter<Stretch>>,
    current: Option<Stretch>,
    /// None: a listing is waited for.
    tree: Option<Replayed>,
    /// The last revision that was told without being replayed: a listing must not be older.
    passed: u64,
    reads: Peekable<IntoIter<&'h Operation>>,
    copies: Copies<'h>,
    counts: Counts,
    /// What follows would only repeat a finding.
    stopped: bool,
}

impl<'h> Follower<'h> {
    fn new(history: &'h History, ns: u64, journal: &'h Journal) -> Follower<'h> {
        let (root, policy) = beginning_of(history, ns);
        let (mut reads, skipped) = reads_of(history, ns, journal);
        reads.sort_by_key(|operation| revision_read(operation));
        let mut follower = Follower {
            journal,
            root,
            policy,
            stretches: journal.coverage.stretches().to_vec().into_iter().peekable(),
            current: None,
            tree: None,
            passed: 0,
            reads: reads.into_iter().peekable(),
            copies: Copies::of(history, ns),
            counts: Counts { skipped, ..Counts::default() },
            stopped: false,
        };
        follower.enter_next();
        follower
    }

    fn receives_at(&self, revision: u64) -> bool {
        self.journal.at(revision).any(|change| change.kind == ChangeKind::MovedIn)
    }

    fn follow(&mut self, revision: u64, departed: &mut Departed, findings: &mut Vec<String>) {
        let journal = self.journal;
        let Some(first) = journal.at(revision).next() else { return };
        while !self.stopped && self.current.is_some_and(|current| first.cursor > current.to) {
            self.finish_stretch(findings);
            self.enter_next();
        }
        let Some(current) = self.current.filter(|_| !self.stopped) else { return };
        self.read_until(Some(revision), findings);
        let Some(tree) = &mut self.tree else {
            self.passed = revision;
            return;
        };
        if journal.coverage.covers(revision) {
            self.copies.check(tree, revision, journal, findings);
        }
        for change in journal.at(revision).filter(|change| current.holds(change.cursor)) {
            match tree.apply(change, departed) {
                Ok(()) => {}
                Err(Refusal::Wrong(reason)) => {
                    findings.push(format!("line {}: {} {reason}", change.line, change.cursor));
                    self.stopped = true;
                    return;
                }
                Err(Refusal::Unknown) => {
                    (self.tree, self.passed) = (None, revision);
                    return;
                }
            }
        }
    }

    fn enter_next(&mut self) {
        self.current = self.stretches.next();
        let Some(Stretch { after, .. }) = self.current else { return };
        let is_start = after == Cursor::START;
        self.tree = is_start.then(|| Replayed::new(self.root, self.policy));
        self.passed = after.revision;
    }

    /// Compares the reads before a revision, or all of the stretch, with the tree there.
    fn read_until(&mut self, revision: Option<u64>, findings: &mut Vec<String>) {
        let Some(current) = self.current else { return };
        let is_of = |read: &&Operation| {
            let then = revision_read(read).unwrap_or_default();
            current.leads_to(then) && revision.is_none_or(|revision| then < revision)
        };
        while let Some(read) = self.reads.next_if(is_of) {
            match &self.tree {
                Some(tree) => {
                    tree.compare(read, findings);
                    self.counts.compared += 1;
                    if findings.len() > FINDINGS_MAX {
                        self.stopped = true;
                        return;
                    }
                }
                None if revision_read(read) < Some(self.passed) => self.counts.skipped += 1,
                None => self.begin_with(read, findings),
            }
        }
    }

    /// Begins anew, if the read is of the whole tree.
    fn begin_with(&mut self, read: &Operation, findings: &mut Vec<String>) {
        let Some(root) = self.root else {
            self.counts.skipped += 1;
            return;
        };
        match Replayed::listed(root, self.policy, read) {
            Some(Ok(tree)) => {
                self.tree = Some(tree);
                self.counts.listings += 1;
            }
            Some(Err(reason)) => {
                findings.push(format!("line {}: the listing {reason}", read.line));
                self.stopped = true;
            }
            None => self.counts.skipped += 1,
        }
    }

    fn finish_stretch(&mut self, findings: &mut Vec<String>) {
        self.read_until(None, findings);
    }

    fn finish(&mut self, findings: &mut Vec<String>) {
        while !self.stopped && self.current.is_some() {
            self.finish_stretch(findings);
            self.enter_next();
        }
    }
}

/// The revision whose tree a read answers.
fn revision_read(operation: &Operation) -> Option<u64> {
    let asked = operation.input.get("at_revision").and_then(Value::as_u64);
    asked.filter(|revision| *revision != 0).or(operation.revision)
}

/// Answered listings and stats that some stretch of the journal leads to, and how many lie in
/// gaps between them.
fn reads_of<'h>(history: &'h History, ns: u64, journal: &Journal) -> (Vec<&'h Operation>, usize) {
    let coverage = &journal.coverage;
    let mut skipped = 0;
    let mut reads = Vec::new();
    let is_read = |operation: &&Operation| {
        matches!(operation.function.as_str(), "list" | "stat")
            && matches!(&operation.outcome, Outcome::Ok(value) if value.get("rejected").is_none())
            && namespace_of(operation) == Some(ns)
    };
    for operation in history.operations.iter().filter(is_read) {
        let Some(revision) = revision_read(operation) else { continue };
        if coverage.stretches().iter().any(|stretch| stretch.leads_to(revision)) {
            reads.push(operation);
        } else if !coverage.ends_before(revision) {
            skipped += 1;
        }
    }
    (reads, skipped)
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
