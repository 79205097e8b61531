//! Nodes of a file tree.

use super::{Content, Name, NamespaceId, NodeId, Revision};

/// A file tree with its own root and journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace {
    /// Never reused.
    pub id: NamespaceId,
    /// Unique in the cluster.
    pub name: Name,
    /// Its root directory.
    pub root: NodeId,
    /// When it was created: the root's rev.
    pub created: Revision,
}

/// What kind of node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Holds named nodes.
    Directory,
    /// Describes content.
    File,
}

/// A directory or file. A root is a directory without a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Never reused; stays the same across moves.
    pub id: NodeId,
    /// [`NodeId::NONE`] for a root.
    pub parent: NodeId,
    /// None for a root.
    pub name: Option<Name>,
    /// The revision of its last change.
    pub rev: Revision,
    /// Of a file; None for a directory.
    pub content: Option<Content>,
}

impl Node {
    /// What kind of node.
    pub fn kind(&self) -> Kind {
        if self.content.is_some() { Kind::File } else { Kind::Directory }
    }

    /// Whether it can hold nodes.
    pub fn is_directory(&self) -> bool {
        self.content.is_none()
    }

    /// Bytes of its own content.
    pub fn bytes(&self) -> u64 {
        self.content.as_ref().map_or(0, |content| content.size)
    }
}

/// What is under a directory, all levels, itself not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Nodes.
    pub nodes: u64,
    /// Bytes of content.
    pub bytes: u64,
}

/// A node and what is under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// The node.
    pub node: Node,
    /// Of a directory; zero for a file.
    pub usage: Usage,
}
