//! A real RocksDB on a simulated disk.
//!
//! A crash opens a copy of the folder as it would be found: whole after the death of a
//! process, and after a power loss each file cut to what was synced of it, plus a random
//! part of the rest.
//!
//! Invariant: nothing depends on RocksDB's own threads. Their work is waited for before
//! simulated time goes on.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use futures::future::BoxFuture;
use metad::kv::{
    Checkpoint, Incoming, KvEngine, KvRead, Pair, Result, Scan, View, Write,
    mem::Delay,
    rocks::{RocksEngine, Settings},
};

use super::syncs;

/// Memtables that no run fills: when they are full depends on the heights of RocksDB's skip
/// lists, and these on the address of a thread. Restarts and snapshots flush them.
const MEMTABLE_SIZE: usize = 16 << 20;
const CACHE_SIZE: usize = 1 << 20;

/// How often threads are looked at before a database is opened all the same.
const LOOKS_MAX: usize = 100_000;

/// Waits until no other thread has anything to do. RocksDB's timer finds the tasks of a
/// database that was just opened overdue, since their time is simulated and its own is not; and
/// while it runs one it lets no other database be opened.
fn idle() {
    let own = std::fs::read_link("/proc/thread-self").unwrap_or_default();
    let own = own.file_name().map(ToOwned::to_owned);
    let is_idle = || {
        let threads = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
        let mut others = threads.filter(|thread| Some(thread.file_name()) != own);
        others.all(|thread| {
            let stat = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
            // The name of a thread may have anything in it but ends with the last bracket.
            !stat.rsplit(')').next().is_some_and(|rest| rest.starts_with(" R"))
        })
    };
    let mut looks_left = LOOKS_MAX;
    while looks_left > 0 && !is_idle() {
        looks_left -= 1;
        std::thread::yield_now();
    }
}

/// A folder that outlives its node.
pub struct RocksDisk {
    root: PathBuf,
    is_logged: bool,
    /// Crashes so far; each opens a copy.
    generation: u64,
}

impl RocksDisk {
    /// An empty disk in a folder, for a store that has a log of its own or has not.
    pub fn new(root: PathBuf, is_logged: bool) -> RocksDisk {
        RocksDisk { root, is_logged, generation: 0 }
    }

    fn folder(&self) -> PathBuf {
        self.root.join(self.generation.to_string())
    }

    /// Opens the store.
    pub fn open(&self, delay: Delay) -> Result<Arc<dyn KvEngine>> {
        idle();
        let (memtable_size, cache_size) = (MEMTABLE_SIZE, CACHE_SIZE);
        let settings = Settings { memtable_size, cache_size, is_logged: self.is_logged };
        let engine = RocksEngine::open(&self.folder(), settings)?;
        engine.settle()?;
        Ok(Arc::new(Settled { engine, delay }))
    }

    /// The process dies; the page cache survives.
    pub fn process_crash(&mut self) -> io::Result<()> {
        self.copy(&mut |path| Ok(path.metadata()?.len()))?;
        Ok(())
    }

    /// The power goes. `keep` draws how many of some unsynced bytes survive. Gives how many
    /// were lost.
    pub fn power_loss(&mut self, keep: &mut dyn FnMut(u64) -> u64) -> io::Result<u64> {
        self.copy(&mut |path| {
            let synced = syncs::synced_size(path)?;
            let unsynced = path.metadata()?.len() - synced;
            Ok(synced + if unsynced == 0 { 0 } else { keep(unsynced) })
        })
    }

    /// The disk is replaced by an empty one.
    pub fn wipe(&mut self) {
        self.generation += 1;
    }

    fn copy(&mut self, size: &mut dyn FnMut(&Path) -> io::Result<u64>) -> io::Result<u64> {
        let from = self.folder();
        self.generation += 1;
        let to = self.folder();
        let lost = if from.exists() { copy_folder(&from, &to, size)? } else { 0 };
        Ok(lost)
    }
}

/// Copies a folder, each file cut to a size. Gives how many bytes were cut off.
fn copy_folder(
    from: &Path,
    to: &Path,
    size: &mut dyn FnMut(&Path) -> io::Result<u64>,
) -> io::Result<u64> {
    fs::create_dir_all(to)?;
    // Sorted: the order in which sizes are drawn must not depend on the file system.
    let mut names: Vec<_> =
        fs::read_dir(from)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<_>>()?;
    names.sort();
    let mut lost = 0;
    for name in names {
        let (source, target) = (from.join(&name), to.join(&name));
        // RocksDB's lock and its log for people are not data.
        let text = name.to_string_lossy();
        if text == "LOCK" || text.starts_with("LOG") {
            continue;
        }
        if source.is_dir() {
            lost += copy_folder(&source, &target, size)?;
            continue;
        }
        let kept = size(&source)?;
        let all = fs::copy(&source, &target)?;
        fs::OpenOptions::new().write(true).open(&target)?.set_len(kept)?;
        lost += all - kept;
        tracing::debug!(file = %target.display(), all, kept, "survives");
        syncs::mark_synced(&target)?;
    }
    Ok(lost)
}

/// A view at whose end RocksDB's threads have nothing to do, either: what it alone could see may
/// be compacted away then.
struct Pinned {
    /// None only while it is dropped.
    view: Option<View>,
    engine: RocksEngine,
}

impl Pinned {
    fn view(&self) -> &View {
        self.view.as_ref().expect("pinned until it is dropped")
    }
}

impl KvRead for Pinned {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.view().get(key)
    }

    fn scan<'a>(&'a self, from: &[u8], to: &[u8]) -> Scan<'a> {
        self.view().scan(from, to)
    }

    fn last(&self, from: &[u8], to: &[u8]) -> Result<Option<Pair>> {
        self.view().last(from, to)
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        drop(self.view.take());
        // If that fails, so will the next write, which tells of it.
        let _ = self.engine.settle();
    }
}

/// An engine whose threads have nothing to do when a call returns, and whose syncs take
/// simulated time.
struct Settled {
    engine: RocksEngine,
    delay: Delay,
}

impl KvEngine for Settled {
    fn view(&self) -> Result<View> {
        Ok(Arc::new(Pinned { view: Some(self.engine.view()?), engine: self.engine.clone() }))
    }

    fn write(&self, batch: Vec<Write>) -> Result<()> {
        self.engine.write(batch)?;
        self.engine.settle()
    }

    fn sync(&self) -> BoxFuture<'static, Result<()>> {
        let (engine, delay) = (self.engine.clone(), self.delay.clone());
        Box::pin(async move {
            delay().await;
            engine.sync().await?;
            engine.settle_files()
        })
    }

    fn checkpoint(&self) -> BoxFuture<'static, Result<Checkpoint>> {
        let (engine, delay) = (self.engine.clone(), self.delay.clone());
        Box::pin(async move {
            delay().await;
            // Otherwise its files would depend on a compaction that its own flush sets off.
            engine.flush_and_settle()?;
            let checkpoint = engine.checkpoint().await?;
            engine.settle_files()?;
            Ok(checkpoint)
        })
    }

    fn incoming(&self) -> Result<Box<dyn Incoming>> {
        self.engine.incoming()
    }

    fn install(&self, checkpoint: &Checkpoint) -> BoxFuture<'static, Result<()>> {
        let (engine, delay, checkpoint) =
            (self.engine.clone(), self.delay.clone(), checkpoint.clone());
        Box::pin(async move {
            delay().await;
            idle();
            engine.install(&checkpoint).await?;
            engine.settle()
        })
    }
}
