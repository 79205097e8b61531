//! `metabench team`: people working in a shared folder.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::Context;
use clap::Args;
use metad_client::{Client, Options};
use metad_workload::{Config, Report, Run, record};

#[derive(Args)]
pub struct Team {
    /// Addresses of the cluster's nodes.
    #[arg(
        long,
        env = "METAD_ENDPOINTS",
        value_delimiter = ',',
        default_value = "127.0.0.1:7101,127.0.0.1:7102,127.0.0.1:7103"
    )]
    endpoints: Vec<String>,
    /// Clients, each with one operation under way at a time.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    clients: u64,
    /// How long they work.
    #[arg(long, default_value = "10s", value_parser = humantime::parse_duration)]
    time: Duration,
    /// Mean pause between an answer and the next operation.
    #[arg(long, default_value = "0s", value_parser = humantime::parse_duration)]
    think: Duration,
    /// Where all random choices come from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Namespace to work in; it is made, and a number is added if it is taken.
    #[arg(long, default_value = "team")]
    ns: String,
    /// Where to write the history (JSON lines), compressed if the name ends in .zst. Not written
    /// without this.
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
    /// Print the figures as JSON.
    #[arg(long)]
    json: bool,
}

/// Runs it and prints the figures.
pub async fn team(team: &Team) -> anyhow::Result<ExitCode> {
    Ok(print(&run(team).await?, team.json))
}

async fn run(team: &Team) -> anyhow::Result<Report> {
    let clients = clients(team)?;
    let config = Config {
        time: Some(team.time),
        think_time: team.think,
        namespace: team.ns.clone(),
        nodes: team.endpoints.len() as u64,
        ..Config::team(team.seed, team.clients as usize)
    };
    let out = history(team.history.as_deref())?;
    let run = Run::start(config, &clients[0], out).await?;
    run.drive(&clients).await?;
    Ok(run.finish(&clients[0]).await?)
}

/// One connection and session each, as separate people have.
fn clients(team: &Team) -> Result<Vec<Client>, metad_client::Error> {
    let client = |number| {
        let seed = team.seed.wrapping_mul(1_000_003).wrapping_add(number);
        Client::new(Options { seed, ..Options::new(&team.endpoints) })
    };
    (0..team.clients).map(client).collect()
}

fn history(path: Option<&Path>) -> anyhow::Result<Box<dyn Write + Send>> {
    let Some(path) = path else { return Ok(Box::new(io::sink())) };
    record::create(path).with_context(|| format!("create {}", path.display()))
}

fn print(report: &Report, json: bool) -> ExitCode {
    let text = if json {
        serde_json::to_string(report).expect("a report has only string keys")
    } else {
        table(report)
    };
    match writeln!(io::stdout(), "{text}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn table(report: &Report) -> String {
    let rejected: u64 = report.rejected.values().sum();
    let latency = |name: &str, latency: &metad_workload::stats::Latency| {
        format!(
            "{name:<14}{:>10}   p50 {:>8.2} ms   p99 {:>8.2} ms   max {:>8.2} ms",
            latency.count, latency.p50_ms, latency.p99_ms, latency.max_ms
        )
    };
    [
        format!(
            "{:<14}{:>10}   {:.0}/s",
            "operations", report.operations, report.operations_per_second
        ),
        latency("all", &report.all),
        latency("reads", &report.reads),
        latency("writes", &report.writes),
        format!("{:<14}{rejected:>10}   {}", "rejected", reasons(report)),
        format!("{:<14}{:>10}", "failed", report.failed),
        format!("{:<14}{:>10}", "unknown", report.unknown),
        format!("{:<14}{:>10.1} ms", "longest stall", report.longest_stall_ms),
        format!("{:<14}{:>10}", "final reads", report.final_reads),
    ]
    .join("\n")
}

fn reasons(report: &Report) -> String {
    let reason = |(reason, count): (&String, &u64)| format!("{reason} {count}");
    report.rejected.iter().map(reason).collect::<Vec<_>>().join(", ")
}
