//! mkdir, put, mv, cp, ln, attr, quota, restore, rm, mount and unmount.

use metad_client::{
    Error, Level, Reply,
    errors::Reason,
    import, steps,
    v1::{
        self, Step, StepResult,
        commit_file::{self, Mode},
    },
};
use prost::bytes::Bytes;
use serde_json::{Value, json};

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
    let mut content = import::content_of(&options.local)
        .map_err(|error| Failure::Read { path: options.local.display().to_string(), error })?;
    if let Some(media_type) = &options.media_type {
        content.media_type.clone_from(media_type);
    }
    if let Some(manifest) = &options.manifest {
        content.blocks.clear();
        content.manifest.clone_from(manifest);
    }
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
    let to = receiving(context, ns, from, to, 0).await?;
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
    let to = receiving(context, ns, from, to, at_revision).await?;
    let (source, target) = (Some(from.target()), Some(to.target()));
    let step = steps::copy_with(v1::Copy { from: source, to: target, at_revision });
    one(context, ns, &format!("{from} to {to}"), step).await
}

/// Where `from` goes. Of an id alone, the service knows the name.
async fn receiving(
    context: &Context,
    ns: u64,
    from: &NodePath,
    to: &NodePath,
    at_revision: u64,
) -> Result<NodePath, Failure> {
    if let (true, None) = (to.is_directory(), from.name()) {
        let target = Some(from.target());
        let request = v1::StatRequest { ns, target, at_revision, ..Default::default() };
        let node = context.client.stat_with(request).await;
        return Ok(to.receiving(&node.map_err(Failure::about(from.as_str()))?.value.name));
    }
    Ok(to.receiving(from.name().unwrap_or_default()))
}

pub async fn set_quota(
    context: &Context,
    path: &NodePath,
    bounds: cli::Bounds,
) -> Result<(), Failure> {
    let ns = context.ns().await?;
    let quota = quota(context, ns, path.target(), bounds).await;
    let quota = quota.map_err(Failure::about(path.as_str()))?;
    one(context, ns, path.as_str(), steps::set_quota(path.target(), quota)).await
}

/// The whole quota that the service is told: bounds that are not said stay.
pub async fn quota(
    context: &Context,
    ns: u64,
    target: v1::NodeRef,
    bounds: cli::Bounds,
) -> Result<v1::Quota, Error> {
    if let Some(quota) = bounds.whole() {
        return Ok(quota);
    }
    // An old answer would bring back a bound that is gone.
    let now = context.client.reading(Level::Linearizable).stat(ns, target).await?;
    Ok(bounds.after(now.value.quota))
}

pub async fn restore(context: &Context, path: &NodePath, revision: u64) -> Result<(), Failure> {
    let ns = context.ns().await?;
    one(context, ns, path.as_str(), steps::restore(path.target(), revision)).await
}

pub async fn ln(context: &Context, to: &str, path: &NodePath) -> Result<(), Failure> {
    let ns = context.ns().await?;
    let path = linked(to, path);
    one(context, ns, path.as_str(), steps::symlink(path.target(), to)).await
}

/// Where a symlink to a path goes.
pub fn linked(to: &str, path: &NodePath) -> NodePath {
    path.receiving(to.rsplit('/').next().unwrap_or_default())
}

pub async fn set_attributes(context: &Context, options: &cli::Attr) -> Result<(), Failure> {
    let cli::Attr { path, changes, remove, hex, rev, .. } = options;
    let set = changes.iter().map(|change| attribute(change, *hex));
    let set = set.collect::<Result<_, _>>().map_err(Error::Invalid)?;
    let ns = context.ns().await?;
    let (target, remove) = (Some(path.target()), remove.clone());
    let step = steps::set_attributes(v1::SetAttributes { target, set, remove, rev: *rev });
    one(context, ns, path.as_str(), step).await
}

/// An attribute to set, as users write it.
pub fn attribute(change: &str, is_hex: bool) -> Result<(String, Bytes), String> {
    let (name, value) =
        change.split_once('=').ok_or_else(|| format!("{change:?} is not NAME=VALUE"))?;
    let value = match is_hex {
        true => from_hex(value).ok_or_else(|| format!("{value:?} is not hexadecimal"))?.into(),
        false => Bytes::copy_from_slice(value.as_bytes()),
    };
    Ok((name.to_owned(), value))
}

/// Bytes from pairs of hexadecimal digits.
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.chars().map(|digit| Some(digit.to_digit(16)? as u8));
    let digits = digits.collect::<Option<Vec<u8>>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
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
    match one(context, ns, path.as_str(), steps::unmount(path.target())).await {
        Err(Failure::About { error, .. }) if error.reason() == Some(Reason::NotFound) => {
            Err(Failure::NoMount { path: path.as_str().to_owned() })
        }
        done => done,
    }
}

/// Quiet for people: no news is good news.
async fn one(context: &Context, ns: u64, subject: &str, step: Step) -> Result<(), Failure> {
    let writer = context.writer().await?;
    let reply: Reply<StepResult> =
        writer.one_step(ns, step).await.map_err(Failure::about(subject))?;
    let renamed = &reply.value.renamed;
    let value = || {
        let mut value = result(&reply.value);
        value["revision"] = json!(reply.revision);
        value
    };
    let lines = || match renamed.as_str() {
        "" => String::new(),
        name => format!("kept as {}", printable(name)),
    };
    Ok(context.output.data(value, lines)?)
}

/// The result of a step as JSON.
pub fn result(result: &StepResult) -> Value {
    let mut value = json!({"id": result.id, "rev": result.rev});
    if !result.renamed.is_empty() {
        value["renamed"] = json!(result.renamed);
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_text_or_hex() {
        let set =
            |change, is_hex| attribute(change, is_hex).map(|(name, value)| (name, value.to_vec()));
        assert_eq!(set("a=b=c", false), Ok(("a".to_owned(), b"b=c".to_vec())));
        assert_eq!(set("a=00fF", true), Ok(("a".to_owned(), vec![0, 255])));
        assert_eq!(set("a=", true), Ok(("a".to_owned(), Vec::new())));
        assert!(
            set("a", false).is_err() && set("a=0", true).is_err() && set("a=é0", true).is_err()
        );
    }
}
