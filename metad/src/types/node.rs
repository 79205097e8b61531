//! Nodes of a file tree.

use std::collections::BTreeMap;

use metad_proto::limits::HASH_BYTES;

use super::{Content, Name, NamespaceId, NodeId, Policy, Revision};

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
    /// Which names are the same.
    pub policy: Policy,
}

/// What kind of node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Holds named nodes.
    Directory,
    /// Describes content.
    File,
    /// Holds the text of a path, which the service does not follow.
    Symlink,
    /// Shows the root of another namespace.
    Mount,
}

/// What a node is and holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// See [`Kind::Directory`].
    Directory,
    /// See [`Kind::File`].
    File(Content),
    /// See [`Kind::Symlink`].
    Symlink(Box<str>),
    /// See [`Kind::Mount`].
    Mount(NamespaceId),
}

/// What a client wants to be kept with a node, by name. The service does not look into it.
pub type Attributes = BTreeMap<String, Vec<u8>>;

/// A node of a tree. A root is a directory without a name.
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
    /// What it is and holds.
    pub body: Body,
    /// What clients keep with it.
    pub attributes: Attributes,
}

impl Node {
    /// What kind of node.
    pub fn kind(&self) -> Kind {
        match self.body {
            Body::Directory => Kind::Directory,
            Body::File(_) => Kind::File,
            Body::Symlink(_) => Kind::Symlink,
            Body::Mount(_) => Kind::Mount,
        }
    }

    /// Whether it can hold nodes.
    pub fn is_directory(&self) -> bool {
        self.kind() == Kind::Directory
    }

    /// Of a mount: what it shows.
    pub fn mounted(&self) -> Option<NamespaceId> {
        match self.body {
            Body::Mount(namespace) => Some(namespace),
            _ => None,
        }
    }

    /// Of a file.
    pub fn content(&self) -> Option<&Content> {
        match &self.body {
            Body::File(content) => Some(content),
            _ => None,
        }
    }

    /// Bytes of its own content.
    pub fn bytes(&self) -> u64 {
        self.content().map_or(0, |content| content.size)
    }

    /// Bytes of what is kept of it that may be long: block hashes, a manifest, where a symlink
    /// leads, attributes.
    pub fn weight(&self) -> u64 {
        let body = match &self.body {
            Body::File(content) => content.blocks.len() * HASH_BYTES + content.manifest.len(),
            Body::Symlink(target) => target.len(),
            Body::Directory | Body::Mount(_) => 0,
        };
        let attributes = self.attributes.iter().map(|(name, value)| name.len() + value.len());
        (body + attributes.sum::<usize>()) as u64
    }
}

/// A name for a revision of a namespace. What was there then is kept until it is deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Unique in the namespace.
    pub name: Name,
    /// To read at.
    pub revision: Revision,
    /// Replicated time when it was made, milliseconds since 1970.
    pub time_ms: u64,
}

/// What is under a directory, all levels, itself not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Nodes.
    pub nodes: u64,
    /// Bytes of content.
    pub bytes: u64,
}

/// How much may be under a directory; None for no bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    /// Nodes.
    pub nodes: Option<u64>,
    /// Bytes of content.
    pub bytes: Option<u64>,
}

/// What is under a directory, and how much may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// What is there.
    pub usage: Usage,
    /// What may be.
    pub quota: Quota,
}

/// A node and what is under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// The node.
    pub node: Node,
    /// Which tree it is in.
    pub namespace: NamespaceId,
    /// Of a directory, or of what a mount shows; nothing for a file.
    pub account: Account,
}
