//! stat: all that is known of one node, or a line for each of several.

use std::process::ExitCode;

use metad_client::{
    steps::by_id,
    v1::{BatchStatRequest, LookupRequest, Node, Quota, StatRequest, StatResult},
};
use serde_json::{Value, json};

use crate::{
    cli,
    context::Context,
    failure::Failure,
    output::{self, is_directory, is_mount, printable},
    path::NodePath,
};

/// Exits with 1 if one of several is not there.
pub async fn run(context: &Context, options: &cli::Stat) -> Result<ExitCode, Failure> {
    match options.paths.as_slice() {
        [path] => one(context, path, options.past.at).await,
        paths => several(context, paths, options.past.at).await,
    }
}

async fn one(context: &Context, path: &NodePath, at: u64) -> Result<ExitCode, Failure> {
    let ns = context.ns().await?;
    let about = |error| Failure::about(path.as_str())(error);
    let target = Some(path.target());
    let request = StatRequest { ns, target, at_revision: at, ..Default::default() };
    let stat = context.client.stat_located(request).await.map_err(about)?;
    let (node, ns) = &stat.value;
    let lookup = LookupRequest {
        ns: *ns,
        target: Some(by_id(node.id)),
        at_revision: stat.revision,
        ..Default::default()
    };
    let found = context.client.lookup_with(lookup).await.map_err(about)?;
    let value = || {
        // Counters have no past.
        let mut value = if at == 0 { output::counted(node) } else { output::node(node) };
        if let Some(hashes) = output::block_hashes(node) {
            value["block_hashes"] = hashes;
        }
        value["path"] = json!(found.value.path);
        value["ns"] = json!(ns);
        value
    };
    let lines = || lines(node, *ns, &found.value.path, at == 0).join("\n");
    context.output.answer(&stat, value, lines)?;
    Ok(ExitCode::SUCCESS)
}

fn lines(node: &Node, ns: u64, path: &str, with_counters: bool) -> Vec<String> {
    let mut lines = vec![
        format!("path      {}", printable(path)),
        format!("namespace {ns}"),
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
        if !content.manifest.is_empty() {
            lines.push(format!("manifest  {}", printable(&content.manifest)));
        }
    }
    if !node.symlink.is_empty() {
        lines.push(format!("to        {}", printable(&node.symlink)));
    }
    if is_mount(node) {
        lines.push(format!("shows     namespace {}", node.mount));
    }
    for (name, value) in &node.attributes {
        lines.push(format!("attr      {}", output::attribute(name, value)));
    }
    if (is_directory(node) || is_mount(node)) && with_counters {
        let Quota { nodes, bytes } = node.quota.unwrap_or_default();
        lines.push(format!("nodes     {}{} (all levels)", node.nodes, output::of(nodes)));
        lines.push(format!("bytes     {}{} (all levels)", node.bytes, output::of(bytes)));
    }
    lines
}

async fn several(context: &Context, paths: &[NodePath], at: u64) -> Result<ExitCode, Failure> {
    let ns = context.ns().await?;
    let targets = paths.iter().map(NodePath::target).collect();
    let request = BatchStatRequest { ns, targets, at_revision: at, consistency: None };
    let reply = context.client.batch_stat(request).await?;
    let results = || paths.iter().zip(&reply.value);
    let value = || {
        let results: Vec<_> = results().map(|(path, result)| result_value(path, result)).collect();
        json!({"results": results})
    };
    let lines = || {
        let line = |(path, result): (&NodePath, &StatResult)| {
            Some(output::long(result.stat.as_ref()?, path.as_str()))
        };
        results().filter_map(line).collect::<Vec<_>>().join("\n")
    };
    context.output.answer(&reply, value, lines)?;
    let mut code = ExitCode::SUCCESS;
    for (path, result) in results().filter(|(_, result)| result.stat.is_none()) {
        code = ExitCode::FAILURE;
        if !context.output.json {
            eprintln!("metactl: {}: {}", printable(path.as_str()), result.rejected);
        }
    }
    Ok(code)
}

fn result_value(path: &NodePath, result: &StatResult) -> Value {
    match &result.stat {
        Some(node) => {
            let mut value = output::counted(node);
            value["path"] = json!(path.as_str());
            value["ns"] = json!(result.ns);
            value
        }
        None => json!({"path": path.as_str(), "rejected": result.rejected}),
    }
}
