//! log and snapshot: what was there.

use metad_client::{
    Error,
    errors::Reason,
    v1::{ListRevisionsRequest, Node, Snapshot},
};
use serde_json::{Value, json};

use crate::{
    cli::{self, SnapshotCommand},
    context::Context,
    failure::Failure,
    output::{self, printable},
};

pub async fn log(context: &Context, options: &cli::Log) -> Result<(), Failure> {
    let ns = context.ns().await?;
    let request = ListRevisionsRequest {
        ns,
        target: Some(options.path.target()),
        at_revision: options.past.at,
        before: options.before,
        limit: options.limit,
        consistency: None,
    };
    let reply = context.client.list_revisions(request).await;
    let reply = reply.map_err(Failure::about(options.path.as_str()))?;
    let value = || {
        let versions: Vec<_> = reply.value.iter().map(output::node).collect();
        json!({"versions": versions})
    };
    let lines = || reply.value.iter().map(version).collect::<Vec<_>>().join("\n");
    Ok(context.output.answer(&reply, value, lines)?)
}

fn version(node: &Node) -> String {
    let (size, hash) = match &node.content {
        Some(content) => (content.size, output::hex(&content.hash[..content.hash.len().min(6)])),
        None => (0, "-".to_owned()),
    };
    format!("{:>10} {size:>14} {hash:12} {}", node.rev, printable(&node.name))
}

pub async fn run(context: &Context, command: &SnapshotCommand) -> Result<(), Failure> {
    match command {
        SnapshotCommand::List => snapshots(context).await,
        SnapshotCommand::Create { name } => create_snapshot(context, name).await,
        SnapshotCommand::Delete { name } => delete_snapshot(context, name).await,
    }
}

async fn snapshots(context: &Context) -> Result<(), Failure> {
    let ns = context.ns().await?;
    let reply = context.client.list_snapshots(ns).await?;
    let value = || {
        let snapshots: Vec<_> = reply.value.iter().map(to_json).collect();
        json!({"snapshots": snapshots})
    };
    let lines = || reply.value.iter().map(line).collect::<Vec<_>>().join("\n");
    Ok(context.output.answer(&reply, value, lines)?)
}

/// The one of this number, or of the snapshot of this name.
pub async fn revision(context: &Context, ns: u64, text: &str) -> Result<u64, Failure> {
    if let Ok(revision) = text.parse() {
        return Ok(revision);
    }
    let mut snapshots = context.client.list_snapshots(ns).await?.value.into_iter();
    let named = snapshots.find(|snapshot| snapshot.name == text);
    let revision = named.map(|snapshot| snapshot.revision);
    revision.ok_or_else(|| Failure::NoSnapshot { name: text.to_owned() })
}

async fn create_snapshot(context: &Context, name: &str) -> Result<(), Failure> {
    let ns = context.ns().await?;
    let made = context.writer().await?.create_snapshot(ns, name).await;
    let made = made.map_err(Failure::about(name))?;
    let lines = || format!("snapshot {} of revision {}", printable(name), made.value.revision);
    Ok(context.output.data(|| to_json(&made.value), lines)?)
}

async fn delete_snapshot(context: &Context, name: &str) -> Result<(), Failure> {
    let ns = context.ns().await?;
    let gone = context.writer().await?.delete_snapshot(ns, name).await;
    let gone = gone.map_err(|error| no_snapshot(name, error))?;
    Ok(context.output.data(|| to_json(&gone.value), String::new)?)
}

fn no_snapshot(name: &str, error: Error) -> Failure {
    match error.reason() {
        Some(Reason::NotFound) => Failure::NoSnapshot { name: name.to_owned() },
        _ => Failure::about(name)(error),
    }
}

fn to_json(snapshot: &Snapshot) -> Value {
    json!({
        "name": snapshot.name,
        "revision": snapshot.revision,
        "time_ms": snapshot.time_ms,
    })
}

fn line(snapshot: &Snapshot) -> String {
    let time = i64::try_from(snapshot.time_ms).map_or_else(|_| "-".to_owned(), output::time);
    format!("{:>10} {time} {}", snapshot.revision, printable(&snapshot.name))
}
