//! Reading the log: for replication, for apply, and at the start.

use std::{
    fmt::Debug,
    io,
    ops::{Bound, Range, RangeBounds},
    sync::{Arc, Mutex, MutexGuard},
};

use bytes::Bytes;
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use openraft::{RaftLogReader, entry::RaftEntry as _};

use super::cache::{Cache, size_of};
use crate::{
    kv::{KvEngine, Result, StorageFault},
    raft::{
        convert,
        types::{Entry, LogId, TypeConfig, Vote},
    },
    records::{self, entry::Position, key},
    types::GroupId,
};

/// Bytes of entries that are read at a time, or sent in one message; but one entry at least.
const CHUNK_SIZE_MAX: usize = 1 << 20;

/// What the log store and its readers share.
pub struct Shared {
    pub engine: Arc<dyn KvEngine>,
    pub group: GroupId,
    cache: Mutex<Cache>,
}

impl Shared {
    pub fn new(engine: Arc<dyn KvEngine>, group: GroupId) -> Shared {
        Shared { engine, group, cache: Mutex::default() }
    }

    pub fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().expect("nothing panics while it holds the cache")
    }

    /// The position stored under a key.
    pub fn position(&self, key: Vec<u8>) -> Result<Option<LogId>> {
        let Some(value) = self.engine.view()?.get(&key)? else { return Ok(None) };
        Ok(records::entry::decode_position(&value)?.map(convert::log_id))
    }

    /// The last entry of the log.
    pub fn last_entry(&self) -> Result<Option<LogId>> {
        let range = key::log_range(self.group, 0..u64::MAX);
        let Some((key, value)) = self.engine.view()?.last(&range.start, &range.end)? else {
            return Ok(None);
        };
        Ok(Some(decode(&key, value)?.log_id))
    }

    /// The entries of a range that the log has, without a hole; perhaps not all of them, if
    /// they are more than `size_max` bytes.
    fn read(&self, indexes: Range<u64>, size_max: usize) -> Result<Vec<Entry>> {
        if indexes.is_empty() {
            return Ok(Vec::new());
        }
        if let Some(entries) = self.cache().range(&indexes) {
            return take(entries.cloned().map(Ok), size_max);
        }
        let view = self.engine.view()?;
        let range = key::log_range(self.group, indexes);
        let pairs = view.scan(&range.start, &range.end);
        take(pairs.map(|pair| pair.and_then(|(key, value)| decode(&key, value))), size_max)
    }
}

fn take(entries: impl Iterator<Item = Result<Entry>>, size_max: usize) -> Result<Vec<Entry>> {
    let mut taken: Vec<Entry> = Vec::new();
    let mut size = 0;
    for entry in entries {
        let entry = entry?;
        if taken.last().is_some_and(|last| last.index() + 1 != entry.index()) {
            let why = format!("there is a hole before entry {}", entry.index());
            return Err(StorageFault::corrupt("log", why));
        }
        size += size_of(&entry);
        if size > size_max && !taken.is_empty() {
            break;
        }
        taken.push(entry);
    }
    Ok(taken)
}

fn decode(key: &[u8], value: Vec<u8>) -> Result<Entry> {
    let index = key::last_id(key)
        .ok_or_else(|| StorageFault::corrupt("log entry", "a key without an index"))?;
    let record = records::entry::decode(&value, index)?;
    let payload = Bytes::copy_from_slice(record.payload);
    convert::entry(Position { term: record.term, index }, record.kind, payload)
}

/// Reads the log.
#[derive(Clone)]
pub struct LogReader(pub(super) Arc<Shared>);

impl RaftLogReader<TypeConfig> for LogReader {
    async fn try_get_log_entries<R>(&mut self, range: R) -> io::Result<Vec<Entry>>
    where
        R: RangeBounds<u64> + Clone + Debug + Send,
    {
        Ok(self.0.read(half_open(&range), usize::MAX)?)
    }

    async fn limited_get_log_entries(&mut self, start: u64, end: u64) -> io::Result<Vec<Entry>> {
        let entries = self.0.read(start..end, CHUNK_SIZE_MAX)?;
        // A replication stream that is about to be replaced by a snapshot may still ask for
        // what was purged. Entries from later on would be sent as if they were next; without
        // any, openraft sends a heartbeat.
        match entries.first() {
            Some(first) if first.index() == start => Ok(entries),
            _ => Ok(Vec::new()),
        }
    }

    // For apply: committed entries do not change, so they can be read bit by bit.
    async fn entries_stream<R>(&mut self, range: R) -> impl Stream<Item = io::Result<Entry>> + Send
    where
        R: RangeBounds<u64> + Clone + Debug + Send,
    {
        let Range { start, end } = half_open(&range);
        let shared = self.0.clone();
        let chunks = stream::try_unfold(start, move |next| {
            let chunk = next_chunk(&shared, next..end);
            async move { chunk }
        });
        chunks.map_ok(|entries| stream::iter(entries).map(Ok)).try_flatten()
    }

    async fn read_vote(&mut self) -> io::Result<Option<Vote>> {
        let value = self.0.engine.view()?.get(&key::vote(self.0.group))?;
        let stored = value.map(|value| records::vote::decode(&value)).transpose()?;
        Ok(stored.map(convert::vote))
    }
}

fn next_chunk(shared: &Shared, indexes: Range<u64>) -> io::Result<Option<(Vec<Entry>, u64)>> {
    if indexes.is_empty() {
        return Ok(None);
    }
    let next = indexes.start;
    let entries = shared.read(indexes, CHUNK_SIZE_MAX)?;
    match (entries.first(), entries.last()) {
        (Some(first), Some(last)) if first.index() == next => {
            let after = last.index() + 1;
            Ok(Some((entries, after)))
        }
        _ => {
            let why = format!("entry {next} is committed, but is not there");
            Err(StorageFault::corrupt("log", why).into())
        }
    }
}

fn half_open(range: &impl RangeBounds<u64>) -> Range<u64> {
    let start = match range.start_bound() {
        Bound::Included(start) => *start,
        Bound::Excluded(before) => before + 1,
        Bound::Unbounded => 0,
    };
    let end = match range.end_bound() {
        Bound::Included(last) => last + 1,
        Bound::Excluded(end) => *end,
        Bound::Unbounded => u64::MAX,
    };
    start..end
}
