//! The operations, one file each. Each refuses before its first write, so that a
//! refused one has nothing to undo.

mod check;
mod commit;
mod conflicted_copy;
mod copy;
mod delete;
mod lock;
mod mkdir;
mod mount;
mod namespace;
mod relocate;
mod restore;
mod set_attributes;
mod set_quota;
mod snapshot;
mod symlink;

pub(super) use lock::{acquire_lock, check_fences, release_lock, renew_lock};
pub(super) use namespace::{create_namespace, delete_namespace, update_namespace};
pub(super) use snapshot::{create_snapshot, delete_snapshot};

use super::{Tried, edit::Edit, reader::Way};
use crate::{
    kv::KvTxn,
    types::{NameInvalid, Node, Rejection, Revision, Step, StepResult},
};

/// Runs one step.
pub(super) fn step(edit: &mut Edit<impl KvTxn>, step: &Step) -> Tried<StepResult> {
    match step {
        Step::Mkdir { target, parents: false } => mkdir::mkdir(edit, target),
        Step::Mkdir { target, parents: true } => mkdir::mkdir_with_parents(edit, target),
        Step::Commit { target, content, mode, autorename } => {
            commit::commit(edit, target, content, *mode, autorename.as_deref())
        }
        Step::Symlink { target, to } => symlink::symlink(edit, target, to),
        Step::Copy { from, to, at } => copy::copy(edit, from, to, *at),
        Step::Mount { target, namespace } => mount::mount(edit, target, *namespace),
        Step::Unmount { target } => mount::unmount(edit, target),
        Step::SetQuota { target, quota } => set_quota::set_quota(edit, target, *quota),
        Step::Restore { target, revision } => restore::restore(edit, target, *revision),
        Step::SetAttributes { target, set, remove, rev } => {
            set_attributes::set_attributes(edit, target, set, remove, *rev)
        }
        Step::Check { target, condition } => check::check(edit, target, *condition),
        Step::Move { from, to, replace, rev } => relocate::relocate(edit, from, to, *replace, *rev),
        Step::Delete { target, recursive, rev } => delete::delete(edit, target, *recursive, *rev),
    }
}

/// Refuses if the client saw another rev than the node has.
fn check_rev(node: &Node, seen: Option<Revision>) -> Result<(), Rejection> {
    match seen {
        Some(rev) if rev != node.rev => Err(Rejection::Conflict { current: node.rev }),
        _ => Ok(()),
    }
}

/// Refuses names of a namespace in one that tells them apart otherwise.
fn check_policies(from: &Way, to: &Way) -> Result<(), Rejection> {
    if from.namespace.policy != to.namespace.policy {
        return Err(Rejection::NameInvalid(NameInvalid::Policy));
    }
    Ok(())
}

/// A step that finds everything as it should be: it changes nothing.
fn unchanged(node: &Node) -> StepResult {
    StepResult::of(node.id, node.rev)
}
