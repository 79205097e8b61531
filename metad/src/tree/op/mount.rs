//! Shows the root of another namespace at a place, and no longer.

use crate::{
    kv::KvTxn,
    tree::{
        Tried,
        edit::{Edit, Place},
    },
    types::{Body, NamespaceId, NodeRef, Rejection, StepResult},
};

pub(super) fn mount(
    edit: &mut Edit<impl KvTxn>,
    target: &NodeRef,
    shown: NamespaceId,
) -> Tried<StepResult> {
    let slot = edit.slot(target)?;
    let (None, Some(name)) = (&slot.taken, &slot.name) else {
        return Err(Rejection::AlreadyExists.into());
    };
    edit.reader().namespace(shown)?;
    edit.check_mount(shown, slot.way.namespace.id)?;
    edit.create(Place::new(&slot.way, name)?, Body::Mount(shown))
}

pub(super) fn unmount(edit: &mut Edit<impl KvTxn>, target: &NodeRef) -> Tried<StepResult> {
    let found = edit.find(target)?;
    if found.node.mounted().is_none() {
        return Err(Rejection::NotFound.into());
    }
    Ok(edit.remove(&found.way, found.node)?)
}
