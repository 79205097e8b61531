//! Brings the plan's faults on, and takes back each of them: when the nemesis has ended,
//! the cluster is whole.
//!
//! Each fault has a number, and all that is drawn for it comes from the seed and that
//! number: leaving one out changes nothing about when and how the others come.

mod backups;
mod clocks;
mod disks;
mod links;
mod operators;
mod processes;

use std::{ops::Range, time::Duration};

use futures::future::join_all;
use madsim::time::{Instant, sleep};
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

use super::cluster::Cluster;
use crate::{
    oracle::Node,
    plan::{Fault, Plan},
};

/// Brings faults on until a moment, and then waits until all have passed.
pub async fn run(plan: &Plan, cluster: &Cluster, until: Instant) {
    let strands = (0..plan.faults.at_once).map(|strand| {
        let rng = ChaCha8Rng::seed_from_u64(plan.seed);
        Strand { plan, cluster, rng, fault: 0 }.run(strand, until)
    });
    join_all(strands).await;
    operators::settle(cluster).await;
    assert!(cluster.is_whole(), "each fault is taken back");
}

/// One fault after another.
struct Strand<'a> {
    plan: &'a Plan,
    cluster: &'a Cluster,
    /// Of the present fault.
    rng: ChaCha8Rng,
    /// The present fault's number.
    fault: u32,
}

impl Strand<'_> {
    async fn run(mut self, strand: usize, until: Instant) {
        let strand = u32::try_from(strand).expect("faults at once are few");
        for round in 0.. {
            self.fault = round * 10 + strand;
            self.rng = ChaCha8Rng::seed_from_u64(self.plan.seed);
            self.rng.set_stream(1 + u64::from(self.fault));
            sleep(self.draw_ms(self.plan.faults.gap_ms.clone())).await;
            if Instant::now() >= until {
                break;
            }
            let fault = self.draw_fault();
            let length = self.draw_ms(self.plan.faults.length_ms.clone());
            match self.plan.keeps_fault(self.fault) {
                true => self.inflict(fault, length).await,
                false => sleep(length).await,
            }
        }
    }

    fn draw_ms(&mut self, range_ms: Range<u64>) -> Duration {
        Duration::from_millis(self.rng.random_range(range_ms))
    }

    fn draw_fault(&mut self) -> Fault {
        let weights = &self.plan.faults.weights;
        let mut left = self.rng.random_range(0..weights.iter().map(|(_, weight)| weight).sum());
        for (fault, weight) in weights {
            if left < *weight {
                return *fault;
            }
            left -= weight;
        }
        unreachable!("what is drawn is below the sum of the weights")
    }

    async fn inflict(&mut self, fault: Fault, length: Duration) {
        match fault {
            Fault::Crash
            | Fault::BatchCrash
            | Fault::PowerLoss
            | Fault::ClusterPowerLoss
            | Fault::VotePowerLoss
            | Fault::Wipe
            | Fault::WipeBesideOldLeader
            | Fault::Pause
            | Fault::RollingRestart => self.process(fault, length).await,
            Fault::Halves
            | Fault::OneWay
            | Fault::Isolate
            | Fault::IsolateLeader
            | Fault::Ring
            | Fault::SlowNetwork
            | Fault::SlowNode
            | Fault::Loss
            | Fault::Duplicate
            | Fault::Reorder
            | Fault::LostReplies
            | Fault::CutStreams => self.link(fault, length).await,
            Fault::SlowDisk
            | Fault::SyncError
            | Fault::ReadError
            | Fault::FullDisk
            | Fault::BitFlip
            | Fault::StaleBlock
            | Fault::MisdirectedRead => self.disk(fault, length).await,
            Fault::ClockJump | Fault::ClockDrift => self.clock(fault, length).await,
            Fault::Backup => self.back_up(length).await,
            Fault::TransferLeader | Fault::Snapshot | Fault::Replace | Fault::Grow => {
                self.operator(fault, length).await;
            }
        }
    }

    fn draw_node(&mut self) -> Node {
        let nodes = self.cluster.nodes();
        nodes[self.rng.random_range(0..nodes.len())]
    }

    fn begins(&self, fault: Fault, value: serde_json::Value) {
        self.cluster.watcher.fault_came(self.fault);
        self.cluster.watcher.count(&format!("fault {}", fault.name()));
        self.cluster.note(fault.name(), value);
    }

    /// It has passed.
    fn ends(&self, fault: Fault) {
        self.cluster.note("end", serde_json::json!({ "fault": fault.name() }));
    }
}
