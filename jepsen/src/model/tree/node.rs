//! One node of a tree: where it is and what it holds.

use std::sync::Arc;

use rpds::RedBlackTreeMap;

use super::operation::{Attributes, Content, Kind, Name};
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

#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) namespace: Handle,
    /// None for a root.
    pub(super) parent: Option<Handle>,
    pub(super) name: Name,
    /// The server's id, once the history has shown it.
    pub(super) id: Option<u64>,
    pub(super) rev: Rev,
    pub(super) body: Body,
    pub(super) attributes: Arc<Attributes>,
}

#[derive(Debug, Clone)]
pub(super) enum Body {
    Directory(RedBlackTreeMap<Name, Handle>),
    File(Content),
    /// The path that it holds, which nobody follows.
    Symlink(Arc<str>),
}

impl Body {
    pub(super) fn empty_directory() -> Body {
        Body::Directory(RedBlackTreeMap::new())
    }

    /// What a copy of it begins with: a directory is filled later.
    pub(super) fn without_children(&self) -> Body {
        match self {
            Body::Directory(_) => Body::empty_directory(),
            Body::File(_) | Body::Symlink(_) => self.clone(),
        }
    }
}

impl Node {
    pub(super) fn root(namespace: Handle, id: Option<u64>, rev: Rev) -> Node {
        let (name, body) = (Name::from(""), Body::empty_directory());
        Node { namespace, parent: None, name, id, rev, body, attributes: Arc::default() }
    }

    pub(super) fn kind(&self) -> Kind {
        match self.body {
            Body::Directory(_) => Kind::Directory,
            Body::File(_) => Kind::File,
            Body::Symlink(_) => Kind::Symlink,
        }
    }

    pub(super) fn children(&self) -> Option<&RedBlackTreeMap<Name, Handle>> {
        match &self.body {
            Body::Directory(children) => Some(children),
            Body::File(_) | Body::Symlink(_) => None,
        }
    }

    /// Of everything but the children, who say themselves whose they are.
    pub(super) fn fingerprint(&self, handle: Handle) -> u128 {
        let mut bytes = Vec::with_capacity(128);
        let (rev_kind, rev) = self.rev.to_parts();
        for handle in [Some(handle), Some(self.namespace), self.parent] {
            let handle = handle.unwrap_or(Handle { tag: u32::MAX, ordinal: u32::MAX });
            bytes.extend_from_slice(&handle.tag.to_le_bytes());
            bytes.extend_from_slice(&handle.ordinal.to_le_bytes());
        }
        bytes.extend_from_slice(&self.id.unwrap_or(u64::MAX).to_le_bytes());
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
        }
        push_text(&mut bytes, &self.name);
        for (name, value) in self.attributes.iter() {
            push_text(&mut bytes, name);
            push_text(&mut bytes, value);
        }
        hash_bytes(&bytes)
    }
}

fn push_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend_from_slice(text.as_bytes());
    bytes.push(END_OF_TEXT);
}
