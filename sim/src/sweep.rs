//! Many seeds, each in a fresh process.

use std::{
    collections::BTreeMap,
    io::{IsTerminal, Write},
    time::Instant,
};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::{
    child::{Job, run_all},
    cli::SweepArgs,
    plan::Fault,
    report::Report,
};

/// Lines of a violation that are shown; the replay shows all.
const SEEN_LINES_MAX: usize = 12;
/// A sweep of so many seeds must have seen every fault and everything in [`SOMETIMES`] at
/// least once: otherwise it has stopped testing what it is there for.
const SOMETIMES_SEEDS_MIN: u64 = 500;
const SOMETIMES: [&str; 41] = [
    "bits flipped",
    "blocks misdirected",
    "blocks stale",
    "calls delayed",
    "calls duplicated",
    "compactions",
    "crashed in a batch",
    "disks without room",
    "elections",
    "leadership handed over",
    "locks expired",
    "logs purged by hand",
    "members added",
    "members removed",
    "nodes upgraded",
    "operations unknown",
    "packets sent again",
    "power lost after a vote",
    "reads failed",
    "rejected ALREADY_EXISTS",
    "rejected CONFLICT",
    "rejected CURSOR_RESET",
    "rejected CYCLE",
    "rejected IS_A_DIRECTORY",
    "rejected LOCK_HELD",
    "rejected NAME_INVALID",
    "rejected NOT_A_DIRECTORY",
    "rejected NOT_EMPTY",
    "rejected NOT_FOUND",
    "rejected PRECONDITION_FAILED",
    "rejected QUOTA_EXCEEDED",
    "rejected REVISION_COMPACTED",
    "rejected TOKEN_STALE",
    "replies lost",
    "snapshots built",
    "snapshots installed",
    "stopped by its disks",
    "streams cut",
    "syncs failed",
    "unsynced lost",
    "writes refused",
];

/// What all runs together did.
#[derive(Default, Serialize)]
struct Summary {
    seeds: u64,
    failed: Vec<u64>,
    /// What should have happened, and never did.
    never: Vec<String>,
    /// How many failures each oracle found.
    oracles: BTreeMap<String, u64>,
    counts: BTreeMap<String, u64>,
    simulated_ms: u64,
    run_ms: u64,
    wall_ms: u64,
}

impl Summary {
    fn add(&mut self, report: &Report) {
        self.seeds += 1;
        self.simulated_ms += report.simulated_ms;
        self.run_ms += report.wall_ms;
        for (name, count) in &report.counts {
            *self.counts.entry(name.clone()).or_default() += count;
        }
        if let Some(violation) = &report.violation {
            self.failed.push(report.seed);
            *self.oracles.entry(violation.oracle.clone()).or_default() += 1;
        }
    }

    fn print(&self) -> std::io::Result<()> {
        let out = &mut std::io::stdout();
        let minutes = self.wall_ms as f64 / 60e3;
        let speed = self.simulated_ms as f64 / self.run_ms.max(1) as f64;
        writeln!(
            out,
            "{} seeds in {:.1} s, {:.0} a minute; {:.0} simulated seconds a second and core",
            self.seeds,
            self.wall_ms as f64 / 1e3,
            self.seeds as f64 / minutes,
            speed,
        )?;
        for (name, count) in &self.counts {
            writeln!(out, "  {name:<24} {count:>10}")?;
        }
        if !self.never.is_empty() {
            writeln!(out, "FAIL never seen: {}", self.never.join(", "))?;
        }
        match self.failed.len() {
            0 if self.never.is_empty() => writeln!(out, "PASS")?,
            0 => {}
            count => {
                let oracles: Vec<String> = self
                    .oracles
                    .iter()
                    .map(|(oracle, count)| format!("{oracle} {count}"))
                    .collect();
                writeln!(out, "FAIL {count} of {}: {}", self.seeds, oracles.join(", "))?;
            }
        }
        Ok(())
    }
}

/// Runs them all. True if none failed.
pub fn sweep(arguments: &SweepArgs) -> anyhow::Result<bool> {
    let started = Instant::now();
    let bar = progress(arguments.seeds.count());
    let mut summary = Summary::default();
    let mut trouble = None;
    let end = arguments.time.map(|time| started + time);
    let work = |seed| {
        if end.is_some_and(|end| Instant::now() >= end) {
            return None;
        }
        let (shape, limits) = (&arguments.shape, &arguments.limits);
        Some(Job { seed, shape, limits, traced: false }.run())
    };
    run_all(arguments.seeds.0.clone(), arguments.limits.jobs(), work, |result| {
        bar.inc(1);
        match result {
            // The time is over.
            None => {}
            Some(Ok(report)) => {
                summary.add(&report);
                bar.suspend(|| show(&report, arguments.json));
                bar.set_message(format!("{} failed", summary.failed.len()));
            }
            Some(Err(error)) => trouble = Some(error),
        }
    });
    bar.finish_and_clear();
    if let Some(error) = trouble {
        return Err(error);
    }
    summary.failed.sort_unstable();
    if summary.seeds >= SOMETIMES_SEEDS_MIN {
        let faults = Fault::all().map(|fault| format!("fault {}", fault.name()));
        let wanted = SOMETIMES.into_iter().map(str::to_owned).chain(faults);
        let seen = |name: &String| summary.counts.get(name).is_some_and(|count| *count > 0);
        summary.never = wanted.filter(|name| !seen(name)).collect();
    }
    summary.wall_ms = u64::try_from(started.elapsed().as_millis())?;
    if arguments.json {
        println!("{}", serde_json::to_string(&summary)?);
    } else {
        // Whoever reads only the first lines is not to be bothered with a panic.
        let _ = summary.print();
    }
    Ok(summary.failed.is_empty() && summary.never.is_empty())
}

/// A bar on a terminal, nothing elsewhere.
pub fn progress(count: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} seeds  {eta} left  {msg}");
    ProgressBar::new(count).with_style(style.expect("the template is well-formed"))
}

fn show(report: &Report, json: bool) {
    if json {
        println!("{}", serde_json::to_string(report).expect("a report is plain data"));
    } else if let Some(violation) = &report.violation {
        println!("seed {} FAILED  {}", report.seed, violation.oracle);
        let lines = violation.seen.lines();
        lines.take(SEEN_LINES_MAX).for_each(|line| println!("  {line}"));
        println!("  replay: {}", report.replay);
    }
    // Failures are worth seeing as they come; a closed pipe will be told at the next line.
    let _ = std::io::stdout().flush();
}
