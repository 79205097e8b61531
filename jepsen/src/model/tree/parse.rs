//! Reads what was asked of a file tree and what was answered from their recorded forms.

use std::sync::Arc;

use serde_json::Value;

use super::fields::{
    attributes, flag, kind, named_target, names, number, optional, optional_text, target, text,
};
use super::operation::{
    Answer, Commit, Condition, Content, ListedEntry, Mode, Name, Request, SetAttributes, Stat,
    Step, StepResult,
};
use super::path::check_name;

pub(super) fn read_request(function: &str, input: &Value) -> Result<Request, String> {
    Ok(match function {
        "create_namespace" => {
            let name = text(input, "name")?;
            Request::CreateNamespace { fault: check_name(name).err(), name: Arc::from(name) }
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
        "commit" => Step::Commit(read_commit(input)?),
        "symlink" => Step::Symlink { target: target(input)?, to: Arc::from(text(input, "to")?) },
        "copy" => Step::Copy {
            from: named_target(input, "from", "from_id")?,
            to: named_target(input, "to", "to_id")?,
        },
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
        "set_attributes" => Step::SetAttributes(SetAttributes {
            target: target(input)?,
            set: attributes(input, "set")?,
            remove: names(input, "remove")?,
            guard: optional(input, "rev")?.filter(|rev| *rev != 0),
        }),
        "check" => {
            let condition = input.get("condition").ok_or("it has no condition")?;
            Step::Check { target: target(input)?, condition: read_condition(condition)? }
        }
        other => return Err(format!("a file tree has no operation {other:?}")),
    })
}

fn read_commit(input: &Value) -> Result<Commit, String> {
    let mode = match text(input, "mode")? {
        "create" => Mode::Create,
        "overwrite" => Mode::Overwrite,
        "update" => Mode::Update(number(input, "rev")?),
        other => return Err(format!("unknown mode {other:?}")),
    };
    let content = Content { hash: Arc::from(text(input, "hash")?), size: number(input, "size")? };
    let autorename = match flag(input, "autorename")? {
        true => Some(Arc::from(text(input, "client")?)),
        false => None,
    };
    Ok(Commit { target: target(input)?, mode, content, autorename })
}

fn read_condition(condition: &Value) -> Result<Condition, String> {
    let unknown = || format!("unknown condition {condition}");
    let fields = condition.as_object().filter(|fields| fields.len() == 1).ok_or_else(unknown)?;
    let (name, value) = fields.iter().next().ok_or_else(unknown)?;
    Ok(match (name.as_str(), value) {
        ("exists", Value::Bool(true)) => Condition::Exists,
        ("absent", Value::Bool(true)) => Condition::Absent,
        ("rev", _) => Condition::Rev(number(condition, "rev")?),
        ("kind", _) => Condition::Kind(kind(condition)?.ok_or_else(unknown)?),
        ("unchanged_since", _) => Condition::UnchangedSince(number(condition, "unchanged_since")?),
        _ => return Err(unknown()),
    })
}

pub(super) fn read_answer(
    function: &str,
    request: &Request,
    value: &Value,
) -> Result<Answer, String> {
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
        Request::Stat { .. } => Answer::Stat(Stat {
            id: optional(value, "id")?,
            kind: kind(value)?,
            rev: optional(value, "rev")?,
            hash: optional_text(value, "hash")?.map(Arc::from),
            size: optional(value, "size")?,
            symlink: optional_text(value, "symlink")?.map(Arc::from),
            attributes: attributes(value, "attributes")?,
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
    let renamed = optional_text(value, "renamed")?.filter(|name| !name.is_empty());
    Ok(StepResult {
        id: optional(value, "id")?,
        rev: optional(value, "rev")?,
        renamed: renamed.map(Name::from),
    })
}
