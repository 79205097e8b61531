//! Faults of nodes; here, those of their processes.

use anyhow::Result;
use serde_json::json;

use super::{Scene, Step, fault::Fault, machines, members, while_on};
use crate::run::cluster::Cluster;

/// Brings one on, and takes it back.
pub async fn inflict(step: &Step, cluster: &mut Cluster, scene: &Scene<'_>) -> Result<()> {
    match step.fault {
        Fault::Kill | Fault::PowerLoss => {
            kill(step, cluster, scene, vec![scene.victim(step, cluster)]).await
        }
        Fault::KillAll | Fault::PowerLossAll => kill(step, cluster, scene, cluster.ids()).await,
        Fault::Pause => pause(step, cluster, scene).await,
        Fault::Rolling => rolling(step, cluster, scene).await,
        Fault::Clock => machines::clock_jump(step, cluster, scene).await,
        Fault::DiskFull => machines::disk_full(step, cluster, scene).await,
        Fault::Members => members::change(step, cluster, scene).await,
        _ => unreachable!("{} is of links", step.fault.name()),
    }
}

async fn kill(step: &Step, cluster: &mut Cluster, scene: &Scene<'_>, nodes: Vec<u8>) -> Result<()> {
    scene.count(step.fault);
    for node in &nodes {
        if step.fault.is_power_loss() {
            let lost = cluster.cut_power(*node)?;
            scene.tell("power-loss", json!({ "node": node, "lost_writes": lost }))?;
        } else {
            cluster.kill(*node)?;
            scene.tell("kill", json!({ "node": node }))?;
        }
    }
    while_on(step.length).await;
    for node in &nodes {
        cluster.start(*node)?;
        scene.tell("restart", json!({ "node": node }))?;
    }
    Ok(())
}

async fn pause(step: &Step, cluster: &mut Cluster, scene: &Scene<'_>) -> Result<()> {
    let node = scene.victim(step, cluster);
    cluster.pause(node)?;
    scene.begins(step.fault, json!({ "node": node }))?;
    while_on(step.length).await;
    cluster.resume(node)?;
    scene.tell("resume", json!({ "node": node }))
}

/// Each is away for a part of the time.
async fn rolling(step: &Step, cluster: &mut Cluster, scene: &Scene<'_>) -> Result<()> {
    let nodes = cluster.ids();
    let away = step.length / (2 * u32::from(scene.nodes));
    scene.begins(step.fault, json!({}))?;
    for node in nodes {
        cluster.stop(node).await?;
        while_on(away).await;
        cluster.start(node)?;
        while_on(away).await;
    }
    scene.ends(step.fault)
}
