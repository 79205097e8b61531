//! The graph of mounts: which namespace shows which. It has no cycle.
//!
//! An edge is a record of the shown namespace with the mount's id; which namespace the mount
//! is in, the way up from it tells. So a tree with mounts moves to another namespace at the
//! cost of one node, and an edge of a deleted mount leads nowhere until it is reclaimed.
//!
//! Who asks goes through what leads to a namespace, upwards. One command does so once for as
//! long as it does not change the answer, and through so many records at most.

use std::collections::{BTreeMap, BTreeSet};

use metad_proto::limits;

use super::{
    Tried,
    reader::{Found, Reader},
};
use crate::{
    kv::KvRead,
    records::{key, node::Location},
    types::{NamespaceId, Node, NodeId, Rejection, Usage},
};

/// What one command has learned of the graph.
pub(super) struct Graph {
    /// The namespaces that lead to one over mounts, itself included.
    above: BTreeMap<NamespaceId, BTreeSet<NamespaceId>>,
    /// How many mounts of one reach a root.
    live: BTreeMap<NamespaceId, Live>,
    /// Where the ways up from nodes end.
    tops: BTreeMap<NodeId, Top>,
    /// Records that may still be gone through.
    left: u64,
}

/// How many mounts show a namespace.
struct Live {
    count: usize,
    /// Those that were deleted with a directory are not among them.
    exact: bool,
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

impl Graph {
    /// Nothing is known yet.
    pub fn new() -> Graph {
        let (above, live, tops) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Graph { above, live, tops, left: limits::MOUNT_RECORDS_MAX }
    }

    /// Notes that one more mount shows a namespace.
    pub fn add(&mut self, shown: NamespaceId) {
        // What the shown one leads to is led to by more than before.
        self.above.retain(|_, above| !above.contains(&shown));
        if let Some(live) = self.live.get_mut(&shown) {
            live.count += 1;
        }
    }

    /// Notes that mounts may have gone, or be in other namespaces than before.
    pub fn forget(&mut self) {
        *self = Graph { left: self.left, ..Graph::new() };
    }

    /// Whether one more mount may show a namespace, in another one.
    pub fn check_new(
        &mut self,
        reader: &Reader<impl KvRead>,
        shown: NamespaceId,
        inside: NamespaceId,
    ) -> Tried<()> {
        self.check_shown(reader, (shown, 1), inside)
    }

    /// Whether all mounts among these nodes may be made again in a namespace.
    pub fn check_copies(
        &mut self,
        reader: &Reader<impl KvRead>,
        nodes: &[(Node, Usage)],
        inside: NamespaceId,
    ) -> Tried<()> {
        let mut shown = BTreeMap::<_, usize>::new();
        for mounted in nodes.iter().filter_map(|(node, _)| node.mounted()) {
            *shown.entry(mounted).or_default() += 1;
        }
        shown.into_iter().try_for_each(|shown| self.check_shown(reader, shown, inside))
    }

    /// Whether a node may go to a namespace with all mounts that are under it.
    pub fn check_move(
        &mut self,
        reader: &Reader<impl KvRead>,
        moved: &Found,
        to: NamespaceId,
    ) -> Tried<()> {
        let holds_mounts = moved.node.is_directory() || moved.node.mounted().is_some();
        if moved.way.namespace.id == to || !holds_mounts {
            return Ok(());
        }
        match self.leading_to(reader, to, Some(moved.node.id))? {
            Some(_) => Ok(()),
            None => Err(Rejection::Cycle.into()),
        }
    }

    fn check_shown(
        &mut self,
        reader: &Reader<impl KvRead>,
        (shown, more): (NamespaceId, usize),
        inside: NamespaceId,
    ) -> Tried<()> {
        if !self.above.contains_key(&inside)
            && let Some(above) = self.leading_to(reader, inside, None)?
        {
            self.above.insert(inside, above);
        }
        if self.above.get(&inside).is_some_and(|above| above.contains(&shown)) {
            return Err(Rejection::Cycle.into());
        }
        if self.live_mounts(reader, shown, more)? + more > limits::MOUNTS_MAX {
            let (limit, value) = (limits::MOUNTS, limits::MOUNTS_MAX as u64);
            return Err(Rejection::LimitExceeded { limit, value }.into());
        }
        Ok(())
    }

    /// The namespaces that lead to one over mounts, itself included; None if one of these
    /// mounts is a given node, or under it.
    fn leading_to(
        &mut self,
        reader: &Reader<impl KvRead>,
        to: NamespaceId,
        without: Option<NodeId>,
    ) -> Tried<Option<BTreeSet<NamespaceId>>> {
        let (mut found, mut queue) = (BTreeSet::from([to]), vec![to]);
        // A way that passes the node ends otherwise for those who leave none out.
        let mut tops = without.map_or_else(|| std::mem::take(&mut self.tops), |_| BTreeMap::new());
        while let Some(shown) = queue.pop() {
            for mount in self.mounts_of(reader, shown)? {
                match self.top(reader, &mut tops, (mount, without))? {
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
        if without.is_none() {
            self.tops = tops;
        }
        Ok(Some(found))
    }

    /// Goes up from a mount, and over what it has in common with others once.
    fn top(
        &mut self,
        reader: &Reader<impl KvRead>,
        tops: &mut BTreeMap<NodeId, Top>,
        (mount, without): (NodeId, Option<NodeId>),
    ) -> Tried<Top> {
        let (mut way, mut id) = (Vec::new(), mount);
        let top = loop {
            if without == Some(id) {
                break Top::Without;
            }
            if let Some(known) = tops.get(&id) {
                break *known;
            }
            self.spend()?;
            way.push(id);
            match reader.location(id)? {
                Some(Location::In(place)) => id = place.parent,
                Some(Location::Root(namespace)) => break Top::Root(namespace),
                None => break Top::Nowhere,
            }
        };
        tops.extend(way.into_iter().map(|id| (id, top)));
        Ok(top)
    }

    fn mounts_of(
        &mut self,
        reader: &Reader<impl KvRead>,
        shown: NamespaceId,
    ) -> Tried<Vec<NodeId>> {
        let range = key::mounts_of(reader.group, shown);
        let mut mounts = Vec::new();
        for pair in reader.view.scan(&range.start, &range.end) {
            self.spend()?;
            mounts.push(NodeId(key::last_id(&pair?.0).expect("the range holds whole keys")));
        }
        Ok(mounts)
    }

    /// How many mounts show a namespace, or a greater number that leaves room for more.
    fn live_mounts(
        &mut self,
        reader: &Reader<impl KvRead>,
        shown: NamespaceId,
        more: usize,
    ) -> Tried<usize> {
        let has_room = |count: usize| count + more <= limits::MOUNTS_MAX;
        match self.live.get(&shown) {
            Some(Live { count, exact }) if *exact || has_room(*count) => return Ok(*count),
            _ => {}
        }
        let mounts = self.mounts_of(reader, shown)?;
        let exact = !has_room(mounts.len());
        let mut count = mounts.len();
        if exact {
            count = 0;
            let mut tops = std::mem::take(&mut self.tops);
            for mount in mounts {
                let top = self.top(reader, &mut tops, (mount, None))?;
                count += usize::from(matches!(top, Top::Root(_)));
            }
            self.tops = tops;
        }
        self.live.insert(shown, Live { count, exact });
        Ok(count)
    }

    fn spend(&mut self) -> Result<(), Rejection> {
        let (limit, value) = (limits::MOUNT_RECORDS, limits::MOUNT_RECORDS_MAX);
        self.left = self.left.checked_sub(1).ok_or(Rejection::LimitExceeded { limit, value })?;
        Ok(())
    }
}
