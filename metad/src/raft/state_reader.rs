//! Reading the replicated state, and waiting for it to move on.

use std::sync::Arc;

use openraft::{
    alias::{WatchReceiverOf, WatchSenderOf},
    async_runtime::watch::{Watch as _, WatchReceiver as _},
};

use super::{runtime::Runtime, types::TypeConfig};
use crate::{
    kv::{KvEngine, Result, View},
    records::{applied, key},
    types::{GroupId, Revision},
};

/// How far the state has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The index of the last applied entry; None before the first.
    pub applied_index: Option<u64>,
    /// The revision of the last change.
    pub revision: Revision,
}

type Sender = WatchSenderOf<TypeConfig, Progress>;
type Receiver = WatchReceiverOf<TypeConfig, Progress>;

impl Progress {
    pub(super) fn of(applied: &applied::Applied, revision: Revision) -> Progress {
        Progress { applied_index: applied.last.map(|last| last.index), revision }
    }

    pub(super) fn channel(applied: &applied::Applied, revision: Revision) -> (Sender, Receiver) {
        type Watch = <Runtime as openraft::AsyncRuntime>::Watch;
        Watch::channel(Progress::of(applied, revision))
    }
}

/// A reader of one group's state. Clones are cheap.
#[derive(Clone)]
pub struct StateReader {
    engine: Arc<dyn KvEngine>,
    group: GroupId,
    progress: Receiver,
}

impl StateReader {
    pub(super) fn new(engine: Arc<dyn KvEngine>, group: GroupId, progress: Receiver) -> Self {
        StateReader { engine, group, progress }
    }

    /// Whose state it is.
    pub fn group(&self) -> GroupId {
        self.group
    }

    /// Pins the present state, which on a follower or a deposed leader may be an old one.
    pub fn view(&self) -> Result<View> {
        self.engine.view()
    }

    /// How far the state has come. At least so far is every view pinned after this.
    pub fn progress(&self) -> Progress {
        *self.progress.borrow_watched()
    }

    /// Like [`StateReader::progress`]; [`StateReader::moved_on`] then waits for a later one.
    pub fn note_progress(&mut self) -> Progress {
        *self.progress.borrow_and_update()
    }

    /// Waits until the state has moved on since it was last noted. False: it never will.
    pub async fn moved_on(&mut self) -> bool {
        self.progress.changed().await.is_ok()
    }

    /// How far a view has come, and the digest of all that was applied until then.
    pub fn applied(&self, view: &View) -> Result<applied::Applied> {
        let value = view.get(&key::applied(self.group))?;
        Ok(value.map(|value| applied::decode(&value)).transpose()?.unwrap_or_default())
    }
}
