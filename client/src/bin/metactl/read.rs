//! ls, stat, tree, du, attr and ns list.

use metad_client::{
    Error, Reply,
    errors::Reason,
    steps::by_id,
    v1::{self, Node, NodeRef},
};
use serde_json::json;

use crate::{
    cli,
    context::Context,
    failure::Failure,
    output::{self, is_directory, printable},
    path::NodePath,
};

pub async fn ls(context: &Context, options: &cli::Ls) -> Result<(), Failure> {
    let ns = context.ns().await?;
    let path = options.path.as_str();
    let at = options.past.at;
    let (revision, entries) = match list(context, ns, options.path.target(), at).await {
        Ok(reply) => (reply.revision, reply.value),
        // As other tools do: a file lists itself.
        Err(error) if error.reason() == Some(Reason::NotADirectory) => {
            let reply = stat_at(context, ns, options.path.target(), at).await;
            let reply = reply.map_err(Failure::about(path))?;
            (reply.revision, vec![reply.value])
        }
        Err(error) => return Err(Failure::about(path)(error)),
    };
    let value = || {
        let entries: Vec<_> = entries.iter().map(output::node).collect();
        json!({"revision": revision, "path": path, "entries": entries})
    };
    let lines = || {
        let line = |node: &Node| if options.long { long(node) } else { marked(node) };
        entries.iter().map(line).collect::<Vec<_>>().join("\n")
    };
    Ok(context.output.data(value, lines)?)
}

type Read<T> = Result<Reply<T>, Error>;

async fn list(context: &Context, ns: u64, target: NodeRef, at_revision: u64) -> Read<Vec<Node>> {
    let target = Some(target);
    let page = v1::ListRequest { ns, target, at_revision, ..v1::ListRequest::default() };
    context.client.list_page(page).await
}

async fn stat_at(context: &Context, ns: u64, target: NodeRef, at_revision: u64) -> Read<Node> {
    let request = v1::StatRequest { ns, target: Some(target), at_revision, ..Default::default() };
    context.client.stat_with(request).await
}

pub async fn stat(context: &Context, path: &NodePath, at: u64) -> Result<(), Failure> {
    let ns = context.ns().await?;
    let about = |error| Failure::about(path.as_str())(error);
    let stat = stat_at(context, ns, path.target(), at).await.map_err(about)?;
    let node = &stat.value;
    let lookup = v1::LookupRequest {
        ns,
        target: Some(by_id(node.id)),
        at_revision: stat.revision,
        ..Default::default()
    };
    let found = context.client.lookup_with(lookup).await.map_err(about)?;
    let value = || {
        let mut value = output::node(node);
        value["path"] = json!(found.value.path);
        value["revision"] = json!(stat.revision);
        value
    };
    let lines = || {
        let mut lines = vec![
            format!("path      {}", printable(&found.value.path)),
            format!("kind      {}", output::kind(node.kind)),
            format!("id        {}", node.id),
            format!("rev       {}", node.rev),
        ];
        if let Some(content) = &node.content {
            lines.extend([
                format!("size      {}", content.size),
                format!("hash      {}", output::hex(&content.hash)),
                format!("type      {}", printable(&content.media_type)),
                format!("modified  {}", output::time(content.mtime_ms)),
            ]);
        }
        if !node.symlink.is_empty() {
            lines.push(format!("to        {}", printable(&node.symlink)));
        }
        for (name, value) in &node.attributes {
            lines.push(format!("attr      {}", attribute(name, value)));
        }
        if is_directory(node) && at == 0 {
            lines.push(format!("nodes     {} (all levels)", node.nodes));
            lines.push(format!("bytes     {} (all levels)", node.bytes));
        }
        lines.join("\n")
    };
    Ok(context.output.data(value, lines)?)
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
    let top = stat_at(context, ns, options.path.target(), options.past.at).await;
    let top = top.map_err(Failure::about(path))?;
    let (at, top) = (top.revision, top.value);
    if !context.output.json {
        context.output.line(printable(path))?;
    }
    let mut levels = Vec::new();
    if is_directory(&top) {
        levels.push(level(context, (ns, at), top.id, path.to_owned(), String::new()).await?);
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
            context.output.line(format!("{indent}{branch}{}", marked(&entry)))?;
        }
        if !is_directory(&entry) {
            files += 1;
            continue;
        }
        directories += 1;
        if levels.len() < options.depth {
            let indent = indent + if is_last { "    " } else { "│   " };
            levels.push(level(context, (ns, at), entry.id, path, indent).await?);
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
    id: u64,
    path: String,
    indent: String,
) -> Result<Level, Failure> {
    let entries = list(context, ns, by_id(id), at).await.map_err(Failure::about(&path))?.value;
    Ok(Level { path, entries: entries.into_iter(), indent })
}

pub async fn du(context: &Context, path: &NodePath) -> Result<(), Failure> {
    let ns = context.ns().await?;
    let stat = context.client.stat(ns, path.target()).await;
    let stat = stat.map_err(Failure::about(path.as_str()))?;
    let Node { nodes, bytes, .. } = stat.value;
    let quota = stat.value.quota.unwrap_or_default();
    let value = || {
        let quota = json!({"nodes": quota.nodes, "bytes": quota.bytes});
        json!({"revision": stat.revision, "nodes": nodes, "bytes": bytes, "quota": quota})
    };
    let of = |bound: Option<u64>| bound.map_or_else(String::new, |bound| format!(" of {bound}"));
    let lines = || {
        let (nodes_max, bytes_max) = (of(quota.nodes), of(quota.bytes));
        format!("{nodes}{nodes_max} nodes, {bytes}{bytes_max} bytes: {}", printable(path.as_str()))
    };
    Ok(context.output.data(value, lines)?)
}

pub async fn attributes(context: &Context, path: &NodePath) -> Result<(), Failure> {
    let ns = context.ns().await?;
    let stat = context.client.stat(ns, path.target()).await;
    let stat = stat.map_err(Failure::about(path.as_str()))?;
    let value =
        || json!({"revision": stat.revision, "attributes": output::attributes(&stat.value)});
    let lines = || {
        let lines = stat.value.attributes.iter().map(|(name, value)| attribute(name, value));
        lines.collect::<Vec<_>>().join("\n")
    };
    Ok(context.output.data(value, lines)?)
}

pub async fn namespaces(context: &Context) -> Result<(), Failure> {
    let reply = context.client.list_namespaces().await?;
    let value = || {
        let namespace = |namespace: &metad_client::v1::Namespace| json!({"id": namespace.id, "name": namespace.name, "root": namespace.root});
        let namespaces: Vec<_> = reply.value.iter().map(namespace).collect();
        json!({"revision": reply.revision, "namespaces": namespaces})
    };
    let lines = || {
        let names = reply.value.iter().map(|namespace| printable(&namespace.name));
        names.collect::<Vec<_>>().join("\n")
    };
    Ok(context.output.data(value, lines)?)
}

fn marked(node: &Node) -> String {
    let name = printable(&node.name);
    match (is_directory(node), node.symlink.as_str()) {
        (true, _) => name + "/",
        (false, "") => name,
        (false, to) => format!("{name} -> {}", printable(to)),
    }
}

fn attribute(name: &str, value: &[u8]) -> String {
    format!("{}={}", printable(name), printable(&String::from_utf8_lossy(value)))
}

fn long(node: &Node) -> String {
    let (kind, size, time) = match &node.content {
        Some(content) => ('-', content.size, output::time(content.mtime_ms)),
        None if is_directory(node) => ('d', node.bytes, "-".to_owned()),
        None => ('l', 0, "-".to_owned()),
    };
    format!("{kind} {size:>14} {:>10} {time:>20} {}", node.rev, marked(node))
}

fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
