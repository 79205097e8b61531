//! Makes directories.

use std::iter;

use crate::{
    kv::KvTxn,
    tree::{
        Tried,
        edit::{Edit, Place},
        op::unchanged,
        reader::check_depth,
    },
    types::{Body, Kind, NodeRef, Path, Rejection, StepResult},
};

pub(super) fn mkdir(edit: &mut Edit<impl KvTxn>, target: &NodeRef) -> Tried<StepResult> {
    let slot = edit.slot(target)?;
    match (slot.taken, &slot.name) {
        (None, Some(name)) => edit.create(Place::new(&slot.way, name)?, Body::Directory),
        _ => Err(Rejection::AlreadyExists.into()),
    }
}

/// Also makes missing ancestors, and is content with a directory that is there.
pub(super) fn mkdir_with_parents(
    edit: &mut Edit<impl KvTxn>,
    target: &NodeRef,
) -> Tried<StepResult> {
    let start = NodeRef { start: target.start, path: Path::default() };
    let mut found = edit.find(&start)?;
    let mut names = target.path.names().iter();
    let mut missing = None;
    for name in names.by_ref() {
        found = edit.reader().enter(found)?;
        let name = found.way.namespace.policy.name(name);
        found.way.above.push(found.node.id);
        match edit.reader().child(found.node.id, name.key())? {
            Some(child) => found.node = child,
            None => {
                missing = Some(name);
                break;
            }
        }
    }
    check_depth(found.way.above.len() + names.len())?;
    let Some(first) = missing else {
        return match found.node.kind() {
            Kind::Directory | Kind::Mount => Ok(unchanged(&found.node)),
            Kind::File | Kind::Symlink => Err(Rejection::AlreadyExists.into()),
        };
    };
    let policy = found.way.namespace.policy;
    let missing = iter::once(first).chain(names.map(|name| policy.name(name))).collect();
    edit.create_chain(&found.way, missing)
}
