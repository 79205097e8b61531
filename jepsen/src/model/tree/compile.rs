//! Reads a history's operations as the file tree's.
//!
//! Left out are operations that say nothing of the tree: those that never happened, reads
//! without an answer, reads of the journal and reads that may lag behind (they have checkers of
//! their own), and refusals that the tree does not decide, such as `LOCK_HELD`. `SESSION_EXPIRED` tells nothing
//! of what the request did before: its outcome is unknown.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::answer::{Answer, StepResult};
use super::conflicted::dates_in;
use super::fields::{optional, optional_text};
use super::footprint::names_tell_all;
use super::operation::{Condition, Name, Operation, Request, Step};
use super::parse::read_request;
use super::parse_answer::read_answer;
use super::reason::Reason;
use super::state::Tracked;
use super::{Claims, FileTree};
use crate::history::{Header, History, Operation as Recorded, Outcome, RequestId};
use crate::model::{BadOperation, Claimed, Entry, hash_bytes};

/// What is learned from elsewhere of requests whose outcome is unknown.
pub type Hints = BTreeMap<RequestId, Hint>;

/// What a request did, as it was learned from elsewhere.
#[derive(Debug, Clone, Default)]
pub struct Hint {
    /// The revision that it made.
    pub revision: u64,
    /// The names of nodes that it made there.
    pub names: Vec<String>,
}

/// Operations that read something else than the tree.
const OTHER_READS: &[&str] = &[
    "journal",
    "subscribe",
    "status",
    "open_session",
    "wait_for_change",
    "get_lock",
    "list_locks",
    "replica",
];

/// Refusals that depend on more than the tree. They change nothing.
const OTHER_REJECTIONS: &[&str] =
    &["CURSOR_RESET", "LOCK_HELD", "TOKEN_STALE", "PERMISSION_DENIED", "UNAUTHENTICATED"];

/// A date that is in no name: it cannot be, for its slashes.
const UNMENTIONED_DATE: &str = "YYYY/MM/DD";

/// The checkable form of a history.
#[derive(Debug)]
pub struct Compiled {
    /// The specification, following what the history asks for.
    pub model: FileTree,
    /// What must be linearizable.
    pub entries: Vec<Entry<Operation>>,
    /// Reads that may be of an earlier state.
    pub lagging: Vec<Entry<Operation>>,
    /// Whether answers tell any revision or rev.
    pub tells_revisions: bool,
}

/// Reads a history's operations.
pub fn compile(history: &History, claims: Claims, hints: &Hints) -> Result<Compiled, BadOperation> {
    let mut entries = Vec::with_capacity(history.operations.len());
    let mut lagging = Vec::new();
    let mut tells_revisions = false;
    let mut tracked = Tracked::default();
    let compiler = Compiler { claims, hints, dates: mentioned_dates(history) };
    for (index, recorded) in history.operations.iter().enumerate() {
        let Some(one) = compiler.compile(index, recorded)? else { continue };
        tells_revisions |= one.tells_revisions;
        let request = &one.entry.operation.request;
        tracked.changes |= asks_for_changes(request);
        tracked.past |= request.asks_for_the_past();
        if one.lags { &mut lagging } else { &mut entries }.push(one.entry);
    }
    let initial = history.header.namespaces.clone();
    let is_separable = claims == Claims::Ignored && names_tell_all(&entries, tracked);
    let model = FileTree { claims, initial, tracked, is_separable };
    Ok(Compiled { model, entries, lagging, tells_revisions })
}

/// Reads one operation after the other.
pub struct Compiler<'a> {
    claims: Claims,
    hints: &'a Hints,
    /// That a conflicted copy may have.
    dates: Arc<[Name]>,
}

/// An operation that is held against the tree.
pub struct CompiledOperation {
    /// Its checkable form.
    pub entry: Entry<Operation>,
    /// Whether it is a read that may be of an earlier state.
    pub lags: bool,
    tells_revisions: bool,
}

impl<'a> Compiler<'a> {
    /// For a history that is not known as a whole, and the specification of what it asks for as
    /// long as [`CompiledOperation::asks_beyond_now`] does not hold. Where a date may be in the name of
    /// a conflicted copy it is taken from the hints.
    pub fn of_stream(header: &Header, hints: &'a Hints) -> (FileTree, Compiler<'a>) {
        let claims = Claims::Judged;
        let initial = header.namespaces.clone();
        let tracked = Tracked { changes: true, past: false };
        let model = FileTree { claims, initial, tracked, is_separable: false };
        (model, Compiler { claims, hints, dates: Arc::from([Name::from(UNMENTIONED_DATE)]) })
    }

    /// None of an operation that says nothing of the tree. The index is that among the
    /// history's operations.
    pub fn compile(
        &self,
        index: usize,
        recorded: &Recorded,
    ) -> Result<Option<CompiledOperation>, BadOperation> {
        let bad = |reason: String| BadOperation::of(recorded, reason);
        let Some((request, answer)) = read(recorded).map_err(bad)? else { return Ok(None) };
        let tag = u32::try_from(index).expect("operations are fewer than events");
        let hint = match answer {
            Answer::Unknown => recorded.request.and_then(|request| self.hints.get(&request)),
            _ => None,
        };
        let told = recorded.revision.filter(|_| !matches!(answer, Answer::Unknown));
        let told = hint.map(|hint| hint.revision).or(told);
        let told = told.or_else(|| Operation::revision_made(&request, &answer));
        let tells_revisions = told.is_some() || answer.tells_revs();
        let is_claim = self.claims == Claims::Judged && !request.is_of_the_past();
        let revision = told.filter(|_| is_claim);
        let dates = hint.and_then(hinted_date).unwrap_or_else(|| Arc::clone(&self.dates));
        let lags = request.never_changes()
            && Consistency::of(recorded).map_err(bad)? != Consistency::Linearizable;
        let operation = Operation::new(tag, request, answer, revision, dates);
        Ok(Some(CompiledOperation {
            entry: entry_of(operation, index, recorded),
            lags,
            tells_revisions,
        }))
    }
}

impl CompiledOperation {
    /// Whether more must be known to judge it than what is there now.
    pub fn asks_beyond_now(&self) -> bool {
        self.lags || self.entry.operation.request.asks_for_the_past()
    }
}

/// What is asked of a read beside its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consistency {
    /// Everything that was acknowledged before.
    Linearizable,
    /// This revision at least.
    AtLeast(u64),
    /// Whatever there is.
    Any,
}

impl Consistency {
    /// That of a recorded operation. A read that rests on a lease promises as much as one
    /// that does not.
    pub fn of(recorded: &Recorded) -> Result<Consistency, String> {
        if let Some(revision) = optional(&recorded.input, "at_least")? {
            return Ok(Consistency::AtLeast(revision));
        }
        match optional_text(&recorded.input, "consistency")? {
            None | Some("linearizable" | "lease") => Ok(Consistency::Linearizable),
            Some("any") => Ok(Consistency::Any),
            Some(other) => Err(format!("unknown consistency {other:?}")),
        }
    }
}

/// Every date in the name of a conflicted copy that the history mentions, and one that it
/// does not.
fn mentioned_dates(history: &History) -> Arc<[Name]> {
    let mut dates = BTreeSet::new();
    for operation in &history.operations {
        collect_dates(&operation.input, &mut dates);
        if let Outcome::Ok(value) = &operation.outcome {
            collect_dates(value, &mut dates);
        }
    }
    dates.insert(UNMENTIONED_DATE);
    dates.into_iter().map(Name::from).collect()
}

fn collect_dates<'v>(value: &'v Value, dates: &mut BTreeSet<&'v str>) {
    match value {
        Value::String(text) => dates.extend(dates_in(text)),
        Value::Array(values) => values.iter().for_each(|value| collect_dates(value, dates)),
        Value::Object(fields) => fields.values().for_each(|value| collect_dates(value, dates)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// All that a request makes has the date of one moment.
fn hinted_date(hint: &Hint) -> Option<Arc<[Name]>> {
    let date = hint.names.iter().find_map(|name| dates_in(name).last())?;
    Some(Arc::from([Name::from(date)]))
}

fn asks_for_changes(request: &Request) -> bool {
    if let Request::GetCursor { .. } = request {
        return true;
    }
    let Request::Steps { steps, .. } = request else { return false };
    let asks =
        |step: &Step| matches!(step, Step::Check { condition: Condition::UnchangedSince(_), .. });
    steps.iter().any(asks)
}

fn entry_of(operation: Operation, index: usize, recorded: &Recorded) -> Entry<Operation> {
    let unknown = matches!(operation.answer, Answer::Unknown);
    let class = match unknown {
        true => {
            let text = format!("{} {}", recorded.function, recorded.input);
            hash_bytes(text.as_bytes()) as u64
        }
        false => 0,
    };
    Entry {
        index,
        invoked: recorded.invoked,
        completed: recorded.completed.filter(|_| !unknown),
        claim: operation.revision,
        claimed: operation.claimed(),
        observes: !unknown && operation.claimed() == Claimed::NoEffect,
        // A hint tells twins apart.
        class: class ^ operation.revision.unwrap_or(0),
        operation,
    }
}

impl Operation {
    fn new(
        tag: u32,
        request: Request,
        answer: Answer,
        revision: Option<u64>,
        dates: Arc<[Name]>,
    ) -> Operation {
        Operation { tag, request, answer, revision, dates, footprint: OnceCell::new() }
    }

    /// The same with an unknown outcome; None if that tells nothing of the tree.
    pub(super) fn unanswered(&self) -> Option<Operation> {
        let is_change = !self.request.never_changes() && !self.request.is_of_locks();
        let unknown = || Operation { answer: Answer::Unknown, revision: None, ..self.clone() };
        is_change.then(unknown)
    }

    /// The state that holds what a read answered: that of the revision that it claims, or, of
    /// a read of the past, any from that revision on. None if nothing tells.
    pub fn revision_seen(&self) -> Option<u64> {
        let is_answered = !matches!(self.answer, Answer::Rejected { .. });
        self.revision.or(self.request.past_revision().filter(|_| is_answered))
    }

    /// What the answer, if true, says of an effect at its revision.
    fn claimed(&self) -> Claimed {
        match &self.answer {
            Answer::Rejected { .. } => Claimed::NoEffect,
            _ if self.request.never_changes() => Claimed::NoEffect,
            Answer::Unknown => Claimed::Effect,
            Answer::Steps(results) if results.iter().any(|result| result.renamed.is_some()) => {
                Claimed::Effect
            }
            _ if self.request.always_changes() => Claimed::Effect,
            Answer::Steps(_) if self.request.may_change_no_rev() => Claimed::PossibleEffect,
            Answer::Steps(results) => {
                let has_rev = |result: &StepResult| {
                    result.rev.is_none() || self.revision.is_none() || result.rev == self.revision
                };
                match results.iter().any(has_rev) {
                    true => Claimed::PossibleEffect,
                    false => Claimed::NoEffect,
                }
            }
            _ => Claimed::PossibleEffect,
        }
    }
}

fn read(recorded: &Recorded) -> Result<Option<(Request, Answer)>, String> {
    if OTHER_READS.contains(&recorded.function.as_str()) {
        return Ok(None);
    }
    let request = read_request(&recorded.function, &recorded.input)?;
    let is_mutation = !request.never_changes();
    let answer = match &recorded.outcome {
        Outcome::Fail(_) => return Ok(None),
        Outcome::Unknown if !is_mutation || request.is_of_locks() => return Ok(None),
        Outcome::Unknown => Answer::Unknown,
        Outcome::Ok(value) => match value.get("rejected") {
            Some(reason) => match read_rejection(reason, value, &request)? {
                Some(Answer::Unknown) if !is_mutation => return Ok(None),
                Some(answer) => answer,
                None => return Ok(None),
            },
            None => read_answer(&recorded.function, &request, value)?,
        },
    };
    Ok(Some((request, answer)))
}

/// None if the tree has no say in it.
fn read_rejection(
    reason: &Value,
    value: &Value,
    request: &Request,
) -> Result<Option<Answer>, String> {
    let name = reason.as_str().unwrap_or_default();
    if name == "SESSION_EXPIRED" {
        return Ok(Some(Answer::Unknown));
    }
    if OTHER_REJECTIONS.contains(&name) {
        return Ok(None);
    }
    let Some(reason) = Reason::parse(name) else {
        return Err(format!(
            "{reason} is no rejection: record what was not answered as fail or info"
        ));
    };
    // Where the history says which limit it was, that of depth is the tree's.
    let is_depth = value.get("limit").and_then(Value::as_str) == Some("depth");
    let is_other_limit =
        reason == Reason::LimitExceeded && !is_depth && !request.has_only_limits_of_copies();
    if request.is_malformed(reason) || is_other_limit {
        return Ok(None);
    }
    let step = value.get("step").and_then(Value::as_u64);
    Ok(Some(Answer::Rejected { reason, step: step.and_then(|step| usize::try_from(step).ok()) }))
}
