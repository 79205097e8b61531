//! The Raft log and the vote, in the log engine.
//!
//! Invariants: the log has no hole; what is answered for is on disk: an entry before its
//! callback runs, the vote before `save_vote` returns. Appends share syncs: while one is
//! under way, the next ones gather. Nothing is purged that the state engine could lose.

mod cache;
mod reader;

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use metad_proto::planted;
use openraft::{
    entry::RaftEntry as _,
    storage::{IOFlushed, LogState, RaftLogStorage},
};
use tokio::sync::mpsc;

pub use self::reader::LogReader;
use self::reader::Shared;
use super::{
    convert,
    types::{Entry, LogId, TypeConfig, Vote},
};
use crate::{
    kv::{KvEngine, Result, StorageFault, Write},
    records::{self, key},
    types::GroupId,
};

/// Appends that may wait for a sync; more of them wait to be written.
const APPENDS_MAX: usize = 1_024;

/// How far the state machine is on disk, whatever happens: the log may be purged up to it.
#[derive(Debug, Default)]
pub struct Durable(AtomicU64);

impl Durable {
    /// Entries below this index are not needed to rebuild the state.
    pub fn next_index(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    /// The state engine has been synced with this entry applied.
    pub fn advance(&self, applied_index: u64) {
        self.0.fetch_max(applied_index + 1, Ordering::AcqRel);
    }
}

/// The log, as openraft writes it.
pub struct LogStore {
    shared: Arc<Shared>,
    appended: mpsc::Sender<IOFlushed<TypeConfig>>,
    durable: Arc<Durable>,
    /// The one in which entries are written.
    format: u32,
}

impl LogStore {
    /// The log in an engine, and the work that syncs it, which must run until it ends.
    pub async fn open(
        engine: Arc<dyn KvEngine>,
        group: GroupId,
        durable: Arc<Durable>,
        format: u32,
    ) -> Result<(LogStore, impl Future<Output = ()> + Send + 'static)> {
        // What an earlier run wrote and did not sync may still be in the page cache alone.
        // From now on it counts as ours: a vote that is read now and lost by a later power
        // loss could be cast twice.
        engine.sync().await?;
        let (appended, waiting) = mpsc::channel(APPENDS_MAX);
        let shared = Arc::new(Shared::new(engine.clone(), group));
        Ok((LogStore { shared, appended, durable, format }, sync_appends(engine, waiting)))
    }

    fn put(&self, key: Vec<u8>, value: Vec<u8>) -> Result<()> {
        self.shared.engine.write(vec![Write::Put(key, value)])
    }
}

/// Group commit: syncs once for all appends that have gathered, then tells each of them,
/// in their order. Ends when the log store is gone.
async fn sync_appends(
    engine: Arc<dyn KvEngine>,
    mut waiting: mpsc::Receiver<IOFlushed<TypeConfig>>,
) {
    let mut appends = Vec::new();
    while waiting.recv_many(&mut appends, APPENDS_MAX).await > 0 {
        // Sync first: an entry that is acknowledged counts towards a majority, and a
        // committed entry must not be lost.
        let mut synced = if planted!(AppendNotSynced) { Ok(()) } else { engine.sync().await };
        if planted!(SyncErrorIgnored) {
            synced = Ok(());
        }
        tracing::trace!(appends = appends.len(), ok = synced.is_ok(), "log synced");
        for append in appends.drain(..) {
            let failed = |fault: &StorageFault| io::Error::other(fault.to_string());
            append.io_completed(synced.as_ref().copied().map_err(failed));
        }
    }
}

impl RaftLogStorage<TypeConfig> for LogStore {
    type LogReader = LogReader;

    async fn get_log_state(&mut self) -> io::Result<LogState<TypeConfig>> {
        let purged = self.shared.position(key::purged(self.shared.group))?;
        let last = self.shared.last_entry()?.or(purged);
        Ok(LogState { last_purged_log_id: purged, last_log_id: last })
    }

    async fn get_log_reader(&mut self) -> LogReader {
        LogReader(self.shared.clone())
    }

    async fn save_vote(&mut self, vote: &Vote) -> io::Result<()> {
        let value = records::vote::encode(&convert::stored_vote(vote));
        self.put(key::vote(self.shared.group), value)?;
        // Sync first: a vote lost in a crash could be cast twice (Raft §5.2).
        if !planted!(VoteNotSynced) {
            self.shared.engine.sync().await?;
        }
        tracing::debug!(%vote, "vote saved");
        Ok(())
    }

    async fn save_committed(&mut self, committed: Option<LogId>) -> io::Result<()> {
        let position = committed.as_ref().map(convert::position);
        // Not synced: it only spares a restarted node some waiting. The entries before it
        // are written before it, so it never points beyond the log.
        let value = records::entry::encode_position(position);
        Ok(self.put(key::committed(self.shared.group), value)?)
    }

    async fn read_committed(&mut self) -> io::Result<Option<LogId>> {
        Ok(self.shared.position(key::committed(self.shared.group))?)
    }

    async fn append<I>(&mut self, entries: I, callback: IOFlushed<TypeConfig>) -> io::Result<()>
    where
        I: IntoIterator<Item = Entry> + Send,
        I::IntoIter: Send,
    {
        let entries: Vec<_> = entries.into_iter().collect();
        let writes = entries.iter().map(|entry| {
            let (kind, payload) = convert::parts(&entry.payload);
            let record = records::entry::Entry { term: *entry.log_id.leader_id, kind, payload };
            let key = key::log_entry(self.shared.group, entry.index());
            Write::Put(key, records::entry::encode(&record, entry.index(), self.format))
        });
        self.shared.engine.write(writes.collect())?;
        self.shared.cache().extend(entries);
        let sent = self.appended.send(callback).await;
        sent.map_err(|_| io::Error::other("the work that syncs the log has ended"))
    }

    async fn truncate_after(&mut self, last: Option<LogId>) -> io::Result<()> {
        let from = last.map_or(0, |last| last.index + 1);
        self.shared.cache().truncate(from);
        let range = key::log_range(self.shared.group, from..u64::MAX);
        if !planted!(TruncateSkipped) {
            self.shared.engine.write(vec![Write::DeleteRange(range.start, range.end)])?;
        }
        self.shared.engine.sync().await?;
        tracing::debug!(from, "log truncated");
        Ok(())
    }

    async fn purge(&mut self, last: LogId) -> io::Result<()> {
        assert!(
            last.index < self.durable.next_index(),
            "entry {} would be purged, but only those before {} are on disk in the state",
            last.index,
            self.durable.next_index(),
        );
        let group = self.shared.group;
        let end = match planted!(PurgeBeyondDurable) {
            true => self.durable.next_index().max(last.index + 1),
            false => last.index + 1,
        };
        let range = key::log_range(group, 0..end);
        let purged = records::entry::encode_position(Some(convert::position(&last)));
        let purge = vec![
            Write::Put(key::purged(group), purged),
            Write::DeleteRange(range.start, range.end),
        ];
        self.shared.engine.write(purge)?;
        self.shared.cache().purge(last.index);
        self.shared.engine.sync().await?;
        tracing::debug!(%last, "log purged");
        Ok(())
    }
}

#[cfg(test)]
mod tests;
