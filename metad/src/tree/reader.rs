//! Reading the records of the state: nodes, their places, and the way from a reference to
//! a node.

use super::Tried;
use crate::{
    kv::{KvRead, Result, StorageFault},
    records::{
        key, namespace,
        node::{self, Location},
        system::{self, System},
        usage,
    },
    types::{
        Attributes, Body, GroupId, Name, Namespace, NamespaceId, Node, NodeId, NodeRef, Rejection,
        Usage,
    },
};

/// Reads one group's state through a view.
pub(super) struct Reader<'v, V: ?Sized> {
    pub view: &'v V,
    pub group: GroupId,
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
        Reader { view, group }
    }

    pub fn system(&self) -> Result<System> {
        let value = self.view.get(&key::system(self.group))?;
        value.map_or(Ok(System::default()), |value| system::decode(&value))
    }

    pub fn namespace(&self, id: NamespaceId) -> Tried<Namespace> {
        match self.view.get(&key::namespace(self.group, id))? {
            Some(value) => Ok(namespace::decode(&value)?),
            None => Err(Rejection::NotFound.into()),
        }
    }

    pub fn usage(&self, directory: NodeId) -> Result<Usage> {
        let value = self.view.get(&key::usage(self.group, directory))?;
        value.map_or(Ok(Usage::default()), |value| usage::decode(&value))
    }

    pub fn child(&self, parent: NodeId, name: &Name) -> Result<Option<Node>> {
        let value = self.view.get(&key::node(self.group, parent, name.as_str()))?;
        value.map(|value| node::decode(&value)).transpose()
    }

    pub fn location(&self, id: NodeId) -> Result<Option<Location>> {
        let value = self.view.get(&key::location(self.group, id))?;
        value.map(|value| node::decode_location(&value)).transpose()
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
        let location = self.location(id)?.filter(|location| location.namespace == namespace.id);
        let location = location.ok_or(Rejection::NotFound)?;
        let above = self.above(namespace, &location)?.ok_or(Rejection::NotFound)?;
        Ok(Found { node: self.at(id, &location)?, above })
    }

    /// The directories above a place, the root first; None if they do not reach the root.
    fn above(&self, namespace: &Namespace, location: &Location) -> Result<Option<Vec<NodeId>>> {
        let mut above = vec![location.parent];
        let mut parent = location.parent;
        while parent != namespace.root {
            let Some(location) = self.location(parent)? else { return Ok(None) };
            parent = location.parent;
            above.push(parent);
        }
        above.reverse();
        Ok(Some(above))
    }

    fn at(&self, id: NodeId, location: &Location) -> Result<Node> {
        let name = location.name.as_ref();
        let name = name.ok_or_else(|| StorageFault::corrupt("location record", "no name"))?;
        let node = self.child(location.parent, name)?.filter(|node| node.id == id);
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
