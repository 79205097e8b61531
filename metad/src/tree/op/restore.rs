//! Brings back what was at a place: the content that a file had, or a tree that is gone.

use super::{check_policies, copy::gather_at, unchanged};
use crate::{
    kv::KvTxn,
    tree::{
        Tried,
        edit::{Edit, Place},
    },
    types::{NodeRef, Rejection, Revision, StepResult},
};

/// A file that is still there gets its content of then. What is gone is made again, with
/// new ids: an id is never used twice.
pub(super) fn restore(
    edit: &mut Edit<impl KvTxn>,
    target: &NodeRef,
    revision: Revision,
) -> Tried<StepResult> {
    let then = edit.find_at(Some(revision), target)?;
    let slot = edit.slot(target)?;
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
