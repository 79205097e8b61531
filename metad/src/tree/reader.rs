//! Reading the records of the state: nodes, their places, and the way from a reference to
//! a node; as they are, or as they were at a revision.

use std::cell::Cell;

use metad_proto::{limits, planted};

use super::{Tried, past};
use crate::{
    kv::{KvRead, Result, StorageFault},
    records::{
        decode_cursor, decode_revision, key, lock, namespace,
        node::{self, Location, Place},
        system::{self, System},
        usage,
    },
    types::{
        Account, Attributes, Body, Cursor, GroupId, Lock, LockRef, Name, Namespace, NamespaceId,
        Node, NodeId, NodeRef, Path, Rejection, Revision, Usage,
    },
};

/// Reads one group's state through a view.
pub(super) struct Reader<'v, V: ?Sized> {
    pub view: &'v V,
    pub group: GroupId,
    /// None for what is there now.
    pub at: Option<Revision>,
    /// Records that listings of the past may still go through; they end when it is 0.
    pub budget: Cell<u64>,
}

/// The way to a place: the tree that it is in, and the directories above it there, the root
/// first. There are none above the root itself.
#[derive(Clone)]
pub(super) struct Way {
    pub namespace: Namespace,
    pub above: Vec<NodeId>,
}

/// A node that was asked for.
pub(super) struct Found {
    pub node: Node,
    pub way: Way,
}

/// A place for a node: a name in a directory, taken or free.
pub(super) struct Slot {
    pub way: Way,
    /// None if the place is the root's.
    pub name: Option<Name>,
    pub taken: Option<Node>,
}

impl Way {
    /// How many of the directories, from the root on, two ways have in common.
    pub fn shared(&self, other: &Way) -> usize {
        self.above.iter().zip(&other.above).take_while(|(one, other)| one == other).count()
    }
}

impl Found {
    fn root(namespace: Namespace) -> Found {
        Found { node: root(&namespace), way: Way { namespace, above: Vec::new() } }
    }

    pub fn is_root(&self) -> bool {
        self.way.above.is_empty()
    }
}

impl<'v, V: KvRead + ?Sized> Reader<'v, V> {
    pub fn new(view: &'v V, group: GroupId) -> Self {
        Reader { view, group, at: None, budget: Cell::new(u64::MAX) }
    }

    /// Reads what was there at a revision, if that is still kept.
    pub fn at(view: &'v V, group: GroupId, at: Option<Revision>) -> Tried<Self> {
        let mut reader = Reader { at, ..Reader::new(view, group) };
        if let Some(at) = at {
            let System { revision, compacted, .. } = reader.system()?;
            if at < compacted {
                return Err(Rejection::RevisionCompacted { oldest: compacted }.into());
            }
            if at > revision || reader.never_was(at)? {
                return Err(Rejection::NoRevision.into());
            }
            if planted!(PastOffByOne) && at < revision {
                reader.at = Some(at.next());
            }
        }
        Ok(reader)
    }

    /// Whether a revision is of the cluster that this one's backup is from, and came after it.
    pub fn never_was(&self, revision: Revision) -> Result<bool> {
        let range = key::restored_after(self.group, revision);
        let Some(pair) = self.view.scan(&range.start, &range.end).next() else {
            return Ok(false);
        };
        Ok(decode_revision("restore record", &pair?.1)? < revision)
    }

    pub fn system(&self) -> Result<System> {
        let value = self.view.get(&key::system(self.group))?;
        value.map_or(Ok(System::default()), |value| system::decode(&value))
    }

    pub fn namespace(&self, id: NamespaceId) -> Tried<Namespace> {
        let Some(value) = self.view.get(&key::namespace(self.group, id))? else {
            return Err(Rejection::NotFound.into());
        };
        let namespace = namespace::decode(&value)?;
        match self.at {
            Some(at) if at < namespace.created => Err(Rejection::NoRevision.into()),
            _ => Ok(namespace),
        }
    }

    /// The last line that was trimmed from a journal, perhaps one of several of a revision.
    pub fn trimmed(&self, id: NamespaceId) -> Result<Option<Cursor>> {
        let value = self.view.get(&key::journal_start(self.group, id))?;
        value.map(|value| decode_cursor("journal start", &value)).transpose()
    }

    /// The key of a lock. Names are under their keys: two spellings of a path are one lock.
    pub fn lock_key(&self, lock: &LockRef) -> Tried<Vec<u8>> {
        let namespace = self.namespace(lock.namespace)?;
        let target = &lock.target;
        let names = target.path.names().iter().map(|name| namespace.policy.key(name));
        let path = names.collect::<Vec<_>>().join("/");
        let target = match target.start {
            NodeId::NONE => key::LockTarget::Path(&path),
            id => key::LockTarget::Node(id),
        };
        Ok(key::lock(self.group, lock.namespace, target, &lock.name))
    }

    /// The lock with this key, whether it has ended or not.
    pub fn lock_at(&self, key: &[u8]) -> Result<Option<Lock>> {
        self.view.get(key)?.map(|value| lock::decode(&value)).transpose()
    }

    /// What is under a directory now: counters have no past.
    pub fn usage(&self, directory: NodeId) -> Result<Usage> {
        Ok(self.account(directory)?.usage)
    }

    /// What is under a directory now, and how much may be.
    pub fn account(&self, directory: NodeId) -> Result<Account> {
        let value = self.view.get(&key::usage(self.group, directory))?;
        value.map_or(Ok(Account::default()), |value| usage::decode(&value))
    }

    /// The node that has a name, given by its key, in a directory.
    pub fn child(&self, parent: NodeId, name: &str) -> Result<Option<Node>> {
        let value = self.view.get(&key::node(self.group, parent, name))?;
        let current = value.map(|value| node::decode(&value)).transpose()?;
        match self.at {
            Some(at) if current.as_ref().is_none_or(|node| node.rev > at) => {
                past::child(self.view, self.group, parent, name, at)
            }
            _ => Ok(current),
        }
    }

    /// The entries of a directory in the order of their names; those after one, if its key is
    /// given.
    pub fn entries<'r>(
        &'r self,
        directory: NodeId,
        after: Option<&str>,
    ) -> Box<dyn Iterator<Item = Result<Node>> + 'r> {
        let range = key::entries(self.group, directory, after);
        let current = self.view.scan(&range.start, &range.end);
        let current = current.map(|pair| node::decode(&pair?.1));
        match self.at {
            None => Box::new(current),
            Some(at) => {
                let spend =
                    |_: &Result<Node>| self.budget.replace(self.budget.get().saturating_sub(1)) > 0;
                let current = current.take_while(spend).filter(move |node| match node {
                    Ok(node) => node.rev <= at,
                    Err(_) => true,
                });
                let spend = || self.budget.replace(self.budget.get().saturating_sub(1)) > 0;
                let past = past::entries(self.view, self.group, (directory, after), at, spend);
                Box::new(past::merge(current, past))
            }
        }
    }

    pub fn location(&self, id: NodeId) -> Result<Option<Location>> {
        let current = || {
            let value = self.view.get(&key::location(self.group, id))?;
            value.map(|value| node::decode_location(&value)).transpose()
        };
        match self.at {
            None => current(),
            Some(at) => match past::location(self.view, self.group, id, at)? {
                past::Was::There(location) => Ok(Some(location)),
                past::Was::Elsewhere => Ok(None),
                past::Was::AsNow => Ok(current()?.filter(|location| match location {
                    Location::Root(_) => true,
                    Location::In(place) => place.since <= at,
                })),
            },
        }
    }

    /// The node that a reference names. The way to it may lead through mounts; its last name
    /// is the mount itself.
    pub fn find(&self, namespace: &Namespace, target: &NodeRef) -> Tried<Found> {
        let start = self.start(namespace, target.start)?;
        self.descend(start, target.path.names())
    }

    /// The place that a reference names. The directory must be there; the name need not.
    pub fn slot(&self, namespace: &Namespace, target: &NodeRef) -> Tried<Slot> {
        let start = self.start(namespace, target.start)?;
        let Some((last, before)) = target.path.split_last() else {
            let name = start.node.name.clone();
            return Ok(Slot { way: start.way, name, taken: Some(start.node) });
        };
        let Found { node, mut way } = self.enter(self.descend(start, before)?)?;
        let name = way.namespace.policy.name(last);
        let taken = self.child(node.id, name.key())?;
        way.above.push(node.id);
        Ok(Slot { way, name: Some(name), taken })
    }

    fn descend(&self, from: Found, names: &[Name]) -> Tried<Found> {
        let mut found = from;
        for name in names {
            found = self.enter(found)?;
            let child = self.child(found.node.id, &found.way.namespace.policy.key(name))?;
            found.way.above.push(found.node.id);
            found.node = child.ok_or(Rejection::NotFound)?;
        }
        Ok(found)
    }

    /// The directory in which the next name of a path is looked up.
    pub fn enter(&self, found: Found) -> Tried<Found> {
        match found.node.body {
            Body::Directory => Ok(found),
            Body::Mount(namespace) => Ok(Found::root(self.namespace(namespace)?)),
            Body::File(_) | Body::Symlink(_) => Err(Rejection::NotADirectory.into()),
        }
    }

    /// Where a reference starts: at a node that is not too deep. A node whose ancestors were deleted may still be stored:
    /// only one that reaches the root is there.
    fn start(&self, namespace: &Namespace, id: NodeId) -> Tried<Found> {
        if id == NodeId::NONE || id == namespace.root {
            return Ok(Found::root(namespace.clone()));
        }
        let Some(Location::In(place)) = self.location(id)? else {
            return Err(Rejection::NotFound.into());
        };
        let (reached, above) = self.way_up(place.parent)?;
        if reached != namespace.id {
            return Err(Rejection::NotFound.into());
        }
        let way = Way { namespace: namespace.clone(), above };
        Ok(Found { node: self.node_at(id, &place)?, way })
    }

    /// The namespace that a directory is in, and the way to it, the root first, itself last.
    /// One that reaches no root is not there; one that is too deep is refused, since what
    /// reads or changes it would cost as much as there is above it.
    fn way_up(&self, directory: NodeId) -> Tried<(NamespaceId, Vec<NodeId>)> {
        let mut way = vec![directory];
        loop {
            check_depth(way.len())?;
            match self.location(way[way.len() - 1])? {
                Some(Location::In(place)) => way.push(place.parent),
                Some(Location::Root(namespace)) => {
                    way.reverse();
                    return Ok((namespace, way));
                }
                None => return Err(Rejection::NotFound.into()),
            }
        }
    }

    /// The whole path of a node in its tree.
    pub fn path(&self, found: &Found) -> Result<Path> {
        let mut names = Vec::new();
        // The root has no name.
        for directory in found.way.above.iter().skip(1) {
            let location = self.location(*directory)?;
            let Some(Location::In(place)) = location else {
                let why = format!("directory {directory} is on a way, and nowhere");
                return Err(StorageFault::corrupt("location record", why));
            };
            names.push(place.name);
        }
        names.extend(found.node.name.clone());
        Ok(Path::of(names))
    }

    fn node_at(&self, id: NodeId, place: &Place) -> Result<Node> {
        let node = self.child(place.parent, place.name.key())?.filter(|node| node.id == id);
        node.ok_or_else(|| {
            StorageFault::corrupt("location record", format!("node {id} is not where it says"))
        })
    }
}

/// Refuses a node with so many directories above it, if they are too many.
pub(super) fn check_depth(depth: usize) -> std::result::Result<(), Rejection> {
    if depth > limits::DEPTH_MAX {
        let value = limits::DEPTH_MAX as u64;
        return Err(Rejection::LimitExceeded { limit: limits::DEPTH, value });
    }
    Ok(())
}

/// The root directory as a node. It has no record of its own.
pub(super) fn root(namespace: &Namespace) -> Node {
    Node {
        id: namespace.root,
        parent: NodeId::NONE,
        name: None,
        rev: namespace.created,
        body: Body::Directory,
        attributes: Attributes::new(),
    }
}
