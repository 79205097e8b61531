//! Unlinks a node and all that is under it, at the cost of one node.

use metad_proto::planted;

use super::check_rev;
use crate::{
    kv::KvTxn,
    tree::{Tried, edit::Edit},
    types::{NameInvalid, NodeRef, Rejection, Revision, StepResult},
};

pub(super) fn delete(
    edit: &mut Edit<impl KvTxn>,
    target: &NodeRef,
    recursive: bool,
    rev: Option<Revision>,
) -> Tried<StepResult> {
    let found = edit.find(target)?;
    if found.is_root() {
        return Err(Rejection::NameInvalid(NameInvalid::Root).into());
    }
    check_rev(&found.node, rev)?;
    if !recursive
        && !planted!(DeleteIgnoresChildren)
        && edit.reader().usage(found.node.id)?.nodes > 0
    {
        return Err(Rejection::NotEmpty.into());
    }
    Ok(edit.remove(&found.way, found.node)?)
}
