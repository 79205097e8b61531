//! Preconditions: a step that changes nothing, and refuses unless something holds.

use metad_proto::planted;

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
    let node = match edit.find(target) {
        Ok(found) => Some(found.node),
        // Whether it is there is not known.
        Err(too_deep @ Stop::Rejected(Rejection::LimitExceeded { .. })) => return Err(too_deep),
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
    let is_skipped = planted!(LaterPreconditionsSkipped) && edit.has_changed();
    if !(holds || is_skipped) {
        return Err(Rejection::PreconditionFailed.into());
    }
    Ok(node
        .as_ref()
        .map_or(StepResult::of(NodeId::NONE, Revision(0)), |node: &Node| unchanged(node)))
}
