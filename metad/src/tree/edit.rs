//! Writing the records of trees for one command. Each method keeps a node, its
//! location, the counters above it and the journal in step, so that no operation can
//! forget one of them.

mod accounts;
mod allowance;
mod find;

use std::collections::BTreeMap;

use metad_proto::{limits, planted};

pub use allowance::Allowance;

use super::{
    Tried,
    apply::Context,
    mounts::Graph,
    reader::{Found, Way, check_depth},
};
use crate::{
    kv::{KvTxn, StorageFault},
    records::{
        change, encode_revision, key,
        node::{self, Location},
        system::System,
    },
    types::{
        Account, Attributes, Body, Change, ChangeKind, ClientId, Content, Cursor, Name, Namespace,
        NamespaceId, Node, NodeId, Quota, Revision, StepResult, Usage,
    },
};

type Result<T, E = StorageFault> = std::result::Result<T, E>;

/// A free place that a node may take: not too deep.
#[derive(Clone, Copy)]
pub(super) struct Place<'s> {
    way: &'s Way,
    name: &'s Name,
}

impl<'s> Place<'s> {
    pub fn new(way: &'s Way, name: &'s Name) -> Tried<Self> {
        check_depth(way.above.len())?;
        Ok(Place { way, name })
    }

    fn parent(&self) -> NodeId {
        *self.way.above.last().expect("a name is in a directory")
    }
}

/// The changes of one command to the trees.
pub(super) struct Edit<'t, T> {
    txn: &'t mut T,
    system: &'t mut System,
    context: Context,
    /// Where paths start.
    namespace: &'t Namespace,
    /// Of the next change in each journal.
    ordinals: BTreeMap<NamespaceId, u32>,
    /// What this command has moved from another namespace, and from which one.
    arrived: BTreeMap<NodeId, NamespaceId>,
    /// What is known of the mounts.
    mounts: Graph,
    /// What may still be made as copies of others.
    pub copies_left: Allowance,
    /// Records of the past that may still be read.
    past_left: u64,
    /// The journal does not tell of quotas.
    quotas_changed: bool,
}

impl<'t, T: KvTxn> Edit<'t, T> {
    pub fn new(
        txn: &'t mut T,
        system: &'t mut System,
        context: Context,
        namespace: &'t Namespace,
    ) -> Self {
        let (ordinals, arrived) = (BTreeMap::new(), BTreeMap::new());
        Edit {
            txn,
            system,
            context,
            namespace,
            ordinals,
            arrived,
            mounts: Graph::new(),
            copies_left: Allowance::new(),
            past_left: limits::PAST_RECORDS_MAX,
            quotas_changed: false,
        }
    }

    /// Whether anything was changed, so that the command takes a revision.
    pub fn has_changed(&self) -> bool {
        !self.ordinals.is_empty() || self.quotas_changed
    }

    /// Makes a node in a free place.
    pub fn create(&mut self, place: Place, body: Body) -> Tried<StepResult> {
        let id = self.system.next_node;
        let (parent, name) = (place.parent(), Some(place.name.clone()));
        let (rev, attributes) = (self.context.revision, Attributes::new());
        let node = Node { id, parent, name, rev, body, attributes };
        let size = Usage { nodes: 1, bytes: node.bytes() };
        self.make_room(place.way, size, Usage::default())?;
        self.system.next_node = NodeId(id.0 + 1);
        self.link(&node)?;
        self.keep_mount(&node);
        self.tell(place.way, ChangeKind::Created, node);
        Ok(StepResult::of(id, rev))
    }

    /// Makes directories, each in the one before it, the first one in a place that is free. All
    /// are counted at once: one by one, each would be counted in all that are above it.
    pub fn create_chain(&mut self, way: &Way, names: Vec<Name>) -> Tried<StepResult> {
        let count = names.len() as u64;
        self.copies_left.take_nodes(count)?;
        self.make_room(way, Usage { nodes: count, bytes: 0 }, Usage::default())?;
        let rev = self.context.revision;
        let mut parent = *way.above.last().expect("a name is in a directory");
        for (under, name) in (0..count).rev().zip(names) {
            let id = self.system.next_node;
            self.system.next_node = NodeId(id.0 + 1);
            let (body, attributes) = (Body::Directory, Attributes::new());
            let node = Node { id, parent, name: Some(name), rev, body, attributes };
            self.link(&node)?;
            if under > 0 {
                let usage = Usage { nodes: under, bytes: 0 };
                self.put_account(id, Account { usage, quota: Quota::default() });
            }
            self.tell(way, ChangeKind::Created, node);
            parent = id;
        }
        Ok(StepResult::of(parent, rev))
    }

    /// How many records of the past may still be gone through, in all steps together.
    pub fn past_left(&self) -> u64 {
        self.past_left
    }

    /// So many are left.
    pub fn spend_past(&mut self, left: u64) {
        self.past_left = left;
    }

    /// Makes a tree like this one in a free place, with ids of its own. The nodes are the
    /// top and all that is under it, a parent before its children; each with the tree's
    /// usage, if it is a directory.
    pub fn create_like(&mut self, place: Place, nodes: Vec<(Node, Usage)>) -> Tried<StepResult> {
        let top = nodes.first().expect("a tree has a top");
        let size = Usage { nodes: nodes.len() as u64, bytes: top.0.bytes() + top.1.bytes };
        self.make_room(place.way, size, Usage::default())?;
        let first = self.system.next_node;
        let mut copies = BTreeMap::from([(top.0.parent, place.parent())]);
        for (node, usage) in nodes {
            let id = self.system.next_node;
            self.system.next_node = NodeId(id.0 + 1);
            copies.insert(node.id, id);
            let name = if id == first { Some(place.name.clone()) } else { node.name.clone() };
            let parent = copies[&node.parent];
            let node = Node { id, parent, name, rev: self.context.revision, ..node };
            self.link(&node)?;
            self.keep_mount(&node);
            self.put_account(id, Account { usage, quota: Quota::default() });
            self.tell(place.way, ChangeKind::Created, node);
        }
        Ok(StepResult::of(first, self.context.revision))
    }

    /// Replaces what clients keep with a node.
    pub fn set_attributes(&mut self, found: Found, attributes: Attributes) -> Result<StepResult> {
        self.keep_node(&found.node)?;
        let node = Node { rev: self.context.revision, attributes, ..found.node };
        self.put(&node)?;
        let done = StepResult::of(node.id, node.rev);
        self.tell(&found.way, ChangeKind::Updated, node);
        Ok(done)
    }

    /// The revision of the last change of the namespace before this command.
    pub fn last_change(&self) -> Result<Revision> {
        let all = key::journal_after(self.context.group, self.namespace.id, None);
        let now = Cursor { revision: self.context.revision, ordinal: 0 };
        let end = key::journal(self.context.group, self.namespace.id, now);
        let last = self.reader().view.last(&all.start, &end)?;
        let last = last.map(|(_, value)| change::decode(&value)).transpose()?;
        if let Some(change) = last {
            return Ok(change.cursor.revision);
        }
        // What is told no more was a change all the same.
        let trimmed = self.reader().trimmed(self.namespace.id)?;
        let trimmed = trimmed.map_or(Revision(0), |line| line.revision);
        Ok(self.namespace.created.max(trimmed))
    }

    /// Replicated time, milliseconds since 1970.
    pub fn time_ms(&self) -> u64 {
        self.context.time_ms
    }

    /// Who asks.
    pub fn client(&self) -> ClientId {
        self.context.request.client
    }

    /// Replaces the content of a file.
    pub fn update(&mut self, way: &Way, file: Node, content: Content) -> Tried<StepResult> {
        let before = file.bytes();
        let bytes = |bytes| Usage { nodes: 0, bytes };
        self.make_room(way, bytes(content.size), bytes(before))?;
        self.keep_node(&file)?;
        let body = Body::File(content);
        let node = Node { rev: self.context.revision, body, ..file };
        self.put(&node)?;
        let done = StepResult::of(node.id, node.rev);
        self.tell(way, ChangeKind::Updated, node);
        Ok(done)
    }

    /// Takes a node out of its place and puts it into a free one, perhaps of another tree.
    pub fn relocate(&mut self, from: &Way, node: Node, to: Place) -> Result<StepResult> {
        let size = self.size(&node)?;
        self.unlink(&node)?;
        if planted!(MoveKeepsOldEntry) {
            self.put(&node)?;
        }
        let (parent, name) = (to.parent(), Some(to.name.clone()));
        let moved = Node { parent, name, rev: self.context.revision, ..node.clone() };
        self.link(&moved)?;
        // Only where the two ways part: above that, nothing comes or goes.
        let shared = from.shared(to.way);
        self.shrink(&from.above[shared..], size)?;
        self.grow(&to.way.above[shared..], size)?;
        let done = StepResult::of(moved.id, moved.rev);
        self.tell_of_move(from, node, to.way, moved)?;
        Ok(done)
    }

    fn tell_of_move(&mut self, from: &Way, node: Node, to: &Way, moved: Node) -> Result<()> {
        let id = node.id;
        let (left, entered) = (from.namespace.id, to.namespace.id);
        if left != entered {
            self.mounts.forget();
            self.tell(from, ChangeKind::MovedOut { to: entered }, node);
            self.tell(to, ChangeKind::MovedIn { from: left }, moved);
            self.arrived.insert(id, left);
            return Ok(());
        }
        // Who follows the journal has not been told what is under it.
        let arrived = from.above.iter().chain([&id]).find_map(|id| self.arrived.get(id));
        if let Some(origin) = arrived.copied() {
            self.tell(to, ChangeKind::MovedIn { from: origin }, moved);
            self.arrived.insert(id, origin);
            return Ok(());
        }
        let place = Some((node.parent, name_of(&node)?.clone()));
        self.tell_from(to, ChangeKind::Moved, moved, place);
        Ok(())
    }

    /// Unlinks a node with all that is under it. What is under it stays stored until
    /// [`super::reclaim`] comes for it, out of reach, since it leads to no root.
    pub fn remove(&mut self, way: &Way, node: Node) -> Result<StepResult> {
        let size = self.size(&node)?;
        self.unlink(&node)?;
        if node.is_directory() {
            self.txn.delete(key::usage(self.context.group, node.id));
        }
        if let Some(shown) = node.mounted() {
            self.txn.delete(key::mounted(self.context.group, shown, node.id));
        }
        if size.nodes > 1 || node.mounted().is_some() {
            self.mounts.forget();
        }
        if size.nodes > 1 {
            let deleted = encode_revision(self.context.revision);
            self.txn.put(key::reclaim(self.context.group, node.id), deleted);
        }
        self.shrink(&way.above, size)?;
        let done = StepResult::of(node.id, node.rev);
        self.tell(way, ChangeKind::Deleted, node);
        Ok(done)
    }

    /// A mount is found from what it shows.
    fn keep_mount(&mut self, node: &Node) {
        if let Some(shown) = node.mounted() {
            self.txn.put(key::mounted(self.context.group, shown, node.id), Vec::new());
            self.mounts.add(shown);
        }
    }

    fn put(&mut self, node: &Node) -> Result<()> {
        let key = key::node(self.context.group, node.parent, name_of(node)?.key());
        self.txn.put(key, node::encode(node));
        Ok(())
    }

    fn link(&mut self, node: &Node) -> Result<()> {
        self.put(node)?;
        let place = node::encode_place(node.parent, name_of(node)?, self.context.revision);
        self.txn.put(key::location(self.context.group, node.id), place);
        Ok(())
    }

    /// Keeps a node as it was until now. What began and ended at one revision was never seen.
    fn keep_node(&mut self, node: &Node) -> Result<()> {
        let now = self.context.revision;
        if node.rev < now {
            let name = name_of(node)?;
            let key = key::past_node(self.context.group, node.parent, name.key(), now);
            self.txn.put(key, node::encode(node));
        }
        Ok(())
    }

    fn keep_location(&mut self, id: NodeId) -> Result<()> {
        let now = self.context.revision;
        if let Some(Location::In(place)) = self.reader().location(id)?
            && place.since < now
        {
            let key = key::past_location(self.context.group, id, now);
            self.txn.put(key, node::encode_location(&Location::In(place)));
        }
        Ok(())
    }

    fn unlink(&mut self, node: &Node) -> Result<()> {
        self.keep_node(node)?;
        self.keep_location(node.id)?;
        let name = name_of(node)?;
        self.txn.delete(key::node(self.context.group, node.parent, name.key()));
        self.txn.delete(key::location(self.context.group, node.id));
        Ok(())
    }

    fn tell(&mut self, way: &Way, kind: ChangeKind, node: Node) {
        self.tell_from(way, kind, node, None);
    }

    fn tell_from(&mut self, way: &Way, kind: ChangeKind, node: Node, from: Option<(NodeId, Name)>) {
        let namespace = way.namespace.id;
        let ordinal = self.ordinals.entry(namespace).or_default();
        let cursor = Cursor { revision: self.context.revision, ordinal: *ordinal };
        *ordinal += 1;
        self.system.changes += 1;
        let (request, time_ms) = (self.context.request, self.context.time_ms);
        let change = Change { cursor, kind, node, from, request, time_ms };
        if planted!(JournalSkipsInBatch) && cursor.ordinal > 0 {
            return;
        }
        self.txn.put(key::journal(self.context.group, namespace, cursor), change::encode(&change));
    }
}

fn name_of(node: &Node) -> Result<&Name> {
    node.name.as_ref().ok_or_else(|| StorageFault::corrupt("node record", "a root was edited"))
}
