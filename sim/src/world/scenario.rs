//! The course of a run: clients at work while faults come and go; then all is whole again,
//! and the cluster must serve, converge, and show a history that fits.

use std::{
    fs::File,
    io::{self, Write},
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::future::join;
use madsim::{
    runtime::NodeHandle,
    task::JoinHandle,
    time::{Instant, sleep},
};
use metad_client::{Client, Options};
use metad_workload::{Config, Run};

use serde_json::json;

use super::{checks, cluster::Cluster, effects::Effect, nemesis, watcher::Watcher};
use crate::{plan::Plan, report::Violation};

/// How long the cluster may take to serve, once everything is whole.
const LIVENESS_LIMIT: Duration = Duration::from_secs(30);
/// Processes that share a client, and with it a session and connections.
const PROCESSES_A_CLIENT: usize = 2;

/// The recorded history, in memory and, if one is wanted, in a file.
#[derive(Clone, Default)]
pub struct History(Arc<Mutex<Recorded>>);

#[derive(Default)]
struct Recorded {
    bytes: Vec<u8>,
    // Written at once: whatever ends the run, the history until then is there.
    file: Option<File>,
}

impl History {
    /// A history that is also written to a file, if one is given.
    pub fn new(file: Option<File>) -> History {
        History(Arc::new(Mutex::new(Recorded { bytes: Vec::new(), file })))
    }

    /// What was written so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.0.lock().expect("a panic ends the run").bytes.clone()
    }
}

impl Write for History {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut recorded = self.0.lock().expect("a panic ends the run");
        recorded.bytes.extend_from_slice(bytes);
        if let Some(file) = &mut recorded.file {
            file.write_all(bytes)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs it all. The first thing that must not be seen ends it.
pub async fn run(plan: &Plan, watcher: &Watcher, history: &History) -> Result<(), Violation> {
    tracing::info!(?plan, "plan");
    let cluster = Cluster::start(plan, watcher.clone());
    let ended = tokio::select! {
        biased;
        violation = watcher.violated() => Err(violation),
        ended = stages(plan, &cluster, history) => ended,
    };
    watcher.calls_made(cluster.calls_made());
    ended
}

async fn stages(plan: &Plan, cluster: &Cluster, history: &History) -> Result<(), Violation> {
    let run = begin(plan, cluster, history).await?;
    cluster.watcher.set_history(run.clone());
    if plan.canary {
        sleep(Duration::from_micros(std::process::id().into())).await;
    }
    let end = Instant::now() + Duration::from_secs(plan.seconds);
    let processes = start_processes(plan, cluster, &run);
    let (worked, ()) = join(all(processes), nemesis::run(plan, cluster, end)).await;
    worked?;
    cluster.note("whole", json!({}));
    checks::serves(cluster, client(plan, cluster, FINAL_CLIENT)?, LIVENESS_LIMIT).await?;
    remark_effects(cluster, &run);
    cluster.watcher.end_history();
    finish(plan, cluster, run).await?;
    checks::converges(cluster, client(plan, cluster, FINAL_CLIENT)?, LIVENESS_LIMIT).await?;
    checks::trees(cluster)?;
    checks::stops(cluster, LIVENESS_LIMIT).await?;
    checks::history(&history.bytes(), &cluster.watcher)
}

/// The client that begins and ends the run.
const FINAL_CLIENT: usize = usize::MAX;
const FINAL_DEADLINE: Duration = Duration::from_secs(5);

fn client(plan: &Plan, cluster: &Cluster, number: usize) -> Result<Client, Violation> {
    let mut options = Options::new(cluster.endpoints());
    options.deadline = match number {
        // What begins and ends the run must not give up.
        FINAL_CLIENT => FINAL_DEADLINE,
        _ => Duration::from_millis(plan.load.deadline_ms),
    };
    options.attempt_timeout = Duration::from_millis(plan.load.attempt_timeout_ms);
    options.session_stream = plan.load.session_streams;
    // Two clients must not have the same jitter.
    options.seed = plan.seed.wrapping_mul(1_000).wrapping_add(number as u64);
    Client::new(options).map_err(|error| Violation::new("workload", error.to_string()))
}

async fn begin(plan: &Plan, cluster: &Cluster, history: &History) -> Result<Arc<Run>, Violation> {
    let think_us = plan.load.clients as u64 * 1_000_000 / plan.load.operations_per_second;
    let faults = plan.faults.weights.iter().map(|(fault, _)| fault.name().to_owned());
    let config = Config {
        time: Some(Duration::from_secs(plan.seconds)),
        think_time: Duration::from_micros(think_us),
        nodes: plan.nodes,
        faults: faults.collect(),
        lease_share: plan.load.lease_share,
        keep: plan.keep.calls.clone(),
        ..Config::team(plan.seed, plan.load.clients)
    };
    let client = client(plan, cluster, FINAL_CLIENT)?;
    let out = Box::new(history.clone());
    let begun = cluster.clients()[0].spawn(async move { Run::start(config, &client, out).await });
    Ok(Arc::new(joined(begun).await?))
}

fn start_processes(
    plan: &Plan,
    cluster: &Cluster,
    run: &Arc<Run>,
) -> Vec<JoinHandle<Result<(), metad_workload::Error>>> {
    let machines: &[NodeHandle] = cluster.clients();
    let mut processes = Vec::new();
    let mut shared = None;
    for number in 0..plan.load.clients {
        let group = number / PROCESSES_A_CLIENT;
        if number % PROCESSES_A_CLIENT == 0 {
            shared = client(plan, cluster, group).ok();
        }
        let client = shared.clone().expect("the endpoints are well-formed addresses");
        let run = run.clone();
        let machine = &machines[group % machines.len()];
        processes.push(machine.spawn(async move { run.process(client, number as u64).await }));
    }
    processes
}

async fn all(
    processes: Vec<JoinHandle<Result<(), metad_workload::Error>>>,
) -> Result<(), Violation> {
    for process in processes {
        joined(process).await?;
    }
    Ok(())
}

async fn finish(plan: &Plan, cluster: &Cluster, run: Arc<Run>) -> Result<(), Violation> {
    let client = client(plan, cluster, FINAL_CLIENT)?;
    let finished = cluster.clients()[0].spawn(async move { run.finish(&client).await });
    let report = joined(finished).await?;
    let watcher = &cluster.watcher;
    watcher.add("operations done", report.done);
    watcher.add("operations failed", report.failed);
    watcher.add("operations unknown", report.unknown);
    watcher.add("reads at the end", report.final_reads);
    for (reason, count) in report.rejected {
        watcher.add(&format!("rejected {reason}"), count);
    }
    Ok(())
}

/// Tells the history which requests of unknown outcome took effect: the journals may have
/// forgotten it.
fn remark_effects(cluster: &Cluster, run: &Run) {
    for request in run.unknown_requests() {
        if let Some(Effect { revision, names }) = cluster.watcher.effect(request) {
            let request = [request.client_id, request.sequence];
            let value = json!({"request": request, "revision": revision, "names": names});
            cluster.note("took_effect", value);
        }
    }
}

/// Waits for a task of the workload; it fails only if the service answers nonsense.
async fn joined<T>(task: JoinHandle<Result<T, metad_workload::Error>>) -> Result<T, Violation> {
    let ended = task.await.map_err(|error| Violation::new("workload", error.to_string()))?;
    ended.map_err(|error| Violation::new("workload", error.to_string()))
}
