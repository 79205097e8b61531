//! Blocks of real files that lie: reads and writes are intercepted, and of a node whose disks
//! lie a sorted file's block is read as it was before it was written, or another block in its
//! place; and nothing can be written where the disk is full.
//!
//! This replaces the C library's functions in the simulator's binary alone.
//!
//! Invariant: which blocks lie depends on where they are and on nothing else, since RocksDB's
//! own threads read, too.

use std::{
    collections::BTreeMap,
    ffi::{CStr, c_void},
    os::fd::RawFd,
    path::{Path, PathBuf},
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use xxhash_rust::xxh3::xxh3_64;

/// What goes wrong with a node's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// A block reads as if it had never been written.
    Stale,
    /// A block reads as what is a sector further on, or what is at the beginning.
    Misdirected,
    /// Nothing can be written.
    Full,
}

/// Of so many blocks one lies.
const BLOCKS_A_LIE: u64 = 3;
/// How far off a misdirected read is.
const SECTOR: i64 = 512;

/// What goes wrong in which folder, and how often it has.
static LIES: Mutex<BTreeMap<PathBuf, (Lie, u64)>> = Mutex::new(BTreeMap::new());
/// Asked at each read and write.
static ANY: AtomicBool = AtomicBool::new(false);

/// The files in a folder lie from now on, or no longer.
pub fn set(folder: &Path, lie: Option<Lie>) {
    let mut lies = LIES.lock().unwrap_or_else(PoisonError::into_inner);
    lies.remove(folder);
    lies.extend(lie.map(|lie| (folder.to_owned(), (lie, 0))));
    ANY.store(!lies.is_empty(), Ordering::Relaxed);
}

/// How often the files in a folder have lied.
pub fn count(folder: &Path) -> u64 {
    let lies = LIES.lock().unwrap_or_else(PoisonError::into_inner);
    lies.get(folder).map_or(0, |(_, count)| *count)
}

/// Whether a file lies there, and how.
fn lie(descriptor: RawFd, offset: i64, is_read: bool) -> Option<Lie> {
    if !ANY.load(Ordering::Relaxed) {
        return None;
    }
    let path = std::fs::read_link(format!("/proc/self/fd/{descriptor}")).ok()?;
    let folder = std::env::current_dir().ok()?;
    let path = path.strip_prefix(folder).ok()?;
    let is_sorted_file = path.extension().is_some_and(|extension| extension == "sst");
    let place = xxh3_64(format!("{} {offset}", path.display()).as_bytes());
    let mut lies = LIES.lock().unwrap_or_else(PoisonError::into_inner);
    let (_, (lie, count)) = lies.iter_mut().find(|(folder, _)| path.starts_with(folder))?;
    let strikes = match lie {
        Lie::Full => !is_read,
        Lie::Stale | Lie::Misdirected => {
            is_read && is_sorted_file && place.is_multiple_of(BLOCKS_A_LIE)
        }
    };
    *count += u64::from(strikes);
    strikes.then_some(*lie)
}

type Pread = unsafe extern "C" fn(RawFd, *mut c_void, usize, i64) -> isize;
type Pwrite = unsafe extern "C" fn(RawFd, *const c_void, usize, i64) -> isize;
type Write = unsafe extern "C" fn(RawFd, *const c_void, usize) -> isize;

/// The C library's own function.
fn real(name: &CStr) -> *mut c_void {
    // SAFETY: the name ends with a NUL.
    let function = unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr()) };
    assert!(!function.is_null(), "the C library has no {name:?}");
    function
}

// SAFETY: the signature is that of the C library.
#[unsafe(no_mangle)]
unsafe extern "C" fn pread64(file: RawFd, buffer: *mut c_void, size: usize, offset: i64) -> isize {
    static REAL: OnceLock<Pread> = OnceLock::new();
    // SAFETY: the function of that name has this type.
    let real =
        REAL.get_or_init(|| unsafe { std::mem::transmute::<*mut c_void, Pread>(real(c"pread64")) });
    let lie = lie(file, offset, true);
    let offset = match lie {
        Some(Lie::Misdirected) if offset == 0 => SECTOR,
        Some(Lie::Misdirected) => 0,
        _ => offset,
    };
    // SAFETY: the caller's own arguments, but for the place.
    let read = unsafe { real(file, buffer, size, offset) };
    if lie == Some(Lie::Stale) && read > 0 {
        // SAFETY: so many bytes of the buffer were just written.
        unsafe { std::ptr::write_bytes(buffer.cast::<u8>(), 0, read.unsigned_abs()) };
    }
    read
}

// SAFETY: the signature is that of the C library.
#[unsafe(no_mangle)]
unsafe extern "C" fn pread(file: RawFd, buffer: *mut c_void, size: usize, offset: i64) -> isize {
    // SAFETY: the same arguments.
    unsafe { pread64(file, buffer, size, offset) }
}

// SAFETY: the signature is that of the C library.
#[unsafe(no_mangle)]
unsafe extern "C" fn write(file: RawFd, buffer: *const c_void, size: usize) -> isize {
    static REAL: OnceLock<Write> = OnceLock::new();
    // SAFETY: the function of that name has this type.
    let real =
        REAL.get_or_init(|| unsafe { std::mem::transmute::<*mut c_void, Write>(real(c"write")) });
    match lie(file, 0, false) {
        None => {
            // SAFETY: the caller's own arguments.
            unsafe { real(file, buffer, size) }
        }
        Some(_) => no_room(),
    }
}

// SAFETY: the signature is that of the C library.
#[unsafe(no_mangle)]
unsafe extern "C" fn pwrite64(
    file: RawFd,
    buffer: *const c_void,
    size: usize,
    offset: i64,
) -> isize {
    static REAL: OnceLock<Pwrite> = OnceLock::new();
    // SAFETY: the function of that name has this type.
    let real = REAL
        .get_or_init(|| unsafe { std::mem::transmute::<*mut c_void, Pwrite>(real(c"pwrite64")) });
    match lie(file, offset, false) {
        None => {
            // SAFETY: the caller's own arguments.
            unsafe { real(file, buffer, size, offset) }
        }
        Some(_) => no_room(),
    }
}

// SAFETY: the signature is that of the C library.
#[unsafe(no_mangle)]
unsafe extern "C" fn pwrite(file: RawFd, buffer: *const c_void, size: usize, offset: i64) -> isize {
    // SAFETY: the same arguments.
    unsafe { pwrite64(file, buffer, size, offset) }
}

fn no_room() -> isize {
    // SAFETY: each thread has a place for its error.
    unsafe { *libc::__errno_location() = libc::ENOSPC };
    -1
}
