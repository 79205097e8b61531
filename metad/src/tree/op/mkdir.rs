//! Makes directories.

use crate::{
    kv::KvTxn,
    tree::{
        Tried,
        edit::{Edit, Place, check_depth},
        op::unchanged,
        reader::root,
    },
    types::{Body, NodeRef, Path, Rejection, StepResult, Usage},
};

pub(super) fn mkdir(edit: &mut Edit<impl KvTxn>, target: &NodeRef) -> Tried<StepResult> {
    let slot = edit.reader().slot(edit.namespace(), target)?;
    match (slot.taken, &slot.name) {
        (None, Some(name)) => edit.create(Place::new(&slot.above, name)?, Body::Directory),
        _ => Err(Rejection::AlreadyExists.into()),
    }
}

/// Also makes missing ancestors, and is content with a directory that is there.
pub(super) fn mkdir_with_parents(
    edit: &mut Edit<impl KvTxn>,
    target: &NodeRef,
) -> Tried<StepResult> {
    let start = NodeRef { start: target.start, path: Path::default() };
    let found = edit.reader().find(edit.namespace(), &start)?;
    let (mut above, mut node) = (found.above, found.node);
    let mut names = target.path.names().iter();
    let mut missing = None;
    for name in names.by_ref() {
        if !node.is_directory() {
            return Err(Rejection::NotADirectory.into());
        }
        above.push(node.id);
        match edit.reader().child(node.id, name)? {
            Some(child) => node = child,
            None => {
                missing = Some(name);
                break;
            }
        }
    }
    let Some(first) = missing else {
        return if node.is_directory() {
            Ok(unchanged(&node))
        } else {
            Err(Rejection::AlreadyExists.into())
        };
    };
    debug_assert!(above.first() == Some(&root(edit.namespace()).id), "the way starts at the root");
    check_depth(above.len() + names.len())?;
    let missing = Usage { nodes: 1 + names.len() as u64, bytes: 0 };
    edit.check_room(&above, missing, Usage::default())?;
    let mut made = edit.create(Place::new(&above, first)?, Body::Directory)?;
    for name in names {
        above.push(made.id);
        made = edit.create(Place::new(&above, name)?, Body::Directory)?;
    }
    Ok(made)
}
