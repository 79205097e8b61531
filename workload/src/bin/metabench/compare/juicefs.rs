//! JuiceFS's own mdtest, on a three-node etcd of its own.

use std::{path::Path, process::Command};

use anyhow::{Context as _, ensure};
use tempfile::TempDir;

/// What it is told to make: so many directories and levels, so many files in each.
const TREE: [&str; 6] = ["--dirs", "3", "--depth", "2", "--files", "10"];

/// File creates a second, of so many threads.
pub fn creates(program: &Path, etcd: &[String], threads: usize) -> anyhow::Result<f64> {
    let objects = TempDir::new().context("make a folder for its objects")?;
    let meta = format!("etcd://{}/jfs", etcd.join(","));
    let bucket = format!("{}/", objects.path().display());
    run(program, &["format", "--storage", "file", "--bucket", &bucket, &meta, "bench"])?;
    let threads = threads.to_string();
    let mut arguments = vec!["mdtest", "--no-usage-report", "--threads", &threads];
    arguments.extend(TREE);
    arguments.extend([meta.as_str(), "/x"]);
    let said = run(program, &arguments)?;
    // "Created 8320 files in 9.6s (863 files/s)"
    let rate = said.lines().find_map(|line| {
        let (_, rate) = line.split_once("files in ")?.1.split_once('(')?;
        rate.split_once(" files/s")?.0.parse::<f64>().ok()
    });
    rate.with_context(|| format!("no rate in what juicefs mdtest says: {said}"))
}

fn run(program: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(program).arg("--no-agent").args(arguments).output();
    let output = output.with_context(|| format!("run {}", program.display()))?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "juicefs {} ended with {said}", arguments.join(" "));
    Ok(said)
}
