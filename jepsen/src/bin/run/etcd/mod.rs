//! The test of etcd: the same faults and checkers, on another system.

mod client;
mod wire;
mod workload;

use std::{cell::Cell, time::Duration};

use anyhow::{Context, Result};
use futures::{StreamExt, stream::FuturesUnordered};
use metad_jepsen::check::Check;
use metad_workload::record::{self, Header, Recorder};
use tokio::time::{Instant, sleep};

pub use client::Client;
use workload::Workload;

use super::{Stage, Tested, checked, holds, leaders::Leaders};

/// How long the members may take to catch up.
const CATCH_UP_MAX: Duration = Duration::from_secs(30);
/// Between two looks.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);

/// Runs it.
pub async fn test(stage: &mut Stage<'_>) -> Result<Tested> {
    let (args, addresses) = (stage.args, stage.cluster.addresses());
    let leaders = Leaders::new(args.target, &addresses)?;
    for node in stage.cluster.ids() {
        stage.cluster.start(node)?;
    }
    leaders.wait(&mut stage.cluster).await?;
    let is_register = stage.workload == "register";
    let names = stage.faults.iter().map(|fault| fault.name().to_owned()).collect();
    let header = Header::new(stage.workload, args.seed, args.nodes.into(), names);
    let header = header.of_model(if is_register { "register" } else { "kv" });
    let out = record::create(&stage.history)
        .with_context(|| format!("create {}", stage.history.display()))?;
    let recorder = Recorder::new(out, &header)?;
    let workload = Workload {
        is_register,
        put_share: if stage.workload == "puts" { 0.9 } else { 0.5 },
        seed: args.seed,
        think: args.think,
        end: Instant::now() + args.time,
        addresses: &addresses,
        recorder: &recorder,
        written: Cell::new(0),
        counts: Default::default(),
    };
    let working = async {
        let mut clients: FuturesUnordered<_> =
            (0..args.clients).map(|number| workload.client(number)).collect();
        while let Some(ended) = clients.next().await {
            ended?;
        }
        Ok(())
    };
    let mut tested = Tested::default();
    tested.faults = stage.work(&leaders, &recorder, working).await?;
    leaders.wait(&mut stage.cluster).await?;
    let silent = workload.final_reads().await?;
    recorder.end()?;
    let detail = "each member answers reads of each key when all faults are over".to_owned();
    tested.checks.push(checked("liveness", detail, silent.into_iter().collect()));
    tested.checks.push(members(&addresses).await);
    tested.checks.push(stage.servers()?);
    let counts = workload.counts.take();
    let rate = counts.ok as f64 / args.time.as_secs_f64();
    tested.row("operations", format!("{} answered, {rate:.0}/s", counts.ok));
    tested.row("failed reads", counts.failed.to_string());
    tested.row("unknown outcomes", format!("{} {}", counts.unknown, counts.last_error));
    tested.set_load(&counts)?;
    Ok(tested)
}

/// All members must come to the same revision with the same content.
async fn members(addresses: &[String]) -> Check {
    let deadline = Instant::now() + CATCH_UP_MAX;
    loop {
        let mut held = Vec::new();
        for address in addresses {
            held.push(match Client::connect(address).await {
                Some(client) => client.hash().await.ok(),
                None => None,
            });
        }
        let is_equal = held.iter().all(|it| it.is_some() && *it == held[0]);
        let say = |it: &Option<(i64, u32)>| match it {
            Some((revision, hash)) => format!("{hash:08x} at revision {revision}"),
            None => "does not answer".to_owned(),
        };
        if is_equal {
            let detail = format!("{} members, each {}", held.len(), say(&held[0]));
            return holds("replicas", detail);
        }
        if Instant::now() > deadline {
            let differ = format!("not equal within {CATCH_UP_MAX:?}");
            let findings = [differ].into_iter().chain(held.iter().map(say)).collect();
            return checked("replicas", String::new(), findings);
        }
        sleep(LOOK_INTERVAL).await;
    }
}
