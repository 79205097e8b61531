//! Small disks that can be full: file systems in memory, which a kill does not empty.

use std::{
    ffi::CString,
    fs::{self, File},
    io,
    path::Path,
};

use anyhow::{Context, Result};
use rustix::{
    fs::{FallocateFlags, fallocate, statvfs},
    mount::{MountFlags, UnmountFlags},
};

/// Room on a node's disk.
const SIZE: &str = "size=1g";
/// The file that takes all of it.
const FILLER: &str = "filler";

/// Mounts an empty file system at a folder, in the mount namespace of this process.
pub fn mount(folder: &Path) -> Result<()> {
    let size = CString::new(SIZE).expect("there is no zero in it");
    rustix::mount::mount("tmpfs", folder, "tmpfs", MountFlags::empty(), Some(&*size))
        .with_context(|| format!("mount a small disk at {}", folder.display()))
}

/// Unmounts it: a folder that something is mounted at cannot be removed.
pub fn unmount(folder: &Path) -> Result<()> {
    rustix::mount::unmount(folder, UnmountFlags::DETACH).context("unmount a small disk")
}

/// Takes all the room.
pub fn fill(folder: &Path) -> Result<()> {
    let filler = File::create(folder.join(FILLER)).context("create a file to fill a disk")?;
    let mut size = 0;
    loop {
        let disk = statvfs(folder).context("ask how much room there is")?;
        let free = disk.f_bavail * disk.f_frsize;
        if free == 0 {
            return Ok(());
        }
        match fallocate(&filler, FallocateFlags::empty(), size, free) {
            Ok(()) => size += free,
            // Somebody else was faster.
            Err(rustix::io::Errno::NOSPC) => {}
            Err(error) => return Err(error).context("fill a disk"),
        }
    }
}

/// Gives the room back.
pub fn clear(folder: &Path) -> Result<()> {
    match fs::remove_file(folder.join(FILLER)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error).context("clear a disk"),
        _ => Ok(()),
    }
}
