//! Backups: made of what a node tells, listed, and verified.

mod create;

use humantime::format_rfc3339_seconds;
use indicatif::{HumanBytes, HumanCount, ProgressBar};
use metad_backup::{Backup, Listed, Manifest, Place};
use serde_json::{Value, json};

use crate::{cli::BackupCommand, context::Context, failure::Failure};

pub async fn run(context: &Context, command: &BackupCommand) -> Result<(), Failure> {
    match command {
        BackupCommand::Create { place, node, journal } => {
            create::run(context, place, node.as_deref(), *journal).await
        }
        BackupCommand::List { place } => list(context, place).await,
        BackupCommand::Verify { place, backup } => verify(context, place, backup.as_deref()).await,
    }
}

async fn list(context: &Context, place: &str) -> Result<(), Failure> {
    let listed = metad_backup::list(&Place::open(place)?).await?;
    let value = || json!({"backups": listed.iter().map(listed_value).collect::<Vec<_>>()});
    let lines = || listed.iter().map(line).collect::<Vec<_>>().join("\n");
    Ok(context.output.data(value, lines)?)
}

async fn verify(context: &Context, place: &str, name: Option<&str>) -> Result<(), Failure> {
    let chain = Backup::open(&Place::open(place)?, name).await?.chain().await?;
    let bar = ProgressBar::new(chain.iter().map(|backup| backup.manifest.records).sum());
    for backup in &chain {
        let count = |records: Vec<_>| {
            bar.inc(records.len() as u64);
            Ok(())
        };
        backup.read(count).await?;
    }
    bar.finish_and_clear();
    let Some(Backup { manifest, .. }) = chain.last() else { return Ok(()) };
    let value = || {
        let mut value = value(manifest);
        value["sound"] = json!(true);
        value
    };
    let text = || {
        let records = HumanCount(manifest.records);
        format!("{}: sound: {records} records with hash {}", manifest.name(), manifest.hash)
    };
    Ok(context.output.data(value, text)?)
}

fn value(manifest: &Manifest) -> Value {
    json!({
        "name": manifest.name(),
        "cluster": manifest.head.cluster,
        "revision": manifest.head.revision,
        "applied_index": manifest.head.applied_index,
        "time_ms": manifest.head.time_ms,
        "records": manifest.records,
        "bytes": manifest.size(),
        "chunks": manifest.chunks.len(),
        "hash": manifest.hash,
        "after": manifest.after,
    })
}

fn listed_value(listed: &Listed) -> Value {
    let mut value = value(&listed.manifest);
    value["made"] = json!(format_rfc3339_seconds(listed.made).to_string());
    value
}

fn line(listed: &Listed) -> String {
    let Listed { name, made, manifest } = listed;
    let kind = if manifest.after.is_some() { "journal" } else { "whole" };
    format!(
        "{name:<32} {} {kind:<7} {:>14} records {:>12}",
        format_rfc3339_seconds(*made),
        HumanCount(manifest.records).to_string(),
        HumanBytes(manifest.size()).to_string(),
    )
}
