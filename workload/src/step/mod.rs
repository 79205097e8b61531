//! One step of a mutation, as the history writes it and as the client sends it.

use std::collections::BTreeMap;

use metad_client::{
    steps,
    v1::{self, check, commit_file},
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

impl Content {
    fn wire(&self) -> v1::Content {
        v1::Content { size: self.size, hash: self.hash.to_vec().into(), ..v1::Content::default() }
    }
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

/// A step of a mutation; paths are from the namespace's root.
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
        }
    }

    pub(crate) fn value(&self) -> Value {
        match self {
            Step::Mkdir { path, parents } => json!({"path": path, "parents": parents}),
            Step::Commit { path, mode, content, autorename } => {
                commit_value(path, *mode, content, autorename.as_deref())
            }
            Step::Symlink { path, to } => json!({"path": path, "to": to}),
            Step::Copy { from, to } => json!({"from": from, "to": to}),
            Step::Move { from, to, replace, rev } => {
                with_rev(json!({"from": from, "to": to, "replace": replace}), *rev)
            }
            Step::Delete { path, recursive, rev } => {
                with_rev(json!({"path": path, "recursive": recursive}), *rev)
            }
            Step::SetAttributes { path, set, remove, rev } => {
                let set: BTreeMap<_, _> =
                    set.iter().map(|(name, bytes)| (name, hex(bytes))).collect();
                with_rev(json!({"path": path, "set": set, "remove": remove}), *rev)
            }
            Step::Check { path, condition } => {
                json!({"path": path, "condition": condition.value()})
            }
        }
    }

    /// The step as it is sent.
    pub fn wire(&self) -> v1::Step {
        match self {
            Step::Mkdir { path, parents: false } => steps::mkdir(steps::at(path)),
            Step::Mkdir { path, parents: true } => steps::mkdir_all(steps::at(path)),
            Step::Commit { path, mode, content, autorename } => {
                steps::commit_with(v1::CommitFile {
                    target: Some(steps::at(path)),
                    content: Some(content.wire()),
                    mode: Some(mode.wire()),
                    autorename: autorename.is_some(),
                    client: autorename.clone().unwrap_or_default(),
                })
            }
            Step::Symlink { path, to } => steps::symlink(steps::at(path), to),
            Step::Copy { from, to } => steps::copy(steps::at(from), steps::at(to)),
            Step::Move { from, to, replace, rev } => steps::move_with(v1::Move {
                from: Some(steps::at(from)),
                to: Some(steps::at(to)),
                replace: *replace,
                rev: rev.unwrap_or(0),
            }),
            Step::Delete { path, recursive, rev } => steps::delete_with(v1::Delete {
                target: Some(steps::at(path)),
                recursive: *recursive,
                rev: rev.unwrap_or(0),
            }),
            Step::SetAttributes { path, set, remove, rev } => {
                let bytes =
                    |(name, value): (&String, &Vec<u8>)| (name.clone(), value.clone().into());
                steps::set_attributes(v1::SetAttributes {
                    target: Some(steps::at(path)),
                    set: set.iter().map(bytes).collect(),
                    remove: remove.clone(),
                    rev: rev.unwrap_or(0),
                })
            }
            Step::Check { path, condition } => steps::check(steps::at(path), condition.wire()),
        }
    }
}

impl Mode {
    fn wire(self) -> commit_file::Mode {
        match self {
            Mode::Create => commit_file::Mode::Create(commit_file::Create {}),
            Mode::Overwrite => commit_file::Mode::Overwrite(commit_file::Overwrite {}),
            Mode::Update(rev) => commit_file::Mode::Update(commit_file::Update { rev }),
        }
    }
}

impl NodeKind {
    /// Its name in histories.
    pub fn name(self) -> &'static str {
        match self {
            NodeKind::Directory => "directory",
            NodeKind::File => "file",
            NodeKind::Symlink => "symlink",
        }
    }

    /// None for one that the wire does not say.
    pub fn from_wire(kind: i32) -> Option<NodeKind> {
        match v1::Kind::try_from(kind) {
            Ok(v1::Kind::Directory) => Some(NodeKind::Directory),
            Ok(v1::Kind::File) => Some(NodeKind::File),
            Ok(v1::Kind::Symlink) => Some(NodeKind::Symlink),
            Ok(v1::Kind::Unspecified) | Err(_) => None,
        }
    }

    fn wire(self) -> v1::Kind {
        match self {
            NodeKind::Directory => v1::Kind::Directory,
            NodeKind::File => v1::Kind::File,
            NodeKind::Symlink => v1::Kind::Symlink,
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

    fn wire(self) -> check::Condition {
        match self {
            Condition::Exists => check::Condition::Exists(check::Exists {}),
            Condition::Absent => check::Condition::Absent(check::Absent {}),
            Condition::Rev(rev) => check::Condition::Rev(rev),
            Condition::Kind(kind) => check::Condition::Kind(kind.wire() as i32),
            Condition::UnchangedSince(revision) => check::Condition::UnchangedSince(revision),
        }
    }
}

fn commit_value(path: &str, mode: Mode, content: &Content, autorename: Option<&str>) -> Value {
    let mut value = json!({"path": path, "hash": hex(&content.hash), "size": content.size});
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

fn with_rev(mut value: Value, rev: Option<u64>) -> Value {
    if let Some(rev) = rev {
        value["rev"] = json!(rev);
    }
    value
}
