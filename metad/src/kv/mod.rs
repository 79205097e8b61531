//! Ordered key-value storage behind one interface: [`rocks`] for real disks, [`mem`] for
//! tests and for simulated disks. One conformance suite holds both to the same contract.
//!
//! Owns: atomic writes, pinned views, and the question of what has reached the disk.
//! Invariants: a batch is visible and durable as a whole; what a [`KvEngine::sync`] has
//! answered for survives a power loss, together with all that was written before it.
//! Must not: know what is stored. `rocksdb` is named in rocks.rs alone.

mod blocking;
mod cache;
#[cfg(test)]
mod conformance;
pub mod mem;
pub mod rocks;
mod txn;

pub(crate) use blocking::blocking;
pub use cache::{Cache, Cached};
pub use txn::Txn;

use std::{io, path::PathBuf, sync::Arc};

use futures::future::BoxFuture;

/// A replica's storage cannot be trusted: it must stop rather than serve.
#[derive(Debug, thiserror::Error)]
pub enum StorageFault {
    /// The system refused.
    #[error("{action}: {source}")]
    Io {
        /// What was tried, such as `write batch`.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// What was read is not what was written.
    #[error("corrupt {what}: {why}")]
    Corrupt {
        /// Which record or file.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
}

impl StorageFault {
    /// The system refused an action.
    pub fn io(action: &'static str, source: impl Into<io::Error>) -> Self {
        StorageFault::Io { action, source: source.into() }
    }

    /// A record does not decode or contradicts another.
    pub fn corrupt(what: &'static str, why: impl Into<String>) -> Self {
        StorageFault::Corrupt { what, why: why.into() }
    }
}

impl From<StorageFault> for io::Error {
    fn from(fault: StorageFault) -> Self {
        io::Error::other(fault)
    }
}

/// What storage answers.
pub type Result<T> = std::result::Result<T, StorageFault>;

/// A key and its value.
pub type Pair = (Vec<u8>, Vec<u8>);

/// Pairs in the order of their keys.
pub type Scan<'a> = Box<dyn Iterator<Item = Result<Pair>> + 'a>;

/// A consistent view.
pub trait KvRead {
    /// The value of a key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>>;

    /// All pairs with `from <= key < to`, ascending.
    fn scan<'a>(&'a self, from: &[u8], to: &[u8]) -> Scan<'a>;

    /// The pair with the greatest key in `from <= key < to`.
    fn last(&self, from: &[u8], to: &[u8]) -> Result<Option<Pair>>;
}

impl<V: KvRead + ?Sized> KvRead for &V {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        (**self).get(key)
    }

    fn scan<'a>(&'a self, from: &[u8], to: &[u8]) -> Scan<'a> {
        (**self).scan(from, to)
    }

    fn last(&self, from: &[u8], to: &[u8]) -> Result<Option<Pair>> {
        (**self).last(from, to)
    }
}

impl<V: KvRead + ?Sized> KvRead for Arc<V> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        (**self).get(key)
    }

    fn scan<'a>(&'a self, from: &[u8], to: &[u8]) -> Scan<'a> {
        (**self).scan(from, to)
    }

    fn last(&self, from: &[u8], to: &[u8]) -> Result<Option<Pair>> {
        (**self).last(from, to)
    }
}

/// The simplest view, against which the others are tested.
#[cfg(test)]
impl KvRead for std::collections::BTreeMap<Vec<u8>, Vec<u8>> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        Ok(std::collections::BTreeMap::get(self, key).cloned())
    }

    fn scan<'a>(&'a self, from: &[u8], to: &[u8]) -> Scan<'a> {
        if from >= to {
            return Box::new(std::iter::empty());
        }
        let range = self.range(from.to_vec()..to.to_vec());
        Box::new(range.map(|(key, value)| Ok((key.clone(), value.clone()))))
    }

    fn last(&self, from: &[u8], to: &[u8]) -> Result<Option<Pair>> {
        KvRead::scan(self, from, to).last().transpose()
    }
}

/// A view that also takes writes, and sees them.
pub trait KvTxn: KvRead {
    /// Sets a key.
    fn put(&mut self, key: Vec<u8>, value: Vec<u8>);

    /// Removes a key, if it is there.
    fn delete(&mut self, key: Vec<u8>);
}

/// One write of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Sets a key.
    Put(Vec<u8>, Vec<u8>),
    /// Removes a key, if it is there.
    Delete(Vec<u8>),
    /// Removes all keys with `from <= key < to`.
    DeleteRange(Vec<u8>, Vec<u8>),
}

/// A pinned view that can be kept and shared: later writes do not show in it.
pub type View = Arc<dyn KvRead + Send + Sync>;

/// A store of one replica.
pub trait KvEngine: Send + Sync + 'static {
    /// Pins the present state.
    fn view(&self) -> Result<View>;

    /// Writes a batch: atomic, visible at once, in the order of the calls. It survives a
    /// power loss only once a later [`KvEngine::sync`] has answered.
    fn write(&self, batch: Vec<Write>) -> Result<()>;

    /// Answers when all that was written before the call is on disk. Several calls may be
    /// under way at once; one trip to the disk may answer for many.
    fn sync(&self) -> BoxFuture<'static, Result<()>>;

    /// Makes a checkpoint: files that hold the state as it is now, durable and unchanging,
    /// for as long as the handle lives. The engine's own state is durable up to it, too.
    fn checkpoint(&self) -> BoxFuture<'static, Result<Checkpoint>>;

    /// An empty place for the files of a checkpoint that comes from elsewhere.
    fn incoming(&self) -> Result<Box<dyn Incoming>>;

    /// Replaces the whole state by a checkpoint's, atomically: after a crash at any point
    /// there is the old state or the new one. Views pinned before keep what they see.
    fn install(&self, checkpoint: &Checkpoint) -> BoxFuture<'static, Result<()>>;

    /// Bytes that can still be written where it is kept; `u64::MAX` where nobody knows.
    fn free(&self) -> Result<u64> {
        Ok(u64::MAX)
    }
}

/// A state in files. Cheap to clone; the files go with the last clone.
#[derive(Clone)]
pub struct Checkpoint(pub Arc<dyn CheckpointFiles>);

impl std::fmt::Debug for Checkpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.files()).finish()
    }
}

/// The files of a checkpoint.
pub trait CheckpointFiles: Send + Sync {
    /// In the order of their names.
    fn files(&self) -> &[FileInfo];

    /// Bytes of one file from an offset: at most `size_max`, fewer at its end.
    fn read(&self, file: usize, offset: u64, size_max: usize) -> Result<bytes::Bytes>;

    /// Where the files are, if they are in a directory.
    fn directory(&self) -> Option<PathBuf>;
}

/// One file of a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileInfo {
    /// Its name, without folders.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// CRC-32C of all of its bytes.
    pub crc32c: u32,
}

impl FileInfo {
    /// Whether this is the file that came: the fault says what differs.
    fn verify(&self, name: &str, size: u64, crc32c: u32) -> Result<()> {
        let why = if self.name != name {
            format!("{name} came where {} was expected", self.name)
        } else if self.size != size {
            format!("{name} has {size} bytes, not {}", self.size)
        } else if self.crc32c != crc32c {
            format!("the checksum of {name} does not match")
        } else {
            return Ok(());
        };
        Err(StorageFault::corrupt("checkpoint", why))
    }
}

/// Files of a checkpoint as they come in. Dropped unfinished, they are removed.
pub trait Incoming: Send {
    /// Adds bytes to the end of a file, perhaps none. Files come one after another; an empty
    /// one must be named, too.
    fn append(&mut self, file: &FileInfo, data: &[u8]) -> Result<()>;

    /// All files are there: checks sizes and checksums.
    fn finish(self: Box<Self>, files: &[FileInfo]) -> Result<Checkpoint>;
}
