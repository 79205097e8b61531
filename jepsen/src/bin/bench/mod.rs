//! `jepsen bench`: how long checking takes, without reading the files.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, anyhow};
use clap::Parser;
use metad_jepsen::history::read_file;
use metad_jepsen::{Options, decide};
use serde_json::json;

use super::{print_or_stop, timed_options};

/// Measure how long the verdict on each history takes, as JSON, one object a line. The time is
/// of deciding linearizability; reading the file and explaining a violation are not in it.
#[derive(Parser)]
pub struct Args {
    /// The histories.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How often each is checked.
    #[arg(long, default_value_t = 10)]
    rounds: usize,
    /// Do not split a key-value history by keys.
    #[arg(long)]
    whole: bool,
    /// How long one check may take.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = super::parse_time)]
    time_limit: std::time::Duration,
}

/// Runs the command.
#[allow(clippy::disallowed_methods, reason = "a stopwatch is what it is")]
pub fn run(arguments: &Args) -> anyhow::Result<ExitCode> {
    let mut sum_median_ms = 0.0;
    for file in &arguments.files {
        let started = Instant::now();
        let history = read_file(file, None)?;
        let read_ms = started.elapsed().as_secs_f64() * 1_000.0;
        let mut times_ms = Vec::new();
        let mut verdict = None;
        for _ in 0..arguments.rounds.max(1) {
            let options = Options { whole: arguments.whole, ..timed_options(arguments.time_limit) };
            let started = Instant::now();
            let found = decide(&history, &options);
            times_ms.push(started.elapsed().as_secs_f64() * 1_000.0);
            verdict = Some(found.map_err(|error| anyhow!("{}: {error}", history.source))?);
        }
        times_ms.sort_by(f64::total_cmp);
        let median = times_ms[times_ms.len() / 2];
        sum_median_ms += median;
        let verdict = verdict.context("at least one round")?;
        let line = json!({
            "file": history.source, "operations": history.operations.len(),
            "verdict": verdict.name(), "rounds": times_ms.len(),
            "min_ms": round(times_ms[0]), "median_ms": round(median),
            "max_ms": round(times_ms[times_ms.len() - 1]), "read_ms": round(read_ms),
        });
        print_or_stop(writeln!(std::io::stdout(), "{line}"))?;
    }
    let sum = json!({"files": arguments.files.len(), "sum_median_ms": round(sum_median_ms)});
    print_or_stop(writeln!(std::io::stdout(), "{sum}"))?;
    Ok(ExitCode::SUCCESS)
}

/// To microseconds.
fn round(ms: f64) -> f64 {
    (ms * 1_000.0).round() / 1_000.0
}
