//! One RocksDB database: how it is opened, and how it goes away.

use std::{
    io,
    ops::Deref,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use rocksdb::{
    BlockBasedOptions, Cache, DB, DBCompressionType, DBRecoveryMode, ErrorKind, Options,
    WaitForCompactOptions,
};

use super::{Settings, folder};
use crate::kv::{Result, StorageFault};

/// An open database. Its files are removed when it is closed, if it was retired.
pub struct Database {
    // None only while it is dropped.
    open: Option<DB>,
    path: PathBuf,
    retired: AtomicBool,
}

/// How often opening is tried. What is in the way takes microseconds.
const OPEN_TRIES: u32 = 100;

/// What says that a thread of RocksDB has, or will have, something to do; or has failed, which the
/// next write would be told otherwise, or the one after.
const WORK_DUE: [&str; 5] = [
    "rocksdb.num-immutable-mem-table",
    "rocksdb.num-running-flushes",
    "rocksdb.compaction-pending",
    "rocksdb.num-running-compactions",
    "rocksdb.background-errors",
];

impl Database {
    /// Opens the database in a folder, or makes an empty one.
    pub fn open(path: PathBuf, settings: &Settings) -> Result<Database> {
        let open = open_patiently(&options(settings), &path);
        let open = open.map_err(|error| match error.kind() {
            ErrorKind::IOError if error.to_string().contains("LOCK") => {
                let busy = io::Error::new(io::ErrorKind::ResourceBusy, "another process has it");
                StorageFault::io("lock the store", busy)
            }
            ErrorKind::Corruption => StorageFault::corrupt("store", error.into_string()),
            _ => StorageFault::io("open the store", io::Error::other(error)),
        })?;
        Ok(Database { open: Some(open), path, retired: AtomicBool::new(false) })
    }

    /// Opens what is in a folder for reading alone: nothing in it is changed.
    pub fn open_read_only(path: PathBuf, settings: &Settings) -> Result<Database> {
        let mut options = options(settings);
        options.create_if_missing(false);
        let open = DB::open_for_read_only(&options, &path, false);
        let open = open.map_err(|error| StorageFault::corrupt("store", error.into_string()))?;
        Ok(Database { open: Some(open), path, retired: AtomicBool::new(false) })
    }

    /// Another database has taken its place: its files go once the last view is gone.
    pub fn retire(&self) {
        self.retired.store(true, Ordering::Relaxed);
    }

    /// Removes files that nothing needs any more. Who replaces them does, too, unless somebody else
    /// still looks at them at that very moment.
    pub fn purge(&self) -> Result<()> {
        let purged = self.disable_file_deletions().and_then(|()| self.enable_file_deletions());
        purged.map_err(|error| StorageFault::io("remove old files", io::Error::other(error)))
    }

    /// See [`super::RocksEngine::settle`].
    pub fn settle(&self) -> Result<()> {
        let due = |name: &str| self.property_int_value(name).map(|value| value.unwrap_or(0) > 0);
        let settle = || {
            for work in WORK_DUE {
                if due(work)? {
                    return self.wait_for_compact(&WaitForCompactOptions::default());
                }
            }
            Ok(())
        };
        settle().map_err(|error: rocksdb::Error| {
            StorageFault::io("wait for compactions", io::Error::other(error))
        })
    }
}

/// RocksDB refuses to open a database at the very moment at which its timer has something to do
/// for another one that should have been done long ago: after a jump of the clock, say.
fn open_patiently(options: &Options, path: &Path) -> std::result::Result<DB, rocksdb::Error> {
    let mut tries_left = OPEN_TRIES;
    loop {
        tries_left -= 1;
        match DB::open(options, path) {
            Err(error) if error.kind() == ErrorKind::Aborted && tries_left > 0 => {}
            opened => return opened,
        }
    }
}

impl Deref for Database {
    type Target = DB;

    fn deref(&self) -> &DB {
        self.open.as_ref().expect("open until it is dropped")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        drop(self.open.take());
        if self.retired.load(Ordering::Relaxed)
            && let Err(error) = folder::remove(&self.path)
        {
            tracing::warn!(path = %self.path.display(), %error, "cannot remove a replaced store");
        }
    }
}

/// Options that have no method. To close is not to write: a stopped node begins as a killed one
/// does, which is tested more. And where a record goes in a memtable is looked for near the last
/// one of its kind: those of a batch come in order, and much of what is new comes last.
fn by_name() -> String {
    format!(
        "avoid_flush_during_shutdown=true;\
         memtable_insert_with_hint_prefix_extractor=fixed:{KIND_PREFIX_SIZE}"
    )
}

/// Bytes that keys of one kind have in common (`records/key.rs`).
const KIND_PREFIX_SIZE: usize = 5;

fn options(settings: &Settings) -> Options {
    let mut blocks = BlockBasedOptions::default();
    blocks.set_block_cache(&Cache::new_lru_cache(settings.cache_size));
    blocks.set_block_size(16 << 10);
    blocks.set_bloom_filter(10.0, false);
    blocks.set_format_version(6);
    let mut options =
        Options::default().get_options_from_string(by_name()).expect("RocksDB knows the options");
    options.set_block_based_table_factory(&blocks);
    options.create_if_missing(true);
    options.set_compression_type(DBCompressionType::Lz4);
    options.set_write_buffer_size(settings.memtable_size);
    // Most names that are asked for are new: so much of a memtable says at once that they are.
    options.set_memtable_prefix_bloom_ratio(0.05);
    options.set_memtable_whole_key_filtering(true);
    options.set_max_background_jobs(2);
    options.set_max_open_files(512);
    options.set_keep_log_file_num(2);
    // No thread that wakes up by itself.
    options.set_stats_dump_period_sec(0);
    options.set_stats_persist_period_sec(0);
    // Writes gather in RocksDB's buffer until a sync, or until it is full: a crash loses a
    // suffix of what was not synced, which is what the contract allows.
    options.set_manual_wal_flush(true);
    options.set_paranoid_checks(true);
    // A crash may leave the last record incomplete. Anything else that does not match its
    // checksum was on disk once: to stop there, as the default does, would drop what comes
    // after it, and with it what was acknowledged.
    options.set_wal_recovery_mode(DBRecoveryMode::TolerateCorruptedTailRecords);
    options.set_bytes_per_sync(1 << 20);
    options
}
