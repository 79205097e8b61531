//! What was asked of a file tree, in types.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::answer::Answer;
use super::footprint::Footprint;
use super::path::check_name;
use super::reason::Reason;
use crate::names::Policy;

/// A name: the namespace's policy decides which are the same.
pub(super) type Name = Arc<str>;

/// What clients keep with a node: hexadecimal values by name.
pub(super) type Attributes = BTreeMap<Name, Arc<str>>;

/// A node's content. Hashes are compared as they are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) hash: Arc<str>,
    pub(super) size: u64,
}

/// Bounds of what may be under a directory; none for no bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Quota {
    pub(super) nodes: Option<u64>,
    pub(super) bytes: Option<u64>,
}

/// One operation with its recorded answer.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Names what this operation makes, until the history tells the server's names.
    pub(super) tag: u32,
    pub(super) request: Request,
    pub(super) answer: Answer,
    /// The revision that the answer claims; of an unknown outcome, the one told otherwise.
    /// None of a read of the past: it says nothing of the present.
    pub(super) revision: Option<u64>,
    /// The dates that a conflicted copy may have whose name was not answered.
    pub(super) dates: Arc<[Name]>,
    /// See [`Operation::footprint`].
    pub(super) footprint: OnceCell<Arc<Footprint>>,
}

impl Operation {
    /// The names that it touches; found when they are asked for first.
    pub(super) fn footprint(&self) -> &Footprint {
        self.footprint.get_or_init(|| Arc::new(Footprint::of(&self.request)))
    }
}

/// What was asked.
#[derive(Debug, Clone)]
pub(super) enum Request {
    CreateNamespace {
        name: Name,
        policy: Policy,
        quota: Quota,
    },
    UpdateNamespace {
        ns: u64,
        name: Option<Name>,
        quota: Option<Quota>,
    },
    DeleteNamespace {
        ns: u64,
        recursive: bool,
    },
    GetNamespace(NamespaceRef),
    Steps {
        ns: u64,
        steps: Vec<Step>,
    },
    Read {
        ns: u64,
        /// What was there at this revision; none for now.
        at: Option<u64>,
        read: Read,
    },
    /// What differs between two revisions; without the second, from the first to now.
    Diff {
        ns: u64,
        from: u64,
        to: Option<u64>,
    },
    CreateSnapshot {
        ns: u64,
        name: Name,
    },
    DeleteSnapshot {
        ns: u64,
        name: Name,
    },
    ListSnapshots {
        ns: u64,
    },
    /// All of them, or those of a family of names.
    ListNamespaces {
        family: Option<Name>,
    },
    /// Where the journal ends.
    GetCursor {
        ns: u64,
    },
    /// Of a path, or of this node.
    AcquireLock {
        ns: u64,
        node: Option<u64>,
    },
    /// Renews or releases a lock.
    KeepLock,
}

#[derive(Debug, Clone)]
pub(super) enum NamespaceRef {
    Id(u64),
    Name(Name),
}

/// A read of nodes.
#[derive(Debug, Clone)]
pub(super) enum Read {
    Stat(Target),
    BatchStat(Vec<Target>),
    Lookup(Target),
    List {
        target: Target,
        recursive: bool,
    },
    /// The versions of a node; those after the revision that it is read at, too.
    Versions(Target),
}

/// One step of a mutation. A mutation that is no batch has one.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Mkdir { target: Target, parents: bool },
    Commit(Commit),
    Symlink { target: Target, to: Arc<str> },
    Copy { from: Target, to: Target, at: Option<u64> },
    Restore { target: Target, revision: u64 },
    Move(Move),
    Delete { target: Target, recursive: bool, guard: Option<u64> },
    SetAttributes(SetAttributes),
    SetQuota { target: Target, quota: Quota },
    Mount { target: Target, ns: u64 },
    Unmount { target: Target },
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

#[derive(Debug, Clone)]
pub(super) struct Move {
    pub(super) from: Target,
    pub(super) to: Target,
    pub(super) replace: bool,
    pub(super) guard: Option<u64>,
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Directory,
    File,
    Symlink,
    Mount,
}

impl Kind {
    const ALL: [Kind; 4] = [Kind::Directory, Kind::File, Kind::Symlink, Kind::Mount];

    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Directory => "directory",
            Kind::File => "file",
            Kind::Symlink => "symlink",
            Kind::Mount => "mount",
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
            Request::CreateNamespace { .. }
            | Request::DeleteNamespace { .. }
            | Request::CreateSnapshot { .. }
            | Request::DeleteSnapshot { .. }
            | Request::AcquireLock { .. }
            | Request::KeepLock => true,
            Request::UpdateNamespace { .. } => false,
            Request::Steps { steps, .. } => steps.iter().any(Step::always_changes),
            _ => false,
        }
    }

    /// Whether it changes nothing whatever the tree holds.
    pub(super) fn never_changes(&self) -> bool {
        match self {
            Request::GetNamespace(_)
            | Request::Read { .. }
            | Request::Diff { .. }
            | Request::ListSnapshots { .. }
            | Request::ListNamespaces { .. }
            | Request::GetCursor { .. } => true,
            Request::Steps { steps, .. } => {
                steps.iter().all(|step| matches!(step, Step::Check { .. }))
            }
            _ => false,
        }
    }

    /// Whether it may change something without giving any node another rev.
    pub(super) fn may_change_no_rev(&self) -> bool {
        let Request::Steps { steps, .. } = self else { return false };
        steps.iter().any(|step| matches!(step, Step::SetQuota { .. }))
    }

    pub(super) fn has_several_steps(&self) -> bool {
        matches!(self, Request::Steps { steps, .. } if steps.len() > 1)
    }

    /// Whether it is about a lock. Without an answer that says nothing of the tree.
    pub(super) fn is_of_locks(&self) -> bool {
        matches!(self, Request::AcquireLock { .. } | Request::KeepLock)
    }

    /// Whether what it answers depends on the past alone, so that its revision is not the
    /// present one.
    pub(super) fn is_of_the_past(&self) -> bool {
        self.past_revision().is_some()
    }

    /// The latest revision that a read of the past is of.
    pub(super) fn past_revision(&self) -> Option<u64> {
        match self {
            // It is of a node of then, but tells its later versions, too.
            Request::Read { read: Read::Versions(_), .. } => None,
            Request::Read { at, .. } => *at,
            Request::Diff { to, .. } => *to,
            _ => None,
        }
    }

    /// Whether it asks for what was there before.
    pub(super) fn asks_for_the_past(&self) -> bool {
        match self {
            Request::Read { read: Read::Versions(_), .. } | Request::Diff { .. } => true,
            Request::Read { at, .. } => at.is_some(),
            Request::Steps { steps, .. } => steps
                .iter()
                .any(|step| matches!(step, Step::Copy { at: Some(_), .. } | Step::Restore { .. })),
            _ => false,
        }
    }

    /// Whether a name in it is refused with this reason, whatever the tree holds.
    pub(super) fn is_malformed(&self, reason: Reason) -> bool {
        let bad = |target: &Target| target.names.as_ref().err() == Some(&reason);
        let bad_name = |name: &Name| check_name(name).err() == Some(reason);
        match self {
            Request::CreateNamespace { name, .. }
            | Request::CreateSnapshot { name, .. }
            | Request::DeleteSnapshot { name, .. }
            | Request::GetNamespace(NamespaceRef::Name(name)) => bad_name(name),
            Request::UpdateNamespace { name, .. } => name.as_ref().is_some_and(bad_name),
            Request::Read { read, .. } => match read {
                Read::Stat(target)
                | Read::Lookup(target)
                | Read::Versions(target)
                | Read::List { target, .. } => bad(target),
                Read::BatchStat(targets) => targets.iter().any(bad),
            },
            Request::Steps { steps, .. } => {
                let bad = |step: &Step| {
                    step.targets().into_iter().any(bad) || step.client_fault() == Some(reason)
                };
                steps.iter().any(bad)
            }
            _ => false,
        }
    }

    /// Whether the tree alone decides if it is refused with `LIMIT_EXCEEDED`: of the limits
    /// besides those of names, only that of copies is part of the model.
    pub(super) fn has_only_limits_of_copies(&self) -> bool {
        let Request::Steps { steps, .. } = self else { return false };
        let has_others = |step: &Step| match step {
            Step::SetAttributes(_)
            | Step::Symlink { .. }
            | Step::Mount { .. }
            | Step::Restore { .. } => true,
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
            Step::Symlink { .. }
            | Step::Copy { .. }
            | Step::Delete { .. }
            | Step::Mount { .. }
            | Step::Unmount { .. } => true,
            Step::Move(_)
            | Step::Restore { .. }
            | Step::SetAttributes(_)
            | Step::SetQuota { .. }
            | Step::Check { .. } => false,
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
            | Step::Restore { target, .. }
            | Step::SetQuota { target, .. }
            | Step::Mount { target, .. }
            | Step::Unmount { target }
            | Step::Check { target, .. } => vec![target],
            Step::Commit(commit) => vec![&commit.target],
            Step::SetAttributes(change) => vec![&change.target],
            Step::Copy { from, to, .. } | Step::Move(Move { from, to, .. }) => vec![from, to],
        }
    }
}
