//! A node's two disks, one for the log and one for the state. They outlive the node and
//! say what a crash leaves.

use std::{
    io,
    ops::Range,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use madsim::rand::Rng;
use metad::kv::{
    KvEngine, Result,
    mem::{Delay, MemDisk},
};

use super::{
    faulty::{Failing, Faulty},
    rocks::RocksDisk,
    watcher::Watcher,
};
use crate::plan::Engine;

/// How a node's storage crashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// The process dies; the page cache survives.
    Process,
    /// The power goes; of what is not synced, a random first part survives.
    Power,
    /// The disks are lost, too, and replaced by empty ones.
    Wipe,
}

enum Disk {
    Mem(MemDisk),
    /// Without a log, as the state is on a real disk: what is not synced goes with the process.
    Volatile(MemDisk),
    Rocks(RocksDisk),
}

impl Disk {
    fn of_log(engine: Engine, folder: &Path) -> Disk {
        match engine {
            Engine::Mem => Disk::Mem(MemDisk::new()),
            Engine::Rocks => Disk::Rocks(RocksDisk::new(folder.join("log"), true)),
        }
    }

    fn of_state(engine: Engine, folder: &Path) -> Disk {
        match engine {
            Engine::Mem => Disk::Volatile(MemDisk::new()),
            Engine::Rocks => Disk::Rocks(RocksDisk::new(folder.join("state"), false)),
        }
    }

    fn open(&self, delay: Delay) -> Result<Arc<dyn KvEngine>> {
        match self {
            Disk::Mem(disk) | Disk::Volatile(disk) => {
                disk.set_sync_delay(Some(delay));
                Ok(Arc::new(disk.open()))
            }
            Disk::Rocks(disk) => disk.open(delay),
        }
    }

    fn crash(&mut self, crash: Crash) -> io::Result<u64> {
        match (self, crash) {
            (Disk::Mem(disk), Crash::Process) => {
                disk.process_crash();
                Ok(0)
            }
            (Disk::Mem(disk), Crash::Power)
            | (Disk::Volatile(disk), Crash::Power | Crash::Process) => {
                Ok(disk.power_loss(|unsynced| draw_kept(unsynced as u64) as usize) as u64)
            }
            (Disk::Mem(disk) | Disk::Volatile(disk), Crash::Wipe) => {
                // Its delay goes with it: an open store sets it.
                *disk = MemDisk::new();
                Ok(0)
            }
            (Disk::Rocks(disk), Crash::Wipe) => {
                disk.wipe();
                Ok(0)
            }
            (Disk::Rocks(disk), Crash::Process) => disk.process_crash().map(|()| 0),
            (Disk::Rocks(disk), Crash::Power) => disk.power_loss(&mut draw_kept),
        }
    }
}

/// Nothing survives as often as a part: that is what disks do, and it finds most.
fn draw_kept(unsynced: u64) -> u64 {
    let rng = &mut madsim::rand::thread_rng();
    if rng.gen_bool(0.5) { 0 } else { rng.gen_range(0..=unsynced) }
}

/// How long syncs take. Clones are the same.
#[derive(Clone)]
pub struct SyncTime(Arc<Mutex<Range<u64>>>);

impl SyncTime {
    /// In microseconds.
    pub fn new(range_us: Range<u64>) -> SyncTime {
        SyncTime(Arc::new(Mutex::new(range_us)))
    }

    /// From now on.
    pub fn set(&self, range_us: Range<u64>) {
        *self.0.lock().expect("a panic ends the run") = range_us;
    }

    fn delay(&self) -> Delay {
        let this = self.clone();
        Arc::new(move || {
            let range_us = this.0.lock().expect("a panic ends the run").clone();
            let time_us = madsim::rand::thread_rng().gen_range(range_us);
            Box::pin(madsim::time::sleep(Duration::from_micros(time_us)))
        })
    }
}

/// A node's disks.
pub struct Disks {
    log: Mutex<Disk>,
    state: Mutex<Disk>,
    /// How long their syncs take.
    pub sync_time: SyncTime,
    /// What goes wrong on them.
    pub failing: Failing,
}

/// A node's open stores.
pub struct Stores {
    /// For the log.
    pub log: Arc<dyn KvEngine>,
    /// For the state.
    pub state: Arc<dyn KvEngine>,
}

impl Disks {
    /// Empty disks.
    pub fn new(engine: Engine, folder: &Path, sync_us: Range<u64>, watcher: &Watcher) -> Disks {
        let files = (engine == Engine::Rocks).then(|| folder.to_owned());
        Disks {
            log: Mutex::new(Disk::of_log(engine, folder)),
            state: Mutex::new(Disk::of_state(engine, folder)),
            sync_time: SyncTime::new(sync_us),
            failing: Failing::new(files, watcher.clone()),
        }
    }

    /// Opens the stores.
    pub fn open(&self) -> Result<Stores> {
        let open = |disk: &Mutex<Disk>| -> Result<Arc<dyn KvEngine>> {
            let disk = disk.lock().expect("a panic ends the run");
            let engine = disk.open(self.sync_time.delay())?;
            Ok(Arc::new(Faulty { engine, failing: self.failing.clone() }))
        };
        Ok(Stores { log: open(&self.log)?, state: open(&self.state)? })
    }

    /// Leaves what a crash leaves. Gives how much was lost: batches or bytes.
    pub fn crash(&self, crash: Crash) -> io::Result<u64> {
        let mut lost = 0;
        for disk in [&self.log, &self.state] {
            lost += disk.lock().expect("a panic ends the run").crash(crash)?;
        }
        Ok(lost)
    }
}
