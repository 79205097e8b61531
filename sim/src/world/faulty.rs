//! A disk that fails: the same for both engines, between them and the server.
//!
//! Owns what goes wrong on a node's disks now. Invariant: without a fault set it changes
//! nothing. What it does wrong must never be seen in an answer: a server stops first.

use std::{
    io,
    sync::{Arc, Mutex},
};

use futures::future::BoxFuture;
use madsim::rand::Rng;
use metad::kv::{
    Checkpoint, Incoming, KvEngine, KvRead, Pair, Result, Scan, StorageFault, View, Write,
};

use super::watcher::Watcher;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Syncs fail, and what they were for may be lost.
    Sync,
    /// Some reads fail.
    Read,
    /// Nothing can be written.
    Full,
    /// Some reads give a value with a flipped bit.
    Flip,
}

/// How many reads go well for each that does not.
const READS_A_FAILURE: u32 = 60;

/// What goes wrong on a node. Clones are the same.
#[derive(Clone)]
pub struct Failing(Arc<Mutex<State>>);

struct State {
    failure: Option<Failure>,
    struck: bool,
    watcher: Watcher,
}

impl Failing {
    /// Nothing goes wrong yet.
    pub fn new(watcher: Watcher) -> Failing {
        Failing(Arc::new(Mutex::new(State { failure: None, struck: false, watcher })))
    }

    /// From now on.
    pub fn set(&self, failure: Option<Failure>) {
        let mut state = self.0.lock().expect("a panic ends the run");
        state.failure = failure;
        state.struck = false;
    }

    /// Nothing goes wrong any more; what has is remembered.
    pub fn heal(&self) {
        self.0.lock().expect("a panic ends the run").failure = None;
    }

    /// Something has gone wrong since it was set.
    pub fn has_struck(&self) -> bool {
        self.0.lock().expect("a panic ends the run").struck
    }

    fn strikes(&self, wanted: Failure) -> bool {
        let mut state = self.0.lock().expect("a panic ends the run");
        if state.failure != Some(wanted) {
            return false;
        }
        let is_read = matches!(wanted, Failure::Read | Failure::Flip);
        let strikes = !is_read || madsim::rand::thread_rng().gen_ratio(1, READS_A_FAILURE);
        state.struck |= strikes;
        if strikes {
            state.watcher.count(match wanted {
                Failure::Sync => "syncs failed",
                Failure::Read => "reads failed",
                Failure::Full => "writes refused",
                Failure::Flip => "bits flipped",
            });
        }
        strikes
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
        Box::new(self.view.scan(from, to).map(|pair| self.pair(pair)))
    }

    fn last(&self, from: &[u8], to: &[u8]) -> Result<Option<Pair>> {
        self.view.last(from, to)?.map(|pair| self.pair(Ok(pair))).transpose()
    }
}
