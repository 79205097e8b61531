//! Bugs that are planted on purpose: how soon is each one found, and by what?
//!
//! A bug that is not found shows a hole in the faults, the workload or the oracles.

use std::{collections::BTreeMap, num::NonZeroUsize};

use clap::ValueEnum;
use metad_proto::planted::Bug;
use serde::Serialize;

use crate::{
    child::{Job, run_all},
    cli::{Limits, MutantsArgs, Shape},
    shrink,
    sweep::progress,
};

/// Between the first seeds of two starts.
const STRIDE: u64 = 100_000;

/// A bug's name on the command line.
pub fn name(bug: Bug) -> String {
    value(bug).get_name().to_owned()
}

fn value(bug: Bug) -> clap::builder::PossibleValue {
    bug.to_possible_value().expect("no bug is hidden")
}

fn sentence(bug: Bug) -> String {
    value(bug).get_help().map(ToString::to_string).unwrap_or_default()
}

/// One search for one bug.
struct Search {
    bug: Bug,
    /// What found it; None: nothing did.
    found: Option<Found>,
}

struct Found {
    seeds: u64,
    simulated_ms: u64,
    oracle: String,
    /// Calls and faults that are left of the run, if it was shrunk.
    left: Option<(usize, usize)>,
}

/// One bug, over all its searches.
#[derive(Serialize)]
struct Row {
    bug: String,
    what: String,
    starts: usize,
    found: usize,
    /// Seeds until it was found, the median of those that found it.
    seeds: Option<u64>,
    /// Simulated milliseconds until then.
    simulated_ms: Option<u64>,
    /// Calls that are left of a run in which it was found.
    calls: Option<usize>,
    /// Faults that are.
    faults: Option<usize>,
    /// How often each oracle was the first.
    oracles: BTreeMap<String, usize>,
}

impl Row {
    fn new(bug: Bug, searches: &[&Search]) -> Row {
        let found: Vec<&Found> =
            searches.iter().filter_map(|search| search.found.as_ref()).collect();
        let mut oracles = BTreeMap::new();
        for found in &found {
            *oracles.entry(found.oracle.clone()).or_default() += 1;
        }
        Row {
            bug: name(bug),
            what: sentence(bug),
            starts: searches.len(),
            found: found.len(),
            seeds: median(found.iter().map(|found| found.seeds)),
            simulated_ms: median(found.iter().map(|found| found.simulated_ms)),
            calls: found.iter().find_map(|found| found.left).map(|left| left.0),
            faults: found.iter().find_map(|found| found.left).map(|left| left.1),
            oracles,
        }
    }

    fn print(&self, is_json: bool) {
        if is_json {
            println!("{}", serde_json::to_string(self).expect("a row is plain data"));
            return;
        }
        let number = |value: Option<f64>| value.map_or("-".to_owned(), |v| format!("{v:.0}"));
        let oracles: Vec<&str> = self.oracles.keys().map(String::as_str).collect();
        let left = |count: Option<usize>| count.map_or("-".to_owned(), |count| count.to_string());
        println!(
            "| {:<28} | {}/{} | {:>5} | {:>7} | {:>5} | {:>6} | {} |",
            self.bug,
            self.found,
            self.starts,
            number(self.seeds.map(|seeds| seeds as f64)),
            number(self.simulated_ms.map(|ms| ms as f64 / 1e3)),
            left(self.calls),
            left(self.faults),
            oracles.join(", "),
        );
    }
}

fn median(values: impl Iterator<Item = u64>) -> Option<u64> {
    let mut values: Vec<u64> = values.collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}

/// Looks for each bug. True if each search found its bug.
pub fn mutants(arguments: &MutantsArgs) -> anyhow::Result<bool> {
    let bugs = match arguments.only.is_empty() {
        true => Bug::value_variants().to_vec(),
        false => arguments.only.clone(),
    };
    if arguments.list {
        bugs.iter().for_each(|bug| println!("{:<28} {}", name(*bug), sentence(*bug)));
        return Ok(true);
    }
    let rows = search_all(&bugs, arguments)?;
    if !arguments.json {
        print_summary(&rows, arguments);
    }
    Ok(rows.iter().all(|row| row.found == row.starts))
}

/// Prints each bug's row once all its searches are done.
fn search_all(bugs: &[Bug], arguments: &MutantsArgs) -> anyhow::Result<Vec<Row>> {
    let count = bugs.len() as u64 * arguments.starts;
    let bar = progress(count);
    let mut searches: Vec<Search> = Vec::new();
    let mut rows = Vec::new();
    let mut trouble = None;
    if !arguments.json {
        println!("| {:<28} | found | seeds | sim s | calls | faults | oracle |", "bug");
        println!("|{}|---|---:|---:|---:|---:|---|", "-".repeat(30));
    }
    let work = |number: u64| {
        let bug = bugs[usize::try_from(number / arguments.starts).expect("a list in memory")];
        search(bug, number % arguments.starts * STRIDE, arguments)
    };
    run_all(0..count, arguments.limits.jobs(), work, |result| {
        bar.inc(1);
        match result {
            Ok(search) => {
                let bug = search.bug;
                searches.push(search);
                let own = || searches.iter().filter(|search| search.bug == bug);
                if own().count() as u64 == arguments.starts {
                    let row = Row::new(bug, &own().collect::<Vec<_>>());
                    bar.suspend(|| row.print(arguments.json));
                    rows.push(row);
                }
            }
            Err(error) => trouble = Some(error),
        }
    });
    bar.finish_and_clear();
    trouble.map_or(Ok(rows), Err)
}

fn search(bug: Bug, first: u64, arguments: &MutantsArgs) -> anyhow::Result<Search> {
    let shape = Shape { plant: Some(bug), ..Shape::default() };
    let mut simulated_ms = 0;
    for seed in first..first + arguments.seeds {
        let report = Job { seed, shape: &shape, limits: &arguments.limits, traced: false }.run()?;
        simulated_ms += report.simulated_ms;
        if let Some(violation) = report.violation {
            let limits = Limits { jobs: Some(NonZeroUsize::MIN), ..arguments.limits.clone() };
            let left = match arguments.shrink && first == 0 {
                true => shrink::size(seed, &shape, &limits)?,
                false => None,
            };
            let (seeds, oracle) = (seed - first + 1, violation.oracle);
            let found = Found { seeds, simulated_ms, oracle, left };
            return Ok(Search { bug, found: Some(found) });
        }
    }
    Ok(Search { bug, found: None })
}

fn print_summary(rows: &[Row], arguments: &MutantsArgs) {
    let all = median(rows.iter().filter_map(|row| row.seeds)).unwrap_or_default();
    let survive: Vec<&str> =
        rows.iter().filter(|row| row.found < row.starts).map(|row| row.bug.as_str()).collect();
    println!(
        "\n{} bugs, {} starts each; the median bug is found within {all} seeds",
        rows.len(),
        arguments.starts
    );
    let count =
        |counts: Vec<Option<usize>>| median(counts.into_iter().flatten().map(|it| it as u64));
    let calls = count(rows.iter().map(|row| row.calls).collect());
    let faults = count(rows.iter().map(|row| row.faults).collect());
    if let (Some(calls), Some(faults)) = (calls, faults) {
        println!("the median run shrinks to {calls} calls and {faults} faults");
    }
    if survive.is_empty() {
        println!("PASS");
    } else {
        println!("FAIL not always found within {} seeds: {}", arguments.seeds, survive.join(", "));
    }
}
