//! Bounds what may be under a directory; under the root, what the namespace may hold.

use metad_proto::errors::{BYTES, NODES};

use super::unchanged;
use crate::{
    kv::KvTxn,
    tree::{Tried, edit::Edit},
    types::{NodeId, NodeRef, Quota, Rejection, StepResult, Usage},
};

/// What is there already must fit: a quota is never exceeded, not even for a moment.
pub(super) fn set_quota(
    edit: &mut Edit<impl KvTxn>,
    target: &NodeRef,
    quota: Quota,
) -> Tried<StepResult> {
    let node = edit.find(target)?.node;
    if !node.is_directory() {
        return Err(Rejection::NotADirectory.into());
    }
    let account = edit.reader().account(node.id)?;
    check_fits(node.id, account.usage, quota)?;
    if account.quota != quota {
        edit.set_quota(node.id, quota)?;
    }
    Ok(unchanged(&node))
}

/// Refuses a quota for less than there is.
pub(super) fn check_fits(directory: NodeId, used: Usage, quota: Quota) -> Result<(), Rejection> {
    let bounds = [(quota.nodes, NODES, used.nodes), (quota.bytes, BYTES, used.bytes)];
    for (bound, of, used) in bounds {
        if let Some(value) = bound.filter(|bound| used > *bound) {
            return Err(Rejection::QuotaExceeded { directory, of, value });
        }
    }
    Ok(())
}
