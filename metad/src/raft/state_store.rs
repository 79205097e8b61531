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
use openraft::{
    RaftSnapshotBuilder,
    alias::WatchSenderOf,
    async_runtime::watch::WatchSender as _,
    storage::{ApplyResponder, EntryResponder, RaftStateMachine},
};

use super::{
    convert,
    log_store::Durable,
    state_reader::{Progress, StateReader},
    types::{Entry, LogId, Payload, Snapshot, SnapshotMeta, StoredMembership, TypeConfig},
};
use crate::{
    kv::{self, Checkpoint, KvEngine, KvTxn as _, StorageFault, Txn, View},
    records::{self, applied, key},
    tree,
    types::{Applied, GroupId, Outcome, Revision},
};

/// Entries that share one batch.
const BATCH_ENTRIES_MAX: usize = 256;
/// Bytes of commands that share one batch; but one command at least.
const BATCH_SIZE_MAX: usize = 4 << 20;

/// See the module. openraft's state machine worker owns it.
pub struct StateStore {
    engine: Arc<dyn KvEngine>,
    group: GroupId,
    applied: applied::Applied,
    revision: Revision,
    progress: WatchSenderOf<TypeConfig, Progress>,
    durable: Arc<Durable>,
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
    ) -> kv::Result<(StateStore, StateReader)> {
        // See LogStore::open: what is read now must not be lost later.
        engine.sync().await?;
        let (applied, revision) = load(&*engine.view()?, group)?;
        if let Some(last) = applied.last {
            durable.advance(last.index);
        }
        let (progress, watch) = Progress::channel(&applied, revision);
        let reader = StateReader::new(engine.clone(), group, watch);
        let snapshot = CurrentSnapshot::default();
        let store = StateStore { engine, group, applied, revision, progress, durable, snapshot };
        Ok((store, reader))
    }

    fn apply_batch(&mut self, batch: Vec<EntryResponder<TypeConfig>>) -> kv::Result<()> {
        let mut txn = Txn::new(self.engine.view()?);
        let mut applied = self.applied.clone();
        let mut replies = Vec::with_capacity(batch.len());
        for (entry, responder) in batch {
            let reply = self.apply_entry(&mut txn, &mut applied, &entry)?;
            self.revision = self.revision.max(reply.revision);
            replies.extend(responder.map(|responder| (responder, reply)));
        }
        txn.put(key::applied(self.group), applied::encode(&applied));
        self.engine.write(txn.into_batch())?;
        self.applied = applied;
        self.tell();
        let reply = |(responder, reply): (ApplyResponder<_>, _)| responder.send(reply);
        replies.into_iter().for_each(reply);
        Ok(())
    }

    fn apply_entry(
        &self,
        txn: &mut Txn<View>,
        applied: &mut applied::Applied,
        entry: &Entry,
    ) -> kv::Result<Applied> {
        let position = convert::position(&entry.log_id);
        let next = applied.last.map_or(0, |last| last.index + 1);
        assert!(position.index == next, "entry {} after those before {next}", position.index);
        let reply = match &entry.payload {
            Payload::Blank => Applied { revision: self.revision, outcome: Outcome::None },
            Payload::Normal(proposal) => {
                let command = records::command::decode(&proposal.0)?;
                tree::apply(txn, self.group, &command)?
            }
            Payload::Membership(members) => {
                applied.membership = convert::stored_membership(members);
                applied.membership_at = Some(position);
                Applied { revision: self.revision, outcome: Outcome::None }
            }
        };
        // Before the record of it is written, which depends on where batches end.
        applied.digest = txn.take_digest(applied.digest);
        applied.last = Some(position);
        tracing::trace!(index = position.index, revision = %reply.revision, "applied");
        Ok(reply)
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

    fn keep(&self, snapshot: Snapshot) {
        *self.snapshot.lock().unwrap_or_else(PoisonError::into_inner) = Some(snapshot);
    }
}

fn load(view: &dyn kv::KvRead, group: GroupId) -> kv::Result<(applied::Applied, Revision)> {
    let value = view.get(&key::applied(group))?;
    let applied = value.map(|value| applied::decode(&value)).transpose()?.unwrap_or_default();
    Ok((applied, tree::query::revision(view, group)?))
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
                batch.push((entry, responder));
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
        self.engine.install(&snapshot).await?;
        let (applied, revision) = load(&*self.engine.view()?, self.group)?;
        let came = (applied.last.map(convert::log_id), convert::applied_membership(&applied)?);
        if came != (meta.last_log_id, meta.last_membership.clone()) {
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
