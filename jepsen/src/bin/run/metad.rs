//! The test of metad: people working in shared folders, and all that can be asked of the
//! replicas in the end.

use std::{path::Path, process::Command, time::Duration};

use anyhow::{Context, Result, bail};
use metad_client::{Client, Options};
use metad_jepsen::check::Check;
use metad_workload::{Config, Run, record};
use tokio::time::{Instant, sleep};

use super::{Stage, Tested, checked, holds, import, leaders::Leaders, replicas};

/// How long a call may take, a failover included.
const DEADLINE: Duration = Duration::from_secs(10);
/// How long a cluster that is whole again may take to serve a write.
const SERVE_MAX: Duration = Duration::from_secs(60);
/// Between two tries.
const TRY_INTERVAL: Duration = Duration::from_millis(100);

/// Runs it.
pub async fn test(stage: &mut Stage<'_>) -> Result<Tested> {
    let addresses = stage.cluster.addresses();
    let leaders = Leaders::new(stage.args.target, &addresses)?;
    for node in stage.cluster.ids() {
        stage.cluster.start(node)?;
    }
    leaders.wait(&mut stage.cluster).await?;
    let client = client(&addresses, 0)?;
    let mut tested = Tested::default();
    if let Some(folder) = &stage.args.import {
        tested.row("imported nodes", import::import_tree(&client, folder).await?);
    }
    let history = record::create(&stage.history)
        .with_context(|| format!("create {}", stage.history.display()))?;
    let run = Run::start(config(stage), &client, history).await?;
    let seed = |number| stage.args.seed.wrapping_mul(1_000_003).wrapping_add(number);
    let clients = (1..=stage.args.clients).map(|number| self::client(&addresses, seed(number)));
    let clients = clients.collect::<Result<Vec<_>>>()?;
    let working = async { run.drive(&clients).await.context("the clients") };
    tested.faults = stage.work(&leaders, run.recorder(), working).await?;
    serves(&client, &mut tested).await?;
    let load = run.finish(&client).await.context("the final reads")?;
    tested.load(&load)?;
    tested.checks.push(replicas::check(&client, &stage.cluster.member_addresses()).await?);
    stop(stage, &mut tested).await?;
    Ok(tested)
}

fn client(addresses: &[String], seed: u64) -> Result<Client> {
    Ok(Client::new(Options { deadline: DEADLINE, seed, ..Options::new(addresses) })?)
}

fn config(stage: &Stage<'_>) -> Config {
    let args = stage.args;
    let team = Config {
        time: Some(args.time),
        think_time: args.think,
        nodes: args.nodes.into(),
        faults: stage.faults.iter().map(|fault| fault.name().to_owned()).collect(),
        ..Config::team(args.seed, args.clients as usize)
    };
    match stage.workload {
        "sync" => Config { sync_share: 0.5, ..team },
        "lease" => Config { lease_share: 0.4, ..team },
        _ => team,
    }
}

/// All faults are over: the cluster must serve again.
async fn serves(client: &Client, tested: &mut Tested) -> Result<()> {
    let start = Instant::now();
    let mut tries = 0;
    // Another name each time: an unknown outcome may have been a success.
    while let Err(error) = client.create_namespace(&format!("after-{tries}")).await {
        tries += 1;
        if start.elapsed() > SERVE_MAX {
            bail!("no write succeeded within {SERVE_MAX:?} after all faults were over: {error}");
        }
        sleep(TRY_INTERVAL).await;
    }
    let detail = format!("served {:.1} s after the last fault", start.elapsed().as_secs_f64());
    tested.checks.push(holds("liveness", detail));
    Ok(())
}

/// Servers that are told to stop do, and what they leave is sound.
async fn stop(stage: &mut Stage<'_>, tested: &mut Tested) -> Result<()> {
    for node in stage.cluster.ids() {
        stage.cluster.stop(node).await?;
    }
    tested.checks.push(stage.servers()?);
    tested.checks.push(fsck(&stage.binary, &stage.cluster.data_folders())?);
    Ok(())
}

fn fsck(binary: &Path, folders: &[&Path]) -> Result<Check> {
    let output = Command::new(binary).arg("fsck").args(folders).output().context("run fsck")?;
    let text = [output.stdout, output.stderr].concat();
    let lines = String::from_utf8_lossy(&text).lines().map(str::to_owned).collect::<Vec<_>>();
    let findings = match output.status.code() {
        Some(0) => Vec::new(),
        Some(1) => lines,
        _ => bail!("metad fsck ended with {}: {}", output.status, lines.join("; ")),
    };
    let detail = "every record and every invariant on each node's disk".to_owned();
    Ok(checked("fsck", detail, findings))
}
