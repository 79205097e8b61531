//! Tells a run for people: who did what and when, which faults came, and what was seen.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde_json::Value;

use crate::{
    child::Job,
    cli::{Limits, Shape},
};

/// Characters of a value that are shown.
const VALUE_CHARS_MAX: usize = 140;

/// Runs a seed and tells what happened.
pub fn tell(seed: u64, shape: &Shape, limits: &Limits) -> anyhow::Result<()> {
    let folder = tempfile::tempdir().context("make a folder for the history")?;
    let path = folder.path().join("history.jsonl");
    let report = Job { seed, shape, limits, traced: false }.run_with_history(&path)?;
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    println!("\nThe story, in simulated seconds:");
    for line in lines(&text) {
        println!("{line}");
    }
    if let Some(violation) = report.violation {
        println!("\nWhat was seen, by {}:", violation.oracle);
        violation.seen.lines().for_each(|line| println!("  {line}"));
    }
    Ok(())
}

/// One line for each answer and each fault, in the order of time.
fn lines(history: &str) -> Vec<String> {
    let mut open: BTreeMap<u64, (f64, String)> = BTreeMap::new();
    let mut told = Vec::new();
    for line in history.lines() {
        let Ok(event) = serde_json::from_str::<Value>(line) else { continue };
        let Some(time) = event["time"].as_f64().map(|ns| ns / 1e9) else { continue };
        let f = event["f"].as_str().unwrap_or_default();
        let Some(process) = event["process"].as_u64() else {
            told.push(format!("{time:8.3}  -- {f} {}", short(&event["value"])));
            if f == "whole" {
                told.push("          (then all is whole, and everything is read)".to_owned());
                break;
            }
            continue;
        };
        if event["type"] == "invoke" {
            open.insert(process, (time, format!("{f} {}", short(&event["value"]))));
            continue;
        }
        let Some((begun, asked)) = open.remove(&process) else { continue };
        told.push(format!("{begun:8.3}  client {process}: {asked}"));
        told.push(format!("{time:8.3}      {}", answer(process, &event)));
    }
    told.extend(open.into_iter().map(|(process, (begun, asked))| {
        format!("{begun:8.3}  client {process}: {asked} (never answered)")
    }));
    told
}

fn answer(process: u64, event: &Value) -> String {
    let at = match (event["revision"].as_u64(), event["node"].as_u64()) {
        (Some(revision), Some(node)) => format!(" at revision {revision} from node {node}"),
        _ => String::new(),
    };
    let said = match event["type"].as_str() {
        Some("ok") => short(&event["value"]),
        Some("fail") => "certainly not done".to_owned(),
        _ => "unknown".to_owned(),
    };
    format!("-> client {process}: {said}{at}")
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= VALUE_CHARS_MAX {
        return text;
    }
    let mut cut: String = text.chars().take(VALUE_CHARS_MAX).collect();
    cut.push('…');
    cut
}
