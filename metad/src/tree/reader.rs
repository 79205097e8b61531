//! Reading the records of the state: nodes, their places, and the way from a reference to
//! a node; as they are, or as they were at a revision.

use super::{Tried, past};
use crate::{
    kv::{KvRead, Result, StorageFault},
    records::{
        key, namespace,
        node::{self, Location, Place},
        system::{self, System},
        usage,
    },
    types::{
        Account, Attributes, Body, GroupId, Name, Namespace, NamespaceId, Node, NodeId, NodeRef,
        Rejection, Revision, Usage,
    },
};

/// Reads one group's state through a view.
pub(super) struct Reader<'v, V: ?Sized> {
    pub view: &'v V,
    pub group: GroupId,
    /// None for what is there now.
    pub at: Option<Revision>,
}

/// A node that was asked for, and the directories above it, the root first.
pub(super) struct Found {
    pub node: Node,
    pub above: Vec<NodeId>,
}

/// A place for a node: a name in a directory, taken or free.
pub(super) struct Slot {
    /// From the root to the directory itself; empty if the place is the root's.
    pub above: Vec<NodeId>,
    /// None if the place is the root's.
    pub name: Option<Name>,
    pub taken: Option<Node>,
}

impl<'v, V: KvRead + ?Sized> Reader<'v, V> {
    pub fn new(view: &'v V, group: GroupId) -> Self {
        Reader { view, group, at: None }
    }

    /// Reads what was there at a revision, if that is still kept.
    pub fn at(view: &'v V, group: GroupId, at: Option<Revision>) -> Tried<Self> {
        let reader = Reader { view, group, at };
        if let Some(at) = at {
            let System { revision, compacted, .. } = reader.system()?;
            if at < compacted {
                return Err(Rejection::RevisionCompacted { oldest: compacted }.into());
            }
            if at > revision {
                return Err(Rejection::NotFound.into());
            }
        }
        Ok(reader)
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
            Some(at) if at < namespace.created => Err(Rejection::NotFound.into()),
            _ => Ok(namespace),
        }
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

    pub fn child(&self, parent: NodeId, name: &Name) -> Result<Option<Node>> {
        let value = self.view.get(&key::node(self.group, parent, name.as_str()))?;
        let current = value.map(|value| node::decode(&value)).transpose()?;
        match self.at {
            Some(at) if current.as_ref().is_none_or(|node| node.rev > at) => {
                past::child(self.view, self.group, parent, name, at)
            }
            _ => Ok(current),
        }
    }

    /// The entries of a directory in the order of their names; those after one, if given.
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
                let current = current.filter(move |node| match node {
                    Ok(node) => node.rev <= at,
                    Err(_) => true,
                });
                let past = past::entries(self.view, self.group, directory, after, at);
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

    /// The node that a reference names.
    pub fn find(&self, namespace: &Namespace, target: &NodeRef) -> Tried<Found> {
        let mut found = self.start(namespace, target.start)?;
        for name in target.path.names() {
            let child = self.child_of(&found.node, name)?;
            found.above.push(found.node.id);
            found.node = child.ok_or(Rejection::NotFound)?;
        }
        Ok(found)
    }

    /// The place that a reference names. The directory must be there; the name need not.
    pub fn slot(&self, namespace: &Namespace, target: &NodeRef) -> Tried<Slot> {
        let mut found = self.start(namespace, target.start)?;
        let Some((last, before)) = target.path.split_last() else {
            let name = found.node.name.clone();
            return Ok(Slot { above: found.above, name, taken: Some(found.node) });
        };
        for name in before {
            let child = self.child_of(&found.node, name)?;
            found.above.push(found.node.id);
            found.node = child.ok_or(Rejection::NotFound)?;
        }
        let taken = self.child_of(&found.node, last)?;
        found.above.push(found.node.id);
        Ok(Slot { above: found.above, name: Some(last.clone()), taken })
    }

    fn child_of(&self, parent: &Node, name: &Name) -> Tried<Option<Node>> {
        if !parent.is_directory() {
            return Err(Rejection::NotADirectory.into());
        }
        Ok(self.child(parent.id, name)?)
    }

    /// Where a reference starts. A node whose ancestors were deleted may still be stored:
    /// only one that reaches the root is there.
    fn start(&self, namespace: &Namespace, id: NodeId) -> Tried<Found> {
        if id == NodeId::NONE || id == namespace.root {
            return Ok(Found { node: root(namespace), above: Vec::new() });
        }
        let Some(Location::In(place)) = self.location(id)? else {
            return Err(Rejection::NotFound.into());
        };
        let above = self.above(namespace, &place)?.ok_or(Rejection::NotFound)?;
        Ok(Found { node: self.node_at(id, &place)?, above })
    }

    /// The directories above a place, the root first; None if they do not reach the root of
    /// this namespace.
    fn above(&self, namespace: &Namespace, place: &Place) -> Result<Option<Vec<NodeId>>> {
        let mut above = vec![place.parent];
        let mut parent = place.parent;
        while let Some(Location::In(place)) = self.location(parent)? {
            parent = place.parent;
            above.push(parent);
        }
        above.reverse();
        Ok(Some(above).filter(|above| above.first() == Some(&namespace.root)))
    }

    fn node_at(&self, id: NodeId, place: &Place) -> Result<Node> {
        let node = self.child(place.parent, &place.name)?.filter(|node| node.id == id);
        node.ok_or_else(|| {
            StorageFault::corrupt("location record", format!("node {id} is not where it says"))
        })
    }
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
