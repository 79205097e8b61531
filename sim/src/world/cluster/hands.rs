//! Who has a node in hand, and who may take memories or members away.

use std::sync::atomic::Ordering;

use metad::records::identity::FORMAT;

use super::{Cluster, Machine, Status};
use crate::{oracle::Node, world::disk::Crash};

/// See [`Cluster::claim`].
pub struct Claim<'a>(pub(super) &'a Cluster);

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.0.is_claimed.set(false);
    }
}

/// A node in the hands of one fault. To be given back as it was.
pub struct Taken<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) node: Node,
    pub(super) machine: &'a Machine,
}

impl Taken<'_> {
    fn becomes(&self, from: Status, to: Status) {
        let before = self.machine.status.replace(to);
        assert!(before == from, "a node is in the hands of one fault");
    }

    /// It crashes. Killed before its disks do: nothing may write to them any more.
    pub fn crash(&self, crash: Crash) {
        self.becomes(Status::Up, Status::Down);
        if crash != Crash::Process {
            self.cluster.network.set_power(self.machine.id, false);
        }
        self.cluster.handle.kill(self.machine.id);
        self.machine.live.clear();
        self.cluster.watcher.gone(self.node);
        if crash == Crash::Wipe {
            self.cluster.watcher.tell(|oracles| oracles.forgets(self.node));
        }
        let lost = self.machine.disks.crash(crash).expect("the simulator's own files work");
        self.cluster.watcher.add("unsynced lost", lost);
        self.cluster.note("crash", serde_json::json!({ "node": self.node, "lost": lost }));
    }

    /// From its next start on it writes the present format.
    pub fn upgrade(&self) {
        self.machine.format.store(FORMAT, Ordering::Relaxed);
    }

    /// It starts again.
    pub fn start(&self) {
        self.becomes(Status::Down, Status::Up);
        self.cluster.network.set_power(self.machine.id, true);
        self.cluster.handle.restart(self.machine.id);
        self.cluster.note("start", serde_json::json!({ "node": self.node }));
    }

    /// It stops for a while.
    pub fn pause(&self) {
        self.becomes(Status::Up, Status::Paused);
        self.cluster.handle.pause(self.machine.id);
    }

    /// It goes on.
    pub fn resume(&self) {
        self.becomes(Status::Paused, Status::Up);
        self.cluster.handle.resume(self.machine.id);
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.machine.is_taken.set(false);
    }
}
