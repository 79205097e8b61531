//! What operators do while all else goes on: members come and go, the leadership is handed
//! over, logs are purged.

use std::time::Duration;

use madsim::time::{Instant, sleep, timeout};
use metad_client::v1::{self, cluster_client::ClusterClient};
use metad_proto::transport::{self, Channel};
use serde_json::json;

use super::Strand;
use crate::{
    oracle::Node,
    plan::Fault,
    world::{
        cluster::{Change, Cluster},
        disk::Crash,
    },
};

/// How long an operator waits for one answer.
const ANSWER_MAX: Duration = Duration::from_secs(3);
/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(100);
/// How long one waits for a new member to catch up, and for a change to be made.
const CHANGE_MAX: Duration = Duration::from_secs(8);
/// The same at the end, when nothing is in the way any more.
const SETTLE_MAX: Duration = Duration::from_secs(60);

impl Strand<'_> {
    pub(super) async fn operator(&mut self, fault: Fault, length: Duration) {
        match fault {
            Fault::TransferLeader => self.transfer_leader().await,
            Fault::Snapshot => self.snapshot(length).await,
            Fault::Replace => self.reconfigure(fault, true, length).await,
            _ => self.reconfigure(fault, false, length).await,
        }
    }

    async fn transfer_leader(&mut self) {
        let Some(leader) = self.cluster.watcher.leader() else { return };
        let to = self.draw_node();
        self.begins(Fault::TransferLeader, json!({ "from": leader, "to": to }));
        let ask = |mut client: ClusterClient<Channel>| async move {
            client.hand_over(v1::HandOverRequest { to }).await.map(drop)
        };
        if ask_node(self.cluster, leader, ask).await.is_ok() {
            self.cluster.watcher.count("leadership handed over");
        }
    }

    async fn snapshot(&mut self, length: Duration) {
        let node = self.draw_node();
        self.begins(Fault::Snapshot, json!({ "node": node }));
        let trim = |snapshot, purge| {
            move |mut client: ClusterClient<Channel>| async move {
                client.trim(v1::TrimRequest { snapshot, purge }).await.map(drop)
            }
        };
        let made = ask_node(self.cluster, node, trim(true, false)).await;
        sleep(length.min(Duration::from_millis(500))).await;
        if made.is_ok() && ask_node(self.cluster, node, trim(false, true)).await.is_ok() {
            self.cluster.watcher.count("logs purged by hand");
        }
    }

    /// A new node joins; it takes the place of another one, or leaves again after a while.
    async fn reconfigure(&mut self, fault: Fault, replaces: bool, length: Duration) {
        let cluster = self.cluster;
        let Some(new) = cluster.spare() else { return };
        let Some(_claim) = cluster.claim() else { return };
        let Some(taken) = cluster.take_spare(new) else { return };
        let old = self.draw_node();
        self.begins(fault, json!({ "new": new, "old": if replaces { old } else { new } }));
        cluster.set_change(Some(Change::default()));
        taken.start();
        drop(taken);
        cluster.set_in_service(new, true);
        let mut gone = if replaces { old } else { new };
        if add_learner(cluster, new).await {
            let voters = cluster.nodes_without(replaces.then_some(old));
            if set_voters(cluster, &voters, CHANGE_MAX).await {
                cluster.watcher.count("members added");
            }
            sleep(length).await;
        } else {
            // Nobody is sent away for one that did not come.
            gone = new;
        }
        let voters = cluster.nodes_without(Some(gone));
        cluster.set_change(Some(Change { voters, gone: Some(gone) }));
        finish(cluster, CHANGE_MAX).await;
    }
}

/// Completes what is left of a change of the members, once nothing is in the way any more.
pub(super) async fn settle(cluster: &Cluster) {
    finish(cluster, SETTLE_MAX).await;
}

/// Makes the members those that are wanted, and takes a removed node out of service.
async fn finish(cluster: &Cluster, patience: Duration) {
    let Some(Change { voters, gone: Some(gone) }) = cluster.change() else { return };
    if !set_voters(cluster, &voters, patience).await {
        return;
    }
    // It may be in the hands of a fault: then later.
    let Some(taken) = cluster.take(gone) else { return };
    taken.crash(Crash::Wipe);
    cluster.set_in_service(gone, false);
    cluster.set_change(None);
    cluster.watcher.count("members removed");
}

async fn add_learner(cluster: &Cluster, node: Node) -> bool {
    let address = cluster.endpoint(node);
    try_leader(cluster, CHANGE_MAX, |mut client: ClusterClient<Channel>| {
        let address = address.clone();
        async move { client.add_learner(v1::AddLearnerRequest { node, address }).await.map(drop) }
    })
    .await
}

async fn set_voters(cluster: &Cluster, voters: &[Node], patience: Duration) -> bool {
    try_leader(cluster, patience, |mut client: ClusterClient<Channel>| {
        let voters = voters.to_vec();
        async move { client.set_voters(v1::SetVotersRequest { voters }).await.map(drop) }
    })
    .await
}

/// Asks whoever leads, until it is done or patience has ended.
async fn try_leader<F>(
    cluster: &Cluster,
    patience: Duration,
    ask: impl Fn(ClusterClient<Channel>) -> F,
) -> bool
where
    F: Future<Output = Result<(), tonic::Status>> + Send + 'static,
{
    let end = Instant::now() + patience;
    while Instant::now() < end {
        if let Some(leader) = cluster.watcher.leader() {
            match ask_node(cluster, leader, &ask).await {
                Ok(()) => return true,
                Err(error) => tracing::debug!(leader, %error, "not changed yet"),
            }
        }
        sleep(PAUSE).await;
    }
    false
}

/// Asks a node from a machine of the clients.
async fn ask_node<F>(
    cluster: &Cluster,
    node: Node,
    ask: impl Fn(ClusterClient<Channel>) -> F,
) -> Result<(), tonic::Status>
where
    F: Future<Output = Result<(), tonic::Status>> + Send + 'static,
{
    let address = cluster.endpoint(node);
    let channel = transport::connect(&address).expect("a node's address is well-formed");
    let asked = cluster.clients()[0].spawn(ask(ClusterClient::new(channel)));
    match timeout(ANSWER_MAX, asked).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Err(tonic::Status::aborted("the task ended")),
        Err(_) => Err(tonic::Status::deadline_exceeded("no answer in time")),
    }
}
