//! One step of a mutation, as the history writes it and as the client sends it.

mod wire;

use std::collections::BTreeMap;

use metad_client::{
    steps,
    v1::{self, NodeRef},
};
use serde_json::{Value, json};

use crate::operation::hex;

/// What a file holds, as far as histories tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Content hash.
    pub hash: [u8; 32],
    /// Bytes.
    pub size: u64,
}

/// How a commit treats what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Refuse.
    Create,
    /// Replace.
    Overwrite,
    /// Replace this revision of it.
    Update(u64),
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum NodeKind {
    Directory,
    File,
    Symlink,
    Mount,
}

/// What a mutation may depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// There is a node.
    Exists,
    /// There is none.
    Absent,
    /// The node has this rev.
    Rev(u64),
    /// The node is of this kind.
    Kind(NodeKind),
    /// Nothing in the namespace has changed after this revision.
    UnchangedSince(u64),
}

/// A step of a mutation; paths are from the namespace's root, or from a node, as
/// [`from_node`] writes them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // The fields are those of the API.
pub enum Step {
    Mkdir {
        path: String,
        parents: bool,
    },
    Commit {
        path: String,
        mode: Mode,
        content: Content,
        /// The client that a conflicted copy is named after, if one may be made.
        autorename: Option<String>,
    },
    Symlink {
        path: String,
        to: String,
    },
    Copy {
        from: String,
        to: String,
        /// Of what was there then.
        at_revision: Option<u64>,
    },
    Move {
        from: String,
        to: String,
        replace: bool,
        rev: Option<u64>,
    },
    Delete {
        path: String,
        recursive: bool,
        rev: Option<u64>,
    },
    SetAttributes {
        path: String,
        set: BTreeMap<String, Vec<u8>>,
        remove: Vec<String>,
        rev: Option<u64>,
    },
    Check {
        path: String,
        condition: Condition,
    },
    Restore {
        path: String,
        revision: u64,
    },
    SetQuota {
        path: String,
        quota: v1::Quota,
    },
    Mount {
        path: String,
        /// The namespace that it shows.
        mount: u64,
    },
    Unmount {
        path: String,
    },
}

impl Step {
    /// Its name in histories.
    pub fn f(&self) -> &'static str {
        match self {
            Step::Mkdir { .. } => "mkdir",
            Step::Commit { .. } => "commit",
            Step::Symlink { .. } => "symlink",
            Step::Copy { .. } => "copy",
            Step::Move { .. } => "move",
            Step::Delete { .. } => "delete",
            Step::SetAttributes { .. } => "set_attributes",
            Step::Check { .. } => "check",
            Step::Restore { .. } => "restore",
            Step::SetQuota { .. } => "set_quota",
            Step::Mount { .. } => "mount",
            Step::Unmount { .. } => "unmount",
        }
    }

    pub(crate) fn value(&self) -> Value {
        match self {
            Step::Mkdir { path, parents } => target(path, json!({"parents": parents})),
            Step::Commit { path, mode, content, autorename } => {
                target(path, commit_value(*mode, content, autorename.as_deref()))
            }
            Step::Symlink { path, to } => target(path, json!({"to": to})),
            Step::Copy { from, to, at_revision } => {
                with("at_revision", from_to(from, to, json!({})), *at_revision)
            }
            Step::Move { from, to, replace, rev } => {
                with_rev(from_to(from, to, json!({"replace": replace})), *rev)
            }
            Step::Delete { path, recursive, rev } => {
                with_rev(target(path, json!({"recursive": recursive})), *rev)
            }
            Step::SetAttributes { path, set, remove, rev } => {
                let set: BTreeMap<_, _> =
                    set.iter().map(|(name, bytes)| (name, hex(bytes))).collect();
                with_rev(target(path, json!({"set": set, "remove": remove})), *rev)
            }
            Step::Check { path, condition } => {
                target(path, json!({"condition": condition.value()}))
            }
            Step::Restore { path, revision } => target(path, json!({"revision": revision})),
            Step::SetQuota { path, quota } => target(path, json!({"quota": quota_value(quota)})),
            Step::Mount { path, mount } => target(path, json!({"mount": mount})),
            Step::Unmount { path } => target(path, json!({})),
        }
    }

    /// The paths that are resolved.
    pub(crate) fn paths_mut(&mut self) -> Vec<&mut String> {
        match self {
            Step::Copy { from, to, .. } | Step::Move { from, to, .. } => vec![from, to],
            Step::Mkdir { path, .. }
            | Step::Commit { path, .. }
            | Step::Symlink { path, .. }
            | Step::Delete { path, .. }
            | Step::SetAttributes { path, .. }
            | Step::Check { path, .. }
            | Step::Restore { path, .. }
            | Step::SetQuota { path, .. }
            | Step::Mount { path, .. }
            | Step::Unmount { path } => vec![path],
        }
    }
}

/// The path of a node that is named by its id, or of something under it: `#ID`, `#ID/path`.
pub(crate) fn from_node(id: u64, path: &str) -> String {
    match path {
        "" => format!("#{id}"),
        path => format!("#{id}/{path}"),
    }
}

/// What a step's path names.
fn node_ref(path: &str) -> NodeRef {
    let named = path.strip_prefix('#').and_then(|rest| {
        let (id, path) = rest.split_once('/').unwrap_or((rest, ""));
        Some(NodeRef { id: id.parse().ok()?, path: path.to_owned() })
    });
    named.unwrap_or_else(|| steps::at(path))
}

impl NodeKind {
    /// Its name in histories.
    pub fn name(self) -> &'static str {
        match self {
            NodeKind::Directory => "directory",
            NodeKind::File => "file",
            NodeKind::Symlink => "symlink",
            NodeKind::Mount => "mount",
        }
    }

    /// None for one that the wire does not say.
    pub fn from_wire(kind: i32) -> Option<NodeKind> {
        match v1::Kind::try_from(kind) {
            Ok(v1::Kind::Directory) => Some(NodeKind::Directory),
            Ok(v1::Kind::File) => Some(NodeKind::File),
            Ok(v1::Kind::Symlink) => Some(NodeKind::Symlink),
            Ok(v1::Kind::Mount) => Some(NodeKind::Mount),
            Ok(v1::Kind::Unspecified) | Err(_) => None,
        }
    }
}

impl Condition {
    fn value(self) -> Value {
        match self {
            Condition::Exists => json!({"exists": true}),
            Condition::Absent => json!({"absent": true}),
            Condition::Rev(rev) => json!({"rev": rev}),
            Condition::Kind(kind) => json!({"kind": kind.name()}),
            Condition::UnchangedSince(revision) => json!({"unchanged_since": revision}),
        }
    }
}

fn commit_value(mode: Mode, content: &Content, autorename: Option<&str>) -> Value {
    let mut value = json!({"hash": hex(&content.hash), "size": content.size});
    match mode {
        Mode::Create => value["mode"] = json!("create"),
        Mode::Overwrite => value["mode"] = json!("overwrite"),
        Mode::Update(rev) => {
            value["mode"] = json!("update");
            value["rev"] = json!(rev);
        }
    }
    if let Some(client) = autorename {
        value["autorename"] = json!(true);
        value["client"] = json!(client);
    }
    value
}

fn target(path: &str, value: Value) -> Value {
    place("path", "id", path, value)
}

fn from_to(from: &str, to: &str, value: Value) -> Value {
    place("to", "to_id", to, place("from", "from_id", from, value))
}

/// A value with a path, and the node that it is from if that is not the root.
fn place(path_field: &str, id_field: &str, path: &str, mut value: Value) -> Value {
    let NodeRef { id, path } = node_ref(path);
    if id != 0 {
        value[id_field] = json!(id);
    }
    if id == 0 || !path.is_empty() {
        value[path_field] = json!(path);
    }
    value
}

/// A quota as histories write it: what it does not bound is absent.
pub(crate) fn quota_value(quota: &v1::Quota) -> Value {
    let value = with("nodes", json!({}), quota.nodes);
    with("bytes", value, quota.bytes)
}

fn with_rev(value: Value, rev: Option<u64>) -> Value {
    with("rev", value, rev)
}

/// A value with one more number, if there is one.
pub(crate) fn with(name: &str, mut value: Value, number: Option<u64>) -> Value {
    if let Some(number) = number {
        value[name] = json!(number);
    }
    value
}
