//! A disk that fails, between the engine and the server; but where there are real files, what
//! goes wrong with blocks goes wrong there.
//!
//! Owns what goes wrong on a node's disks now. Invariant: without a fault set it changes
//! nothing. What it does wrong must never be seen in an answer: a server stops first.

use std::{
    io,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::future::BoxFuture;
use madsim::{rand::Rng, time::TimeHandle};
use metad::{
    kv::{Checkpoint, Incoming, KvEngine, KvRead, Pair, Result, Scan, StorageFault, View, Write},
    records::{self, key},
};

use super::{
    blocks::{self, Lie},
    observed::GROUP,
    watcher::Watcher,
};
use crate::report::Violation;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Syncs fail, and what they were for may be lost.
    Sync,
    /// Some reads fail.
    Read,
    /// There is next to no room, as everybody can tell.
    Tight,
    /// Nothing can be written.
    Full,
    /// Some reads give a value with a flipped bit.
    Flip,
    /// Some reads find what was there before the last write: a hole in the log.
    Stale,
    /// Some reads find what is elsewhere: another entry of the log.
    Misdirected,
}

impl Failure {
    /// What it does to real files, if it strikes there.
    fn lie(self) -> Option<Lie> {
        match self {
            Failure::Stale => Some(Lie::Stale),
            Failure::Misdirected => Some(Lie::Misdirected),
            Failure::Full => Some(Lie::Full),
            Failure::Sync | Failure::Read | Failure::Flip | Failure::Tight => None,
        }
    }

    /// What it is counted as.
    fn counted(self) -> &'static str {
        match self {
            Failure::Sync => "syncs failed",
            Failure::Read => "reads failed",
            Failure::Tight => "disks without room",
            Failure::Full => "writes refused",
            Failure::Flip => "bits flipped",
            Failure::Stale => "blocks stale",
            Failure::Misdirected => "blocks misdirected",
        }
    }
}

/// How many reads go well for each that does not.
const READS_A_FAILURE: u32 = 60;
/// The same of the entries of a log, which are seldom read.
const ENTRIES_A_FAILURE: u32 = 4;

/// How soon a server sees that there is no room.
const SEEN_WITHIN: Duration = Duration::from_secs(1);

/// What goes wrong on a node. Clones are the same.
#[derive(Clone)]
pub struct Failing(Arc<Mutex<State>>);

struct State {
    failure: Option<Failure>,
    /// When it came to be, in simulated time.
    since: Duration,
    struck: bool,
    /// Where the real files are, if there are any: blocks lie there, and not in between.
    folder: Option<PathBuf>,
    watcher: Watcher,
}

impl Failing {
    /// Nothing goes wrong yet.
    pub fn new(folder: Option<PathBuf>, watcher: Watcher) -> Failing {
        Failing(Arc::new(Mutex::new(State {
            failure: None,
            since: Duration::ZERO,
            struck: false,
            folder,
            watcher,
        })))
    }

    /// From now on.
    pub fn set(&self, failure: Option<Failure>) {
        let mut state = self.0.lock().expect("a panic ends the run");
        state.fail(failure);
        state.since = TimeHandle::current().elapsed();
        state.struck = false;
        if failure == Some(Failure::Tight) {
            state.watcher.count(Failure::Tight.counted());
        }
    }

    /// Nothing goes wrong any more; what has is remembered.
    pub fn heal(&self) {
        self.0.lock().expect("a panic ends the run").fail(None);
    }

    /// Nothing goes wrong while this runs.
    pub fn truthfully<T>(&self, run: impl FnOnce() -> T) -> T {
        let fail = |failure| {
            let mut state = self.0.lock().expect("a panic ends the run");
            let before = state.failure;
            state.fail(failure);
            before
        };
        let failure = fail(None);
        let result = run();
        fail(failure);
        result
    }

    /// Something has gone wrong since it was set.
    pub fn has_struck(&self) -> bool {
        let state = self.0.lock().expect("a panic ends the run");
        state.struck || state.folder.as_deref().is_some_and(|folder| blocks::count(folder) > 0)
    }

    fn strikes(&self, wanted: Failure) -> bool {
        let mut state = self.0.lock().expect("a panic ends the run");
        let is_elsewhere = state.folder.is_some() && wanted.lie().is_some();
        if state.failure != Some(wanted) || is_elsewhere {
            return false;
        }
        let strikes = match wanted {
            Failure::Sync | Failure::Full => true,
            Failure::Read | Failure::Flip => draw_one_in(READS_A_FAILURE),
            Failure::Stale | Failure::Misdirected => draw_one_in(ENTRIES_A_FAILURE),
            // It goes well, as long as nobody writes.
            Failure::Tight => false,
        };
        state.struck |= strikes;
        if strikes {
            state.watcher.count(wanted.counted());
        }
        strikes
    }

    fn is_tight(&self) -> bool {
        self.0.lock().expect("a panic ends the run").failure == Some(Failure::Tight)
    }

    /// A server that has seen that there is no room takes no more of what clients ask for.
    fn see(&self, batch: &[Write]) -> Result<()> {
        let state = self.0.lock().expect("a panic ends the run");
        let is_tight = state.failure == Some(Failure::Tight);
        if !is_tight || TimeHandle::current().elapsed() < state.since + SEEN_WITHIN {
            return Ok(());
        }
        let entries = key::log_range(GROUP, 0..u64::MAX);
        for write in batch {
            if let Write::Put(key, value) = write
                && entries.contains(key)
                && let Some(index) = key::last_id(key)
                && records::entry::decode(value, index)?.kind == records::entry::Kind::Command
            {
                let seen = format!("entry {index} is written where there is no room left");
                state.watcher.report(Violation::new("room", seen));
            }
        }
        Ok(())
    }

    fn refuse(&self, wanted: Failure, action: &'static str, errno: i32) -> Result<()> {
        match self.strikes(wanted) {
            true => Err(StorageFault::io(action, io::Error::from_raw_os_error(errno))),
            false => Ok(()),
        }
    }

    fn read(&self, mut value: Vec<u8>) -> Result<Vec<u8>> {
        self.refuse(Failure::Read, "read", libc::EIO)?;
        if !value.is_empty() && self.strikes(Failure::Flip) {
            let rng = &mut madsim::rand::thread_rng();
            let byte = rng.gen_range(0..value.len());
            value[byte] ^= 1 << rng.gen_range(0..8);
        }
        Ok(value)
    }

    fn lies(&self) -> bool {
        let failure = self.0.lock().expect("a panic ends the run").failure;
        matches!(failure, Some(Failure::Stale | Failure::Misdirected))
    }

    /// What is read of some entries of the log.
    fn entries(&self, mut entries: Vec<Pair>) -> Vec<Pair> {
        // The last one that is missing would be a shorter log: nobody could tell.
        for at in (1..entries.len().saturating_sub(1)).rev() {
            if self.strikes(Failure::Stale) {
                entries.remove(at);
            }
        }
        for at in (1..entries.len()).rev() {
            let other = entries[at - 1].1.clone();
            // Entries of the format before do not say where they belong.
            let is_told = other.first() == Some(&records::entry::VERSION_WITH_INDEX);
            if is_told && self.strikes(Failure::Misdirected) {
                entries[at].1 = other;
            }
        }
        entries
    }
}

impl State {
    fn fail(&mut self, failure: Option<Failure>) {
        if let Some(folder) = &self.folder {
            let before = self.failure.filter(|_| blocks::count(folder) > 0);
            self.struck |= before.is_some();
            before.into_iter().for_each(|failure| self.watcher.count(failure.counted()));
            blocks::set(folder, failure.and_then(Failure::lie));
        }
        self.failure = failure;
    }
}

fn draw_one_in(count: u32) -> bool {
    madsim::rand::thread_rng().gen_ratio(1, count)
}

/// An engine on a disk that may fail.
pub struct Faulty {
    /// What it is on.
    pub engine: Arc<dyn KvEngine>,
    /// What goes wrong.
    pub failing: Failing,
}

impl KvEngine for Faulty {
    fn view(&self) -> Result<View> {
        Ok(Arc::new(FaultyView { view: self.engine.view()?, failing: self.failing.clone() }))
    }

    fn write(&self, batch: Vec<Write>) -> Result<()> {
        self.failing.see(&batch)?;
        self.failing.refuse(Failure::Full, "write", libc::ENOSPC)?;
        self.engine.write(batch)
    }

    fn sync(&self) -> BoxFuture<'static, Result<()>> {
        match self.failing.refuse(Failure::Sync, "sync", libc::EIO) {
            Ok(()) => self.engine.sync(),
            Err(fault) => Box::pin(async move { Err(fault) }),
        }
    }

    fn checkpoint(&self) -> BoxFuture<'static, Result<Checkpoint>> {
        match self.failing.refuse(Failure::Full, "write a checkpoint", libc::ENOSPC) {
            Ok(()) => self.engine.checkpoint(),
            Err(fault) => Box::pin(async move { Err(fault) }),
        }
    }

    fn incoming(&self) -> Result<Box<dyn Incoming>> {
        self.engine.incoming()
    }

    fn install(&self, checkpoint: &Checkpoint) -> BoxFuture<'static, Result<()>> {
        match self.failing.refuse(Failure::Full, "install a checkpoint", libc::ENOSPC) {
            Ok(()) => self.engine.install(checkpoint),
            Err(fault) => Box::pin(async move { Err(fault) }),
        }
    }

    fn free(&self) -> Result<u64> {
        if self.failing.is_tight() { Ok(0) } else { self.engine.free() }
    }
}

struct FaultyView {
    view: View,
    failing: Failing,
}

impl FaultyView {
    fn pair(&self, pair: Result<Pair>) -> Result<Pair> {
        let (key, value) = pair?;
        Ok((key, self.failing.read(value)?))
    }
}

impl KvRead for FaultyView {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.view.get(key)?.map(|value| self.failing.read(value)).transpose()
    }

    fn scan<'a>(&'a self, from: &[u8], to: &[u8]) -> Scan<'a> {
        let pairs = self.view.scan(from, to).map(|pair| self.pair(pair));
        if !(self.failing.lies() && key::log_range(GROUP, 0..u64::MAX).contains(&from.to_vec())) {
            return Box::new(pairs);
        }
        let pairs = pairs.collect::<Result<Vec<Pair>>>();
        match pairs.map(|entries| self.failing.entries(entries)) {
            Ok(entries) => Box::new(entries.into_iter().map(Ok)),
            Err(fault) => Box::new(std::iter::once(Err(fault))),
        }
    }

    fn last(&self, from: &[u8], to: &[u8]) -> Result<Option<Pair>> {
        self.view.last(from, to)?.map(|pair| self.pair(Ok(pair))).transpose()
    }
}
