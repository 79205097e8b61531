//! Gives a node another parent or name, at the cost of one node.

use super::{check_rev, unchanged};
use crate::{
    kv::KvTxn,
    tree::{
        Tried,
        edit::{Edit, Place},
        reader::Slot,
    },
    types::{Node, NodeRef, Rejection, Revision, StepResult},
};

pub(super) fn relocate(
    edit: &mut Edit<impl KvTxn>,
    from: &NodeRef,
    to: &NodeRef,
    replace: bool,
    rev: Option<Revision>,
) -> Tried<StepResult> {
    let found = edit.reader().find(edit.namespace(), from)?;
    if found.above.is_empty() {
        return Err(Rejection::Cycle.into());
    }
    check_rev(&found.node, rev)?;
    let slot = edit.reader().slot(edit.namespace(), to)?;
    // The way to the new place leads through the node itself.
    if slot.above.contains(&found.node.id) {
        return Err(Rejection::Cycle.into());
    }
    let Slot { above, name, taken } = slot;
    if let Some(other) = taken.as_ref().filter(|other| other.id != found.node.id) {
        check_replace(edit, &found.node, other, replace)?;
    }
    let Some(name) = name else { return Err(Rejection::NotEmpty.into()) };
    if found.node.name.as_ref() == Some(&name) && above == found.above {
        return Ok(unchanged(&found.node));
    }
    let place = Place::new(&above, &name)?;
    let replaced = taken.filter(|other| other.id != found.node.id);
    edit.check_move(&found.above, &found.node, &above, replaced.as_ref())?;
    if let Some(other) = replaced {
        edit.remove(&above, &other)?;
    }
    Ok(edit.relocate(&found.above, found.node, place)?)
}

/// Whether a node may take the place of another one.
fn check_replace(edit: &Edit<impl KvTxn>, node: &Node, other: &Node, replace: bool) -> Tried<()> {
    if !replace {
        return Err(Rejection::AlreadyExists.into());
    }
    match (node.is_directory(), other.is_directory()) {
        (false, true) => Err(Rejection::IsADirectory.into()),
        (true, false) => Err(Rejection::NotADirectory.into()),
        (true, true) if edit.reader().usage(other.id)?.nodes > 0 => Err(Rejection::NotEmpty.into()),
        _ => Ok(()),
    }
}
