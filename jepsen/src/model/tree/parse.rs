//! Reads what was asked of a file tree from its recorded form.

use std::sync::Arc;

use serde_json::Value;

use super::fields::{
    attributes, flag, given, kind, named_target, names, number, optional_text, policy, quota,
    target, text,
};
use super::operation::{
    Commit, Condition, Content, Mode, Move, Name, NamespaceRef, Read, Request, SetAttributes, Step,
};

pub(super) fn read_request(function: &str, input: &Value) -> Result<Request, String> {
    let ns = || number(input, "ns");
    let name = || text(input, "name").map(Name::from);
    Ok(match function {
        "create_namespace" => Request::CreateNamespace {
            name: name()?,
            policy: policy(input)?.unwrap_or_default(),
            quota: quota(input)?.unwrap_or_default(),
        },
        "update_namespace" => Request::UpdateNamespace {
            ns: ns()?,
            name: optional_text(input, "name")?.filter(|name| !name.is_empty()).map(Name::from),
            quota: quota(input)?,
        },
        "delete_namespace" => {
            Request::DeleteNamespace { ns: ns()?, recursive: flag(input, "recursive")? }
        }
        "get_namespace" => Request::GetNamespace(match given(input, "ns")? {
            Some(ns) => NamespaceRef::Id(ns),
            None => NamespaceRef::Name(name()?),
        }),
        "create_snapshot" => Request::CreateSnapshot { ns: ns()?, name: name()? },
        "delete_snapshot" => Request::DeleteSnapshot { ns: ns()?, name: name()? },
        "list_snapshots" => Request::ListSnapshots { ns: ns()? },
        "list_namespaces" => {
            Request::ListNamespaces { family: optional_text(input, "family")?.map(Name::from) }
        }
        "get_cursor" => Request::GetCursor { ns: ns()? },
        "acquire_lock" => Request::AcquireLock { ns: ns()?, node: given(input, "id")? },
        "renew_lock" | "release_lock" => Request::KeepLock,
        "diff" => {
            Request::Diff { ns: ns()?, from: number(input, "from")?, to: given(input, "to")? }
        }
        "stat" | "lookup" | "list" | "batch_stat" | "list_revisions" => Request::Read {
            ns: ns()?,
            at: given(input, "at_revision")?,
            read: read_read(function, input)?,
        },
        "batch" => {
            let steps = input.get("steps").and_then(Value::as_array).ok_or("it has no steps")?;
            let steps = steps.iter().map(|step| {
                let value = step.get("value").ok_or("a step has no value")?;
                read_step(text(step, "f")?, value)
            });
            Request::Steps { ns: ns()?, steps: steps.collect::<Result<_, _>>()? }
        }
        _ => {
            let steps = vec![read_step(function, input)?];
            Request::Steps { ns: ns()?, steps }
        }
    })
}

fn read_read(function: &str, input: &Value) -> Result<Read, String> {
    Ok(match function {
        "stat" => Read::Stat(target(input)?),
        "lookup" => Read::Lookup(target(input)?),
        "list" => Read::List { target: target(input)?, recursive: flag(input, "recursive")? },
        "list_revisions" => Read::Versions(target(input)?),
        _ => {
            let paths = input.get("paths").and_then(Value::as_array).ok_or("it has no paths")?;
            // A path, or a target with an id.
            let read = |path: &Value| match path.is_string() {
                true => target(&serde_json::json!({ "path": path })),
                false => target(path),
            };
            Read::BatchStat(paths.iter().map(read).collect::<Result<_, _>>()?)
        }
    })
}

fn read_step(function: &str, input: &Value) -> Result<Step, String> {
    let guard = || given(input, "rev");
    Ok(match function {
        "mkdir" => Step::Mkdir { target: target(input)?, parents: flag(input, "parents")? },
        "commit" => Step::Commit(read_commit(input)?),
        "symlink" => Step::Symlink { target: target(input)?, to: Arc::from(text(input, "to")?) },
        "copy" => Step::Copy {
            from: named_target(input, "from", "from_id")?,
            to: named_target(input, "to", "to_id")?,
            at: given(input, "at_revision")?,
        },
        "restore" => Step::Restore { target: target(input)?, revision: number(input, "revision")? },
        "move" => Step::Move(Move {
            from: named_target(input, "from", "from_id")?,
            to: named_target(input, "to", "to_id")?,
            replace: flag(input, "replace")?,
            guard: guard()?,
        }),
        "delete" => Step::Delete {
            target: target(input)?,
            recursive: flag(input, "recursive")?,
            guard: guard()?,
        },
        "set_attributes" => Step::SetAttributes(SetAttributes {
            target: target(input)?,
            set: attributes(input, "set")?,
            remove: names(input, "remove")?,
            guard: guard()?,
        }),
        "set_quota" => {
            Step::SetQuota { target: target(input)?, quota: quota(input)?.unwrap_or_default() }
        }
        "mount" => Step::Mount { target: target(input)?, ns: number(input, "mount")? },
        "unmount" => Step::Unmount { target: target(input)? },
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
