//! The store on a real disk: RocksDB, one column family.
//!
//! Owns: a folder, in which `ACTIVE` names the folder of the database in use, so that a
//! whole state can be replaced by writing one small file; and `checkpoints/`, which is
//! emptied at each start. Invariants: writes reach the disk in the order of the calls, so that
//! a crash leaves a prefix; once a write or a sync has failed, every later
//! one fails, since nobody can tell any more what is on disk.

mod checkpoint;
mod database;
mod folder;
mod view;

use std::{
    path::Path,
    sync::{Arc, Mutex, OnceLock, PoisonError, RwLock},
};

use futures::future::BoxFuture;
use rocksdb::{WriteBatch, WriteOptions};

use self::{checkpoint::Checksums, database::Database, folder::Folder};
use super::{Checkpoint, Incoming, KvEngine, Result, StorageFault, View, Write, blocking};
use crate::coalesce::Coalesce;

/// What can be tuned.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Bytes of writes that are gathered in memory before they become a sorted file.
    pub memtable_size: usize,
    /// Bytes of blocks kept in memory for reads.
    pub cache_size: usize,
    /// Whether writes go to a log of RocksDB's own, so that they are on disk once that is synced.
    /// Without it, a sync writes a sorted file, and a crash of the process loses as much as one of
    /// the machine: for what can be made again from elsewhere.
    pub is_logged: bool,
}

impl Settings {
    /// Of a state that Raft's log replays: a second log of the same would cost twice. What is in
    /// memory is small, since most of what a write costs is to find its place there.
    pub fn replayed() -> Settings {
        Settings { is_logged: false, memtable_size: 8 << 20, ..Settings::default() }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings { memtable_size: 16 << 20, cache_size: 64 << 20, is_logged: true }
    }
}

/// What a store holds, without opening it for more: nothing in its folder is changed. Of one
/// that a process has open, what that process had written some time ago.
///
/// # Errors
/// If there is no store, or it cannot be read.
pub fn read_only(folder: &Path, settings: Settings) -> Result<View> {
    let active = Folder::existing(folder).active()?;
    Ok(view::pin(Arc::new(Database::open_read_only(active, &settings)?)))
}

/// A store in a folder. Clones are the same store.
#[derive(Clone)]
pub struct RocksEngine(Arc<Shared>);

struct Shared {
    folder: Folder,
    settings: Settings,
    database: RwLock<Arc<Database>>,
    syncs: Coalesce<bool>,
    checksums: Mutex<Checksums>,
    /// Why nothing can be written any more.
    broken: OnceLock<String>,
}

impl RocksEngine {
    /// Opens the store in a folder, which is made if it is not there.
    ///
    /// # Errors
    /// Among others with [`std::io::ErrorKind::ResourceBusy`] if another process has it.
    pub fn open(folder: &Path, settings: Settings) -> Result<RocksEngine> {
        let folder = Folder::prepare(folder)?;
        let database = Database::open(folder.active()?, &settings)?;
        // Only now: the database's lock says that the folder is ours.
        folder.remove_leftovers()?;
        Ok(RocksEngine(Arc::new(Shared {
            folder,
            settings,
            database: RwLock::new(Arc::new(database)),
            syncs: Coalesce::default(),
            checksums: Mutex::default(),
            broken: OnceLock::new(),
        })))
    }

    /// Moves what is in memory to sorted files, and waits until no compaction is due: a
    /// checkpoint that is taken then has nothing to race with. For the simulator.
    pub fn flush_and_settle(&self) -> Result<()> {
        let flushed = self.0.database().flush();
        flushed.map_err(|error| self.0.broke("flush the memtable", error))?;
        self.settle_files()
    }

    /// Like [`RocksEngine::settle`], and removes what was replaced: whether RocksDB's threads do,
    /// when they flush or compact, depends on which of them is first. For the simulator.
    pub fn settle_files(&self) -> Result<()> {
        self.settle()?;
        self.0.database().purge()
    }

    /// Waits until no flush or compaction is due: what is on disk then does not depend on
    /// the scheduling of RocksDB's threads. For the simulator.
    pub fn settle(&self) -> Result<()> {
        self.0.database().settle()
    }
}

impl Shared {
    fn database(&self) -> Arc<Database> {
        // A panic while the pointer is swapped cannot leave half a pointer.
        self.database.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn intact(&self) -> Result<()> {
        let Some(why) = self.broken.get() else { return Ok(()) };
        Err(StorageFault::io("use the store after a failure", std::io::Error::other(why.clone())))
    }

    /// Remembers that a write or a sync failed.
    fn broke(&self, action: &'static str, error: rocksdb::Error) -> StorageFault {
        let _ = self.broken.set(format!("{action}: {error}"));
        StorageFault::io(action, std::io::Error::other(error))
    }

    fn sync(&self) -> Result<()> {
        self.intact()?;
        let database = self.database();
        let flushed = match self.settings.is_logged {
            true => database.flush_wal(true),
            false => database.flush(),
        };
        flushed.map_err(|error| self.broke("sync", error))
    }

    fn make_checkpoint(&self) -> Result<Checkpoint> {
        self.sync()?;
        let mut checksums = self.checksums.lock().unwrap_or_else(PoisonError::into_inner);
        checkpoint::make(&self.database(), self.folder.new_checkpoint()?, &mut checksums)
    }

    fn install(&self, checkpoint: &Checkpoint) -> Result<()> {
        self.intact()?;
        let (name, path) = self.folder.next()?;
        checkpoint::unpack(checkpoint, &path)?;
        // Opened before it is activated: a state that does not open must not replace one
        // that does.
        let database = Arc::new(Database::open(path, &self.settings)?);
        self.folder.activate(&name)?;
        let mut current = self.database.write().unwrap_or_else(PoisonError::into_inner);
        let replaced = std::mem::replace(&mut *current, database);
        drop(current);
        // File numbers start anew: remembered checksums are of other files.
        *self.checksums.lock().unwrap_or_else(PoisonError::into_inner) = Checksums::default();
        replaced.retire();
        Ok(())
    }
}

impl KvEngine for RocksEngine {
    fn view(&self) -> Result<View> {
        Ok(view::pin(self.0.database()))
    }

    fn write(&self, batch: Vec<Write>) -> Result<()> {
        self.0.intact()?;
        let mut writes = WriteBatch::default();
        for write in batch {
            match write {
                Write::Put(key, value) => writes.put(key, value),
                Write::Delete(key) => writes.delete(key),
                Write::DeleteRange(from, to) if from < to => writes.delete_range(from, to),
                Write::DeleteRange(..) => {}
            }
        }
        let mut options = WriteOptions::default();
        options.disable_wal(!self.0.settings.is_logged);
        let written = self.0.database().write_opt(writes, &options);
        written.map_err(|error| self.0.broke("write a batch", error))
    }

    fn sync(&self) -> BoxFuture<'static, Result<()>> {
        let shared = self.0.clone();
        Box::pin(async move {
            let flush = || {
                let shared = shared.clone();
                blocking(move || shared.sync().is_ok())
            };
            match shared.syncs.run(flush).await {
                true => Ok(()),
                false => Err(shared.intact().expect_err("a failed sync is remembered")),
            }
        })
    }

    fn checkpoint(&self) -> BoxFuture<'static, Result<Checkpoint>> {
        let shared = self.0.clone();
        Box::pin(blocking(move || shared.make_checkpoint()))
    }

    fn incoming(&self) -> Result<Box<dyn Incoming>> {
        Ok(Box::new(checkpoint::Gathering::new(self.0.folder.new_checkpoint()?)?))
    }

    fn install(&self, checkpoint: &Checkpoint) -> BoxFuture<'static, Result<()>> {
        let (shared, checkpoint) = (self.0.clone(), checkpoint.clone());
        Box::pin(blocking(move || shared.install(&checkpoint)))
    }

    fn free(&self) -> Result<u64> {
        self.0.folder.free()
    }
}

#[cfg(test)]
mod tests;
