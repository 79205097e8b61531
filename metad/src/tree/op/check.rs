//! Preconditions: a step that changes nothing, and refuses unless something holds.

use crate::{
    kv::KvTxn,
    tree::{Stop, Tried, edit::Edit},
    types::{Condition, Node, NodeId, NodeRef, Rejection, Revision, StepResult},
};

use super::unchanged;

pub(super) fn check(
    edit: &mut Edit<impl KvTxn>,
    target: &NodeRef,
    condition: Condition,
) -> Tried<StepResult> {
    let node = match edit.reader().find(edit.namespace(), target) {
        Ok(found) => Some(found.node),
        Err(Stop::Rejected(_)) => None,
        Err(fault) => return Err(fault),
    };
    let holds = match (condition, &node) {
        (Condition::Unchanged(since), _) => edit.last_change()? <= since,
        (Condition::Absent, None) | (Condition::Exists, Some(_)) => true,
        (Condition::Rev(rev), Some(node)) => node.rev == rev,
        (Condition::Kind(kind), Some(node)) => node.kind() == kind,
        _ => false,
    };
    if !holds {
        return Err(Rejection::PreconditionFailed.into());
    }
    Ok(node
        .as_ref()
        .map_or(StepResult::of(NodeId::NONE, Revision(0)), |node: &Node| unchanged(node)))
}
