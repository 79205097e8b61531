//! ls, lookup, tree, du and attr.

use metad_client::{
    Error, Reply,
    errors::Reason,
    steps::{self, by_id},
    v1::{self, LookupRequest, Node, NodeRef},
};
use serde_json::json;

use crate::{
    cli,
    context::Context,
    failure::Failure,
    output::{self, is_directory, is_mount, printable},
    path::NodePath,
};

pub async fn ls(context: &Context, options: &cli::Ls) -> Result<(), Failure> {
    let ns = context.ns().await?;
    let path = options.path.as_str();
    let at = options.past.at;
    let page = v1::ListRequest {
        recursive: options.recursive,
        after: options.after.clone(),
        limit: options.limit.unwrap_or(0),
        ..listing(ns, options.path.target(), at)
    };
    let reply = match context.client.list_located(page).await {
        Ok(reply) => reply,
        // As other tools do: a file lists itself.
        Err(error) if error.reason() == Some(Reason::NotADirectory) => {
            let reply = located(context, ns, options.path.target(), at).await;
            reply.map_err(Failure::about(path))?.map(|(node, ns)| (vec![node], ns))
        }
        Err(error) => return Err(Failure::about(path)(error)),
    };
    let (entries, ns) = &reply.value;
    let value = || {
        let entries: Vec<_> = entries.iter().map(output::node).collect();
        json!({"ns": ns, "path": path, "entries": entries})
    };
    let lines = || {
        let line = |node: &Node| {
            let name = if node.path.is_empty() { &node.name } else { &node.path };
            if options.long { output::long(node, name) } else { output::marked(node, name) }
        };
        entries.iter().map(line).collect::<Vec<_>>().join("\n")
    };
    Ok(context.output.answer(&reply, value, lines)?)
}

/// A path from an id, and the other way round.
pub async fn lookup(context: &Context, options: &cli::Lookup) -> Result<(), Failure> {
    let ns = context.ns().await?;
    let (target, at_revision) = (Some(options.path.target()), options.past.at);
    let request = LookupRequest { ns, target, at_revision, ..Default::default() };
    let found = context.client.lookup_with(request).await;
    let found = found.map_err(Failure::about(options.path.as_str()))?;
    let value = || {
        json!({
            "id": found.value.id,
            "kind": output::kind(found.value.kind),
            "path": found.value.path,
            "ns": found.value.ns,
        })
    };
    Ok(context.output.answer(&found, value, || printable(&found.value.path))?)
}

fn listing(ns: u64, target: NodeRef, at_revision: u64) -> v1::ListRequest {
    v1::ListRequest { ns, target: Some(target), at_revision, ..v1::ListRequest::default() }
}

async fn stat_at(
    context: &Context,
    ns: u64,
    target: NodeRef,
    at_revision: u64,
) -> Result<Reply<Node>, Error> {
    Ok(located(context, ns, target, at_revision).await?.map(|(node, _)| node))
}

/// A node, and the namespace that it is in.
async fn located(
    context: &Context,
    ns: u64,
    target: NodeRef,
    at_revision: u64,
) -> Result<Reply<(Node, u64)>, Error> {
    let request = v1::StatRequest { ns, target: Some(target), at_revision, ..Default::default() };
    context.client.stat_located(request).await
}

/// A directory whose entries have been listed, and how far they are printed.
struct Level {
    path: String,
    entries: std::vec::IntoIter<Node>,
    indent: String,
}

/// Prints as it goes, all of it of one revision.
pub async fn tree(context: &Context, options: &cli::Tree) -> Result<(), Failure> {
    let ns = context.ns().await?;
    let path = options.path.as_str();
    let top = located(context, ns, options.path.target(), options.past.at).await;
    let top = top.map_err(Failure::about(path))?;
    let (at, (top, ns)) = (top.revision, top.value);
    let (ns, start) =
        if is_mount(&top) { (top.mount, steps::at("/")) } else { (ns, by_id(top.id)) };
    if !context.output.json {
        context.output.line(printable(path))?;
    }
    let mut levels = Vec::new();
    if is_directory(&top) || is_mount(&top) {
        levels.push(level(context, (ns, at), start, path.to_owned(), String::new()).await?);
    }
    let (mut directories, mut files) = (0u64, 0u64);
    while let Some(current) = levels.last_mut() {
        let Some(entry) = current.entries.next() else {
            levels.pop();
            continue;
        };
        let is_last = current.entries.as_slice().is_empty();
        let path = format!("{}/{}", current.path.trim_end_matches('/'), entry.name);
        let indent = current.indent.clone();
        if context.output.json {
            let mut value = output::node(&entry);
            value["path"] = json!(path);
            context.output.line(value)?;
        } else {
            let branch = if is_last { "└── " } else { "├── " };
            context
                .output
                .line(format!("{indent}{branch}{}", output::marked(&entry, &entry.name)))?;
        }
        if !is_directory(&entry) {
            // What a mount shows is a directory, if of another namespace.
            *if is_mount(&entry) { &mut directories } else { &mut files } += 1;
            continue;
        }
        directories += 1;
        if options.depth.is_none_or(|depth| levels.len() < depth) {
            let indent = indent + if is_last { "    " } else { "│   " };
            levels.push(level(context, (ns, at), by_id(entry.id), path, indent).await?);
        }
    }
    if !context.output.json {
        context.output.line(format!(
            "\n{}, {}",
            count(directories, "directory", "directories"),
            count(files, "file", "files")
        ))?;
    }
    Ok(())
}

async fn level(
    context: &Context,
    (ns, at): (u64, u64),
    target: NodeRef,
    path: String,
    indent: String,
) -> Result<Level, Failure> {
    let entries = context.client.list_page(listing(ns, target, at)).await;
    let entries = entries.map_err(Failure::about(&path))?.value.into_iter();
    Ok(Level { path, entries, indent })
}

pub async fn du(context: &Context, path: &NodePath) -> Result<(), Failure> {
    let ns = context.ns().await?;
    let stat = context.client.stat(ns, path.target()).await;
    let stat = stat.map_err(Failure::about(path.as_str()))?;
    let (nodes, bytes) = match &stat.value.content {
        Some(file) => (1, file.size),
        None => (stat.value.nodes, stat.value.bytes),
    };
    let quota = stat.value.quota.unwrap_or_default();
    let value = || {
        let quota = output::quota(&quota);
        json!({"nodes": nodes, "bytes": bytes, "quota": quota})
    };
    let lines = || {
        let (nodes_max, bytes_max) = (output::of(quota.nodes), output::of(quota.bytes));
        format!("{nodes}{nodes_max} nodes, {bytes}{bytes_max} bytes: {}", printable(path.as_str()))
    };
    Ok(context.output.answer(&stat, value, lines)?)
}

pub async fn attributes(context: &Context, path: &NodePath, at: u64) -> Result<(), Failure> {
    let ns = context.ns().await?;
    let stat = stat_at(context, ns, path.target(), at).await;
    let stat = stat.map_err(Failure::about(path.as_str()))?;
    let value = || json!({"attributes": output::attributes(&stat.value)});
    let lines = || {
        let lines =
            stat.value.attributes.iter().map(|(name, value)| output::attribute(name, value));
        lines.collect::<Vec<_>>().join("\n")
    };
    Ok(context.output.answer(&stat, value, lines)?)
}

fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
