//! A store on a simulated disk that outlives its node: for tests and the simulator.
//!
//! Owns: [`Disk`], what is durable and what is only in the page cache. Invariants: the
//! same contract as the real engine; after a power loss a prefix of the unsynced batches
//! is there; an engine opened before a crash answers with a fault for ever after.

mod checkpoint;

use std::sync::{Arc, Mutex, MutexGuard};

use futures::future::BoxFuture;
use rpds::RedBlackTreeMapSync;

use super::{
    Checkpoint, Incoming, KvEngine, KvRead, Pair, Result, Scan, StorageFault, View, Write,
};

/// A persistent map: a clone shares all of it.
type Pairs = RedBlackTreeMapSync<Vec<u8>, Arc<[u8]>>;

/// How long the disk takes for one sync: called for each.
pub type Delay = Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

/// A disk. Clones are the same disk.
#[derive(Clone)]
pub struct MemDisk(Arc<Mutex<State>>);

struct State {
    /// What a power loss leaves.
    durable: Pairs,
    /// The state after each batch that is not synced, in order, under its number.
    unsynced: Vec<(u64, Pairs)>,
    /// Batches written so far.
    written: u64,
    /// Crashes so far.
    epoch: u64,
    delay: Option<Delay>,
    /// Bytes that can still be written.
    free: u64,
}

impl Default for MemDisk {
    fn default() -> MemDisk {
        MemDisk(Arc::new(Mutex::new(State {
            durable: Pairs::new_sync(),
            unsynced: Vec::new(),
            written: 0,
            epoch: 0,
            delay: None,
            free: u64::MAX,
        })))
    }
}

impl State {
    fn current(&self) -> &Pairs {
        self.unsynced.last().map_or(&self.durable, |(_, pairs)| pairs)
    }

    /// Makes all batches up to and with this number durable.
    fn settle(&mut self, number: u64) {
        let count = self.unsynced.iter().take_while(|(written, _)| *written <= number).count();
        if let Some((_, pairs)) = self.unsynced.drain(..count).next_back() {
            self.durable = pairs;
        }
    }
}

impl MemDisk {
    /// An empty disk.
    pub fn new() -> MemDisk {
        MemDisk::default()
    }

    /// How long each sync takes; nothing to begin with.
    pub fn set_sync_delay(&self, delay: Option<Delay>) {
        self.lock().delay = delay;
    }

    /// How much room it says that there is: to begin with, no end of it. Nothing is refused.
    pub fn set_free(&self, bytes: u64) {
        self.lock().free = bytes;
    }

    /// Opens the store. What an earlier run of the node left in the page cache is there,
    /// and is as little durable as it was.
    pub fn open(&self) -> MemEngine {
        MemEngine { disk: self.clone(), epoch: self.lock().epoch }
    }

    /// The power goes. Of the batches that are not synced, whose count is passed to
    /// `keep`, the first ones survive: as many as it says. Gives how many were lost.
    pub fn power_loss(&self, keep: impl FnOnce(usize) -> usize) -> usize {
        let mut state = self.lock();
        state.epoch += 1;
        let count = state.unsynced.len();
        let kept = keep(count);
        assert!(kept <= count, "{kept} of {count} batches cannot survive");
        if let Some((_, pairs)) = state.unsynced.get(..kept).and_then(<[_]>::last) {
            state.durable = pairs.clone();
        }
        state.unsynced.clear();
        count - kept
    }

    /// The process dies; the page cache survives.
    pub fn process_crash(&self) {
        self.lock().epoch += 1;
    }

    /// Batches that a power loss could take now.
    pub fn unsynced_count(&self) -> usize {
        self.lock().unsynced.len()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nothing panics while it holds the disk")
    }
}

/// A store on a [`MemDisk`].
#[derive(Clone)]
pub struct MemEngine {
    disk: MemDisk,
    epoch: u64,
}

impl MemEngine {
    fn state(&self) -> Result<MutexGuard<'_, State>> {
        let state = self.disk.lock();
        if state.epoch == self.epoch {
            return Ok(state);
        }
        Err(StorageFault::io("use the disk", std::io::Error::other("the node has crashed")))
    }

    /// Waits as long as one sync takes. Gives the number of the last batch before it.
    async fn trip(&self) -> Result<u64> {
        let (written, delay) = {
            let state = self.state()?;
            (state.written, state.delay.clone())
        };
        if let Some(delay) = delay {
            delay().await;
        }
        Ok(written)
    }
}

impl KvEngine for MemEngine {
    fn view(&self) -> Result<View> {
        Ok(Arc::new(Pinned(self.state()?.current().clone())))
    }

    fn write(&self, batch: Vec<Write>) -> Result<()> {
        let mut state = self.state()?;
        let mut pairs = state.current().clone();
        for write in batch {
            match write {
                Write::Put(key, value) => pairs.insert_mut(key, value.into()),
                Write::Delete(key) => drop(pairs.remove_mut(&key)),
                Write::DeleteRange(from, to) if from < to => remove_range(&mut pairs, from, to),
                Write::DeleteRange(..) => {}
            }
        }
        state.written += 1;
        let number = state.written;
        state.unsynced.push((number, pairs));
        Ok(())
    }

    fn sync(&self) -> BoxFuture<'static, Result<()>> {
        let engine = self.clone();
        Box::pin(async move {
            let written = engine.trip().await?;
            engine.state()?.settle(written);
            Ok(())
        })
    }

    fn checkpoint(&self) -> BoxFuture<'static, Result<Checkpoint>> {
        let engine = self.clone();
        Box::pin(async move {
            let pairs = engine.state()?.current().clone();
            let written = engine.trip().await?;
            engine.state()?.settle(written);
            Ok(checkpoint::pack(&pairs))
        })
    }

    fn incoming(&self) -> Result<Box<dyn Incoming>> {
        drop(self.state()?);
        Ok(Box::new(checkpoint::Gathering::default()))
    }

    fn install(&self, checkpoint: &Checkpoint) -> BoxFuture<'static, Result<()>> {
        let (engine, checkpoint) = (self.clone(), checkpoint.clone());
        Box::pin(async move {
            let pairs = checkpoint::unpack(&checkpoint)?;
            engine.trip().await?;
            let mut state = engine.state()?;
            state.unsynced.clear();
            state.durable = pairs;
            Ok(())
        })
    }

    fn free(&self) -> Result<u64> {
        Ok(self.state()?.free)
    }
}

fn remove_range(pairs: &mut Pairs, from: Vec<u8>, to: Vec<u8>) {
    let keys: Vec<_> = pairs.range(from..to).map(|(key, _)| key.clone()).collect();
    for key in keys {
        pairs.remove_mut(&key);
    }
}

struct Pinned(Pairs);

impl KvRead for Pinned {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        Ok(self.0.get(key).map(|value| value.to_vec()))
    }

    fn scan<'a>(&'a self, from: &[u8], to: &[u8]) -> Scan<'a> {
        if from >= to {
            return Box::new(std::iter::empty());
        }
        let range = self.0.range(from.to_vec()..to.to_vec());
        Box::new(range.map(|(key, value)| Ok((key.clone(), value.to_vec()))))
    }

    fn last(&self, from: &[u8], to: &[u8]) -> Result<Option<Pair>> {
        if from >= to {
            return Ok(None);
        }
        let last = self.0.range(from.to_vec()..to.to_vec()).next_back();
        Ok(last.map(|(key, value)| (key.clone(), value.to_vec())))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::conformance, *};

    #[tokio::test]
    async fn conforms() {
        conformance::all(&|| Arc::new(MemDisk::new().open())).await;
    }

    fn put(engine: &MemEngine, key: &str) {
        engine.write(vec![Write::Put(key.into(), b"1".to_vec())]).expect("write");
    }

    fn keys(engine: &MemEngine) -> Vec<String> {
        let view = engine.view().expect("view");
        let pairs = view.scan(b"", b"z").map(|pair| pair.expect("pair").0);
        pairs.map(|key| String::from_utf8(key).expect("text")).collect()
    }

    #[tokio::test]
    async fn a_power_loss_takes_a_suffix_of_what_is_not_synced() {
        let disk = MemDisk::new();
        let engine = disk.open();
        put(&engine, "a");
        engine.sync().await.expect("sync");
        put(&engine, "b");
        put(&engine, "c");
        assert_eq!(disk.power_loss(|count| count - 1), 1);
        assert!(engine.view().is_err() && engine.sync().await.is_err());
        assert_eq!(keys(&disk.open()), ["a", "b"]);
        assert_eq!(disk.power_loss(|count| count), 0);
        assert_eq!(keys(&disk.open()), ["a", "b"]);
    }

    #[tokio::test]
    async fn the_page_cache_survives_the_process_but_not_the_power() {
        let disk = MemDisk::new();
        put(&disk.open(), "a");
        disk.process_crash();
        assert_eq!(keys(&disk.open()), ["a"]);
        assert_eq!(disk.power_loss(|_| 0), 1);
        assert_eq!(keys(&disk.open()), Vec::<String>::new());
    }

    #[tokio::test]
    async fn a_sync_that_a_power_loss_interrupts_fails() {
        let disk = MemDisk::new();
        let slow: Delay = Arc::new(|| Box::pin(tokio::task::yield_now()));
        disk.set_sync_delay(Some(slow));
        let engine = disk.open();
        put(&engine, "a");
        let sync = tokio::spawn(engine.sync());
        tokio::task::yield_now().await;
        disk.power_loss(|_| 0);
        assert!(sync.await.expect("task").is_err());
        assert_eq!(keys(&disk.open()), Vec::<String>::new());
    }
}
