//! Makes a file or replaces its content: the heart of sync.

use crate::{
    kv::KvTxn,
    tree::{
        Tried,
        edit::{Edit, Place},
        op::unchanged,
    },
    types::{CommitMode, Content, Node, NodeId, NodeRef, Rejection, StepResult},
};

pub(super) fn commit(
    edit: &mut Edit<impl KvTxn>,
    target: &NodeRef,
    content: &Content,
    mode: CommitMode,
) -> Tried<StepResult> {
    let slot = edit.reader().slot(edit.namespace(), target)?;
    match (slot.taken, &slot.name) {
        (Some(node), _) => replace(edit, &slot.above, node, content, mode),
        (None, _) if matches!(mode, CommitMode::Update { .. }) => Err(Rejection::NotFound.into()),
        (None, Some(name)) => edit.create(Place::new(&slot.above, name)?, Some(content.clone())),
        (None, None) => unreachable!("the root's place is always taken"),
    }
}

fn replace(
    edit: &mut Edit<impl KvTxn>,
    above: &[NodeId],
    node: Node,
    content: &Content,
    mode: CommitMode,
) -> Tried<StepResult> {
    if mode == CommitMode::Create {
        return Err(Rejection::AlreadyExists.into());
    }
    let Some(before) = &node.content else {
        return Err(Rejection::IsADirectory.into());
    };
    match mode {
        CommitMode::Update { rev } if rev != node.rev => {
            if before.same_bytes(content) {
                return Ok(unchanged(&node));
            }
            Err(Rejection::Conflict { current: node.rev }.into())
        }
        _ => edit.update(above, node, content.clone()),
    }
}
