//! Makes a symlink. The service keeps its text and does not follow it.

use crate::{
    kv::KvTxn,
    tree::{
        Tried,
        edit::{Edit, Place},
    },
    types::{Body, NodeRef, Rejection, StepResult},
};

pub(super) fn symlink(
    edit: &mut Edit<impl KvTxn>,
    target: &NodeRef,
    to: &str,
) -> Tried<StepResult> {
    let slot = edit.slot(target)?;
    match (slot.taken, &slot.name) {
        (None, Some(name)) => edit.create(Place::new(&slot.way, name)?, Body::Symlink(to.into())),
        _ => Err(Rejection::AlreadyExists.into()),
    }
}
