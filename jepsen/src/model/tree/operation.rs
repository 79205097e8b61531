//! What was asked of a file tree and what was answered, in types.

use std::sync::Arc;

/// A name: the bytes decide.
pub(super) type Name = Arc<str>;

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
}

/// What was asked.
#[derive(Debug, Clone)]
pub(super) enum Request {
    CreateNamespace { name: Name, name_is_good: bool },
    Steps { ns: u64, steps: Vec<Step> },
    Stat { ns: u64, target: Target },
    Lookup { ns: u64, target: Target },
    List { ns: u64, target: Target },
}

/// One step of a mutation. A mutation that is no batch has one.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Mkdir { target: Target, parents: bool },
    Commit { target: Target, mode: Mode, content: Content },
    Move { from: Target, to: Target, replace: bool, guard: Option<u64> },
    Delete { target: Target, recursive: bool, guard: Option<u64> },
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
    /// None if a name is not allowed.
    pub(super) names: Option<Vec<Name>>,
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
    Stat(Attributes),
    Lookup {
        id: Option<u64>,
        kind: Option<Kind>,
        path: Option<String>,
    },
    List(Vec<ListedEntry>),
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct StepResult {
    pub(super) id: Option<u64>,
    pub(super) rev: Option<u64>,
}

#[derive(Debug, Clone)]
pub(super) struct Attributes {
    pub(super) id: Option<u64>,
    pub(super) kind: Option<Kind>,
    pub(super) rev: Option<u64>,
    pub(super) hash: Option<Arc<str>>,
    pub(super) size: Option<u64>,
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
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Directory => "directory",
            Kind::File => "file",
        }
    }
}

/// Why the service refuses. Only reasons that the tree itself decides; see [`super::compile`]
/// for the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    NotFound,
    AlreadyExists,
    NotADirectory,
    IsADirectory,
    NotEmpty,
    Cycle,
    Conflict,
    NameInvalid,
}

impl Reason {
    const ALL: [Reason; 8] = [
        Reason::NotFound,
        Reason::AlreadyExists,
        Reason::NotADirectory,
        Reason::IsADirectory,
        Reason::NotEmpty,
        Reason::Cycle,
        Reason::Conflict,
        Reason::NameInvalid,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Reason::NotFound => "NOT_FOUND",
            Reason::AlreadyExists => "ALREADY_EXISTS",
            Reason::NotADirectory => "NOT_A_DIRECTORY",
            Reason::IsADirectory => "IS_A_DIRECTORY",
            Reason::NotEmpty => "NOT_EMPTY",
            Reason::Cycle => "CYCLE",
            Reason::Conflict => "CONFLICT",
            Reason::NameInvalid => "NAME_INVALID",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Reason> {
        Reason::ALL.into_iter().find(|reason| reason.name() == name)
    }
}

impl Request {
    /// Whether it changes something whenever it is not refused.
    pub(super) fn always_changes(&self) -> bool {
        match self {
            Request::CreateNamespace { .. } => true,
            Request::Stat { .. } | Request::Lookup { .. } | Request::List { .. } => false,
            Request::Steps { steps, .. } => steps.iter().any(|step| match step {
                Step::Mkdir { parents, .. } => !parents,
                Step::Commit { mode, .. } => !matches!(mode, Mode::Update(_)),
                Step::Move { .. } => false,
                Step::Delete { .. } => true,
            }),
        }
    }

    /// Whether a name in it is not allowed: refused whatever the tree holds.
    pub(super) fn is_malformed(&self) -> bool {
        let bad = |target: &Target| target.names.is_none();
        match self {
            Request::CreateNamespace { name_is_good, .. } => !name_is_good,
            Request::Stat { target, .. }
            | Request::Lookup { target, .. }
            | Request::List { target, .. } => bad(target),
            Request::Steps { steps, .. } => steps.iter().any(|step| match step {
                Step::Mkdir { target, .. }
                | Step::Commit { target, .. }
                | Step::Delete { target, .. } => bad(target),
                Step::Move { from, to, .. } => bad(from) || bad(to),
            }),
        }
    }
}
