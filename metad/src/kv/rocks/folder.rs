//! The folder of a store: which database in it is in use, and what is a leftover.
//!
//! Invariant: `ACTIVE` is replaced by a rename, after all that it points to is synced; so
//! after a crash at any point it names a whole database.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use crate::kv::{Result, StorageFault};

const ACTIVE: &str = "ACTIVE";
const ACTIVE_NEW: &str = "ACTIVE.new";
const CHECKPOINTS: &str = "checkpoints";
const DATA: &str = "data-";

/// See the module.
pub struct Folder {
    path: PathBuf,
    checkpoints_made: AtomicU64,
}

impl Folder {
    /// Makes the folder, if it is not there, and names a first database.
    pub fn prepare(path: &Path) -> Result<Folder> {
        let folder = Folder { path: path.to_owned(), checkpoints_made: AtomicU64::new(0) };
        let fresh = || -> io::Result<bool> {
            fs::create_dir_all(path)?;
            if path.join(ACTIVE).try_exists()? {
                return Ok(false);
            }
            let is_data = |name: String| name.starts_with(DATA);
            Ok(!names(path)?.into_iter().any(is_data))
        };
        if fresh().map_err(|error| StorageFault::io("prepare the store's folder", error))? {
            folder.activate(&format!("{DATA}1"))?;
        }
        Ok(folder)
    }

    /// A folder that is there, as it is.
    pub fn existing(path: &Path) -> Folder {
        Folder { path: path.to_owned(), checkpoints_made: AtomicU64::new(0) }
    }

    /// Bytes that can still be written to it.
    pub fn free(&self) -> Result<u64> {
        let told = rustix::fs::statvfs(&self.path);
        let told = told.map_err(|error| StorageFault::io("ask for the room on the disk", error))?;
        Ok(told.f_bavail.saturating_mul(told.f_frsize))
    }

    /// The database in use.
    pub fn active(&self) -> Result<PathBuf> {
        Ok(self.path.join(self.active_name()?))
    }

    /// Name and path of the database that will replace the one in use; nothing is there.
    pub fn next(&self) -> Result<(String, PathBuf)> {
        let number = number_of(&self.active_name()?)? + 1;
        let name = format!("{DATA}{number}");
        let path = self.path.join(&name);
        remove(&path).map_err(|error| StorageFault::io("remove a leftover", error))?;
        Ok((name, path))
    }

    /// Makes a database, which is complete and synced, the one in use.
    pub fn activate(&self, name: &str) -> Result<()> {
        let write = || -> io::Result<()> {
            let new = self.path.join(ACTIVE_NEW);
            let mut file = File::create(&new)?;
            file.write_all(name.as_bytes())?;
            file.sync_all()?;
            // The entry of the database's own folder must be on disk before the pointer.
            sync_folder(&self.path)?;
            fs::rename(&new, self.path.join(ACTIVE))?;
            sync_folder(&self.path)
        };
        write().map_err(|error| StorageFault::io("write ACTIVE", error))
    }

    /// A path for a new checkpoint: nothing is there, but its parent is.
    pub fn new_checkpoint(&self) -> Result<PathBuf> {
        let parent = self.path.join(CHECKPOINTS);
        fs::create_dir_all(&parent)
            .map_err(|error| StorageFault::io("make the checkpoints' folder", error))?;
        let number = self.checkpoints_made.fetch_add(1, Ordering::Relaxed) + 1;
        Ok(parent.join(number.to_string()))
    }

    /// Removes what a crash left: checkpoints, and databases that are not in use.
    pub fn remove_leftovers(&self) -> Result<()> {
        let active = self.active_name()?;
        let clean = || -> io::Result<()> {
            for name in names(&self.path)? {
                let old = name.starts_with(DATA) && name != active;
                if old || name == CHECKPOINTS || name == ACTIVE_NEW {
                    remove(&self.path.join(name))?;
                }
            }
            Ok(())
        };
        clean().map_err(|error| StorageFault::io("remove leftovers", error))
    }

    fn active_name(&self) -> Result<String> {
        let name = fs::read_to_string(self.path.join(ACTIVE))
            .map_err(|error| StorageFault::io("read ACTIVE", error))?;
        number_of(&name)?;
        Ok(name)
    }
}

fn number_of(name: &str) -> Result<u64> {
    let number = name.strip_prefix(DATA).and_then(|number| number.parse().ok());
    number.ok_or_else(|| StorageFault::corrupt("ACTIVE", format!("{name:?} is no database")))
}

fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    let mut names: Vec<_> =
        entries.iter().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    Ok(names)
}

/// Removes a file or folder, if it is there.
pub fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Syncs the entries of a folder.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
