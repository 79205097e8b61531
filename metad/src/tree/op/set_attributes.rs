//! Changes what clients keep with a node.

use metad_proto::limits;

use super::{check_rev, unchanged};
use crate::{
    kv::KvTxn,
    tree::{Tried, edit::Edit},
    types::{Attributes, NameInvalid, NodeRef, Rejection, Revision, StepResult},
};

pub(super) fn set_attributes(
    edit: &mut Edit<impl KvTxn>,
    target: &NodeRef,
    set: &Attributes,
    remove: &[String],
    rev: Option<Revision>,
) -> Tried<StepResult> {
    let found = edit.find(target)?;
    if found.is_root() {
        return Err(Rejection::NameInvalid(NameInvalid::Root).into());
    }
    check_rev(&found.node, rev)?;
    let mut attributes = found.node.attributes.clone();
    for name in remove {
        attributes.remove(name);
    }
    attributes.extend(set.clone());
    if attributes == found.node.attributes {
        return Ok(unchanged(&found.node));
    }
    check_size(&attributes)?;
    Ok(edit.set_attributes(found, attributes)?)
}

fn check_size(attributes: &Attributes) -> Result<(), Rejection> {
    let size: usize = attributes.iter().map(|(name, value)| name.len() + value.len()).sum();
    if size > limits::ATTRIBUTES_BYTES_MAX {
        let value = limits::ATTRIBUTES_BYTES_MAX as u64;
        return Err(Rejection::LimitExceeded { limit: limits::ATTRIBUTES_BYTES, value });
    }
    Ok(())
}
