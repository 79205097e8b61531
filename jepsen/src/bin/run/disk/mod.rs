//! Disks of nodes, that can be full, and can forget.

#[cfg(feature = "power-loss")]
mod forgetful;
#[cfg(not(feature = "power-loss"))]
#[path = "absent.rs"]
mod forgetful;
mod small;

use std::{fs, path::Path};

use anyhow::{Context, Result};

use super::cluster::Spot;
pub use forgetful::obstacle as obstacle_to_forgetting;

/// What kind of disks nodes have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Where their folders are.
    Shared,
    /// Small ones, which can be full.
    Small,
    /// Those that forget what was not synced when the power fails, and can be full, too.
    Forgetful,
}

/// What a node's data is on.
pub enum Disk {
    Shared,
    Small,
    Forgetful(forgetful::Disk),
}

impl Disk {
    /// Makes one for a node that has a folder.
    pub fn new(kind: Kind, spot: &Spot) -> Result<Disk> {
        match kind {
            Kind::Shared => Ok(Disk::Shared),
            Kind::Small => small::mount(&spot.folder).map(|()| Disk::Small),
            Kind::Forgetful => forgetful::Disk::mount(&spot.data).map(Disk::Forgetful),
        }
    }

    /// Leaves no room.
    pub fn fill(&self, spot: &Spot) -> Result<()> {
        match self {
            Disk::Shared => Ok(()),
            Disk::Small => small::fill(&spot.folder),
            Disk::Forgetful(disk) => {
                disk.set_full(true);
                Ok(())
            }
        }
    }

    /// Makes room again.
    pub fn clear(&self, spot: &Spot) -> Result<()> {
        match self {
            Disk::Shared => Ok(()),
            Disk::Small => small::clear(&spot.folder),
            Disk::Forgetful(disk) => {
                disk.set_full(false);
                Ok(())
            }
        }
    }

    /// The power of a node that does not run has failed. Tells how many changes are lost.
    pub fn lose_unsynced(&mut self) -> Result<usize> {
        match self {
            Disk::Shared | Disk::Small => Ok(0),
            Disk::Forgetful(disk) => disk.lose_unsynced(),
        }
    }

    /// Removes a node's data.
    pub fn wipe(&mut self, data: &Path) -> Result<()> {
        match self {
            Disk::Shared | Disk::Small => {
                fs::remove_dir_all(data).with_context(|| format!("remove {}", data.display()))
            }
            Disk::Forgetful(disk) => disk.wipe(),
        }
    }

    /// A folder that something is mounted at cannot be removed.
    pub fn unmount(&mut self, spot: &Spot) -> Result<()> {
        match self {
            Disk::Shared => Ok(()),
            Disk::Small => small::unmount(&spot.folder),
            Disk::Forgetful(disk) => disk.unmount(),
        }
    }
}
