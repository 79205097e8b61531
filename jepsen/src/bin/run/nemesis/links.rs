//! Faults of the network between the nodes. Clients reach every node all the time, so that they
//! meet leaders that have been deposed and do not know it.

use std::time::Duration;

use anyhow::Result;
use rand::{RngExt, seq::SliceRandom};
use serde_json::json;

use super::{Scene, Step, fault::Fault, while_on};
use crate::run::network::{
    Switch,
    rules::{CLIENTS, Port, Trouble},
};

/// Brings one on, and takes it back.
pub async fn inflict(step: &Step, switch: &Switch, scene: &Scene<'_>) -> Result<()> {
    match step.fault {
        Fault::Delay | Fault::Loss => disturb(step, switch, scene)?,
        _ => cut(step, switch, scene)?,
    }
    while_on(step.length).await;
    switch.rules().heal();
    scene.ends(step.fault)
}

fn cut(step: &Step, switch: &Switch, scene: &Scene<'_>) -> Result<()> {
    let mut nodes: Vec<Port> = (1..=scene.nodes).collect();
    nodes.shuffle(&mut scene.random(step));
    let (ways, told) = match step.fault {
        Fault::Halves => {
            let (few, many) = nodes.split_at(nodes.len() / 2);
            (between(few, many), json!({ "halves": [few, many] }))
        }
        Fault::Leader => {
            let leader = scene.leaders.last().unwrap_or(1);
            nodes.retain(|node| *node != leader);
            (between(&[leader], &nodes), json!({ "node": leader }))
        }
        Fault::OneWay => {
            let (from, to) = (nodes[0], nodes[1]);
            (vec![(from, to)], json!({ "from": from, "to": to }))
        }
        _ => (all_but_neighbours(&nodes), json!({ "ring": nodes })),
    };
    switch.rules().cut(ways);
    scene.begins(step.fault, told)
}

/// From each of these to each of those, and back.
fn between(these: &[Port], those: &[Port]) -> Vec<(Port, Port)> {
    let pairs = these.iter().flat_map(|one| those.iter().map(|other| (*one, *other)));
    pairs.flat_map(|(one, other)| [(one, other), (other, one)]).collect()
}

fn all_but_neighbours(ring: &[Port]) -> Vec<(Port, Port)> {
    let count = ring.len();
    let mut ways = Vec::new();
    for (from, one) in ring.iter().enumerate() {
        for (to, other) in ring.iter().enumerate() {
            let apart = (from + count - to) % count;
            if apart > 1 && apart < count - 1 {
                ways.push((*one, *other));
            }
        }
    }
    ways
}

/// All links, those to the clients included.
fn disturb(step: &Step, switch: &Switch, scene: &Scene<'_>) -> Result<()> {
    let mut random = scene.random(step);
    let trouble = match step.fault {
        Fault::Delay => Trouble {
            delay: Duration::from_millis(random.random_range(5..150)),
            jitter: Duration::from_millis(random.random_range(0..100)),
            loss: 0.0,
        },
        _ => Trouble { loss: random.random_range(0.01..0.2), ..Trouble::default() },
    };
    let ports: Vec<Port> = (1..=scene.nodes).chain([CLIENTS]).collect();
    let ways = ports.iter().flat_map(|from| ports.iter().map(|to| (*from, *to)));
    switch.rules().disturb(ways, trouble);
    let (delay, jitter) = (trouble.delay.as_millis(), trouble.jitter.as_millis());
    scene.begins(
        step.fault,
        match step.fault {
            Fault::Delay => json!({ "delay_ms": delay as u64, "jitter_ms": jitter as u64 }),
            _ => json!({ "loss": (trouble.loss * 1_000.0).round() / 1_000.0 }),
        },
    )
}
