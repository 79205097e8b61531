//! Domain to wire.

use bytes::Bytes;
use metad_proto::{
    limits::{MESSAGE_BYTES, MESSAGE_BYTES_MAX, PAGE_ENTRIES_MAX},
    v1,
};

use crate::{
    tree::query::{Difference, Located},
    types::{
        Account, Body, Change, ChangeKind, Content, Cursor, Kind, Lock, LockRef, Name, Namespace,
        Node, NodeId, Outcome, Policy, Quota, Rejection, Request, Snapshot, Stat, StepResult,
    },
};

/// Bytes of entries or changes that are put into one message; but one of them at least.
const PAGE_SIZE_MAX: usize = MESSAGE_BYTES_MAX / 2;

/// What a mutation gave. None for an outcome that no mutation has.
pub(super) fn mutation_result(outcome: Outcome) -> Option<v1::mutate_reply::Result> {
    use v1::mutate_reply::Result;
    match outcome {
        Outcome::Namespace(made) => Some(Result::Namespace(namespace(made))),
        Outcome::Lock(held) => Some(Result::Lock(lock(held))),
        Outcome::Snapshot(made) => Some(Result::Snapshot(snapshot(made))),
        Outcome::Steps(results) => {
            let results = results.into_iter().map(step_result).collect();
            Some(Result::Steps(v1::StepResults { results }))
        }
        Outcome::Rejected(_)
        | Outcome::Session { .. }
        | Outcome::Compacted(_)
        | Outcome::Reclaimed { .. }
        | Outcome::None => None,
    }
}

/// What goes into one message.
pub(super) struct Part<E> {
    pub items: Vec<E>,
    size: usize,
}

impl<E> Default for Part<E> {
    fn default() -> Self {
        Part { items: Vec::new(), size: 0 }
    }
}

impl<E: prost::Message> Part<E> {
    /// Whether the message takes no more.
    pub fn is_full(&self) -> bool {
        // The last one may go beyond: a message takes twice as much, and one item far less.
        self.size >= PAGE_SIZE_MAX || self.items.len() >= PAGE_ENTRIES_MAX
    }

    pub fn add(&mut self, item: E) {
        self.size += item.encoded_len();
        self.items.push(item);
    }
}

/// Encodes as many as one message takes, in their order, and gives back the others.
pub(super) fn fill<T, E: prost::Message>(
    items: Vec<T>,
    encode: impl Fn(T) -> E,
) -> (Vec<E>, Vec<T>) {
    let mut items = items.into_iter();
    let mut part = Part::default();
    while !part.is_full()
        && let Some(item) = items.next()
    {
        part.add(encode(item));
    }
    (part.items, items.collect())
}

/// A reply, if one message takes it.
pub(super) fn fitting<M: prost::Message>(reply: M) -> Result<M, Rejection> {
    if reply.encoded_len() > MESSAGE_BYTES_MAX {
        let (limit, value) = (MESSAGE_BYTES, MESSAGE_BYTES_MAX as u64);
        return Err(Rejection::LimitExceeded { limit, value });
    }
    Ok(reply)
}

/// A namespace.
pub(super) fn namespace(namespace: Namespace) -> v1::Namespace {
    v1::Namespace {
        id: namespace.id.0,
        name: namespace.name.to_string(),
        root: namespace.root.0,
        policy: match namespace.policy {
            Policy::Exact => v1::NamePolicy::Exact,
            Policy::Casefold => v1::NamePolicy::Casefold,
        }
        .into(),
    }
}

/// A lock.
pub(super) fn lock(lock: Lock) -> v1::Lock {
    let LockRef { namespace, target, name } = lock.lock;
    let path = match target.start {
        NodeId::NONE => target.path.to_string(),
        _ => String::new(),
    };
    let target = Some(v1::NodeRef { id: target.start.0, path });
    v1::Lock {
        lock: Some(v1::LockRef { ns: namespace.0, target, name: name.into() }),
        token: lock.token.0,
        client_id: lock.client.0,
        expires_ms: lock.expires_ms,
    }
}

/// A quota; absent without bounds.
pub(super) fn quota(quota: Quota) -> Option<v1::Quota> {
    let is_bound = quota != Quota::default();
    is_bound.then_some(v1::Quota { nodes: quota.nodes, bytes: quota.bytes })
}

/// A snapshot.
pub(super) fn snapshot(snapshot: Snapshot) -> v1::Snapshot {
    v1::Snapshot {
        name: snapshot.name.to_string(),
        revision: snapshot.revision.0,
        time_ms: snapshot.time_ms,
    }
}

/// A node and what is under it.
pub(super) fn stat(stat: Stat) -> v1::Node {
    node(stat.node, stat.account)
}

/// A node whose counters are not told.
pub(super) fn entry(entry: Node) -> v1::Node {
    node(entry, Account::default())
}

/// A node with its path.
pub(super) fn located(located: Located) -> v1::Node {
    v1::Node { path: located.path.to_string(), ..entry(located.node) }
}

/// What became of a node.
pub(super) fn difference(difference: Difference) -> v1::Difference {
    v1::Difference { before: difference.before.map(located), after: difference.after.map(located) }
}

fn node(node: Node, Account { usage, quota }: Account) -> v1::Node {
    v1::Node {
        id: node.id.0,
        parent_id: node.parent.0,
        name: node.name.as_ref().map_or_else(String::new, Name::to_string),
        kind: kind(node.kind()).into(),
        rev: node.rev.0,
        content: node.content().cloned().map(content),
        nodes: usage.nodes,
        bytes: usage.bytes,
        quota: self::quota(quota),
        mount: node.mounted().map_or(0, |shown| shown.0),
        path: String::new(),
        symlink: match &node.body {
            Body::Symlink(to) => to.to_string(),
            _ => String::new(),
        },
        attributes: node.attributes.into_iter().map(|(name, value)| (name, value.into())).collect(),
    }
}

/// A kind of node.
pub(super) fn kind(kind: Kind) -> v1::Kind {
    match kind {
        Kind::Directory => v1::Kind::Directory,
        Kind::File => v1::Kind::File,
        Kind::Symlink => v1::Kind::Symlink,
        Kind::Mount => v1::Kind::Mount,
    }
}

fn content(content: Content) -> v1::Content {
    v1::Content {
        size: content.size,
        hash: Bytes::copy_from_slice(&content.hash),
        media_type: content.media_type,
        mtime_ms: content.mtime_ms,
        manifest: content.manifest,
        blocks: content.blocks.iter().map(|block| Bytes::copy_from_slice(block)).collect(),
    }
}

/// What a step did.
fn step_result(result: StepResult) -> v1::StepResult {
    let renamed = result.renamed.as_ref().map_or_else(String::new, Name::to_string);
    v1::StepResult { id: result.id.0, rev: result.rev.0, renamed }
}

/// A cursor.
pub(super) fn cursor(cursor: Cursor) -> v1::Cursor {
    v1::Cursor { revision: cursor.revision.0, ordinal: cursor.ordinal }
}

/// A line of a journal.
pub(super) fn change(change: Change) -> v1::Change {
    let Request { client, sequence } = change.request;
    let node = entry(change.node);
    let (from_parent, from_name) =
        change.from.map_or_else(Default::default, |(parent, name)| (parent.0, name.to_string()));
    v1::Change {
        cursor: Some(cursor(change.cursor)),
        request: Some(v1::RequestId { client_id: client.0, sequence }),
        time_ms: change.time_ms,
        from_parent_id: from_parent,
        from_name,
        other_ns: match change.kind {
            ChangeKind::MovedIn { from: other } | ChangeKind::MovedOut { to: other } => other.0,
            _ => 0,
        },
        change: Some(match change.kind {
            ChangeKind::Created => v1::change::Change::Created(node),
            ChangeKind::Updated => v1::change::Change::Updated(node),
            ChangeKind::Moved => v1::change::Change::Moved(node),
            ChangeKind::Deleted => v1::change::Change::Deleted(node),
            ChangeKind::MovedIn { .. } => v1::change::Change::MovedIn(node),
            ChangeKind::MovedOut { .. } => v1::change::Change::MovedOut(node),
        }),
    }
}
