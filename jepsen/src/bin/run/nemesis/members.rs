//! Members come and go.
//!
//! One node more than the cluster has members is idle. It joins, then it or another one leaves,
//! is killed and loses its data: the next time, that one joins. A change that does not come to an
//! end while other faults are on is completed when they are over.

use std::time::Duration;

use anyhow::{Result, bail};
use metad_client::v1::{self, cluster_client::ClusterClient};
use metad_proto::transport::{self, Channel};
use rand::RngExt;
use serde_json::json;
use tokio::time::{Instant, sleep, timeout};

use super::{Scene, Step, while_on};
use crate::run::cluster::{Change, Cluster};

/// How long one waits for a new member to catch up, and for a change to be made.
const CHANGE_MAX: Duration = Duration::from_secs(10);
/// The same once nothing is in the way any more.
const SETTLE_MAX: Duration = Duration::from_secs(60);
/// How long one waits for an answer.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// Between two attempts.
const TRY_INTERVAL: Duration = Duration::from_millis(100);

/// One joins, and one leaves.
pub async fn change(step: &Step, cluster: &mut Cluster, scene: &Scene<'_>) -> Result<()> {
    let Some(new) = cluster.idle() else { return Ok(()) };
    let members = cluster.ids();
    let old = *members.get(scene.random(step).random_range(0..=members.len())).unwrap_or(&new);
    scene.begins(step.fault, json!({ "new": new, "old": old }))?;
    let all = members.iter().copied().chain([new]).collect::<Vec<_>>();
    let without =
        |gone| Change { voters: all.iter().copied().filter(|id| *id != gone).collect(), gone };
    cluster.start(new)?;
    // Unless it joins, the change to make is to be rid of it.
    cluster.change = Some(without(new));
    if add_learner(cluster, scene, new).await && set_voters(cluster, scene, &all, CHANGE_MAX).await
    {
        while_on(step.length).await;
        cluster.change = Some(without(old));
    }
    finish(cluster, scene, CHANGE_MAX).await?;
    scene.ends(step.fault)
}

/// Completes what is left of a change, once nothing is in the way any more.
pub async fn settle(cluster: &mut Cluster, scene: &Scene<'_>) -> Result<()> {
    finish(cluster, scene, SETTLE_MAX).await?;
    match &cluster.change {
        Some(change) => bail!("the members could not be made {:?} again", change.voters),
        None => Ok(()),
    }
}

async fn finish(cluster: &mut Cluster, scene: &Scene<'_>, patience: Duration) -> Result<()> {
    let Some(Change { voters, gone }) = cluster.change.clone() else { return Ok(()) };
    if set_voters(cluster, scene, &voters, patience).await {
        cluster.kill(gone)?;
        cluster.wipe(gone)?;
        cluster.change = None;
    }
    Ok(())
}

/// Asks a node to make a snapshot; whether it does, nobody needs to know.
pub async fn ask_for_snapshot(cluster: &Cluster, node: u8) {
    let Ok(channel) = transport::connect(&cluster.address(node)) else { return };
    let trim = v1::TrimRequest { snapshot: true, purge: false };
    let mut client = ClusterClient::new(channel);
    let _ = timeout(ANSWER_MAX, client.trim(trim)).await;
}

async fn add_learner(cluster: &Cluster, scene: &Scene<'_>, node: u8) -> bool {
    let address = cluster.address(node);
    try_leader(cluster, scene, CHANGE_MAX, async |mut client: ClusterClient<Channel>| {
        let (node, address) = (node.into(), address.clone());
        client.add_learner(v1::AddLearnerRequest { node, address }).await.map(drop)
    })
    .await
}

async fn set_voters(
    cluster: &Cluster,
    scene: &Scene<'_>,
    voters: &[u8],
    patience: Duration,
) -> bool {
    try_leader(cluster, scene, patience, async |mut client: ClusterClient<Channel>| {
        let voters = voters.iter().copied().map(u64::from).collect();
        client.set_voters(v1::SetVotersRequest { voters }).await.map(drop)
    })
    .await
}

/// Asks whoever leads, until it is done or patience has ended.
async fn try_leader(
    cluster: &Cluster,
    scene: &Scene<'_>,
    patience: Duration,
    ask: impl AsyncFn(ClusterClient<Channel>) -> Result<(), tonic::Status>,
) -> bool {
    let end = Instant::now() + patience;
    while Instant::now() < end {
        if let Some(leader) = scene.leaders.last()
            && let Ok(channel) = transport::connect(&cluster.address(leader))
            && let Ok(Ok(())) = timeout(ANSWER_MAX, ask(ClusterClient::new(channel))).await
        {
            return true;
        }
        sleep(TRY_INTERVAL).await;
    }
    false
}
