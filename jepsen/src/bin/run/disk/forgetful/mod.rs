//! Disks that forget what was not synced when the power fails: a file system of our own.
//!
//! The kernel keeps what it has read and written, so a disk that forgets is mounted anew.

mod mounted;
mod tree;

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::{Context, Result};
use fuser::{BackgroundSession, Config, MountOption};
use mounted::Mounted;
use tree::Tree;

/// What the kernel offers it by.
const DEVICE: &str = "/dev/fuse";

/// Why there are none here.
pub fn obstacle() -> Option<String> {
    let device = fs::File::options().read(true).write(true).open(DEVICE);
    device.err().map(|error| format!("cannot open {DEVICE}: {error}; try: modprobe fuse"))
}

/// A disk, mounted at a folder.
pub struct Disk {
    folder: PathBuf,
    tree: Arc<Mutex<Tree>>,
    /// None only while it is mounted anew.
    mounted: Option<BackgroundSession>,
}

impl Disk {
    /// An empty one.
    pub fn mount(folder: &Path) -> Result<Disk> {
        fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
        let tree = Arc::new(Mutex::new(Tree::new()));
        let mut disk = Disk { folder: folder.to_owned(), tree, mounted: None };
        disk.mount_again()?;
        Ok(disk)
    }

    fn mount_again(&mut self) -> Result<()> {
        let mut config = Config::default();
        config.mount_options = vec![MountOption::FSName("jepsen".to_owned())];
        let mounted = fuser::spawn_mount(Mounted::new(self.tree.clone()), &self.folder, &config);
        let context = || format!("mount a disk at {}", self.folder.display());
        self.mounted = Some(mounted.with_context(context)?);
        Ok(())
    }

    fn tree(&self) -> MutexGuard<'_, Tree> {
        self.tree.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The power fails: nobody has it open any more. Tells how many changes of files are lost.
    pub fn lose_unsynced(&mut self) -> Result<usize> {
        self.change(Tree::lose_unsynced)
    }

    /// All that it holds is gone.
    pub fn wipe(&mut self) -> Result<()> {
        self.change(|tree| *tree = Tree::new())
    }

    fn change<T>(&mut self, change: impl FnOnce(&mut Tree) -> T) -> Result<T> {
        self.unmount()?;
        let changed = change(&mut self.tree());
        self.mount_again()?;
        Ok(changed)
    }

    /// Whether there is room on it.
    pub fn set_full(&self, is_full: bool) {
        self.tree().is_full = is_full;
    }

    /// Ends it.
    pub fn unmount(&mut self) -> Result<()> {
        let Some(mounted) = self.mounted.take() else { return Ok(()) };
        match mounted.umount_and_join() {
            // It is unmounted; somebody still asked for something at that moment.
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => Ok(()),
            ended => ended.with_context(|| format!("unmount {}", self.folder.display())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs::File, io::Write};

    use super::*;

    /// The same file system as a process sees it. FUSE needs rights that not every machine gives.
    #[test]
    fn a_write_without_fsync_is_lost_and_one_with_it_is_kept() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let mut disk = match Disk::mount(folder.path()) {
            Ok(disk) => disk,
            Err(error) if !rustix::process::geteuid().is_root() => {
                eprintln!("SKIPPED: {error:#}");
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let [synced, lost] = ["synced", "lost"].map(|name| folder.path().join(name));
        let mut file = File::create(&synced)?;
        file.write_all(b"kept")?;
        file.sync_all()?;
        file.write_all(b", and more")?;
        fs::write(&lost, b"anything")?;
        assert_eq!(fs::read(&synced)?, b"kept, and more");
        drop(file);

        assert_eq!(disk.lose_unsynced()?, 2);
        assert_eq!(fs::read(&synced)?, b"kept");
        assert!(!lost.exists());

        disk.set_full(true);
        assert!(fs::write(&lost, b"anything").is_err());
        disk.wipe()?;
        assert_eq!(fs::read_dir(folder.path())?.count(), 0);
        disk.unmount()
    }

    /// A folder of many files can be listed, and removed, as RocksDB does.
    #[test]
    fn folders_are_listed_moved_and_removed() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let Ok(mut disk) = Disk::mount(folder.path()) else { return Ok(()) };
        let sub = folder.path().join("sub");
        fs::create_dir(&sub)?;
        for number in 0..500 {
            fs::write(sub.join(number.to_string()), b"")?;
        }
        fs::hard_link(sub.join("7"), folder.path().join("seven"))?;
        fs::rename(sub.join("8"), sub.join("9"))?;
        assert_eq!(fs::read_dir(&sub)?.count(), 499);
        File::open(&sub)?.sync_all()?;
        disk.lose_unsynced()?;
        assert_eq!(fs::read_dir(&sub)?.count(), 499);
        fs::remove_dir_all(&sub)?;
        // Of two names one is gone: that leaves one to link to.
        fs::hard_link(folder.path().join("seven"), folder.path().join("again"))?;
        disk.unmount()
    }
}
