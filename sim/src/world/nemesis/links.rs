//! Links that are cut, slow or lossy, and calls that suffer from it.

use std::time::Duration;

use madsim::{task::NodeId, time::sleep};
use rand::RngExt;
use serde_json::json;

use super::Strand;
use crate::{
    oracle::Node,
    plan::Fault,
    world::network::{Lag, Link, Turmoil},
};

const SLOW_LATENCY_MS_MAX: u64 = 250;
/// How much later than usual a slow machine is heard.
const SLOW_NODE_MS_MAX: u64 = 400;

impl Strand<'_> {
    pub(super) async fn link(&mut self, fault: Fault, length: Duration) {
        match fault {
            Fault::Halves => {
                let links = self.halves();
                self.cut(fault, &links, length).await;
            }
            Fault::OneWay => {
                let link = self.one_way();
                self.cut(fault, &[link], length).await;
            }
            Fault::Isolate => {
                let node = self.draw_node();
                let links = self.isolating(node);
                self.cut(fault, &links, length).await;
            }
            Fault::IsolateLeader => self.isolate_leader(length).await,
            Fault::Ring => {
                let links = self.ring();
                self.cut(fault, &links, length).await;
            }
            Fault::SlowNetwork => self.slow_network(length).await,
            Fault::SlowNode | Fault::Loss => self.lag(fault, length).await,
            _ => self.turmoil(fault, length).await,
        }
    }

    async fn cut(&mut self, fault: Fault, links: &[Link], length: Duration) {
        let names: Vec<String> = links.iter().map(|(a, b)| format!("{a}>{b}")).collect();
        self.begins(fault, json!({ "links": names }));
        self.cluster.network.cut(links);
        sleep(length).await;
        self.cluster.network.mend(links);
        self.ends(fault);
    }

    async fn isolate_leader(&mut self, length: Duration) {
        let Some(leader) = self.cluster.watcher.leader() else { return };
        let links = self.around(leader, true, true);
        // Long enough for another leader to be elected and to be found by clients.
        let election = Duration::from_millis(self.plan.raft.election_ms.end);
        let attempt = Duration::from_millis(self.plan.load.attempt_timeout_ms);
        self.cut(Fault::IsolateLeader, &links, length + election * 2 + attempt).await;
    }

    pub(super) fn machine(&self, node: Node) -> NodeId {
        self.cluster.machine(node)
    }

    /// The links between two sets of machines, in both directions.
    pub(super) fn between(&self, ones: &[NodeId], others: &[NodeId]) -> Vec<Link> {
        let pairs = ones.iter().flat_map(|one| others.iter().map(move |other| (*one, *other)));
        pairs.flat_map(|(one, other)| [(one, other), (other, one)]).collect()
    }

    fn one_way(&mut self) -> Link {
        let nodes = self.cluster.nodes();
        let from = self.rng.random_range(0..nodes.len());
        let to = (from + self.rng.random_range(1..nodes.len())) % nodes.len();
        (self.machine(nodes[from]), self.machine(nodes[to]))
    }

    /// Nodes and client machines, each on a side.
    fn halves(&mut self) -> Vec<Link> {
        let machines = self.cluster.all_machines();
        let is_left: Vec<bool> = machines.iter().map(|_| self.rng.random()).collect();
        let side = |wanted: bool| {
            let sides = machines.iter().zip(&is_left);
            sides.filter(|(_, is_left)| **is_left == wanted).map(|(id, _)| *id).collect::<Vec<_>>()
        };
        self.between(&side(true), &side(false))
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
        let machine = self.machine(node);
        let mut links = Vec::new();
        for peer in self.cluster.nodes().into_iter().filter(|peer| *peer != node) {
            let peer = self.machine(peer);
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
        let mut nodes = self.cluster.nodes();
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
                    links.push((self.machine(nodes[a]), self.machine(nodes[b])));
                }
            }
        }
        links
    }

    // ------------------------------------------------------------------ speed

    async fn slow_network(&mut self, length: Duration) {
        self.begins(Fault::SlowNetwork, json!({}));
        let slow_us = self.rng.random_range(5..SLOW_LATENCY_MS_MAX) * 1_000;
        self.cluster.network.set_latency(slow_us / 5..slow_us);
        sleep(length).await;
        self.cluster.network.set_latency(self.plan.latency_us.clone());
        self.ends(Fault::SlowNetwork);
    }

    async fn lag(&mut self, fault: Fault, length: Duration) {
        let (links, lag) = if fault == Fault::SlowNode {
            let machine = self.cluster.machine(self.draw_node());
            let others: Vec<_> =
                self.cluster.all_machines().into_iter().filter(|other| *other != machine).collect();
            let more_us = self.rng.random_range(1..SLOW_NODE_MS_MAX) * 1_000;
            (self.between(&[machine], &others), Lag { more_us, loss_percent: 0 })
        } else {
            let machines = self.cluster.all_machines();
            let (sources, sinks) = machines.split_at(machines.len() / 2);
            let loss_percent = self.rng.random_range(1..20);
            (self.between(sources, sinks), Lag { more_us: 0, loss_percent })
        };
        self.begins(fault, json!({ "more_us": lag.more_us, "loss_percent": lag.loss_percent }));
        self.cluster.network.set_lag(&links, Some(lag));
        sleep(length).await;
        self.cluster.network.set_lag(&links, None);
        self.ends(fault);
    }

    // ------------------------------------------------------------------ calls

    async fn turmoil(&mut self, fault: Fault, length: Duration) {
        let percent = self.rng.random_range(2..30);
        // Half of them are little late: before the client has asked for anything else.
        let late_ms = match self.rng.random_range(1..=2_000) {
            late_ms if late_ms % 2 == 0 => late_ms / 40 + 1,
            late_ms => late_ms,
        };
        let turmoil = match fault {
            Fault::Duplicate => Turmoil { duplicate: percent, ..Turmoil::default() },
            Fault::Reorder => Turmoil { reorder: percent, ..Turmoil::default() },
            Fault::LostReplies => Turmoil { lose_reply: percent, ..Turmoil::default() },
            _ => Turmoil { cut: percent * 2, ..Turmoil::default() },
        };
        let turmoil = Turmoil { late_ms, ..turmoil };
        self.begins(fault, json!({ "percent": percent, "late_ms": late_ms }));
        self.cluster.network.add_turmoil(self.fault, turmoil);
        sleep(length).await;
        self.cluster.network.end_turmoil(self.fault);
        self.ends(fault);
    }
}
