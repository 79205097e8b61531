//! One node of a tree: where it is and what it holds.

use std::sync::Arc;

use rpds::RedBlackTreeMap;

use super::operation::{Attributes, Content, Kind, Name, Quota};
use super::revisions::Rev;
use crate::model::hash_bytes;

/// Ends a text in what is hashed: no text has this byte.
const END_OF_TEXT: u8 = 0xff;

/// The model's own name of a node or namespace: the operation that made it, and which of
/// those it made. The same whatever the order of operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Handle {
    pub(super) tag: u32,
    pub(super) ordinal: u32,
}

/// The tags of what was there before the first operation count down from here.
pub(super) const INITIAL_TAG_MAX: u32 = u32::MAX - 1;

impl Handle {
    /// As one number, to be hashed.
    pub(super) fn to_number(self) -> u128 {
        u128::from(self.tag) << 32 | u128::from(self.ordinal)
    }
}

#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) namespace: Handle,
    /// None for a root.
    pub(super) parent: Option<Handle>,
    /// As it was spelled.
    pub(super) name: Name,
    pub(super) rev: Rev,
    pub(super) body: Body,
    pub(super) attributes: Arc<Attributes>,
    /// Of a directory.
    pub(super) quota: Quota,
    /// What is under it: follows from the tree.
    pub(super) under: Usage,
}

#[derive(Debug, Clone)]
pub(super) enum Body {
    /// By the keys of the names.
    Directory(RedBlackTreeMap<Name, Handle>),
    File(Content),
    /// The path that it holds, which nobody follows.
    Symlink(Arc<str>),
    /// The namespace that it shows, which may be gone: its id and who it is.
    Mount(u64, Handle),
}

/// How many nodes, and how many bytes in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Usage {
    pub(super) nodes: u64,
    pub(super) bytes: u64,
}

impl Usage {
    pub(super) fn plus(self, other: Usage) -> Usage {
        Usage { nodes: self.nodes + other.nodes, bytes: self.bytes.saturating_add(other.bytes) }
    }

    pub(super) fn minus(self, other: Usage) -> Usage {
        Usage {
            nodes: self.nodes.saturating_sub(other.nodes),
            bytes: self.bytes.saturating_sub(other.bytes),
        }
    }

    pub(super) fn exceeds(self, quota: Quota) -> bool {
        quota.nodes.is_some_and(|nodes| self.nodes > nodes)
            || quota.bytes.is_some_and(|bytes| self.bytes > bytes)
    }
}

impl Body {
    pub(super) fn empty_directory() -> Body {
        Body::Directory(RedBlackTreeMap::new())
    }

    /// What a copy of it begins with: a directory is filled later.
    pub(super) fn without_children(&self) -> Body {
        match self {
            Body::Directory(_) => Body::empty_directory(),
            Body::File(_) | Body::Symlink(_) | Body::Mount(..) => self.clone(),
        }
    }
}

impl Node {
    /// A node without attributes.
    pub(super) fn new(
        namespace: Handle,
        place: Option<(Handle, Name)>,
        rev: Rev,
        body: Body,
    ) -> Node {
        let (parent, name) =
            place.map_or_else(|| (None, Name::from("")), |(parent, name)| (Some(parent), name));
        let (quota, under) = (Quota::default(), Usage::default());
        Node { namespace, parent, name, rev, body, attributes: Arc::default(), quota, under }
    }

    pub(super) fn root(namespace: Handle, rev: Rev) -> Node {
        Node::new(namespace, None, rev, Body::empty_directory())
    }

    pub(super) fn kind(&self) -> Kind {
        match self.body {
            Body::Directory(_) => Kind::Directory,
            Body::File(_) => Kind::File,
            Body::Symlink(_) => Kind::Symlink,
            Body::Mount(..) => Kind::Mount,
        }
    }

    pub(super) fn children(&self) -> Option<&RedBlackTreeMap<Name, Handle>> {
        match &self.body {
            Body::Directory(children) => Some(children),
            Body::File(_) | Body::Symlink(_) | Body::Mount(..) => None,
        }
    }

    /// The node itself.
    pub(super) fn own_usage(&self) -> Usage {
        match &self.body {
            Body::File(content) => Usage { nodes: 1, bytes: content.size },
            Body::Directory(_) | Body::Symlink(_) | Body::Mount(..) => Usage { nodes: 1, bytes: 0 },
        }
    }

    /// Of everything but the children, who say themselves whose they are.
    pub(super) fn fingerprint(&self, handle: Handle) -> u128 {
        let mut bytes = Vec::with_capacity(128);
        let (rev_kind, rev) = self.rev.to_parts();
        for handle in [Some(handle), Some(self.namespace), self.parent] {
            let handle = handle.unwrap_or(Handle { tag: u32::MAX, ordinal: u32::MAX });
            push_handle(&mut bytes, handle);
        }
        bytes.push(rev_kind);
        bytes.extend_from_slice(&rev.to_le_bytes());
        match &self.body {
            Body::Directory(_) => bytes.push(0),
            Body::File(content) => {
                bytes.push(1);
                bytes.extend_from_slice(&content.size.to_le_bytes());
                push_text(&mut bytes, &content.hash);
            }
            Body::Symlink(to) => {
                bytes.push(2);
                push_text(&mut bytes, to);
            }
            Body::Mount(_, shown) => {
                bytes.push(3);
                push_handle(&mut bytes, *shown);
            }
        }
        push_text(&mut bytes, &self.name);
        for bound in [self.quota.nodes, self.quota.bytes] {
            bytes.push(u8::from(bound.is_some()));
            bytes.extend_from_slice(&bound.unwrap_or_default().to_le_bytes());
        }
        for (name, value) in self.attributes.iter() {
            push_text(&mut bytes, name);
            push_text(&mut bytes, value);
        }
        hash_bytes(&bytes)
    }
}

fn push_handle(bytes: &mut Vec<u8>, handle: Handle) {
    bytes.extend_from_slice(&handle.tag.to_le_bytes());
    bytes.extend_from_slice(&handle.ordinal.to_le_bytes());
}

fn push_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend_from_slice(text.as_bytes());
    bytes.push(END_OF_TEXT);
}
