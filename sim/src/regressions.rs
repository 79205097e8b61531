//! The seeds of bugs that were found: run again, always.

use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;

use crate::{
    child::Job,
    cli::{Limits, Shape},
};

/// The file, in the checkout.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/regressions.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bugs {
    bug: Vec<Bug>,
}

/// A bug that a sweep found.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bug {
    seed: u64,
    /// Where the seed failed.
    commit: String,
    /// What found it.
    oracle: String,
    story: String,
}

/// Runs them all. True if none fails.
pub fn regressions(limits: &Limits) -> anyhow::Result<bool> {
    let text = std::fs::read_to_string(Path::new(FILE)).with_context(|| format!("read {FILE}"))?;
    let bugs: Bugs = toml::from_str(&text).with_context(|| format!("read {FILE}"))?;
    let mut failed = 0;
    for Bug { seed, commit, oracle, story } in &bugs.bug {
        let shape = Shape::default();
        let report = Job { seed: *seed, shape: &shape, limits, traced: false }.run()?;
        match report.violation {
            None => println!("seed {seed} passes; at {commit} {oracle} failed"),
            Some(violation) => {
                failed += 1;
                println!("seed {seed} FAILED  {}; once: {story}", violation.oracle);
                println!("  replay: {}", report.replay);
            }
        }
    }
    println!("{} regressions, {failed} fail", bugs.bug.len());
    Ok(failed == 0)
}
