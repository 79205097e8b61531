//! Disks that are slow, fail or lie.

use std::time::Duration;

use madsim::time::sleep;
use rand::RngExt as _;
use serde_json::json;

use super::Strand;
use crate::{
    plan::Fault,
    world::{disk::Crash, faulty::Failure},
};

/// How much slower a slow disk is.
const SLOWER: u64 = 40;
/// A disk has no room for so long at least: so that it is seen what its server does then.
const TIGHT_MIN: Duration = Duration::from_secs(2);

impl Strand<'_> {
    pub(super) async fn disk(&mut self, fault: Fault, length: Duration) {
        match fault {
            Fault::SlowDisk => self.slow_disk(length).await,
            Fault::SyncError => self.failing_disk(fault, Failure::Sync, length).await,
            Fault::ReadError => self.failing_disk(fault, Failure::Read, length).await,
            // It is seen coming, or it is not.
            Fault::FullDisk if self.rng.random_bool(0.5) => self.tight_disk(length).await,
            Fault::FullDisk => self.failing_disk(fault, Failure::Full, length).await,
            Fault::StaleBlock => self.failing_disk(fault, Failure::Stale, length).await,
            Fault::MisdirectedRead => self.failing_disk(fault, Failure::Misdirected, length).await,
            _ => self.failing_disk(fault, Failure::Flip, length).await,
        }
    }

    async fn slow_disk(&mut self, length: Duration) {
        let node = self.draw_node();
        let sync_us = self.plan.sync_us.clone();
        self.begins(Fault::SlowDisk, json!({ "node": node }));
        self.cluster.set_sync_time(node, sync_us.start * SLOWER..sync_us.end * SLOWER);
        sleep(length).await;
        self.cluster.set_sync_time(node, sync_us);
        self.ends(Fault::SlowDisk);
    }

    /// What a server is to do is take no more entries, and go on once there is room.
    async fn tight_disk(&mut self, length: Duration) {
        let node = self.draw_node();
        let Some(_taken) = self.cluster.take(node) else { return };
        self.begins(Fault::FullDisk, json!({ "node": node, "is": "told" }));
        let failing = self.cluster.failing(node);
        failing.set(Some(Failure::Tight));
        sleep(TIGHT_MIN + length).await;
        failing.set(None);
        self.ends(Fault::FullDisk);
    }

    /// What a server is to do is stop. It is started again on a disk that works; after a
    /// sync that failed, what it was for is lost.
    async fn failing_disk(&mut self, fault: Fault, failure: Failure, length: Duration) {
        let node = self.draw_node();
        let Some(taken) = self.cluster.take(node) else { return };
        self.begins(fault, json!({ "node": node }));
        let failing = self.cluster.failing(node);
        failing.set(Some(failure));
        if matches!(failure, Failure::Stale | Failure::Misdirected) {
            // What a server has in its memory it does not read.
            taken.crash(Crash::Process);
            taken.start();
        }
        sleep(length).await;
        let has_struck = failing.has_struck();
        failing.heal();
        if has_struck {
            let crash = if failure == Failure::Sync { Crash::Power } else { Crash::Process };
            taken.crash(crash);
            sleep(self.draw_ms(0..300)).await;
            failing.set(None);
            taken.start();
        }
        failing.set(None);
        self.ends(fault);
    }
}
