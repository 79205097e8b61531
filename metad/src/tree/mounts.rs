//! The graph of mounts: which namespace shows which. It has no cycle.
//!
//! An edge is a record of the shown namespace with the mount's id; which namespace the mount
//! is in, the way up from it tells. So a tree with mounts moves to another namespace at the
//! cost of one node, and an edge of a deleted mount leads nowhere until it is reclaimed.

use std::collections::{BTreeMap, BTreeSet};

use metad_proto::limits;

use super::{
    Tried,
    reader::{Found, Reader},
};
use crate::{
    kv::{KvRead, Result},
    records::{key, node::Location},
    types::{NamespaceId, Node, NodeId, Rejection, Usage},
};

/// Whether one more mount may show a namespace, in another one.
pub(super) fn check_new(
    reader: &Reader<impl KvRead>,
    shown: NamespaceId,
    inside: NamespaceId,
) -> Tried<()> {
    check_shown(reader, shown, leading_to(reader, inside, None)?.as_ref())
}

fn check_shown(
    reader: &Reader<impl KvRead>,
    shown: NamespaceId,
    above: Option<&BTreeSet<NamespaceId>>,
) -> Tried<()> {
    if above.is_none_or(|above| above.contains(&shown)) {
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
    if shown.is_empty() {
        return Ok(());
    }
    let above = leading_to(reader, inside, None)?;
    for shown in shown {
        check_shown(reader, shown, above.as_ref())?;
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
    let mut climb = Climb { reader, without, known: BTreeMap::new() };
    while let Some(shown) = queue.pop() {
        for mount in mounts_of(reader, shown)? {
            match climb.top(mount)? {
                Top::Nowhere => {}
                Top::Without => return Ok(None),
                Top::Root(namespace) => {
                    if found.insert(namespace) {
                        queue.push(namespace);
                    }
                }
            }
        }
    }
    Ok(Some(found))
}

/// Where a way up ends.
#[derive(Clone, Copy)]
enum Top {
    Root(NamespaceId),
    /// It passes the node that is left out.
    Without,
    /// At something that was deleted.
    Nowhere,
}

/// Goes up from many mounts, and over what they have in common once.
struct Climb<'r, V> {
    reader: &'r Reader<'r, V>,
    without: Option<NodeId>,
    known: BTreeMap<NodeId, Top>,
}

impl<V: KvRead> Climb<'_, V> {
    fn top(&mut self, mount: NodeId) -> Result<Top> {
        let (mut way, mut id) = (Vec::new(), mount);
        let top = loop {
            if self.without == Some(id) {
                break Top::Without;
            }
            if let Some(known) = self.known.get(&id) {
                break *known;
            }
            way.push(id);
            match self.reader.location(id)? {
                Some(Location::In(place)) => id = place.parent,
                Some(Location::Root(namespace)) => break Top::Root(namespace),
                None => break Top::Nowhere,
            }
        };
        self.known.extend(way.into_iter().map(|id| (id, top)));
        Ok(top)
    }
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
    let mut climb = Climb { reader, without: None, known: BTreeMap::new() };
    let mut live = 0;
    for mount in mounts {
        live += usize::from(matches!(climb.top(mount)?, Top::Root(_)));
    }
    Ok(live)
}
