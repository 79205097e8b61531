//! `metad fsck`: checks data folders.

use std::{
    io::{self, IsTerminal as _},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use indicatif::ProgressBar;
use metad::{
    fsck::{READABLE, Report, Stores, compare},
    kv::rocks::{self, Settings},
    tree::check::Violation,
};
use serde_json::json;

use super::{
    folder,
    serve::{LOG, STATE},
};

pub const EXAMPLES: &str = "\
Examples:
  metad fsck data/1                 one node's data
  metad fsck data/1 data/2 data/3   also compares what they hold
  metad fsck --json data/1          for programs

Run it on the folder of a stopped node, or on a copy. Nothing is changed.
Exit codes: 0 sound, 1 damaged, or it could not be read, 2 wrong usage.";

/// What to check.
#[derive(clap::Args)]
pub struct Options {
    /// Data folders: `data_dir` of a node's configuration.
    #[arg(required = true, value_name = "DIR")]
    folders: Vec<PathBuf>,
    /// Prints one JSON object a folder, and one for all of them.
    #[arg(long)]
    json: bool,
}

/// Checks and prints.
pub fn fsck(options: &Options) -> anyhow::Result<ExitCode> {
    let mut reports = Vec::new();
    for folder in &options.folders {
        let report = check(folder)?;
        print(folder, &report, options.json);
        reports.push(report);
    }
    let differences = compare(&reports);
    if reports.len() > 1 {
        print_comparison(&differences, options.json);
    }
    let sound = differences.is_empty() && reports.iter().all(|report| report.findings.is_empty());
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn check(folder: &Path) -> anyhow::Result<Report> {
    folder::check(folder)?;
    let progress = match io::stderr().is_terminal() {
        true => ProgressBar::new_spinner().with_message("reading"),
        false => ProgressBar::hidden(),
    };
    progress.enable_steady_tick(Duration::from_millis(100));
    let open = |part| rocks::read_only(&folder.join(part), Settings::default());
    let report = match (open(LOG), open(STATE)) {
        (Ok(log), Ok(state)) => {
            let stores = Stores { log: &*log, state: &*state };
            metad::fsck::check(&stores, &|records| {
                progress.set_message(format!("{records} records"))
            })
        }
        (log, state) => {
            let faults = [(LOG, log.err()), (STATE, state.err())];
            let finding = |(part, fault): (&str, Option<_>)| {
                let detail = format!("{part}: {}", fault?);
                Some(Violation { invariant: READABLE, detail })
            };
            let findings = faults.into_iter().filter_map(finding).collect();
            Report { findings, ..Report::default() }
        }
    };
    progress.finish_and_clear();
    Ok(report)
}

fn print(folder: &Path, report: &Report, as_json: bool) {
    let Report { identity, applied_index, records, hash, findings } = report;
    if as_json {
        let hash = hash.map(|hash| format!("{hash:032x}"));
        let line = json!({
            "folder": folder.display().to_string(),
            "cluster": identity.as_ref().map(|identity| &identity.cluster),
            "node": identity.as_ref().map(|identity| identity.server.0),
            "applied_index": applied_index,
            "records": records,
            "state_hash": hash,
            "findings": shown(findings),
        });
        println!("{line}");
        return;
    }
    let whose = identity.as_ref().map_or_else(String::new, |identity| {
        format!(
            ", node {} of cluster {:?} at index {applied_index}",
            identity.server, identity.cluster
        )
    });
    let verdict = match findings.len() {
        0 => "sound".to_owned(),
        1 => "DAMAGED, 1 finding".to_owned(),
        count => format!("DAMAGED, {count} findings"),
    };
    println!("{}: {verdict}; {records} records{whose}", folder.display());
    findings.iter().for_each(|finding| println!("  {finding}"));
}

fn print_comparison(differences: &[Violation], as_json: bool) {
    if as_json {
        println!("{}", json!({ "compared": true, "findings": shown(differences) }));
    } else {
        differences.iter().for_each(|difference| println!("{difference}"));
    }
}

fn shown(findings: &[Violation]) -> Vec<serde_json::Value> {
    let line = |found: &Violation| json!({ "invariant": found.invariant, "detail": found.detail });
    findings.iter().map(line).collect()
}
