//! The replicated state, in the state engine: applies committed entries, makes and
//! installs snapshots.
//!
//! Invariants: one batch of the engine holds what its entries changed and the record of
//! how far the state has come, so that a crash leaves both or neither; the state is not
//! synced at each batch, since the log replays it, and [`Durable`] says up to where the
//! log is no longer needed; replies and wake-ups come after the batch is visible.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use futures::{Stream, TryStreamExt as _};
use metad_proto::planted;
use openraft::{
    RaftSnapshotBuilder,
    alias::WatchSenderOf,
    async_runtime::watch::WatchSender as _,
    storage::{ApplyResponder, EntryResponder, RaftStateMachine},
};

use super::{
    convert,
    log_store::Durable,
    pins::Pins,
    state_reader::{Progress, StateReader},
    types::{Entry, LogId, Payload, Snapshot, SnapshotMeta, StoredMembership, TypeConfig},
};
use crate::{
    kv::{self, Cache, Checkpoint, KvEngine, StorageFault, Txn, Write},
    records::{
        self, applied, key,
        session::{self, Session},
    },
    tree,
    types::{Applied, GroupId, Outcome, Revision},
};

/// Entries that share one batch.
const BATCH_ENTRIES_MAX: usize = 256;
/// Bytes of commands that share one batch; but one command at least.
const BATCH_SIZE_MAX: usize = 4 << 20;
/// Bytes of records that are kept in memory for the entries to come.
const CACHE_BYTES_MAX: usize = 16 << 20;

/// See the module. openraft's state machine worker owns it.
pub struct StateStore {
    engine: Arc<dyn KvEngine>,
    cache: Cache,
    group: GroupId,
    applied: applied::Applied,
    revision: Revision,
    progress: WatchSenderOf<TypeConfig, Progress>,
    durable: Arc<Durable>,
    pins: Arc<Pins>,
    snapshot: CurrentSnapshot,
}

/// The last snapshot made or installed, for followers that need it.
type CurrentSnapshot = Arc<Mutex<Option<Snapshot>>>;

impl StateStore {
    /// The state in an engine, and a reader of it.
    pub async fn open(
        engine: Arc<dyn KvEngine>,
        group: GroupId,
        durable: Arc<Durable>,
        pins: Arc<Pins>,
    ) -> kv::Result<(StateStore, StateReader)> {
        // See LogStore::open: what is read now must not be lost later.
        engine.sync().await?;
        if planted!(RepliesForgottenAtRestart) {
            engine.write(forget_replies(&*engine.view()?, group)?)?;
        }
        let (applied, revision) = load(&*engine.view()?, group)?;
        if let Some(last) = applied.last {
            durable.advance(last.index);
        }
        let (progress, watch) = Progress::channel(&applied, revision);
        let reader = StateReader::new(engine.clone(), group, watch);
        let (cache, snapshot) = (Cache::new(CACHE_BYTES_MAX), CurrentSnapshot::default());
        let store = StateStore {
            engine,
            cache,
            group,
            applied,
            revision,
            progress,
            durable,
            pins,
            snapshot,
        };
        Ok((store, reader))
    }

    fn apply_batch(&mut self, batch: Vec<EntryResponder<TypeConfig>>) -> kv::Result<()> {
        let mut txn = Txn::new(self.cache.over(self.engine.view()?));
        let (mut applied, mut revision) = (self.applied.clone(), self.revision);
        let mut replies = Vec::with_capacity(batch.len());
        for (entry, responder) in batch {
            let reply = apply_entry(&mut txn, self.group, (&mut applied, &mut revision), &entry)?;
            replies.extend(responder.map(|responder| (responder, reply)));
        }
        let mut writes = txn.into_batch();
        if planted!(AppliedPositionApart) {
            let changes = std::mem::take(&mut writes);
            self.cache.follow(&changes);
            self.engine.write(changes)?;
        }
        writes.push(Write::Put(key::applied(self.group), applied::encode(&applied)));
        self.cache.follow(&writes);
        self.engine.write(writes)?;
        if planted!(PurgeBeyondDurable) {
            let last = applied.last.expect("a batch is not empty");
            self.durable.advance(last.index);
        }
        (self.applied, self.revision) = (applied, revision);
        self.tell();
        self.hand_out()?;
        let reply = |(responder, reply): (ApplyResponder<_>, _)| responder.send(reply);
        replies.into_iter().for_each(reply);
        Ok(())
    }

    /// Gives the state as it is now to whoever waits for it.
    fn hand_out(&self) -> kv::Result<()> {
        let Some(last) = self.applied.last else { return Ok(()) };
        self.pins.reached(last.index, || self.engine.view())
    }

    fn tell(&self) {
        let progress = Progress::of(&self.applied, self.revision);
        self.progress.send_if_modified(|current| {
            let changed = *current != progress;
            *current = progress;
            changed
        });
    }

    async fn make_checkpoint(&self) -> kv::Result<Snapshot> {
        let meta = SnapshotMeta {
            last_log_id: self.applied.last.map(convert::log_id),
            last_membership: convert::applied_membership(&self.applied)?,
        };
        // Nothing is applied meanwhile: the worker waits for it, so it is of this entry.
        let snapshot = Snapshot { meta, snapshot: self.engine.checkpoint().await? };
        if let Some(last) = self.applied.last {
            self.durable.advance(last.index);
        }
        tracing::debug!(meta = %snapshot.meta, "checkpoint made");
        Ok(snapshot)
    }

    /// What planted bugs make of an installed snapshot.
    fn spoil(&self, before: &dyn kv::KvRead) -> kv::Result<()> {
        let drop = |range: std::ops::Range<Vec<u8>>| Write::DeleteRange(range.start, range.end);
        let mut writes = Vec::new();
        if planted!(SnapshotWithoutReplies) {
            writes.extend(forget_replies(&*self.engine.view()?, self.group)?);
        }
        if planted!(SnapshotWithoutLocks) {
            writes.push(drop(key::all_locks(self.group)));
        }
        let now = self.engine.view()?;
        if planted!(SnapshotOverOldState) {
            let all = key::group_range(self.group);
            for pair in before.scan(&all.start, &all.end) {
                let (key, value) = pair?;
                if now.get(&key)?.is_none() {
                    writes.push(Write::Put(key, value));
                }
            }
        }
        if planted!(SnapshotOldMembership)
            && let Some(value) = now.get(&key::applied(self.group))?
        {
            let applied = applied::Applied {
                membership: self.applied.membership.clone(),
                membership_at: self.applied.membership_at,
                ..applied::decode(&value)?
            };
            writes.push(Write::Put(key::applied(self.group), applied::encode(&applied)));
        }
        if writes.is_empty() { Ok(()) } else { self.engine.write(writes) }
    }

    fn keep(&self, snapshot: Snapshot) {
        *self.snapshot.lock().unwrap_or_else(PoisonError::into_inner) = Some(snapshot);
    }
}

/// For planted bugs alone.
fn forget_replies(view: &dyn kv::KvRead, group: GroupId) -> kv::Result<Vec<Write>> {
    let (sessions, replies) = (key::sessions(group), key::all_replies(group));
    let mut writes = vec![Write::DeleteRange(replies.start, replies.end)];
    for pair in view.scan(&sessions.start, &sessions.end) {
        let (key, value) = pair?;
        let known = session::decode(&value)?;
        let session = Session { spilled: 0, kept: Vec::new(), ..known };
        writes.push(Write::Put(key, session::encode(&session)));
    }
    Ok(writes)
}

fn load(view: &dyn kv::KvRead, group: GroupId) -> kv::Result<(applied::Applied, Revision)> {
    let value = view.get(&key::applied(group))?;
    let applied = value.map(|value| applied::decode(&value)).transpose()?.unwrap_or_default();
    Ok((applied, tree::query::revision(view, group)?))
}

/// How far the state has come is told with it: the record of applied entries, and the revision.
pub(super) fn apply_entry<B: kv::KvRead>(
    txn: &mut Txn<B>,
    group: GroupId,
    (applied, revision): (&mut applied::Applied, &mut Revision),
    entry: &Entry,
) -> kv::Result<Applied> {
    let position = convert::position(&entry.log_id);
    let next = applied.last.map_or(0, |last| last.index + 1);
    assert!(position.index == next, "entry {} after those before {next}", position.index);
    let reply = match &entry.payload {
        Payload::Blank => Applied { revision: *revision, outcome: Outcome::None },
        Payload::Normal(proposal) => {
            #[allow(unused_mut, reason = "a planted bug changes it")]
            let mut command = records::command::decode(&proposal.0)?;
            planted!(ApplyReadsClock => { command.time_ms = planted::clock_ms(command.time_ms) });
            tree::apply(txn, group, &command)?
        }
        Payload::Membership(members) => {
            applied.membership = convert::stored_membership(members);
            applied.membership_at = Some(position);
            Applied { revision: *revision, outcome: Outcome::None }
        }
    };
    // Before the record of it is written, which depends on where batches end.
    applied.digest = txn.take_digest(applied.digest);
    applied.last = Some(position);
    *revision = reply.revision.max(*revision);
    tracing::trace!(index = position.index, revision = %reply.revision, "applied");
    Ok(reply)
}

impl RaftStateMachine<TypeConfig> for StateStore {
    type SnapshotData = Checkpoint;
    type SnapshotBuilder = SnapshotBuilder;

    async fn applied_state(&mut self) -> io::Result<(Option<LogId>, StoredMembership)> {
        let last = self.applied.last.map(convert::log_id);
        Ok((last, convert::applied_membership(&self.applied)?))
    }

    async fn apply<S>(&mut self, mut entries: S) -> io::Result<()>
    where
        S: Stream<Item = io::Result<EntryResponder<TypeConfig>>> + Unpin + Send,
    {
        loop {
            let (mut batch, mut size) = (Vec::new(), 0);
            while batch.len() < BATCH_ENTRIES_MAX
                && size < BATCH_SIZE_MAX
                && let Some((entry, responder)) = entries.try_next().await?
            {
                if let Payload::Normal(proposal) = &entry.payload {
                    size += proposal.0.len();
                }
                let is_wanted = self.pins.is_wanted(entry.log_id.index);
                batch.push((entry, responder));
                if is_wanted {
                    break;
                }
            }
            if batch.is_empty() {
                return Ok(());
            }
            self.apply_batch(batch)?;
        }
    }

    async fn get_snapshot_builder(&mut self) -> SnapshotBuilder {
        let made = self.make_checkpoint().await;
        SnapshotBuilder { made: Some(made), current: self.snapshot.clone() }
    }

    async fn install_snapshot(
        &mut self,
        meta: &SnapshotMeta,
        snapshot: Checkpoint,
    ) -> io::Result<()> {
        let before = self.engine.view()?;
        self.engine.install(&snapshot).await?;
        if !planted!(CacheOutlivesSnapshot) {
            self.cache.clear();
        }
        self.spoil(&*before)?;
        let (applied, revision) = load(&*self.engine.view()?, self.group)?;
        let came = (applied.last.map(convert::log_id), convert::applied_membership(&applied)?);
        if came != (meta.last_log_id, meta.last_membership.clone())
            && !planted!(SnapshotOldMembership)
        {
            let why = format!("it is of {:?}, not of {meta}", applied.last);
            return Err(StorageFault::corrupt("snapshot", why).into());
        }
        assert!(self.applied.last <= applied.last, "a snapshot never moves the state back");
        if let Some(last) = applied.last {
            self.durable.advance(last.index);
        }
        (self.applied, self.revision) = (applied, revision);
        self.keep(Snapshot { meta: meta.clone(), snapshot });
        self.tell();
        self.hand_out()?;
        tracing::info!(%meta, "snapshot installed");
        Ok(())
    }

    async fn get_current_snapshot(&mut self) -> io::Result<Option<Snapshot>> {
        Ok(self.snapshot.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// Hands over a checkpoint that the state machine worker made.
pub struct SnapshotBuilder {
    made: Option<kv::Result<Snapshot>>,
    current: CurrentSnapshot,
}

impl RaftSnapshotBuilder<TypeConfig> for SnapshotBuilder {
    type SnapshotData = Checkpoint;

    async fn build_snapshot(&mut self) -> io::Result<Snapshot> {
        let snapshot = self.made.take().expect("a builder builds once")?;
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        // An installed one may be later than this.
        if current.as_ref().is_none_or(|kept| kept.meta.last_log_id <= snapshot.meta.last_log_id) {
            *current = Some(snapshot.clone());
        }
        Ok(snapshot)
    }
}
