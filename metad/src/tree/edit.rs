//! Writing the records of one tree for one command. Each method keeps a node, its
//! location, the counters above it and the journal in step, so that no operation can
//! forget one of them.

use std::collections::BTreeMap;

use metad_proto::{
    errors::{BYTES, NODES},
    limits,
};

use super::{Tried, apply::Context, reader::Reader};
use crate::{
    kv::{KvTxn, StorageFault},
    records::{
        change, encode_revision, key,
        node::{self, Location},
        system::System,
        usage,
    },
    types::{
        Account, Attributes, Body, Change, ChangeKind, ClientId, Content, Cursor, Name, Namespace,
        Node, NodeId, Quota, Rejection, Revision, StepResult, Usage,
    },
};

type Result<T, E = StorageFault> = std::result::Result<T, E>;

/// A free place that a node may take: not too deep.
#[derive(Clone, Copy)]
pub(super) struct Place<'s> {
    /// The directories above it, the root first, its own directory last.
    above: &'s [NodeId],
    name: &'s Name,
}

impl<'s> Place<'s> {
    pub fn new(above: &'s [NodeId], name: &'s Name) -> Result<Self, Rejection> {
        check_depth(above.len())?;
        Ok(Place { above, name })
    }

    fn parent(&self) -> NodeId {
        *self.above.last().expect("a name is in a directory")
    }
}

/// Refuses a node with so many directories above it, if they are too many.
pub(super) fn check_depth(depth: usize) -> Result<(), Rejection> {
    if depth > limits::DEPTH_MAX {
        let value = limits::DEPTH_MAX as u64;
        return Err(Rejection::LimitExceeded { limit: limits::DEPTH, value });
    }
    Ok(())
}

/// The changes of one command to one namespace.
pub(super) struct Edit<'t, T> {
    txn: &'t mut T,
    system: &'t mut System,
    context: Context,
    namespace: &'t Namespace,
    /// Of the next change.
    ordinal: u32,
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
        Edit { txn, system, context, namespace, ordinal: 0, quotas_changed: false }
    }

    /// Whether anything was changed, so that the command takes a revision.
    pub fn has_changed(&self) -> bool {
        self.ordinal > 0 || self.quotas_changed
    }

    pub fn namespace(&self) -> &'t Namespace {
        self.namespace
    }

    pub fn reader(&self) -> Reader<'_, T> {
        Reader::new(self.txn, self.context.group)
    }

    /// Reads what was there at a revision, if that is still kept.
    pub fn reader_at(&self, at: Option<Revision>) -> Tried<Reader<'_, T>> {
        Reader::at(self.txn, self.context.group, at)
    }

    /// Makes a node in a free place.
    pub fn create(&mut self, place: Place, body: Body) -> Tried<StepResult> {
        let id = self.system.next_node;
        let (parent, name) = (place.parent(), Some(place.name.clone()));
        let (rev, attributes) = (self.context.revision, Attributes::new());
        let node = Node { id, parent, name, rev, body, attributes };
        self.check_room(place.above, Usage { nodes: 1, bytes: node.bytes() }, Usage::default())?;
        self.system.next_node = NodeId(id.0 + 1);
        self.link(&node)?;
        self.grow(place.above, Usage { nodes: 1, bytes: node.bytes() })?;
        self.tell(ChangeKind::Created, &node);
        Ok(StepResult::of(id, node.rev))
    }

    /// Makes a tree like this one in a free place, with ids of its own. The nodes are the
    /// top and all that is under it, a parent before its children; each with the tree's
    /// usage, if it is a directory.
    pub fn create_like(&mut self, place: Place, nodes: Vec<(Node, Usage)>) -> Tried<StepResult> {
        let top = nodes.first().expect("a tree has a top");
        let size = Usage { nodes: nodes.len() as u64, bytes: top.0.bytes() + top.1.bytes };
        self.check_room(place.above, size, Usage::default())?;
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
            self.put_account(id, Account { usage, quota: Quota::default() });
            self.tell(ChangeKind::Created, &node);
        }
        self.grow(place.above, size)?;
        Ok(StepResult::of(first, self.context.revision))
    }

    /// Replaces what clients keep with a node.
    pub fn set_attributes(&mut self, node: Node, attributes: Attributes) -> Result<StepResult> {
        self.keep_node(&node)?;
        let node = Node { rev: self.context.revision, attributes, ..node };
        self.put(&node)?;
        self.tell(ChangeKind::Updated, &node);
        Ok(StepResult::of(node.id, node.rev))
    }

    /// The revision of the last change of the namespace before this command.
    pub fn last_change(&self) -> Result<Revision> {
        let all = key::journal_after(self.context.group, self.namespace.id, None);
        let now = Cursor { revision: self.context.revision, ordinal: 0 };
        let end = key::journal(self.context.group, self.namespace.id, now);
        let last = self.reader().view.last(&all.start, &end)?;
        let last = last.map(|(_, value)| change::decode(&value)).transpose()?;
        Ok(last.map_or(self.namespace.created, |change| change.cursor.revision))
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
    pub fn update(&mut self, above: &[NodeId], file: Node, content: Content) -> Tried<StepResult> {
        let before = file.bytes();
        let bytes = |bytes| Usage { nodes: 0, bytes };
        self.check_room(above, bytes(content.size), bytes(before))?;
        self.keep_node(&file)?;
        let body = Body::File(content);
        let node = Node { rev: self.context.revision, body, ..file };
        self.put(&node)?;
        self.grow(above, Usage { nodes: 0, bytes: node.bytes() })?;
        self.shrink(above, Usage { nodes: 0, bytes: before })?;
        self.tell(ChangeKind::Updated, &node);
        Ok(StepResult::of(node.id, node.rev))
    }

    /// Takes a node out of its place and puts it into a free one.
    pub fn relocate(&mut self, above: &[NodeId], node: Node, to: Place) -> Result<StepResult> {
        let size = self.size(&node)?;
        self.unlink(&node)?;
        let from = (node.parent, name_of(&node)?.clone());
        let (parent, name) = (to.parent(), Some(to.name.clone()));
        let node = Node { parent, name, rev: self.context.revision, ..node };
        self.link(&node)?;
        // Only where the two ways part: above that, nothing comes or goes.
        let shared = above.iter().zip(to.above).take_while(|(a, b)| a == b).count();
        self.shrink(&above[shared..], size)?;
        self.grow(&to.above[shared..], size)?;
        self.tell_from(ChangeKind::Moved, &node, Some(from));
        Ok(StepResult::of(node.id, node.rev))
    }

    /// Unlinks a node with all that is under it. What is under it stays stored until
    /// [`super::reclaim`] comes for it, out of reach, since it leads to no root.
    pub fn remove(&mut self, above: &[NodeId], node: &Node) -> Result<StepResult> {
        let size = self.size(node)?;
        self.unlink(node)?;
        if node.is_directory() {
            self.txn.delete(key::usage(self.context.group, node.id));
        }
        if size.nodes > 1 {
            let deleted = encode_revision(self.context.revision);
            self.txn.put(key::reclaim(self.context.group, node.id), deleted);
        }
        self.shrink(above, size)?;
        self.tell(ChangeKind::Deleted, node);
        Ok(StepResult::of(node.id, node.rev))
    }

    /// Refuses what directories have no room for, once what makes way for it is gone.
    pub fn check_room(&self, above: &[NodeId], more: Usage, less: Usage) -> Tried<()> {
        // The root's counter is the greatest: where it has room, all have.
        let used = self.reader().usage(self.namespace.root)?.bytes;
        if used.checked_add(more.bytes).is_none_or(|sum| sum > limits::TREE_BYTES_MAX) {
            let (limit, value) = (limits::TREE_BYTES, limits::TREE_BYTES_MAX);
            return Err(Rejection::LimitExceeded { limit, value }.into());
        }
        for directory in above {
            let Account { usage, quota } = self.reader().account(*directory)?;
            let bounds = [
                (quota.nodes, NODES, usage.nodes + more.nodes, less.nodes),
                (quota.bytes, BYTES, usage.bytes + more.bytes, less.bytes),
            ];
            for (bound, of, used, less) in bounds {
                if let Some(value) = bound.filter(|bound| used > bound.saturating_add(less)) {
                    let directory = *directory;
                    return Err(Rejection::QuotaExceeded { directory, of, value }.into());
                }
            }
        }
        Ok(())
    }

    /// Like [`Edit::check_room`], of a move that may replace another node.
    pub fn check_move(
        &self,
        above: &[NodeId],
        node: &Node,
        to: &[NodeId],
        replaced: Option<&Node>,
    ) -> Tried<()> {
        let shared = above.iter().zip(to).take_while(|(a, b)| a == b).count();
        let less = replaced.map_or(Ok(Usage::default()), |node| self.size(node))?;
        self.check_room(&to[shared..], self.size(node)?, less)
    }

    /// Bounds what may be under a directory.
    pub fn set_quota(&mut self, directory: NodeId, quota: Quota) -> Result<()> {
        let account = self.reader().account(directory)?;
        self.put_account(directory, Account { quota, ..account });
        self.quotas_changed = true;
        Ok(())
    }

    /// What a node counts for in the directories above it.
    fn size(&self, node: &Node) -> Result<Usage> {
        let under =
            if node.is_directory() { self.reader().usage(node.id)? } else { Usage::default() };
        Ok(Usage { nodes: under.nodes + 1, bytes: under.bytes + node.bytes() })
    }

    fn put(&mut self, node: &Node) -> Result<()> {
        let name = name_of(node)?;
        let key = key::node(self.context.group, node.parent, name.as_str());
        self.txn.put(key, node::encode(node));
        Ok(())
    }

    fn link(&mut self, node: &Node) -> Result<()> {
        self.put(node)?;
        let (parent, name) = (node.parent, name_of(node)?.clone());
        let location = Location::In(node::Place { parent, name, since: self.context.revision });
        let key = key::location(self.context.group, node.id);
        self.txn.put(key, node::encode_location(&location));
        Ok(())
    }

    /// Keeps a node as it was until now. What began and ended at one revision was never seen.
    fn keep_node(&mut self, node: &Node) -> Result<()> {
        let now = self.context.revision;
        if node.rev < now {
            let name = name_of(node)?;
            let key = key::past_node(self.context.group, node.parent, name.as_str(), now);
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
        self.txn.delete(key::node(self.context.group, node.parent, name.as_str()));
        self.txn.delete(key::location(self.context.group, node.id));
        Ok(())
    }

    fn grow(&mut self, above: &[NodeId], size: Usage) -> Result<()> {
        self.count(above, |usage| {
            let nodes = usage.nodes.checked_add(size.nodes)?;
            Some(Usage { nodes, bytes: usage.bytes.checked_add(size.bytes)? })
        })
    }

    fn shrink(&mut self, above: &[NodeId], size: Usage) -> Result<()> {
        self.count(above, |usage| {
            let nodes = usage.nodes.checked_sub(size.nodes)?;
            Some(Usage { nodes, bytes: usage.bytes.checked_sub(size.bytes)? })
        })
    }

    /// Recounts directories. One with nothing under it, and no quota, has no record.
    fn count(&mut self, above: &[NodeId], recount: impl Fn(Usage) -> Option<Usage>) -> Result<()> {
        for directory in above {
            let account = self.reader().account(*directory)?;
            let counted = recount(account.usage);
            let counted = counted.ok_or_else(|| {
                StorageFault::corrupt("usage record", format!("of directory {directory}"))
            })?;
            self.put_account(*directory, Account { usage: counted, ..account });
        }
        Ok(())
    }

    fn put_account(&mut self, directory: NodeId, account: Account) {
        let key = key::usage(self.context.group, directory);
        if account == Account::default() {
            self.txn.delete(key);
        } else {
            self.txn.put(key, usage::encode(&account));
        }
    }

    fn tell(&mut self, kind: ChangeKind, node: &Node) {
        self.tell_from(kind, node, None);
    }

    fn tell_from(&mut self, kind: ChangeKind, node: &Node, from: Option<(NodeId, Name)>) {
        let cursor = Cursor { revision: self.context.revision, ordinal: self.ordinal };
        self.ordinal += 1;
        self.system.changes += 1;
        let (request, time_ms) = (self.context.request, self.context.time_ms);
        let change = Change { cursor, kind, node: node.clone(), from, request, time_ms };
        let key = key::journal(self.context.group, self.namespace.id, cursor);
        self.txn.put(key, change::encode(&change));
    }
}

fn name_of(node: &Node) -> Result<&Name> {
    node.name.as_ref().ok_or_else(|| StorageFault::corrupt("node record", "a root was edited"))
}
