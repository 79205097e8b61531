//! The test of metad: people working in shared folders, and all that can be asked of the
//! replicas in the end.

use std::{collections::BTreeMap, path::Path, process::Command, time::Duration};

use anyhow::{Context, Result, bail};
use metad_client::{Client, Options};
use metad_jepsen::{Verdict, check::Check};
use metad_workload::{Config, Run, record};
use tokio::time::{Instant, sleep, timeout};

use super::{
    Stage, Tested, checked, import,
    leaders::Leaders,
    nemesis::{self, Scene},
    progress::Progress,
    replicas,
};

/// How long a call may take, a failover included.
const DEADLINE: Duration = Duration::from_secs(10);
/// How long a cluster that is whole again may take to serve a write.
const SERVE_MAX: Duration = Duration::from_secs(60);
/// Between two tries.
const TRY_INTERVAL: Duration = Duration::from_millis(100);

/// Runs it.
pub async fn test(stage: &mut Stage<'_>) -> Result<Tested> {
    let addresses = stage.cluster.addresses();
    let leaders = Leaders::new(&addresses)?;
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
    work(stage, &run, &leaders, &addresses, &mut tested).await?;
    heal(stage, &client, &mut tested).await?;
    let load = run.finish(&client).await.context("the final reads")?;
    tested.load(&load)?;
    tested.checks.push(replicas::check(&client, &addresses).await?);
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

/// Clients and nemesis, side by side.
async fn work(
    stage: &mut Stage<'_>,
    run: &Run,
    leaders: &Leaders,
    addresses: &[String],
    tested: &mut Tested,
) -> Result<()> {
    let (args, cluster) = (stage.args, &mut stage.cluster);
    let seed = |number| args.seed.wrapping_mul(1_000_003).wrapping_add(number);
    let clients = (1..=args.clients).map(|number| client(addresses, seed(number)));
    let clients = clients.collect::<Result<Vec<_>>>()?;
    let progress = Progress::new(args.time);
    let scene = Scene {
        switch: stage.switch.as_ref(),
        leaders,
        recorder: run.recorder(),
        progress: &progress,
        nodes: args.nodes,
        counts: BTreeMap::new().into(),
    };
    let working = async { run.drive(&clients).await.context("the clients") };
    let both =
        async { tokio::try_join!(biased; working, nemesis::run(&stage.plan, cluster, &scene)) };
    // Every call has a deadline: this one only guards against a hang of our own.
    let both = timeout(args.time + 6 * DEADLINE, both);
    tokio::select! {
        biased;
        done = both => drop(done.context("clients or nemesis hang")??),
        watched = leaders.watch(run.recorder()) => watched?,
        () = progress.run() => {}
    }
    progress.finish();
    tested.faults = scene.counts.into_inner();
    Ok(())
}

/// All faults are over: the cluster must serve again.
async fn heal(stage: &mut Stage<'_>, client: &Client, tested: &mut Tested) -> Result<()> {
    if let Some(switch) = &stage.switch {
        switch.rules().heal();
    }
    stage.cluster.heal()?;
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
    tested.checks.push(checked("liveness", Verdict::Valid, detail, Vec::new()));
    Ok(())
}

/// Servers that are told to stop do, none has ended before, and what they leave is sound.
async fn stop(stage: &mut Stage<'_>, tested: &mut Tested) -> Result<()> {
    for node in stage.cluster.ids() {
        let complaint = stage.cluster.stop(node).await?;
        stage.cluster.complains(complaint);
    }
    let ended = stage.cluster.ended()?.to_vec();
    let verdict = if ended.is_empty() { Verdict::Valid } else { Verdict::Invalid };
    let detail = "servers end when they are told to, and not before".to_owned();
    tested.checks.push(checked("servers", verdict, detail, ended));
    tested.checks.push(fsck(&stage.binary, &stage.cluster.data_folders())?);
    Ok(())
}

fn fsck(binary: &Path, folders: &[&Path]) -> Result<Check> {
    let output = Command::new(binary).arg("fsck").args(folders).output().context("run fsck")?;
    let text = [output.stdout, output.stderr].concat();
    let lines = String::from_utf8_lossy(&text).lines().map(str::to_owned).collect::<Vec<_>>();
    let (verdict, findings) = match output.status.code() {
        Some(0) => (Verdict::Valid, Vec::new()),
        Some(1) => (Verdict::Invalid, lines),
        _ => bail!("metad fsck ended with {}: {}", output.status, lines.join("; ")),
    };
    let detail = "every record and every invariant on each node's disk".to_owned();
    Ok(checked("fsck", verdict, detail, findings))
}
