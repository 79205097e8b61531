//! Which names an operation reads and writes: operations that do not meet there are independent.
//!
//! An operation's footprint is told from its request alone, so it is the same wherever the
//! operation stands, and says too much rather than too little: a path is resolved through all
//! directories above it, and whatever is written at a name counts as written to all below it.
//! Names count as the same if either policy has them the same.
//!
//! Where operations meet otherwise than by names, nothing is independent ([`names_tell_all`]).

use super::answer::Answer;
use super::operation::{Commit, Move, Name, Operation, Quota, Read, Request, Step, Target};
use super::state::Tracked;
use crate::model::{Entry, hash_bytes};
use crate::names::Policy;

/// The names that an operation touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Footprint {
    /// Any, for all that the request tells.
    Everything,
    Names(Vec<Touch>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Touch {
    ns: u64,
    path: Vec<Name>,
    reach: Reach,
}

/// What of a name is read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// The node there is read.
    Node,
    /// And which children it has, or something of each.
    Children,
    /// And all that is under it.
    All,
    /// Something is made, changed or removed there.
    Written,
}

impl Footprint {
    pub(super) fn of(request: &Request) -> Footprint {
        let mut touches = Vec::new();
        let is_named = match request {
            Request::Steps { ns, steps } => {
                steps.iter().all(|step| touch_step(*ns, step, &mut touches))
            }
            Request::Read { ns, at: None, read } => touch_read(*ns, read, &mut touches),
            _ => false,
        };
        if is_named { Footprint::Names(touches) } else { Footprint::Everything }
    }

    /// Whether two operations do the same in either order.
    pub(super) fn is_apart(&self, other: &Footprint) -> bool {
        let (Footprint::Names(left), Footprint::Names(right)) = (self, other) else { return false };
        left.iter().all(|left| right.iter().all(|right| left.is_apart(right)))
    }

    /// The top directory that it stays in.
    pub(super) fn locality(&self) -> Option<u64> {
        let Footprint::Names(touches) = self else { return None };
        let top = |touch: &Touch| {
            let name = touch.path.first()?;
            Some(hash_bytes(name.as_bytes()) as u64 ^ touch.ns)
        };
        let first = top(touches.first()?)?;
        touches.iter().all(|touch| top(touch) == Some(first)).then_some(first)
    }
}

impl Touch {
    fn is_apart(&self, other: &Touch) -> bool {
        let (left, right) = (self, other);
        if left.ns != right.ns || (left.reach != Reach::Written && right.reach != Reach::Written) {
            return true;
        }
        let (shorter, longer) = match left.path.len() <= right.path.len() {
            true => (left, right),
            false => (right, left),
        };
        let depth = shorter.path.len();
        if longer.path[..depth] != shorter.path[..] {
            return true;
        }
        // What is written below a node matters to who looks there.
        longer.path.len() > depth
            && match shorter.reach {
                Reach::Node => true,
                Reach::Children => longer.path.len() > depth + 1,
                Reach::All | Reach::Written => false,
            }
    }
}

/// False if the request does not tell the name.
fn touch(ns: u64, target: &Target, reach: Reach, touches: &mut Vec<Touch>) -> bool {
    match (&target.names, target.start) {
        // Refused whatever there is.
        (Err(_), None) => true,
        (Ok(names), None) => {
            let path = names.iter().map(|name| Name::from(Policy::Casefold.key(name)));
            touches.push(Touch { ns, path: path.collect(), reach });
            true
        }
        (_, Some(_)) => false,
    }
}

fn touch_step(ns: u64, step: &Step, touches: &mut Vec<Touch>) -> bool {
    match step {
        Step::Mkdir { target, parents: true } => touch_ancestors(ns, target, touches),
        Step::Mkdir { target, parents: false }
        | Step::Symlink { target, .. }
        | Step::Delete { target, .. }
        | Step::Commit(Commit { target, autorename: None, .. }) => {
            touch(ns, target, Reach::Written, touches)
        }
        // What it is named depends on its siblings.
        Step::Commit(Commit { target, .. }) => match target.parent() {
            Some(parent) => touch(ns, &parent, Reach::Written, touches),
            None => touch(ns, target, Reach::Written, touches),
        },
        Step::SetAttributes(change) => touch(ns, &change.target, Reach::Written, touches),
        Step::Move(Move { from, to, .. }) => {
            touch(ns, from, Reach::Written, touches) && touch(ns, to, Reach::Written, touches)
        }
        Step::Copy { from, to, at: None } => {
            touch(ns, from, Reach::All, touches) && touch(ns, to, Reach::Written, touches)
        }
        Step::Check { target, .. } => touch(ns, target, Reach::Node, touches),
        Step::Copy { at: Some(_), .. }
        | Step::Restore { .. }
        | Step::SetQuota { .. }
        | Step::Mount { .. }
        | Step::Unmount { .. } => false,
    }
}

/// Whatever is missing on the way is made.
fn touch_ancestors(ns: u64, target: &Target, touches: &mut Vec<Touch>) -> bool {
    let mut target = target.clone();
    let mut is_named = touch(ns, &target, Reach::Written, touches);
    while let Some(parent) = target.parent().filter(|parent| parent.parent().is_some()) {
        is_named &= touch(ns, &parent, Reach::Written, touches);
        target = parent;
    }
    is_named
}

fn touch_read(ns: u64, read: &Read, touches: &mut Vec<Touch>) -> bool {
    match read {
        // A directory's answer may count what is under it.
        Read::Stat(target) => touch(ns, target, Reach::All, touches),
        Read::BatchStat(targets) => {
            targets.iter().all(|target| touch(ns, target, Reach::All, touches))
        }
        Read::Lookup(target) => touch(ns, target, Reach::Node, touches),
        Read::List { target, recursive: true } => touch(ns, target, Reach::All, touches),
        Read::List { target, recursive: false } => touch(ns, target, Reach::Children, touches),
        Read::Versions(_) => false,
    }
}

impl Target {
    /// None of what has no name.
    fn parent(&self) -> Option<Target> {
        let names = self.names.as_deref().ok()?;
        let (_, above) = names.split_last()?;
        Some(Target { start: self.start, names: Ok(above.to_vec()) })
    }
}

/// Whether names are all that the operations of a history meet by, but for those that touch
/// everything. They also meet by the past, by counts of changes, quotas and mounts, and by
/// namespaces whose id nobody was told.
pub(super) fn names_tell_all(entries: &[Entry<Operation>], tracked: Tracked) -> bool {
    let joins = |entry: &Entry<Operation>| match &entry.operation.request {
        Request::Steps { steps, .. } => steps.iter().any(joins),
        Request::CreateNamespace { quota, .. } => {
            let is_told =
                matches!(&entry.operation.answer, Answer::Namespace(answer) if answer.id.is_some());
            let is_refused = matches!(entry.operation.answer, Answer::Rejected { .. });
            !(is_told || is_refused) || *quota != Quota::default()
        }
        Request::UpdateNamespace { quota, .. } => quota.is_some(),
        _ => false,
    };
    !tracked.past && !tracked.changes && !entries.iter().any(joins)
}

fn joins(step: &Step) -> bool {
    matches!(step, Step::SetQuota { .. } | Step::Mount { .. } | Step::Unmount { .. })
}
