//! mkdir, put, mv, cp, ln, attr, quota, restore, rm, mount and unmount.

use metad_client::{
    Error, Reply, import, steps,
    v1::{
        self, Step, StepResult,
        commit_file::{self, Mode},
    },
};
use serde_json::json;

use crate::{cli, context::Context, failure::Failure, output::printable, path::NodePath};

pub async fn mkdir(context: &Context, paths: &[NodePath], parents: bool) -> Result<(), Failure> {
    let ns = context.ns().await?;
    for path in paths {
        let step =
            if parents { steps::mkdir_all(path.target()) } else { steps::mkdir(path.target()) };
        one(context, ns, path.as_str(), step).await?;
    }
    Ok(())
}

pub async fn put(context: &Context, options: &cli::Put) -> Result<(), Failure> {
    let content = import::content_of(&options.local)
        .map_err(|error| Failure::Read { path: options.local.display().to_string(), error })?;
    let ns = context.ns().await?;
    let name = options.local.file_name().unwrap_or_default().to_string_lossy();
    let remote = options.remote.receiving(&name);
    let mode = match options.update {
        Some(rev) => Mode::Update(commit_file::Update { rev }),
        None if options.create => Mode::Create(commit_file::Create {}),
        None => Mode::Overwrite(commit_file::Overwrite {}),
    };
    let step = steps::commit_with(v1::CommitFile {
        target: Some(remote.target()),
        content: Some(content),
        mode: Some(mode),
        autorename: options.autorename,
        client: options.client.clone(),
    });
    one(context, ns, remote.as_str(), step).await
}

pub async fn mv(
    context: &Context,
    from: &NodePath,
    to: &NodePath,
    replace: bool,
    rev: u64,
) -> Result<(), Failure> {
    let ns = context.ns().await?;
    let to = to.receiving(from.name());
    let (source, target) = (Some(from.target()), Some(to.target()));
    let step = steps::move_with(v1::Move { from: source, to: target, replace, rev });
    one(context, ns, &format!("{from} to {to}"), step).await
}

pub async fn cp(
    context: &Context,
    from: &NodePath,
    to: &NodePath,
    at_revision: u64,
) -> Result<(), Failure> {
    let ns = context.ns().await?;
    let to = to.receiving(from.name());
    let (source, target) = (Some(from.target()), Some(to.target()));
    let step = steps::copy_with(v1::Copy { from: source, to: target, at_revision });
    one(context, ns, &format!("{from} to {to}"), step).await
}

pub async fn set_quota(
    context: &Context,
    path: &NodePath,
    nodes: Option<u64>,
    bytes: Option<u64>,
) -> Result<(), Failure> {
    let ns = context.ns().await?;
    let step = steps::set_quota(path.target(), v1::Quota { nodes, bytes });
    one(context, ns, path.as_str(), step).await
}

pub async fn restore(context: &Context, path: &NodePath, revision: u64) -> Result<(), Failure> {
    let ns = context.ns().await?;
    one(context, ns, path.as_str(), steps::restore(path.target(), revision)).await
}

pub async fn ln(context: &Context, to: &str, path: &NodePath) -> Result<(), Failure> {
    let ns = context.ns().await?;
    let path = path.receiving(to.rsplit('/').next().unwrap_or_default());
    one(context, ns, path.as_str(), steps::symlink(path.target(), to)).await
}

pub async fn set_attributes(
    context: &Context,
    path: &NodePath,
    changes: &[String],
    remove: &[String],
) -> Result<(), Failure> {
    let parse = |change: &String| match change.split_once('=') {
        Some((name, value)) => Ok((name.to_owned(), value.as_bytes().to_vec().into())),
        None => Err(Error::Invalid(format!("{change:?} is not NAME=VALUE"))),
    };
    let set = changes.iter().map(parse).collect::<Result<_, Error>>()?;
    let ns = context.ns().await?;
    let step = steps::set_attributes(v1::SetAttributes {
        target: Some(path.target()),
        set,
        remove: remove.to_vec(),
        rev: 0,
    });
    one(context, ns, path.as_str(), step).await
}

pub async fn rm(
    context: &Context,
    paths: &[NodePath],
    recursive: bool,
    rev: u64,
) -> Result<(), Failure> {
    let ns = context.ns().await?;
    for path in paths {
        let step = steps::delete_with(v1::Delete { target: Some(path.target()), recursive, rev });
        one(context, ns, path.as_str(), step).await?;
    }
    Ok(())
}

pub async fn mount(context: &Context, path: &NodePath, namespace: &str) -> Result<(), Failure> {
    let ns = context.ns().await?;
    let shown = context.ns_of(namespace).await?;
    one(context, ns, path.as_str(), steps::mount(path.target(), shown)).await
}

pub async fn unmount(context: &Context, path: &NodePath) -> Result<(), Failure> {
    let ns = context.ns().await?;
    one(context, ns, path.as_str(), steps::unmount(path.target())).await
}

/// Quiet for people: no news is good news.
async fn one(context: &Context, ns: u64, subject: &str, step: Step) -> Result<(), Failure> {
    let writer = context.writer().await?;
    let reply: Reply<StepResult> =
        writer.one_step(ns, step).await.map_err(Failure::about(subject))?;
    let StepResult { id, rev, renamed } = &reply.value;
    let value = || {
        let mut value = json!({"revision": reply.revision, "id": id, "rev": rev});
        if !renamed.is_empty() {
            value["renamed"] = json!(renamed);
        }
        value
    };
    let lines = || match renamed.as_str() {
        "" => String::new(),
        name => format!("kept as {}", printable(name)),
    };
    Ok(context.output.data(value, lines)?)
}
