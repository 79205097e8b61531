//! Stands in for disks that forget where this program is built without them.

use std::path::Path;

use anyhow::{Result, bail};

/// Why there are none.
pub fn obstacle() -> Option<String> {
    Some("it needs a build with --features power-loss".to_owned())
}

/// There is none.
pub enum Disk {}

impl Disk {
    pub fn mount(_: &Path) -> Result<Disk> {
        bail!("this program was built without --features power-loss")
    }

    pub fn lose_unsynced(&mut self) -> Result<usize> {
        match *self {}
    }

    pub fn wipe(&mut self) -> Result<()> {
        match *self {}
    }

    pub fn set_full(&self, _: bool) {
        match *self {}
    }

    pub fn unmount(&mut self) -> Result<()> {
        match *self {}
    }
}
