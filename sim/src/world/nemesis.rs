//! Brings the plan's faults on, and takes back each of them: when the nemesis has ended,
//! the cluster is whole.

use std::{ops::Range, time::Duration};

use futures::future::{Either, join_all, select};
use madsim::time::{Instant, sleep};
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

use super::{cluster::Cluster, disk::Crash, network::Link};
use crate::{
    oracle::Node,
    plan::{Fault, Plan},
};

/// Votes in a row that a power loss may follow.
const VOTE_LOSSES_MAX: usize = 3;
/// How much slower a slow disk or network is.
const SLOWER: u64 = 40;
const SLOW_LATENCY_MS_MAX: u64 = 250;

/// Brings faults on until a moment, and then waits until all have passed.
pub async fn run(plan: &Plan, cluster: &Cluster, until: Instant) {
    let strands = (0..plan.faults.at_once).map(|number| {
        let seed = plan.seed.wrapping_mul(31).wrapping_add(number as u64 + 1);
        Strand { plan, cluster, rng: ChaCha8Rng::seed_from_u64(seed) }.run(until)
    });
    join_all(strands).await;
    assert!(cluster.is_whole(), "each fault is taken back");
}

/// One fault after another.
struct Strand<'a> {
    plan: &'a Plan,
    cluster: &'a Cluster,
    rng: ChaCha8Rng,
}

impl Strand<'_> {
    async fn run(mut self, until: Instant) {
        loop {
            sleep(self.draw_ms(self.plan.faults.gap_ms.clone())).await;
            if Instant::now() >= until {
                return;
            }
            let fault = self.draw_fault();
            let length = self.draw_ms(self.plan.faults.length_ms.clone());
            self.inflict(fault, length).await;
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
            Fault::Crash => self.crash_one(Crash::Process, length).await,
            Fault::PowerLoss => self.crash_one(Crash::Power, length).await,
            Fault::ClusterPowerLoss => self.cluster_power_loss(length).await,
            Fault::VotePowerLoss => self.vote_power_loss().await,
            Fault::Wipe => self.wipe(length).await,
            Fault::Pause => self.pause(length).await,
            Fault::SlowNetwork => self.slow_network(length).await,
            Fault::SlowDisk => self.slow_disk(length).await,
            Fault::Halves => {
                let links = self.halves();
                self.cut(fault, &links, length).await;
            }
            Fault::OneWay => {
                let nodes = self.cluster.nodes();
                let from = self.rng.random_range(0..nodes.len());
                let to = (from + self.rng.random_range(1..nodes.len())) % nodes.len();
                let link = (self.cluster.machine(nodes[from]), self.cluster.machine(nodes[to]));
                self.cut(fault, &[link], length).await;
            }
            Fault::Isolate => {
                let node = self.draw_node();
                let links = self.isolating(node);
                self.cut(fault, &links, length).await;
            }
            Fault::IsolateLeader => {
                let Some(leader) = self.cluster.watcher.leader() else { return };
                let links = self.around(leader, true, true);
                // Long enough for another leader to be elected and to be found by clients.
                let election = Duration::from_millis(self.plan.raft.election_ms.end);
                let attempt = Duration::from_millis(self.plan.load.attempt_timeout_ms);
                self.cut(fault, &links, length + election * 2 + attempt).await;
            }
            Fault::Ring => {
                let links = self.ring();
                self.cut(fault, &links, length).await;
            }
        }
    }

    fn draw_node(&mut self) -> Node {
        let nodes = self.cluster.nodes();
        nodes[self.rng.random_range(0..nodes.len())]
    }

    fn begins(&self, fault: Fault, value: serde_json::Value) {
        self.cluster.watcher.count(&format!("fault {}", fault.name()));
        self.cluster.note(fault.name(), value);
    }

    // ------------------------------------------------------------------ processes

    async fn crash_one(&mut self, crash: Crash, length: Duration) {
        let node = self.draw_node();
        let Some(taken) = self.cluster.take(node) else { return };
        let fault = if crash == Crash::Power { Fault::PowerLoss } else { Fault::Crash };
        self.begins(fault, serde_json::json!({ "node": node }));
        taken.crash(crash);
        sleep(length).await;
        taken.start();
    }

    async fn wipe(&mut self, length: Duration) {
        let node = self.draw_node();
        if !self.cluster.all_are_members() {
            return;
        }
        let Some(taken) = self.cluster.take(node) else { return };
        self.begins(Fault::Wipe, serde_json::json!({ "node": node }));
        taken.crash(Crash::Wipe);
        sleep(length).await;
        taken.start();
    }

    async fn cluster_power_loss(&mut self, length: Duration) {
        let taken: Vec<_> =
            self.cluster.nodes().iter().filter_map(|node| self.cluster.take(*node)).collect();
        self.begins(Fault::ClusterPowerLoss, serde_json::json!({}));
        taken.iter().for_each(|machine| machine.crash(Crash::Power));
        sleep(length).await;
        for machine in taken {
            machine.start();
            sleep(self.draw_ms(0..200)).await;
        }
    }

    /// Takes the leader away, so that the others must vote, and takes the power of those
    /// that have just voted. A vote that was granted before it was synced is gone then.
    async fn vote_power_loss(&mut self) {
        let Some(leader) = self.cluster.watcher.leader() else { return };
        let Some(leader) = self.cluster.take(leader) else { return };
        self.begins(Fault::VotePowerLoss, serde_json::json!({}));
        leader.crash(Crash::Power);
        let patience = Duration::from_millis(self.plan.raft.election_ms.end * 2);
        for _ in 0..VOTE_LOSSES_MAX {
            let Some(voter) = self.next_vote(patience).await else { break };
            let Some(voter) = self.cluster.take(voter) else { continue };
            // Between the vote and the new leader's first entry, which syncs both.
            let delay_us = self.rng.random_range(0..=self.plan.latency_us.end * 2);
            if self.rng.random_bool(0.7) {
                sleep(Duration::from_micros(delay_us)).await;
            }
            voter.crash(Crash::Power);
            self.cluster.watcher.count("power lost after a vote");
            sleep(self.draw_ms(0..80)).await;
            voter.start();
        }
        leader.start();
    }

    async fn next_vote(&self, patience: Duration) -> Option<Node> {
        let vote = std::pin::pin!(self.cluster.watcher.vote());
        match select(vote, std::pin::pin!(sleep(patience))).await {
            Either::Left((node, _)) => Some(node),
            Either::Right(_) => None,
        }
    }

    async fn pause(&mut self, length: Duration) {
        let node = self.draw_node();
        let Some(taken) = self.cluster.take(node) else { return };
        self.begins(Fault::Pause, serde_json::json!({ "node": node }));
        taken.pause();
        sleep(length).await;
        taken.resume();
    }

    // ------------------------------------------------------------------ speed

    async fn slow_network(&mut self, length: Duration) {
        self.begins(Fault::SlowNetwork, serde_json::json!({}));
        let slow_us = self.rng.random_range(5..SLOW_LATENCY_MS_MAX) * 1_000;
        self.cluster.network.set_latency(slow_us / 5..slow_us);
        sleep(length).await;
        self.cluster.network.set_latency(self.plan.latency_us.clone());
    }

    async fn slow_disk(&mut self, length: Duration) {
        let node = self.draw_node();
        let sync_us = self.plan.sync_us.clone();
        self.begins(Fault::SlowDisk, serde_json::json!({ "node": node }));
        self.cluster.set_sync_time(node, sync_us.start * SLOWER..sync_us.end * SLOWER);
        sleep(length).await;
        self.cluster.set_sync_time(node, sync_us);
    }

    // ------------------------------------------------------------------ links

    async fn cut(&mut self, fault: Fault, links: &[Link], length: Duration) {
        let names: Vec<String> = links.iter().map(|(a, b)| format!("{a}>{b}")).collect();
        self.begins(fault, serde_json::json!({ "links": names }));
        self.cluster.network.cut(links);
        sleep(length).await;
        self.cluster.network.mend(links);
    }

    /// Nodes and client machines, each on a side.
    fn halves(&mut self) -> Vec<Link> {
        let machines = self.cluster.all_machines();
        let sides: Vec<bool> = machines.iter().map(|_| self.rng.random()).collect();
        let mut links = Vec::new();
        for (a, a_side) in machines.iter().zip(&sides) {
            for (b, b_side) in machines.iter().zip(&sides) {
                if a_side != b_side {
                    links.push((*a, *b));
                }
            }
        }
        links
    }

    fn isolating(&mut self, node: Node) -> Vec<Link> {
        match self.rng.random_range(0..3) {
            0 => self.around(node, true, true),
            1 => self.around(node, true, false),
            _ => self.around(node, false, true),
        }
    }

    /// The links between a node and its peers.
    fn around(&self, node: Node, inwards: bool, outwards: bool) -> Vec<Link> {
        let machine = self.cluster.machine(node);
        let mut links = Vec::new();
        for peer in self.cluster.nodes().iter().filter(|peer| **peer != node) {
            let peer = self.cluster.machine(*peer);
            if inwards {
                links.push((peer, machine));
            }
            if outwards {
                links.push((machine, peer));
            }
        }
        links
    }

    /// All links but those to the two neighbours; of three nodes, one pair is cut.
    fn ring(&mut self) -> Vec<Link> {
        let mut nodes = self.cluster.nodes().to_vec();
        let turn = self.rng.random_range(0..nodes.len());
        nodes.rotate_left(turn);
        let count = nodes.len();
        let neighbours = |a: usize, b: usize| {
            let apart = a.abs_diff(b);
            apart == 1 || (apart == count - 1 && count > 3)
        };
        let mut links = Vec::new();
        for a in 0..count {
            for b in 0..count {
                if a != b && !neighbours(a, b) {
                    links.push((self.cluster.machine(nodes[a]), self.cluster.machine(nodes[b])));
                }
            }
        }
        links
    }
}
