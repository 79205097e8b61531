//! The graph of mounts: which namespace shows which. It has no cycle.
//!
//! An edge is a record of the shown namespace with the mount's id; which namespace the mount
//! is in, the way up from it tells. So a tree with mounts moves to another namespace at the
//! cost of one node, and an edge of a deleted mount leads nowhere until it is reclaimed.

use std::collections::BTreeSet;

use metad_proto::limits;

use super::{
    Tried,
    reader::{Found, Reader},
};
use crate::{
    kv::{KvRead, Result},
    records::key,
    types::{NamespaceId, Node, NodeId, Rejection, Usage},
};

/// Whether one more mount may show a namespace, in another one.
pub(super) fn check_new(
    reader: &Reader<impl KvRead>,
    shown: NamespaceId,
    inside: NamespaceId,
) -> Tried<()> {
    if leading_to(reader, inside, None)?.is_none_or(|above| above.contains(&shown)) {
        return Err(Rejection::Cycle.into());
    }
    if live_mounts(reader, shown)? >= limits::MOUNTS_MAX {
        let (limit, value) = (limits::MOUNTS, limits::MOUNTS_MAX as u64);
        return Err(Rejection::LimitExceeded { limit, value }.into());
    }
    Ok(())
}

/// Whether all mounts among these nodes may be made again in a namespace.
pub(super) fn check_copies(
    reader: &Reader<impl KvRead>,
    nodes: &[(Node, Usage)],
    inside: NamespaceId,
) -> Tried<()> {
    let shown: BTreeSet<_> = nodes.iter().filter_map(|(node, _)| node.mounted()).collect();
    for shown in shown {
        check_new(reader, shown, inside)?;
    }
    Ok(())
}

/// Whether a node may go to a namespace with all mounts that are under it.
pub(super) fn check_move(
    reader: &Reader<impl KvRead>,
    moved: &Found,
    to: NamespaceId,
) -> Tried<()> {
    let holds_mounts = moved.node.is_directory() || moved.node.mounted().is_some();
    if moved.way.namespace.id == to || !holds_mounts {
        return Ok(());
    }
    match leading_to(reader, to, Some(moved.node.id))? {
        Some(_) => Ok(()),
        None => Err(Rejection::Cycle.into()),
    }
}

/// The namespaces that lead to one over mounts, itself included; None if one of these mounts
/// is a given node, or under it.
fn leading_to(
    reader: &Reader<impl KvRead>,
    to: NamespaceId,
    without: Option<NodeId>,
) -> Result<Option<BTreeSet<NamespaceId>>> {
    let (mut found, mut queue) = (BTreeSet::from([to]), vec![to]);
    while let Some(shown) = queue.pop() {
        for mount in mounts_of(reader, shown)? {
            let Some((namespace, way)) = reader.way_up(mount)? else { continue };
            if without.is_some_and(|without| way.contains(&without)) {
                return Ok(None);
            }
            if found.insert(namespace) {
                queue.push(namespace);
            }
        }
    }
    Ok(Some(found))
}

fn mounts_of(reader: &Reader<impl KvRead>, shown: NamespaceId) -> Result<Vec<NodeId>> {
    let range = key::mounts_of(reader.group, shown);
    let mounts = reader.view.scan(&range.start, &range.end);
    mounts.map(|pair| Ok(NodeId(key::last_id(&pair?.0).expect("whole keys")))).collect()
}

fn live_mounts(reader: &Reader<impl KvRead>, shown: NamespaceId) -> Result<usize> {
    let mounts = mounts_of(reader, shown)?;
    if mounts.len() < limits::MOUNTS_MAX {
        return Ok(mounts.len());
    }
    let mut live = 0;
    for mount in mounts {
        live += usize::from(reader.way_up(mount)?.is_some());
    }
    Ok(live)
}
