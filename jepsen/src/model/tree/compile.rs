//! Reads a history's operations as the file tree's.
//!
//! Left out are operations that say nothing of the tree: those that never happened, reads
//! without an answer, reads of the journal (they have a checker of their own), and refusals
//! that the tree does not decide, such as `LIMIT_EXCEEDED`. `SESSION_EXPIRED` tells nothing
//! of what the request did before: its outcome is unknown.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::operation::{
    Answer, Attributes, Content, Kind, ListedEntry, Mode, Operation, Reason, Request, Step,
    StepResult, Target,
};
use super::path::{is_good_name, split};
use super::{Claims, FileTree};
use crate::history::{History, Operation as Recorded, Outcome, RequestId};
use crate::model::{BadOperation, Claimed, Entry, hash_bytes};

/// Revisions of requests whose outcome is unknown, learned from elsewhere.
pub type Hints = BTreeMap<RequestId, u64>;

/// Operations that read something else than the tree.
const OTHER_READS: &[&str] = &["journal", "subscribe", "status", "open_session"];

/// Refusals that depend on more than the tree. They change nothing.
const OTHER_REJECTIONS: &[&str] = &[
    "PRECONDITION_FAILED",
    "LIMIT_EXCEEDED",
    "QUOTA_EXCEEDED",
    "REVISION_COMPACTED",
    "CURSOR_RESET",
    "LOCK_HELD",
    "TOKEN_STALE",
    "PERMISSION_DENIED",
    "UNAUTHENTICATED",
];

/// The checkable form of a history.
pub fn compile(
    history: &History,
    claims: Claims,
    hints: &Hints,
) -> Result<(FileTree, Vec<Entry<Operation>>), BadOperation> {
    let mut entries = Vec::with_capacity(history.operations.len());
    for (index, recorded) in history.operations.iter().enumerate() {
        let bad = |reason: String| BadOperation::of(recorded, reason);
        let Some((request, answer)) = read(recorded).map_err(bad)? else { continue };
        let tag = u32::try_from(index).expect("operations are fewer than events");
        let told = match answer {
            Answer::Unknown => recorded.request.and_then(|request| hints.get(&request).copied()),
            _ => recorded.revision,
        };
        let revision = told.filter(|_| claims == Claims::Judged);
        let operation = Operation { tag, request, answer, revision };
        entries.push(entry_of(operation, index, recorded));
    }
    Ok((FileTree { claims, initial: history.header.namespaces.clone() }, entries))
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
    /// What the answer, if true, says of an effect at its revision.
    fn claimed(&self) -> Claimed {
        match &self.answer {
            Answer::Unknown | Answer::Namespace { .. } => Claimed::Effect,
            Answer::Steps(_) if self.request.always_changes() => Claimed::Effect,
            Answer::Steps(results) => {
                let has_rev = |result: &StepResult| {
                    result.rev.is_none() || self.revision.is_none() || result.rev == self.revision
                };
                match results.iter().any(has_rev) {
                    true => Claimed::PossibleEffect,
                    false => Claimed::NoEffect,
                }
            }
            Answer::Rejected { .. } | Answer::Stat(_) | Answer::Lookup { .. } | Answer::List(_) => {
                Claimed::NoEffect
            }
        }
    }
}

fn read(recorded: &Recorded) -> Result<Option<(Request, Answer)>, String> {
    if OTHER_READS.contains(&recorded.function.as_str()) {
        return Ok(None);
    }
    let request = read_request(&recorded.function, &recorded.input)?;
    let is_mutation = matches!(request, Request::CreateNamespace { .. } | Request::Steps { .. });
    let answer = match &recorded.outcome {
        Outcome::Fail(_) => return Ok(None),
        Outcome::Unknown if !is_mutation => return Ok(None),
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
    if reason == Reason::NameInvalid && request.is_malformed() {
        return Ok(None);
    }
    let step = value.get("step").and_then(Value::as_u64);
    Ok(Some(Answer::Rejected { reason, step: step.and_then(|step| usize::try_from(step).ok()) }))
}

fn read_request(function: &str, input: &Value) -> Result<Request, String> {
    Ok(match function {
        "create_namespace" => {
            let name = text(input, "name")?;
            Request::CreateNamespace { name_is_good: is_good_name(name), name: Arc::from(name) }
        }
        "stat" => Request::Stat { ns: number(input, "ns")?, target: target(input)? },
        "lookup" => Request::Lookup { ns: number(input, "ns")?, target: target(input)? },
        "list" => Request::List { ns: number(input, "ns")?, target: target(input)? },
        "batch" => {
            let steps = input.get("steps").and_then(Value::as_array).ok_or("it has no steps")?;
            let steps = steps.iter().map(|step| {
                let value = step.get("value").ok_or("a step has no value")?;
                read_step(text(step, "f")?, value)
            });
            Request::Steps { ns: number(input, "ns")?, steps: steps.collect::<Result<_, _>>()? }
        }
        _ => {
            let steps = vec![read_step(function, input)?];
            Request::Steps { ns: number(input, "ns")?, steps }
        }
    })
}

fn read_step(function: &str, input: &Value) -> Result<Step, String> {
    Ok(match function {
        "mkdir" => Step::Mkdir { target: target(input)?, parents: flag(input, "parents")? },
        "commit" => {
            let mode = match text(input, "mode")? {
                "create" => Mode::Create,
                "overwrite" => Mode::Overwrite,
                "update" => Mode::Update(number(input, "rev")?),
                other => return Err(format!("unknown mode {other:?}")),
            };
            let content =
                Content { hash: Arc::from(text(input, "hash")?), size: number(input, "size")? };
            Step::Commit { target: target(input)?, mode, content }
        }
        "move" => Step::Move {
            from: named_target(input, "from", "from_id")?,
            to: named_target(input, "to", "to_id")?,
            replace: flag(input, "replace")?,
            guard: optional(input, "rev")?.filter(|rev| *rev != 0),
        },
        "delete" => Step::Delete {
            target: target(input)?,
            recursive: flag(input, "recursive")?,
            guard: optional(input, "rev")?.filter(|rev| *rev != 0),
        },
        other => return Err(format!("a file tree has no operation {other:?}")),
    })
}

fn read_answer(function: &str, request: &Request, value: &Value) -> Result<Answer, String> {
    Ok(match request {
        Request::CreateNamespace { .. } => {
            Answer::Namespace { id: optional(value, "id")?, root: optional(value, "root")? }
        }
        Request::Steps { .. } if function == "batch" => {
            let results = value.get("results").and_then(Value::as_array);
            let results = results.ok_or("the answer has no results")?;
            Answer::Steps(results.iter().map(read_result).collect::<Result<_, _>>()?)
        }
        Request::Steps { .. } => Answer::Steps(vec![read_result(value)?]),
        Request::Stat { .. } => Answer::Stat(Attributes {
            id: optional(value, "id")?,
            kind: kind(value)?,
            rev: optional(value, "rev")?,
            hash: optional_text(value, "hash")?.map(Arc::from),
            size: optional(value, "size")?,
        }),
        Request::Lookup { .. } => Answer::Lookup {
            id: optional(value, "id")?,
            kind: kind(value)?,
            path: optional_text(value, "path")?.map(str::to_string),
        },
        Request::List { .. } => {
            let entries = value.get("entries").and_then(Value::as_array);
            let entries = entries.ok_or("the answer has no entries")?.iter().map(|entry| {
                Ok::<_, String>(ListedEntry {
                    name: Arc::from(text(entry, "name")?),
                    id: optional(entry, "id")?,
                    kind: kind(entry)?,
                    rev: optional(entry, "rev")?,
                })
            });
            Answer::List(entries.collect::<Result<_, _>>()?)
        }
    })
}

fn read_result(value: &Value) -> Result<StepResult, String> {
    Ok(StepResult { id: optional(value, "id")?, rev: optional(value, "rev")? })
}

// ---------------------------------------------------------------- fields

fn target(input: &Value) -> Result<Target, String> {
    named_target(input, "path", "id")
}

fn named_target(input: &Value, path: &str, id: &str) -> Result<Target, String> {
    let start = optional(input, id)?.filter(|id| *id != 0);
    let names = match (optional_text(input, path)?, start) {
        (Some(path), _) => split(path),
        (None, Some(_)) => Some(Vec::new()),
        (None, None) => return Err(format!("it has no {path}")),
    };
    Ok(Target { start, names })
}

fn text<'v>(value: &'v Value, field: &str) -> Result<&'v str, String> {
    optional_text(value, field)?.ok_or_else(|| format!("it has no {field}"))
}

fn optional_text<'v>(value: &'v Value, field: &str) -> Result<Option<&'v str>, String> {
    match value.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(format!("{field} is {other}, expected a string")),
    }
}

fn number(value: &Value, field: &str) -> Result<u64, String> {
    optional(value, field)?.ok_or_else(|| format!("it has no {field}"))
}

fn optional(value: &Value, field: &str) -> Result<Option<u64>, String> {
    match value.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(found) => {
            let number = found.as_u64();
            number.map(Some).ok_or_else(|| format!("{field} is {found}, expected a number"))
        }
    }
}

fn flag(value: &Value, field: &str) -> Result<bool, String> {
    match value.get(field) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(other) => Err(format!("{field} is {other}, expected true or false")),
    }
}

fn kind(value: &Value) -> Result<Option<Kind>, String> {
    match optional_text(value, "kind")? {
        None => Ok(None),
        Some("directory") => Ok(Some(Kind::Directory)),
        Some("file") => Ok(Some(Kind::File)),
        Some(other) => Err(format!("unknown kind {other:?}")),
    }
}
