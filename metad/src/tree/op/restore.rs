//! Brings back what was at a place: the content that a file had, or a tree that is gone.

use super::{check_policies, copy::gather_at, unchanged};
use crate::{
    kv::KvTxn,
    tree::{
        Stop, Tried,
        edit::{Edit, Place},
        reader::Found,
    },
    types::{NodeRef, Path, Rejection, Revision, StepResult},
};

/// The place that a node had, by the id of its parent.
fn place_of(found: &Found) -> Result<NodeRef, Rejection> {
    // A root that is gone is gone with its namespace.
    let name = found.node.name.clone().ok_or(Rejection::NotFound)?;
    Ok(NodeRef { start: found.node.parent, path: Path::of(vec![name]) })
}

/// A file that is still there gets its content of then. What is gone is made again, with
/// new ids: an id is never used twice.
pub(super) fn restore(
    edit: &mut Edit<impl KvTxn>,
    target: &NodeRef,
    revision: Revision,
) -> Tried<StepResult> {
    let then = edit.find_at(Some(revision), target)?;
    let slot = match edit.slot(target) {
        // What is named by its id, and gone, goes back to where it was.
        Err(Stop::Rejected(Rejection::NotFound)) if target.path.names().is_empty() => {
            edit.slot(&place_of(&then)?)?
        }
        slot => slot?,
    };
    check_policies(&then.way, &slot.way)?;
    let Some(name) = &slot.name else { return Err(Rejection::AlreadyExists.into()) };
    let Some(now) = slot.taken else {
        let nodes = gather_at(edit, Some(revision), then.node, slot.way.above.len())?;
        edit.check_mounts(&nodes, slot.way.namespace.id)?;
        return edit.create_like(Place::new(&slot.way, name)?, nodes);
    };
    match (now.content(), then.node.content()) {
        (Some(content), Some(before)) if now.id == then.node.id => match content == before {
            true => Ok(unchanged(&now)),
            false => edit.update(&slot.way, now.clone(), before.clone()),
        },
        _ => Err(Rejection::AlreadyExists.into()),
    }
}
