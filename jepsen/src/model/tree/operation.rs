//! What was asked of a file tree and what was answered, in types.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::path::check_name;
use super::reason::Reason;

/// A name: the bytes decide.
pub(super) type Name = Arc<str>;

/// What clients keep with a node: hexadecimal values by name.
pub(super) type Attributes = BTreeMap<Name, Arc<str>>;

/// A node's content. Hashes are compared as they are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) hash: Arc<str>,
    pub(super) size: u64,
}

/// One operation with its recorded answer.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Names what this operation makes, until the history tells the server's names.
    pub(super) tag: u32,
    pub(super) request: Request,
    pub(super) answer: Answer,
    /// The revision that the answer claims; of an unknown outcome, the one told otherwise.
    pub(super) revision: Option<u64>,
    /// The dates that a conflicted copy may have whose name was not answered.
    pub(super) dates: Arc<[Name]>,
}

/// What was asked.
#[derive(Debug, Clone)]
pub(super) enum Request {
    CreateNamespace { name: Name, fault: Option<Reason> },
    Steps { ns: u64, steps: Vec<Step> },
    Stat { ns: u64, target: Target },
    Lookup { ns: u64, target: Target },
    List { ns: u64, target: Target },
}

/// One step of a mutation. A mutation that is no batch has one.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Mkdir { target: Target, parents: bool },
    Commit(Commit),
    Symlink { target: Target, to: Arc<str> },
    Copy { from: Target, to: Target },
    Move { from: Target, to: Target, replace: bool, guard: Option<u64> },
    Delete { target: Target, recursive: bool, guard: Option<u64> },
    SetAttributes(SetAttributes),
    Check { target: Target, condition: Condition },
}

#[derive(Debug, Clone)]
pub(super) struct Commit {
    pub(super) target: Target,
    pub(super) mode: Mode,
    pub(super) content: Content,
    /// With autorename: the client that a conflicted copy is named after.
    pub(super) autorename: Option<Arc<str>>,
}

/// Removes, then sets.
#[derive(Debug, Clone)]
pub(super) struct SetAttributes {
    pub(super) target: Target,
    pub(super) set: Attributes,
    pub(super) remove: Vec<Name>,
    pub(super) guard: Option<u64>,
}

/// What a mutation may depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    Exists,
    Absent,
    Rev(u64),
    Kind(Kind),
    /// No change in the namespace after this revision.
    UnchangedSince(u64),
}

/// How a file is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Create,
    Overwrite,
    /// Only over this rev.
    Update(u64),
}

/// A node, by the names from a starting node.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// The namespace's root if none.
    pub(super) start: Option<u64>,
    /// Or what it is refused with, if a name is not allowed.
    pub(super) names: Result<Vec<Name>, Reason>,
}

/// What was answered.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    Unknown,
    Rejected {
        reason: Reason,
        step: Option<usize>,
    },
    Namespace {
        id: Option<u64>,
        root: Option<u64>,
    },
    /// A result for each step.
    Steps(Vec<StepResult>),
    Stat(Stat),
    Lookup {
        id: Option<u64>,
        kind: Option<Kind>,
        path: Option<String>,
    },
    List(Vec<ListedEntry>),
}

#[derive(Debug, Clone, Default)]
pub(super) struct StepResult {
    pub(super) id: Option<u64>,
    pub(super) rev: Option<u64>,
    /// The name of the conflicted copy that a commit became.
    pub(super) renamed: Option<Name>,
}

#[derive(Debug, Clone)]
pub(super) struct Stat {
    pub(super) id: Option<u64>,
    pub(super) kind: Option<Kind>,
    pub(super) rev: Option<u64>,
    pub(super) hash: Option<Arc<str>>,
    pub(super) size: Option<u64>,
    pub(super) symlink: Option<Arc<str>>,
    pub(super) attributes: Attributes,
}

#[derive(Debug, Clone)]
pub(super) struct ListedEntry {
    pub(super) name: Name,
    pub(super) id: Option<u64>,
    pub(super) kind: Option<Kind>,
    pub(super) rev: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Directory,
    File,
    Symlink,
}

impl Kind {
    const ALL: [Kind; 3] = [Kind::Directory, Kind::File, Kind::Symlink];

    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Directory => "directory",
            Kind::File => "file",
            Kind::Symlink => "symlink",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl Request {
    /// Whether it changes something whenever it is not refused.
    pub(super) fn always_changes(&self) -> bool {
        match self {
            Request::CreateNamespace { .. } => true,
            Request::Stat { .. } | Request::Lookup { .. } | Request::List { .. } => false,
            Request::Steps { steps, .. } => steps.iter().any(Step::always_changes),
        }
    }

    /// Whether it changes nothing whatever the tree holds.
    pub(super) fn never_changes(&self) -> bool {
        match self {
            Request::CreateNamespace { .. } => false,
            Request::Stat { .. } | Request::Lookup { .. } | Request::List { .. } => true,
            Request::Steps { steps, .. } => {
                steps.iter().all(|step| matches!(step, Step::Check { .. }))
            }
        }
    }

    /// Whether a name in it is refused with this reason, whatever the tree holds.
    pub(super) fn is_malformed(&self, reason: Reason) -> bool {
        let bad = |target: &Target| target.names.as_ref().err() == Some(&reason);
        match self {
            Request::CreateNamespace { fault, .. } => *fault == Some(reason),
            Request::Stat { target, .. }
            | Request::Lookup { target, .. }
            | Request::List { target, .. } => bad(target),
            Request::Steps { steps, .. } => {
                let bad = |step: &Step| {
                    step.targets().into_iter().any(bad) || step.client_fault() == Some(reason)
                };
                steps.iter().any(bad)
            }
        }
    }

    /// Whether the tree alone decides if it is refused with `LIMIT_EXCEEDED`: of the limits
    /// besides those of names, only that of copies is part of the model.
    pub(super) fn has_only_limits_of_copies(&self) -> bool {
        let Request::Steps { steps, .. } = self else { return false };
        let has_others = |step: &Step| match step {
            Step::SetAttributes(_) | Step::Symlink { .. } => true,
            Step::Commit(commit) => commit.autorename.is_some(),
            _ => false,
        };
        let copies = |step: &Step| matches!(step, Step::Copy { .. });
        steps.iter().any(copies) && !steps.iter().any(has_others)
    }
}

impl Step {
    fn always_changes(&self) -> bool {
        match self {
            Step::Mkdir { parents, .. } => !parents,
            Step::Commit(commit) => !matches!(commit.mode, Mode::Update(_)),
            Step::Symlink { .. } | Step::Copy { .. } | Step::Delete { .. } => true,
            Step::Move { .. } | Step::SetAttributes(_) | Step::Check { .. } => false,
        }
    }

    /// Why a client's name cannot be part of a file's, if it cannot.
    fn client_fault(&self) -> Option<Reason> {
        let Step::Commit(Commit { autorename: Some(client), .. }) = self else { return None };
        check_name(client).err()
    }

    fn targets(&self) -> Vec<&Target> {
        match self {
            Step::Mkdir { target, .. }
            | Step::Symlink { target, .. }
            | Step::Delete { target, .. }
            | Step::Check { target, .. } => vec![target],
            Step::Commit(commit) => vec![&commit.target],
            Step::SetAttributes(change) => vec![&change.target],
            Step::Copy { from, to } | Step::Move { from, to, .. } => vec![from, to],
        }
    }
}
