//! Gives a node another parent or name, perhaps in another tree, at the cost of one node.

use metad_proto::planted;

use super::{check_policies, check_rev, unchanged};
use crate::{
    kv::KvTxn,
    tree::{
        Tried,
        edit::{Edit, Place},
        reader::Slot,
    },
    types::{Kind, Node, NodeRef, Rejection, Revision, StepResult},
};

pub(super) fn relocate(
    edit: &mut Edit<impl KvTxn>,
    from: &NodeRef,
    to: &NodeRef,
    replace: bool,
    rev: Option<Revision>,
) -> Tried<StepResult> {
    let found = edit.find(from)?;
    if found.is_root() {
        return Err(Rejection::Cycle.into());
    }
    check_rev(&found.node, rev)?;
    let slot = edit.slot(to)?;
    // The way to the new place leads through the node itself.
    if slot.way.above.contains(&found.node.id) && !planted!(MoveIgnoresAncestors) {
        return Err(Rejection::Cycle.into());
    }
    check_policies(&found.way, &slot.way)?;
    edit.check_moved_mounts(&found, slot.way.namespace.id)?;
    let Slot { way, name, taken } = slot;
    if let Some(other) = taken.as_ref().filter(|other| other.id != found.node.id) {
        check_replace(edit, &found.node, other, replace)?;
    }
    let Some(name) = name else { return Err(Rejection::NotEmpty.into()) };
    if found.node.name.as_ref() == Some(&name) && way.above == found.way.above {
        return Ok(unchanged(&found.node));
    }
    let place = Place::new(&way, &name)?;
    let replaced = taken.filter(|other| other.id != found.node.id);
    edit.check_move(&found.way, &found.node, &way, replaced.as_ref())?;
    if let Some(other) = replaced {
        edit.remove(&way, other)?;
    }
    Ok(edit.relocate(&found.way, found.node, place)?)
}

/// Whether a node may take the place of another one.
fn check_replace(edit: &Edit<impl KvTxn>, node: &Node, other: &Node, replace: bool) -> Tried<()> {
    if !replace {
        return Err(Rejection::AlreadyExists.into());
    }
    let holds_nodes = |node: &Node| matches!(node.kind(), Kind::Directory | Kind::Mount);
    match (holds_nodes(node), holds_nodes(other)) {
        (false, true) => Err(Rejection::IsADirectory.into()),
        (true, false) => Err(Rejection::NotADirectory.into()),
        (true, true) if other.kind() == Kind::Mount => Err(Rejection::NotEmpty.into()),
        (true, true) if edit.reader().usage(other.id)?.nodes > 0 => Err(Rejection::NotEmpty.into()),
        _ => Ok(()),
    }
}
