//! Brings the planned faults on, and takes back each of them.

pub mod fault;
mod links;
pub mod plan;
mod processes;

use std::{cell::RefCell, collections::BTreeMap, time::Duration};

use anyhow::Result;
use metad_workload::record::Recorder;
use rand::{SeedableRng, rngs::ChaCha8Rng};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use super::{cluster::Cluster, leaders::Leaders, network::Switch, progress::Progress};
use fault::Fault;
use plan::{Step, Victim};

/// What faults need to know and to tell.
pub struct Scene<'a> {
    /// The network, if it is ours.
    pub switch: Option<&'a Switch>,
    /// Who leads.
    pub leaders: &'a Leaders,
    /// The history.
    pub recorder: &'a Recorder,
    /// For whoever waits.
    pub progress: &'a Progress,
    /// Nodes of the cluster.
    pub nodes: u8,
    /// How often each fault came.
    pub counts: RefCell<BTreeMap<&'static str, u64>>,
}

/// Brings on all faults of the plan. When it returns without an error, each was taken back.
pub async fn run(plan: &[Step], cluster: &mut Cluster, scene: &Scene<'_>) -> Result<()> {
    let start = Instant::now();
    let of_nodes = async {
        for step in plan.iter().filter(|step| !step.fault.is_of_links()) {
            sleep_until(start + step.at).await;
            processes::inflict(step, cluster, scene).await?;
        }
        anyhow::Ok(())
    };
    let of_links = async {
        let Some(switch) = scene.switch else { return Ok(()) };
        for step in plan.iter().filter(|step| step.fault.is_of_links()) {
            sleep_until(start + step.at).await;
            links::inflict(step, switch, scene).await?;
        }
        Ok(())
    };
    tokio::try_join!(biased; of_nodes, of_links)?;
    Ok(())
}

impl Scene<'_> {
    fn count(&self, fault: Fault) {
        *self.counts.borrow_mut().entry(fault.name()).or_default() += 1;
    }

    fn begins(&self, fault: Fault, value: Value) -> Result<()> {
        self.count(fault);
        self.tell(fault.name(), value)
    }

    fn ends(&self, fault: Fault) -> Result<()> {
        self.tell("end", json!({ "fault": fault.name() }))
    }

    /// Writes into the history, and tells whoever waits.
    fn tell(&self, f: &str, value: Value) -> Result<()> {
        self.progress.tell(f, &value);
        Ok(self.recorder.write_nemesis(f, value)?)
    }

    /// The node that a step hits.
    fn victim(&self, step: &Step) -> u8 {
        match step.victim {
            Victim::Node(node) => node,
            Victim::Leader => self.leaders.last().unwrap_or(1),
        }
    }

    fn random(&self, step: &Step) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(step.draw)
    }
}

/// Waits for as long as a fault is on.
async fn while_on(length: Duration) {
    tokio::time::sleep(length).await;
}
