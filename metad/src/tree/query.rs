//! Questions to a pinned view of the state. What they answer is as old as the view: who
//! needs a fresh one waits for the read barrier first.

use std::ops::Range;

use xxhash_rust::xxh3::Xxh3;

use super::{Answer, Tried, answer, past, reader::Reader, reclaim, retention};

pub use super::retention::Retention;
use crate::{
    kv::{KvRead, Result},
    records::{change, decode_revision, key, namespace, node::Location, snapshot},
    types::{
        Account, Change, Cursor, GroupId, Name, Namespace, NamespaceId, Node, NodeRef, Path,
        Rejection, Revision, Snapshot, Stat,
    },
};

/// A view of any kind.
type View<'v> = &'v dyn KvRead;

/// What a question is asked of.
#[derive(Clone, Copy)]
pub struct Source<'v> {
    /// A pinned view of the state.
    pub view: View<'v>,
    /// Whose state.
    pub group: GroupId,
    /// The revision to read at; None for what is there now.
    pub at: Option<Revision>,
}

impl<'v> Source<'v> {
    /// What is there now.
    pub fn now(view: View<'v>, group: GroupId) -> Self {
        Source { view, group, at: None }
    }

    fn reader(&self) -> Tried<Reader<'v, dyn KvRead + 'v>> {
        Reader::at(self.view, self.group, self.at)
    }
}

/// The revision that the view reflects.
pub fn revision(view: View, group: GroupId) -> Result<Revision> {
    Ok(Reader::new(view, group).system()?.revision)
}

/// Replicated time, milliseconds since 1970.
pub fn time_ms(view: View, group: GroupId) -> Result<u64> {
    Ok(Reader::new(view, group).system()?.time_ms)
}

/// All namespaces, in the order of their ids.
pub fn namespaces(view: View, group: GroupId) -> Result<Vec<Namespace>> {
    let range = key::namespaces(group);
    view.scan(&range.start, &range.end).map(|pair| namespace::decode(&pair?.1)).collect()
}

/// A node and what is under it now; what was under it in the past is not known.
pub fn stat(source: Source, id: NamespaceId, target: &NodeRef) -> Answer<Stat> {
    let find = || -> Tried<Stat> {
        let reader = source.reader()?;
        let node = reader.find(&reader.namespace(id)?, target)?.node;
        let counted = node.is_directory() && source.at.is_none();
        let account = if counted { reader.account(node.id)? } else { Account::default() };
        Ok(Stat { node, account })
    };
    answer(find())
}

/// A node and its whole path.
pub fn lookup(source: Source, id: NamespaceId, target: &NodeRef) -> Answer<(Node, Path)> {
    let find = || -> Tried<(Node, Path)> {
        let reader = source.reader()?;
        let found = reader.find(&reader.namespace(id)?, target)?;
        let mut names = Vec::new();
        // The root has no name.
        for directory in found.above.iter().skip(1) {
            let Some(Location::In(place)) = reader.location(*directory)? else {
                return Err(Rejection::NotFound.into());
            };
            names.push(place.name);
        }
        names.extend(found.node.name.clone());
        Ok((found.node, Path::of(names)))
    };
    answer(find())
}

/// The snapshots of a namespace, in the order of their names.
pub fn snapshots(source: Source, id: NamespaceId) -> Answer<Vec<Snapshot>> {
    let read = || -> Tried<Vec<Snapshot>> {
        source.reader()?.namespace(id)?;
        let range = key::snapshots(source.group, id);
        let pairs = source.view.scan(&range.start, &range.end);
        Ok(pairs.map(|pair| snapshot::decode(&pair?.1)).collect::<Result<_>>()?)
    };
    answer(read())
}

/// The versions of a node that are kept, the latest first: at most `limit` of those before
/// a revision.
pub fn versions(
    source: Source,
    id: NamespaceId,
    target: &NodeRef,
    before: Option<Revision>,
    limit: usize,
) -> Answer<Vec<Node>> {
    let read = || -> Tried<Vec<Node>> {
        let reader = source.reader()?;
        let node = reader.find(&reader.namespace(id)?, target)?.node;
        let oldest = reader.system()?.compacted;
        let mut versions = past::versions(source.view, source.group, node.id, oldest)?;
        versions.retain(|version| before.is_none_or(|before| version.rev < before));
        versions.sort_by_key(|version| std::cmp::Reverse(version.rev));
        versions.truncate(limit);
        Ok(versions)
    };
    answer(read())
}

/// Part of a listing.
#[derive(Debug)]
pub struct Page {
    /// In the order of their names.
    pub entries: Vec<Node>,
    /// There are entries after these.
    pub more: bool,
}

/// The entries of a directory after a name: at most `limit` of them.
pub fn list_page(
    source: Source,
    id: NamespaceId,
    target: &NodeRef,
    after: Option<&Name>,
    limit: usize,
) -> Answer<Page> {
    let read = || -> Tried<Page> {
        let reader = source.reader()?;
        let directory = reader.find(&reader.namespace(id)?, target)?.node;
        if !directory.is_directory() {
            return Err(Rejection::NotADirectory.into());
        }
        let mut entries = reader.entries(directory.id, after.map(Name::as_str));
        let page = entries.by_ref().take(limit).collect::<Result<_>>()?;
        Ok(Page { entries: page, more: entries.next().transpose()?.is_some() })
    };
    answer(read())
}

/// Part of a journal.
#[derive(Debug)]
pub struct JournalPage {
    /// In order.
    pub changes: Vec<Change>,
    /// Where to read on.
    pub cursor: Cursor,
    /// There is nothing after these in this view.
    pub end: bool,
}

/// The changes of a namespace after a cursor: at most `limit` of them.
pub fn journal_page(
    view: View,
    group: GroupId,
    id: NamespaceId,
    after: Option<Cursor>,
    limit: usize,
) -> Answer<JournalPage> {
    let read = || -> Tried<JournalPage> {
        let reader = Reader::new(view, group);
        reader.namespace(id)?;
        let trimmed = view.get(&key::journal_start(group, id))?;
        let trimmed = trimmed.map(|value| decode_revision("journal start", &value)).transpose()?;
        let (from, revision) = (after.unwrap_or_default().revision, reader.system()?.revision);
        // Something after it is gone, or it is of another history.
        if from < trimmed.unwrap_or_default() || from > revision {
            return Err(Rejection::CursorReset { revision }.into());
        }
        let range = key::journal_after(group, id, after);
        let (changes, more) = page(view, range, limit, change::decode)?;
        let cursor = changes.last().map(|change: &Change| change.cursor).or(after);
        Ok(JournalPage { changes, cursor: cursor.unwrap_or_default(), end: !more })
    };
    answer(read())
}

fn page<T>(
    view: View,
    range: Range<Vec<u8>>,
    limit: usize,
    decode: impl Fn(&[u8]) -> Result<T>,
) -> Result<(Vec<T>, bool)> {
    let mut pairs = view.scan(&range.start, &range.end);
    let records = pairs.by_ref().take(limit).map(|pair| decode(&pair?.1));
    let records = records.collect::<Result<_>>()?;
    Ok((records, pairs.next().transpose()?.is_some()))
}

/// The revision before which the past need no longer be kept at a time (milliseconds since
/// 1970), if it still is.
pub fn compactable(
    view: View,
    group: GroupId,
    keep: Retention,
    now_ms: u64,
) -> Result<Option<Revision>> {
    let system = Reader::new(view, group).system()?;
    retention::due(view, group, &system, keep, now_ms)
}

/// Whether housekeeping has something to do at a time, milliseconds since 1970.
pub fn reclaimable(view: View, group: GroupId, time_ms: u64) -> Result<bool> {
    let system = Reader::new(view, group).system()?;
    reclaim::is_needed(view, group, &system, time_ms)
}

/// A hash over all records of the group in the order of their keys, and their number.
/// Replicas at the same applied index have the same.
pub fn state_hash(view: View, group: GroupId) -> Result<(u128, u64)> {
    let mut hash = Xxh3::new();
    let mut count = 0;
    let range = key::group_range(group);
    for pair in view.scan(&range.start, &range.end) {
        let (key, value) = pair?;
        for part in [key, value] {
            hash.update(&(part.len() as u64).to_be_bytes());
            hash.update(&part);
        }
        count += 1;
    }
    Ok((hash.digest128(), count))
}
