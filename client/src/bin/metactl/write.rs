//! mkdir, put, mv, rm and ns create.

use metad_client::{
    Reply, import,
    steps::{self, at},
    v1::{self, Step, StepResult},
};
use serde_json::json;

use crate::{cli, context::Context, failure::Failure, output::printable};

pub async fn mkdir(context: &Context, paths: &[String], parents: bool) -> Result<(), Failure> {
    let ns = context.ns().await?;
    for path in paths {
        let step = if parents { steps::mkdir_all(at(path)) } else { steps::mkdir(at(path)) };
        one(context, ns, path, step).await?;
    }
    Ok(())
}

pub async fn put(context: &Context, options: &cli::Put) -> Result<(), Failure> {
    let content = import::content_of(&options.local)
        .map_err(|error| Failure::Read { path: options.local.display().to_string(), error })?;
    let ns = context.ns().await?;
    let target = at(&options.remote);
    let step = match options.update {
        Some(rev) => steps::update(target, content, rev),
        None if options.create => steps::create(target, content),
        None => steps::overwrite(target, content),
    };
    one(context, ns, &options.remote, step).await
}

pub async fn mv(context: &Context, from: &str, to: &str, replace: bool) -> Result<(), Failure> {
    let ns = context.ns().await?;
    let step =
        steps::move_with(v1::Move { from: Some(at(from)), to: Some(at(to)), replace, rev: 0 });
    one(context, ns, &format!("{from} to {to}"), step).await
}

pub async fn rm(context: &Context, paths: &[String], recursive: bool) -> Result<(), Failure> {
    let ns = context.ns().await?;
    for path in paths {
        let step = if recursive { steps::delete_all(at(path)) } else { steps::delete(at(path)) };
        one(context, ns, path, step).await?;
    }
    Ok(())
}

pub async fn create_namespace(context: &Context, name: &str) -> Result<(), Failure> {
    let reply = context.client.create_namespace(name).await.map_err(Failure::about(name))?;
    let namespace = &reply.value;
    let value = || {
        json!({
            "revision": reply.revision,
            "id": namespace.id,
            "name": namespace.name,
            "root": namespace.root,
        })
    };
    Ok(context.output.data(value, || format!("made namespace {}", printable(name)))?)
}

/// Quiet for people: no news is good news.
async fn one(context: &Context, ns: u64, subject: &str, step: Step) -> Result<(), Failure> {
    let reply: Reply<StepResult> =
        context.client.one_step(ns, step).await.map_err(Failure::about(subject))?;
    let value =
        || json!({"revision": reply.revision, "id": reply.value.id, "rev": reply.value.rev});
    Ok(context.output.data(value, String::new)?)
}
