//! What a power loss leaves of real files: fsync and fdatasync are intercepted, and how
//! long each file was when it was last synced is remembered.
//!
//! This replaces the C library's functions in the simulator's binary alone. Nothing is
//! really synced: the machine that runs the simulator does not lose its power.

use std::{
    collections::BTreeMap,
    fs::{File, Metadata},
    io,
    mem::ManuallyDrop,
    os::{
        fd::{FromRawFd, RawFd},
        unix::fs::MetadataExt,
    },
    path::Path,
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

/// A file, whatever its names. Inode numbers are used again; births are not.
type Identity = (u64, u64, Option<SystemTime>);

static SYNCED: Mutex<BTreeMap<Identity, u64>> = Mutex::new(BTreeMap::new());

fn identity(metadata: &Metadata) -> Identity {
    (metadata.dev(), metadata.ino(), metadata.created().ok())
}

/// How many bytes of a file survive a power loss for certain.
pub fn synced_size(path: &Path) -> io::Result<u64> {
    let metadata = path.metadata()?;
    let synced = SYNCED.lock().unwrap_or_else(PoisonError::into_inner);
    let size = synced.get(&identity(&metadata)).copied().unwrap_or_default();
    Ok(size.min(metadata.len()))
}

/// Notes that a whole file is on disk, as a copy of one that is.
pub fn mark_synced(path: &Path) -> io::Result<()> {
    let metadata = path.metadata()?;
    let mut synced = SYNCED.lock().unwrap_or_else(PoisonError::into_inner);
    synced.insert(identity(&metadata), metadata.len());
    Ok(())
}

fn note(descriptor: RawFd) -> libc::c_int {
    // SAFETY: the caller owns the descriptor for the time of the call; it is not closed.
    let file = ManuallyDrop::new(unsafe { File::from_raw_fd(descriptor) });
    match file.metadata() {
        Ok(metadata) if metadata.is_file() => {
            let mut synced = SYNCED.lock().unwrap_or_else(PoisonError::into_inner);
            synced.insert(identity(&metadata), metadata.len());
            0
        }
        Ok(_) => 0,
        Err(_) => -1,
    }
}

// SAFETY: the signature is that of the C library.
#[unsafe(no_mangle)]
extern "C" fn fsync(descriptor: RawFd) -> libc::c_int {
    note(descriptor)
}

// SAFETY: the signature is that of the C library.
#[unsafe(no_mangle)]
extern "C" fn fdatasync(descriptor: RawFd) -> libc::c_int {
    note(descriptor)
}

/// Room is not set aside: in a file system in memory that writes as many zeros, a third of the
/// time of a run with RocksDB.
// SAFETY: the signature is that of the C library.
#[unsafe(no_mangle)]
extern "C" fn fallocate64(
    _descriptor: RawFd,
    _mode: libc::c_int,
    _offset: libc::off64_t,
    _length: libc::off64_t,
) -> libc::c_int {
    0
}

// SAFETY: the signature is that of the C library.
#[unsafe(no_mangle)]
extern "C" fn fallocate(
    descriptor: RawFd,
    mode: libc::c_int,
    offset: libc::off_t,
    length: libc::off_t,
) -> libc::c_int {
    fallocate64(descriptor, mode, offset, length)
}
