//! Faults of machines: their clocks and their disks.

use anyhow::Result;
use rand::RngExt;
use serde_json::json;

use super::{Scene, Step, members, while_on};
use crate::run::cluster::Cluster;

/// The furthest that a clock jumps, in milliseconds: ten to the power of this.
const JUMP_MS_POWER_MAX: f64 = 6.5;

/// A wall clock jumps, by milliseconds or by up to an hour, and later jumps back.
pub async fn clock_jump(step: &Step, cluster: &mut Cluster, scene: &Scene<'_>) -> Result<()> {
    let mut random = scene.random(step);
    let node = scene.victim(step, cluster);
    let size = 10_f64.powf(random.random_range(1.0..JUMP_MS_POWER_MAX)) as i64;
    let ms = if random.random_bool(0.5) { size } else { -size };
    cluster.set_clock(node, ms)?;
    scene.begins(step.fault, json!({ "node": node, "ms": ms }))?;
    while_on(step.length).await;
    cluster.set_clock(node, 0)?;
    scene.ends(step.fault)
}

/// There is no room on a disk. A server may stop for that; it is started again when there is.
pub async fn disk_full(step: &Step, cluster: &mut Cluster, scene: &Scene<'_>) -> Result<()> {
    let node = scene.victim(step, cluster);
    cluster.fill_disk(node)?;
    scene.begins(step.fault, json!({ "node": node }))?;
    // Logs have some room set aside, so that much could be written before one is missing any; a
    // snapshot needs some at once.
    while_on(step.length / 2).await;
    members::ask_for_snapshot(cluster, node).await;
    while_on(step.length / 2).await;
    cluster.clear_disk(node)?;
    cluster.start_fallen()?;
    scene.ends(step.fault)
}
