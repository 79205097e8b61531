//! Data folders of nodes that are stopped, for those who only read them.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

use anyhow::Context as _;
use rustix::{
    fs::{FlockOperation, fcntl_lock},
    io::Errno,
};

use super::serve::{LOG, STATE};

/// Refuses what is no data folder, and one that a process has open.
pub fn check(folder: &Path) -> anyhow::Result<()> {
    let shown = folder.display();
    for part in [LOG, STATE] {
        let part = folder.join(part);
        anyhow::ensure!(
            part.join("ACTIVE").try_exists().with_context(|| format!("data folder {shown}"))?,
            "{shown} is not a data folder of metad: {} has no store",
            part.display()
        );
    }
    for part in [LOG, STATE] {
        let in_use = is_in_use(&folder.join(part)).with_context(|| format!("lock {shown}"))?;
        anyhow::ensure!(
            !in_use,
            "data folder {shown} is in use by another process: stop it, or read a copy"
        );
    }
    Ok(())
}

/// Whether a process has the store open: what is read meanwhile may be of different times.
fn is_in_use(store: &Path) -> io::Result<bool> {
    let database = fs::read_to_string(store.join("ACTIVE"))?;
    let lock = match File::options().write(true).open(store.join(database.trim()).join("LOCK")) {
        Ok(lock) => lock,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    match fcntl_lock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(false),
        Err(Errno::AGAIN | Errno::ACCESS) => Ok(true),
        Err(error) => Err(error.into()),
    }
}
