//! Reads what was answered from its recorded form.

use std::sync::Arc;

use serde_json::Value;

use super::answer::{
    Answer, Difference, ListedEntry, NamespaceAnswer, NodeAnswer, SnapshotAnswer, StepResult,
};
use super::fields::{attributes, given, kind, optional, optional_text, policy, quota};
use super::operation::{Attributes, Name, Read, Request};
use super::reason::Reason;

pub(super) fn read_answer(
    function: &str,
    request: &Request,
    value: &Value,
) -> Result<Answer, String> {
    Ok(match request {
        Request::CreateNamespace { .. }
        | Request::UpdateNamespace { .. }
        | Request::DeleteNamespace { .. }
        | Request::GetNamespace(_) => Answer::Namespace(read_namespace(value)?),
        Request::Steps { .. } if function == "batch" => {
            Answer::Steps(read_all(value, "results", read_result)?)
        }
        Request::Steps { .. } => Answer::Steps(vec![read_result(value)?]),
        Request::Read { read, .. } => read_node_answer(read, value)?,
        Request::Diff { .. } => Answer::Diff(read_all(value, "differences", |value| {
            let side = |field| value.get(field).filter(|side| !side.is_null());
            let read = |field| side(field).map(read_entry).transpose();
            Ok(Difference { before: read("before")?, after: read("after")? })
        })?),
        Request::CreateSnapshot { .. } | Request::DeleteSnapshot { .. } => {
            Answer::Snapshot(read_snapshot(value)?)
        }
        Request::ListSnapshots { .. } => {
            Answer::Snapshots(read_all(value, "snapshots", read_snapshot)?)
        }
        Request::ListNamespaces { .. } => {
            Answer::Namespaces(read_all(value, "namespaces", read_namespace)?)
        }
        Request::GetCursor { .. } => Answer::Cursor(read_cursor(value)?),
        Request::AcquireLock { .. } | Request::KeepLock => Answer::Done,
    })
}

fn read_node_answer(read: &Read, value: &Value) -> Result<Answer, String> {
    Ok(match read {
        Read::Stat(_) => Answer::Node(read_stat(value)?),
        Read::BatchStat(_) => {
            Answer::Nodes(read_all(value, "results", |value| {
                match optional_text(value, "rejected")?.filter(|reason| !reason.is_empty()) {
                    None => Ok(Ok(read_stat(value)?)),
                    Some(name) => {
                        let reason = Reason::parse(name);
                        Ok(Err(reason.ok_or_else(|| format!("{name:?} is no rejection"))?))
                    }
                }
            })?)
        }
        Read::Lookup(_) => Answer::Lookup {
            node: read_node(value)?,
            path: optional_text(value, "path")?.map(str::to_string),
        },
        Read::List { .. } => Answer::List(read_all(value, "entries", read_entry)?),
        Read::Versions(_) => Answer::Versions(read_all(value, "versions", read_entry)?),
    })
}

fn read_all<T>(
    value: &Value,
    field: &str,
    read: impl Fn(&Value) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    let items = value.get(field).and_then(Value::as_array);
    let items = items.ok_or_else(|| format!("the answer has no {field}"))?;
    items.iter().map(read).collect()
}

/// What a stat tells: without attributes there are none.
fn read_stat(value: &Value) -> Result<NodeAnswer, String> {
    let node = read_node(value)?;
    Ok(NodeAnswer { attributes: Some(node.attributes.unwrap_or_else(Attributes::new)), ..node })
}

fn read_node(value: &Value) -> Result<NodeAnswer, String> {
    let has_attributes = value.get("attributes").is_some();
    Ok(NodeAnswer {
        id: optional(value, "id")?,
        kind: kind(value)?,
        rev: optional(value, "rev")?,
        hash: optional_text(value, "hash")?.map(Arc::from),
        size: optional(value, "size")?,
        symlink: optional_text(value, "symlink")?.map(Arc::from),
        mount: given(value, "mount")?,
        attributes: if has_attributes { Some(attributes(value, "attributes")?) } else { None },
        nodes: optional(value, "nodes")?,
        bytes: optional(value, "bytes")?,
        quota: quota(value)?,
        ns: optional(value, "ns")?,
    })
}

fn read_entry(value: &Value) -> Result<ListedEntry, String> {
    Ok(ListedEntry {
        name: optional_text(value, "name")?.map(Name::from),
        path: optional_text(value, "path")?.map(str::to_string),
        node: read_node(value)?,
    })
}

fn read_namespace(value: &Value) -> Result<NamespaceAnswer, String> {
    Ok(NamespaceAnswer {
        id: optional(value, "id")?,
        root: given(value, "root")?,
        name: optional_text(value, "name")?.map(Name::from),
        policy: policy(value)?,
        nodes: optional(value, "nodes")?,
        bytes: optional(value, "bytes")?,
        quota: quota(value)?,
    })
}

/// Its revision: which of the changes at one revision it comes after is not modelled.
fn read_cursor(value: &Value) -> Result<u64, String> {
    let cursor = value.get("cursor").and_then(Value::as_array).map(Vec::as_slice);
    match cursor {
        Some([revision, _]) => revision.as_u64().ok_or("a cursor has no revision".to_string()),
        _ => Err("the answer has no cursor".to_string()),
    }
}

fn read_snapshot(value: &Value) -> Result<SnapshotAnswer, String> {
    Ok(SnapshotAnswer {
        name: optional_text(value, "name")?.map(Name::from),
        revision: optional(value, "revision")?,
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
