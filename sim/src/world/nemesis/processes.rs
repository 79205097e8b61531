//! Processes and machines that die, stop and come back.

use std::time::Duration;

use futures::future::{Either, select};
use madsim::time::sleep;
use rand::RngExt;
use serde_json::json;

use super::Strand;
use crate::{oracle::Node, plan::Fault, world::disk::Crash};

/// Votes in a row that a power loss may follow.
const VOTE_LOSSES_MAX: usize = 3;

impl Strand<'_> {
    pub(super) async fn process(&mut self, fault: Fault, length: Duration) {
        match fault {
            Fault::Crash => self.crash(fault, Crash::Process, length).await,
            Fault::PowerLoss => self.crash(fault, Crash::Power, length).await,
            Fault::BatchCrash => self.batch_crash(length).await,
            Fault::ClusterPowerLoss => self.cluster_power_loss(length).await,
            Fault::VotePowerLoss => self.vote_power_loss().await,
            Fault::Wipe => self.wipe(length).await,
            Fault::WipeBesideOldLeader => self.wipe_beside_old_leader().await,
            Fault::Pause => self.pause(length).await,
            _ => self.rolling_restart().await,
        }
    }

    async fn crash(&mut self, fault: Fault, crash: Crash, length: Duration) {
        let node = self.draw_node();
        let Some(taken) = self.cluster.take(node) else { return };
        self.begins(fault, json!({ "node": node }));
        taken.crash(crash);
        sleep(length).await;
        taken.start();
    }

    /// The process dies between what it has written and what it would have said of it.
    async fn batch_crash(&mut self, length: Duration) {
        let node = self.draw_node();
        let Some(taken) = self.cluster.take(node) else { return };
        self.begins(Fault::BatchCrash, json!({ "node": node }));
        let applies = self.cluster.watcher.clone();
        if !self.within(length, applies.applies(node)).await {
            return;
        }
        self.cluster.watcher.count("crashed in a batch");
        let crash = if self.rng.random_bool(0.5) { Crash::Process } else { Crash::Power };
        taken.crash(crash);
        sleep(self.draw_ms(0..500)).await;
        taken.start();
    }

    async fn wipe(&mut self, length: Duration) {
        let node = self.draw_node();
        let Some(_claim) = self.cluster.claim() else { return };
        let Some(taken) = self.cluster.take(node) else { return };
        self.begins(Fault::Wipe, json!({ "node": node }));
        taken.crash(Crash::Wipe);
        sleep(length).await;
        taken.start();
    }

    /// The old leader hears the node that comes back, and nobody else; the others have a
    /// leader of their own. Whoever follows the old one counts for a majority that is none.
    async fn wipe_beside_old_leader(&mut self) {
        let Some(leader) = self.cluster.watcher.leader() else { return };
        let others: Vec<Node> =
            self.cluster.nodes().into_iter().filter(|node| *node != leader).collect();
        let node = others[self.rng.random_range(0..others.len())];
        let Some(_claim) = self.cluster.claim() else { return };
        let Some(taken) = self.cluster.take(node) else { return };
        let away = self.machine(leader);
        let rest: Vec<_> = others
            .iter()
            .filter(|other| **other != node)
            .map(|other| self.machine(*other))
            .collect();
        let from_leader = self.between(&[away], &rest);
        let election = Duration::from_millis(self.plan.raft.election_ms.end);
        self.begins(Fault::WipeBesideOldLeader, json!({ "node": node, "leader": leader }));
        self.cluster.network.cut(&from_leader);
        // The others elect a leader with the node's vote, and commit with it.
        let to_node = self.between(&[away], &[self.machine(node)]);
        self.cluster.network.cut(&to_node);
        sleep(election * 3).await;
        taken.crash(Crash::Wipe);
        self.cluster.network.mend(&to_node);
        let from_rest = self.between(&[self.machine(node)], &rest);
        if self.rng.random_bool(0.5) {
            // Now it hears the old leader alone.
            self.cluster.network.cut(&from_rest);
            taken.start();
            sleep(election * 3).await;
            self.cluster.network.mend(&from_rest);
        } else {
            taken.start();
            sleep(election * 3).await;
        }
        self.cluster.network.mend(&from_leader);
    }

    async fn cluster_power_loss(&mut self, length: Duration) {
        let nodes = self.cluster.nodes();
        let taken: Vec<_> = nodes.iter().filter_map(|node| self.cluster.take(*node)).collect();
        self.begins(Fault::ClusterPowerLoss, json!({}));
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
        self.begins(Fault::VotePowerLoss, json!({}));
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

    async fn within(&self, patience: Duration, event: impl Future<Output = ()>) -> bool {
        madsim::time::timeout(patience, event).await.is_ok()
    }

    async fn pause(&mut self, length: Duration) {
        let node = self.draw_node();
        let Some(taken) = self.cluster.take(node) else { return };
        self.begins(Fault::Pause, json!({ "node": node }));
        taken.pause();
        sleep(length).await;
        taken.resume();
    }

    async fn rolling_restart(&mut self) {
        self.begins(Fault::RollingRestart, json!({}));
        for node in self.cluster.nodes() {
            let Some(taken) = self.cluster.take(node) else { continue };
            taken.crash(Crash::Process);
            sleep(self.draw_ms(20..300)).await;
            if self.plan.upgrades {
                taken.upgrade();
                self.cluster.watcher.count("nodes upgraded");
            }
            taken.start();
            drop(taken);
            sleep(self.draw_ms(100..1_500)).await;
        }
    }
}
