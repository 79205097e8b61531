//! Every key's layout: group (u32), a kind byte, then big-endian ids, then name bytes, so
//! that what belongs together is one contiguous range. A name is its key in the namespace.
//!
//! | kind | key after it | value | engine |
//! |---|---|---|---|
//! | 01 system | | [`super::system`] | state |
//! | 02 namespace | namespace | [`super::namespace`] | state |
//! | 03 namespace by name | name | namespace id | state |
//! | 10 node | parent, name | [`super::node`] | state |
//! | 11 location | node | [`super::node`] | state |
//! | 12 usage | directory | [`super::usage`] | state |
//! | 13 past node | parent, name, 00, revision that ended it | [`super::node`] | state |
//! | 14 past location | node, revision that ended it | [`super::node`] | state |
//! | 20 journal | namespace, revision, ordinal (u32) | [`super::change`] | state |
//! | 21 journal start | namespace | cursor of the last line trimmed | state |
//! | 22 milestone | time, milliseconds | [`super::milestone`] | state |
//! | 23 snapshot | namespace, name | [`super::snapshot`] | state |
//! | 24 pin | revision | empty | state |
//! | 25 mounted | namespace that is shown, mount | empty | state |
//! | 26 restored | the revision that it goes on from | the revision of the backup | state |
//! | 30 session | client | [`super::session`] | state |
//! | 31 reply that its session does not keep | client, sequence | [`super::outcome`] | state |
//! | 32 lock | namespace, target, 00, name | [`super::lock`] | state |
//! | 33 lock end | time, milliseconds, the lock's key after its kind | empty | state |
//! | 40 reclaim | directory | revision that deleted it | state |
//! | 41 forget | directory | empty | state |
//! | 42 deleted namespace | namespace | [`super::namespace`] | state |
//! | 70 applied | | [`super::applied`] | state |
//! | 80 identity | | [`super::identity`] | log |
//! | 81 vote | | [`super::vote`] | log |
//! | 82 purged | | log id | log |
//! | 83 committed | | log id | log |
//! | 84 standing | | [`super::standing`] | log |
//! | 90 log entry | index | [`super::entry`] | log |

mod kind;
#[cfg(test)]
mod tests;

use std::ops::Range;

pub(crate) use kind::Kind;

use crate::types::{ClientId, Cursor, GroupId, NamespaceId, NodeId, Request, Revision};

/// Bytes of the group and the kind.
const PREFIX_SIZE: usize = 5;

fn key(group: GroupId, kind: Kind, parts: &[&[u8]]) -> Vec<u8> {
    let size = PREFIX_SIZE + parts.iter().map(|part| part.len()).sum::<usize>();
    let mut key = Vec::with_capacity(size);
    key.extend_from_slice(&group.0.to_be_bytes());
    key.push(kind as u8);
    parts.iter().for_each(|part| key.extend_from_slice(part));
    key
}

/// The first key that is greater than all keys that start with `prefix`.
fn after_prefix(mut prefix: Vec<u8>) -> Vec<u8> {
    while let Some(last) = prefix.pop() {
        if last < u8::MAX {
            prefix.push(last + 1);
            return prefix;
        }
    }
    unreachable!("a key starts with a group and a kind byte below 0xff")
}

fn prefix_range(prefix: Vec<u8>) -> Range<Vec<u8>> {
    prefix.clone()..after_prefix(prefix)
}

/// All keys of a group.
pub fn group_range(group: GroupId) -> Range<Vec<u8>> {
    let from = group.0.to_be_bytes().to_vec();
    let mut to = from.clone();
    to.push(u8::MAX);
    from..to
}

/// The counters of the state machine.
pub fn system(group: GroupId) -> Vec<u8> {
    key(group, Kind::System, &[])
}

/// A namespace.
pub fn namespace(group: GroupId, id: NamespaceId) -> Vec<u8> {
    key(group, Kind::Namespace, &[&id.0.to_be_bytes()])
}

/// All namespaces, in the order of their ids.
pub fn namespaces(group: GroupId) -> Range<Vec<u8>> {
    prefix_range(key(group, Kind::Namespace, &[]))
}

/// The namespace that has a name.
pub fn namespace_by_name(group: GroupId, name: &str) -> Vec<u8> {
    key(group, Kind::NamespaceByName, &[name.as_bytes()])
}

/// The node that has a name in a directory.
pub fn node(group: GroupId, parent: NodeId, name: &str) -> Vec<u8> {
    key(group, Kind::Node, &[&parent.0.to_be_bytes(), name.as_bytes()])
}

/// The nodes of a directory, in the order of their names; those after `after`, if given.
pub fn entries(group: GroupId, directory: NodeId, after: Option<&str>) -> Range<Vec<u8>> {
    let mut range = prefix_range(key(group, Kind::Node, &[&directory.0.to_be_bytes()]));
    if let Some(after) = after {
        // Names hold no NUL: the least key that is greater than the name's own.
        range.start = node(group, directory, after);
        range.start.push(0);
    }
    range
}

/// All nodes of all directories.
pub fn nodes(group: GroupId) -> Range<Vec<u8>> {
    prefix_range(key(group, Kind::Node, &[]))
}

/// Where a node is.
pub fn location(group: GroupId, id: NodeId) -> Vec<u8> {
    key(group, Kind::Location, &[&id.0.to_be_bytes()])
}

/// All locations.
pub fn locations(group: GroupId) -> Range<Vec<u8>> {
    prefix_range(key(group, Kind::Location, &[]))
}

/// What is under a directory.
pub fn usage(group: GroupId, directory: NodeId) -> Vec<u8> {
    key(group, Kind::Usage, &[&directory.0.to_be_bytes()])
}

/// All usages.
pub fn usages(group: GroupId) -> Range<Vec<u8>> {
    prefix_range(key(group, Kind::Usage, &[]))
}

/// A node that had this name in this directory until a revision, which changed that.
pub fn past_node(group: GroupId, parent: NodeId, name: &str, until: Revision) -> Vec<u8> {
    let (parent, until) = (parent.0.to_be_bytes(), until.0.to_be_bytes());
    // Names hold no NUL: the order is that of names, then that of time.
    key(group, Kind::PastNode, &[&parent, name.as_bytes(), &[0], &until])
}

/// The nodes that had this name in this directory at a revision or later.
pub fn past_nodes_from(group: GroupId, parent: NodeId, name: &str, at: Revision) -> Range<Vec<u8>> {
    let mut end = past_node(group, parent, name, Revision(u64::MAX));
    end.push(0);
    past_node(group, parent, name, at.next())..end
}

/// All nodes that were in a directory; of names after `after`, if given.
pub fn past_entries(group: GroupId, directory: NodeId, after: Option<&str>) -> Range<Vec<u8>> {
    let directory = directory.0.to_be_bytes();
    let mut range = prefix_range(key(group, Kind::PastNode, &[&directory]));
    if let Some(after) = after {
        range.start = key(group, Kind::PastNode, &[&directory, after.as_bytes(), &[1]]);
    }
    range
}

/// All nodes that were somewhere.
pub fn past_nodes(group: GroupId) -> Range<Vec<u8>> {
    prefix_range(key(group, Kind::PastNode, &[]))
}

/// Where a node was until a revision, which changed that.
pub fn past_location(group: GroupId, id: NodeId, until: Revision) -> Vec<u8> {
    key(group, Kind::PastLocation, &[&id.0.to_be_bytes(), &until.0.to_be_bytes()])
}

/// Where a node was at a revision or later.
pub fn past_locations_from(group: GroupId, id: NodeId, at: Revision) -> Range<Vec<u8>> {
    let mut end = past_location(group, id, Revision(u64::MAX));
    end.push(0);
    past_location(group, id, at.next())..end
}

/// All past locations.
pub fn past_locations(group: GroupId) -> Range<Vec<u8>> {
    prefix_range(key(group, Kind::PastLocation, &[]))
}

/// One change.
pub fn journal(group: GroupId, namespace: NamespaceId, cursor: Cursor) -> Vec<u8> {
    let (revision, ordinal) = (cursor.revision.0.to_be_bytes(), cursor.ordinal.to_be_bytes());
    key(group, Kind::Journal, &[&namespace.0.to_be_bytes(), &revision, &ordinal])
}

/// The changes of a namespace after a cursor, in order.
pub fn journal_after(
    group: GroupId,
    namespace: NamespaceId,
    after: Option<Cursor>,
) -> Range<Vec<u8>> {
    let mut range = prefix_range(key(group, Kind::Journal, &[&namespace.0.to_be_bytes()]));
    if let Some(cursor) = after {
        range.start = journal(group, namespace, cursor);
        range.start.push(0);
    }
    range
}

/// Up to where a namespace's journal was trimmed.
pub fn journal_start(group: GroupId, namespace: NamespaceId) -> Vec<u8> {
    key(group, Kind::JournalStart, &[&namespace.0.to_be_bytes()])
}

/// Where history was at a time.
pub fn milestone(group: GroupId, time_ms: u64) -> Vec<u8> {
    key(group, Kind::Milestone, &[&time_ms.to_be_bytes()])
}

/// All milestones, in the order of time.
pub fn milestones(group: GroupId) -> Range<Vec<u8>> {
    prefix_range(key(group, Kind::Milestone, &[]))
}

/// A snapshot.
pub fn snapshot(group: GroupId, namespace: NamespaceId, name: &str) -> Vec<u8> {
    key(group, Kind::Snapshot, &[&namespace.0.to_be_bytes(), name.as_bytes()])
}

/// The snapshots of a namespace, in the order of their names.
pub fn snapshots(group: GroupId, namespace: NamespaceId) -> Range<Vec<u8>> {
    prefix_range(key(group, Kind::Snapshot, &[&namespace.0.to_be_bytes()]))
}

/// A snapshot is of this revision: what was there then is kept.
pub fn pin(group: GroupId, revision: Revision) -> Vec<u8> {
    key(group, Kind::Pin, &[&revision.0.to_be_bytes()])
}

/// All pins, the oldest first.
pub fn pins(group: GroupId) -> Range<Vec<u8>> {
    prefix_range(key(group, Kind::Pin, &[]))
}

/// A mount shows a namespace.
pub fn mounted(group: GroupId, namespace: NamespaceId, mount: NodeId) -> Vec<u8> {
    key(group, Kind::Mounted, &[&namespace.0.to_be_bytes(), &mount.0.to_be_bytes()])
}

/// The mounts that show a namespace.
pub fn mounts_of(group: GroupId, namespace: NamespaceId) -> Range<Vec<u8>> {
    prefix_range(key(group, Kind::Mounted, &[&namespace.0.to_be_bytes()]))
}

/// All mounts.
pub fn all_mounted(group: GroupId) -> Range<Vec<u8>> {
    prefix_range(key(group, Kind::Mounted, &[]))
}

/// The cluster was restored, and goes on from this revision.
pub fn restored(group: GroupId, revision: Revision) -> Vec<u8> {
    key(group, Kind::Restored, &[&revision.0.to_be_bytes()])
}

/// All times that it was restored and goes on from after a revision, the first one first.
pub fn restored_after(group: GroupId, revision: Revision) -> Range<Vec<u8>> {
    let all = prefix_range(key(group, Kind::Restored, &[]));
    restored(group, revision.next())..all.end
}

/// A client session.
pub fn session(group: GroupId, client: ClientId) -> Vec<u8> {
    key(group, Kind::Session, &[&client.0.to_be_bytes()])
}

/// All sessions, in the order of their ids.
pub fn sessions(group: GroupId) -> Range<Vec<u8>> {
    prefix_range(key(group, Kind::Session, &[]))
}

/// The reply to a request.
pub fn reply(group: GroupId, request: Request) -> Vec<u8> {
    let (client, sequence) = (request.client.0.to_be_bytes(), request.sequence.to_be_bytes());
    key(group, Kind::Reply, &[&client, &sequence])
}

/// The replies of a client to sequences from one up to, not including, another.
pub fn replies(group: GroupId, client: ClientId, sequences: Range<u64>) -> Range<Vec<u8>> {
    let at = |sequence| reply(group, Request { client, sequence });
    at(sequences.start)..at(sequences.end)
}

/// All replies to all clients.
pub fn all_replies(group: GroupId) -> Range<Vec<u8>> {
    prefix_range(key(group, Kind::Reply, &[]))
}

/// What a lock is on, as a part of its key: a node (01), or a path (02) under its names' keys.
pub enum LockTarget<'k> {
    /// A node.
    Node(NodeId),
    /// Names, joined by slashes.
    Path(&'k str),
}

/// A lock.
pub fn lock(group: GroupId, namespace: NamespaceId, target: LockTarget, name: &str) -> Vec<u8> {
    let namespace = namespace.0.to_be_bytes();
    let name = name.as_bytes();
    match target {
        LockTarget::Node(id) => {
            key(group, Kind::Lock, &[&namespace, &[1], &id.0.to_be_bytes(), &[0], name])
        }
        // Names hold no NUL.
        LockTarget::Path(path) => {
            key(group, Kind::Lock, &[&namespace, &[2], path.as_bytes(), &[0], name])
        }
    }
}

/// The locks of a namespace.
pub fn locks(group: GroupId, namespace: NamespaceId) -> Range<Vec<u8>> {
    prefix_range(key(group, Kind::Lock, &[&namespace.0.to_be_bytes()]))
}

/// All locks.
pub fn all_locks(group: GroupId) -> Range<Vec<u8>> {
    prefix_range(key(group, Kind::Lock, &[]))
}

/// A lock with this key ends at a time.
pub fn lock_end(group: GroupId, expires_ms: u64, lock: &[u8]) -> Vec<u8> {
    key(group, Kind::LockEnd, &[&expires_ms.to_be_bytes(), &lock[PREFIX_SIZE..]])
}

/// All ends of locks, the first one first.
pub fn lock_ends(group: GroupId) -> Range<Vec<u8>> {
    prefix_range(key(group, Kind::LockEnd, &[]))
}

/// The time of a lock's end, and the lock's key.
pub fn lock_at_end(end: &[u8]) -> Option<(u64, Vec<u8>)> {
    let (prefix, rest) = end.split_at_checked(PREFIX_SIZE)?;
    let (expires_ms, suffix) = rest.split_first_chunk::<8>()?;
    let mut lock = prefix.to_vec();
    lock[PREFIX_SIZE - 1] = Kind::Lock as u8;
    lock.extend_from_slice(suffix);
    Some((u64::from_be_bytes(*expires_ms), lock))
}

/// A namespace that was deleted, and still has records.
pub fn deleted_namespace(group: GroupId, id: NamespaceId) -> Vec<u8> {
    key(group, Kind::DeletedNamespace, &[&id.0.to_be_bytes()])
}

/// All of them.
pub fn deleted_namespaces(group: GroupId) -> Range<Vec<u8>> {
    prefix_range(key(group, Kind::DeletedNamespace, &[]))
}

/// A deleted directory whose entries are still stored.
pub fn reclaim(group: GroupId, directory: NodeId) -> Vec<u8> {
    key(group, Kind::Reclaim, &[&directory.0.to_be_bytes()])
}

/// All deleted directories whose entries are still stored.
pub fn reclaims(group: GroupId) -> Range<Vec<u8>> {
    prefix_range(key(group, Kind::Reclaim, &[]))
}

/// A directory whose past is to be forgotten.
pub fn forget(group: GroupId, directory: NodeId) -> Vec<u8> {
    key(group, Kind::Forget, &[&directory.0.to_be_bytes()])
}

/// All directories whose past is to be forgotten.
pub fn forgets(group: GroupId) -> Range<Vec<u8>> {
    prefix_range(key(group, Kind::Forget, &[]))
}

/// How far the state machine has come.
pub fn applied(group: GroupId) -> Vec<u8> {
    key(group, Kind::Applied, &[])
}

/// Whose data folder this is. In group 0, whatever groups there are.
pub fn identity() -> Vec<u8> {
    key(GroupId(0), Kind::Identity, &[])
}

/// Raft's vote.
pub fn vote(group: GroupId) -> Vec<u8> {
    key(group, Kind::Vote, &[])
}

/// The last entry that was purged from the log.
pub fn purged(group: GroupId) -> Vec<u8> {
    key(group, Kind::Purged, &[])
}

/// The last entry known to be committed.
pub fn committed(group: GroupId) -> Vec<u8> {
    key(group, Kind::Committed, &[])
}

/// How far the replica has come on its way to a member.
pub fn standing(group: GroupId) -> Vec<u8> {
    key(group, Kind::Standing, &[])
}

/// An entry of the log.
pub fn log_entry(group: GroupId, index: u64) -> Vec<u8> {
    key(group, Kind::LogEntry, &[&index.to_be_bytes()])
}

/// The log from one index up to, not including, another.
pub fn log_range(group: GroupId, indexes: Range<u64>) -> Range<Vec<u8>> {
    log_entry(group, indexes.start)..log_entry(group, indexes.end)
}

/// The ids at the end of a key of one or more of them.
pub fn last_id(key: &[u8]) -> Option<u64> {
    let (_, id) = key.split_last_chunk::<8>()?;
    Some(u64::from_be_bytes(*id))
}
