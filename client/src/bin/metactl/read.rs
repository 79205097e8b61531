//! ls, stat, tree and ns list.

use metad_client::{
    errors::Reason,
    steps::{at, by_id},
    v1::Node,
};
use serde_json::json;

use crate::{
    cli,
    context::Context,
    failure::Failure,
    output::{self, is_directory, printable},
};

pub async fn ls(context: &Context, options: &cli::Ls) -> Result<(), Failure> {
    let ns = context.ns().await?;
    let path = options.path.as_str();
    let (revision, entries) = match context.client.list(ns, at(path)).await {
        Ok(reply) => (reply.revision, reply.value),
        // As other tools do: a file lists itself.
        Err(error) if error.reason() == Some(Reason::NotADirectory) => {
            let reply = context.client.stat(ns, at(path)).await.map_err(Failure::about(path))?;
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

pub async fn stat(context: &Context, path: &str) -> Result<(), Failure> {
    let ns = context.ns().await?;
    let stat = context.client.stat(ns, at(path)).await.map_err(Failure::about(path))?;
    let node = &stat.value;
    let found = context.client.lookup(ns, by_id(node.id)).await.map_err(Failure::about(path))?;
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
        if is_directory(node) {
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

/// Prints as it goes: directories are each of their own revision.
pub async fn tree(context: &Context, options: &cli::Tree) -> Result<(), Failure> {
    let ns = context.ns().await?;
    let top = context.client.stat(ns, at(&options.path)).await;
    let top = top.map_err(Failure::about(&options.path))?.value;
    if !context.output.json {
        context.output.line(printable(&options.path))?;
    }
    let mut levels = Vec::new();
    if is_directory(&top) {
        levels.push(level(context, ns, top.id, options.path.clone(), String::new()).await?);
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
            levels.push(level(context, ns, entry.id, path, indent).await?);
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
    ns: u64,
    id: u64,
    path: String,
    indent: String,
) -> Result<Level, Failure> {
    let entries = match context.client.list(ns, by_id(id)).await {
        Ok(reply) => reply.value,
        // It was deleted since its parent was listed.
        Err(error) if error.reason() == Some(Reason::NotFound) => Vec::new(),
        Err(error) => return Err(Failure::about(&path)(error)),
    };
    Ok(Level { path, entries: entries.into_iter(), indent })
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
    printable(&node.name) + if is_directory(node) { "/" } else { "" }
}

fn long(node: &Node) -> String {
    let (kind, size, time) = match &node.content {
        Some(content) => ('-', content.size, output::time(content.mtime_ms)),
        None => ('d', node.bytes, "-".to_owned()),
    };
    format!("{kind} {size:>14} {:>10} {time:>20} {}", node.rev, marked(node))
}

fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
