//! load: makes what a dump tells, in namespaces that are new.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufRead, BufReader},
    path::Path,
};

use indicatif::{HumanCount, ProgressBar};
use metad_client::{
    Client, steps,
    v1::{self, NamePolicy, NodeRef, SetAttributes, Step, UpdateNamespace},
};
use serde_json::json;

use super::{Content, FORMAT, Hex, Line, Node, Policy, Quota, What};
use crate::{context::Context, failure::Failure};

/// Steps and bytes of one mutation, about: each within what the service takes.
const STEPS_MAX: usize = 500;
const BYTES_MAX: usize = 512 << 10;
/// Bytes of a path from which on a directory is named by its id in the paths of what is under it:
/// with a name more they stay far below what the service takes.
const ANCHORED_BYTES: usize = 1 << 10;

/// Reads a file, or standard input.
pub async fn run(context: &Context, file: &Path) -> Result<(), Failure> {
    let mut load = Load {
        client: context.writer().await?,
        namespaces: BTreeMap::new(),
        quotas: Vec::new(),
        anchors: Vec::new(),
        batch: Batch::default(),
        nodes: 0,
        bar: ProgressBar::new_spinner(),
    };
    let done = load.all(file).await;
    load.bar.finish_and_clear();
    let (namespaces, nodes) = (load.namespaces.len(), load.nodes);
    match done {
        Ok(()) => {
            let value = || json!({"namespaces": namespaces, "nodes": nodes});
            let text = || format!("loaded {} nodes in {namespaces} namespaces", HumanCount(nodes));
            Ok(context.output.data(value, text)?)
        }
        Err(failure) if load.namespaces.is_empty() => Err(failure),
        Err(failure) => {
            let made = load.namespaces.into_keys().collect();
            Err(Failure::HalfLoaded { made, failure: Box::new(failure) })
        }
    }
}

fn open(file: &Path) -> io::Result<Box<dyn BufRead>> {
    Ok(match file.to_str() {
        Some("-") => Box::new(io::stdin().lock()),
        _ => Box::new(BufReader::new(File::open(file)?)),
    })
}

struct Load {
    client: Client,
    /// Their ids, by their names.
    namespaces: BTreeMap<String, u64>,
    /// Of a namespace, or of a directory in it.
    quotas: Vec<(u64, Option<NodeRef>, Quota)>,
    /// From the root down to where the last node was made.
    anchors: Vec<Anchor>,
    batch: Batch,
    nodes: u64,
    bar: ProgressBar,
}

/// A directory with a long path, which was made.
struct Anchor {
    ns: u64,
    /// With a slash at its end.
    path: String,
    id: u64,
}

/// Steps that are not sent yet.
#[derive(Default)]
struct Batch {
    ns: u64,
    steps: Vec<Step>,
    bytes: usize,
}

impl Load {
    async fn all(&mut self, file: &Path) -> Result<(), Failure> {
        let name = file.display().to_string();
        let failed = |error| Failure::Read { path: name.clone(), error };
        let source = open(file).map_err(failed)?;
        let mut is_complete = false;
        for (number, text) in (1..).zip(source.lines()) {
            let wrong = |why: String| failed(io::Error::other(format!("line {number}: {why}")));
            let line = serde_json::from_str(&text.map_err(failed)?);
            let line: Line = line.map_err(|error| wrong(error.to_string()))?;
            if is_complete || (number == 1) != matches!(line, Line::Dump { .. }) {
                return Err(wrong("it is not a dump from its beginning to its end".to_owned()));
            }
            match line {
                Line::Dump { format: FORMAT, .. } => {}
                Line::Dump { format, .. } => {
                    return Err(wrong(format!("format {format}, and this metactl reads {FORMAT}")));
                }
                Line::Namespace { name, policy, quota, attributes } => {
                    self.namespace(name, policy, quota, attributes).await?;
                }
                Line::Node(node) => {
                    let ns = node.ns.clone();
                    self.node(node).await?.ok_or_else(|| wrong(format!("no namespace {ns:?}")))?;
                }
                Line::End { nodes } if nodes == self.nodes => is_complete = true,
                Line::End { nodes } => {
                    return Err(wrong(format!("{nodes} nodes, not {}", self.nodes)));
                }
            }
        }
        self.flush().await?;
        if !is_complete {
            return Err(failed(io::Error::other("the dump was cut: its last line is missing")));
        }
        self.set_quotas().await
    }

    /// Last: while it is being loaded, nothing may be in the way.
    async fn set_quotas(&mut self) -> Result<(), Failure> {
        for (ns, target, quota) in std::mem::take(&mut self.quotas) {
            match target {
                None => {
                    let quota = Some(quota.into());
                    let update = UpdateNamespace { ns, quota, ..UpdateNamespace::default() };
                    self.client.update_namespace(update).await?;
                }
                Some(target) => {
                    self.client.mutate(ns, vec![steps::set_quota(target, quota.into())]).await?;
                }
            }
        }
        Ok(())
    }

    async fn namespace(
        &mut self,
        name: String,
        policy: Policy,
        quota: Option<Quota>,
        attributes: BTreeMap<String, Hex>,
    ) -> Result<(), Failure> {
        let policy = match policy {
            Policy::Exact => NamePolicy::Exact,
            Policy::Casefold => NamePolicy::Casefold,
        };
        let create = v1::CreateNamespace { name: name.clone(), policy: policy.into(), quota: None };
        let made = self.client.create_namespace_with(create).await;
        let id = made.map_err(Failure::about(&name))?.value.id;
        self.quotas.extend(quota.map(|quota| (id, None, quota)));
        if !attributes.is_empty() {
            let step = set_attributes(steps::at("/"), attributes);
            self.client.mutate(id, vec![step]).await.map_err(Failure::about(&name))?;
        }
        self.namespaces.insert(name, id);
        Ok(())
    }

    /// None if a namespace that it names was not told.
    async fn node(&mut self, node: Node) -> Result<Option<()>, Failure> {
        let Node { ns, path, what, attributes, quota } = node;
        let Some(&ns) = self.namespaces.get(&ns) else { return Ok(None) };
        let bytes = 2 * path.len() + attributes.values().map(|value| value.0.len()).sum::<usize>();
        let at = self.place(ns, &path);
        let at = || at.clone();
        let is_anchor = matches!(what, What::Directory) && at().path.len() > ANCHORED_BYTES;
        let step = match what {
            What::Directory => steps::mkdir(at()),
            What::File(content) => steps::create(at(), self::content(content)),
            What::Symlink { to } => steps::symlink(at(), to),
            What::Mount { shows } => match self.namespaces.get(&shows) {
                Some(shown) => steps::mount(at(), *shown),
                None => return Ok(None),
            },
        };
        if self.batch.ns != ns
            || self.batch.steps.len() >= STEPS_MAX
            || self.batch.bytes + bytes > BYTES_MAX
        {
            self.flush().await?;
            self.batch.ns = ns;
        }
        self.batch.bytes += bytes + prost::Message::encoded_len(&step);
        self.batch.steps.push(step);
        if !attributes.is_empty() {
            self.batch.steps.push(set_attributes(at(), attributes));
        }
        self.quotas.extend(quota.map(|quota| (ns, Some(at()), quota)));
        self.nodes += 1;
        if is_anchor && let Some(id) = self.flush().await? {
            self.anchors.push(Anchor { ns, path: path + "/", id });
        }
        Ok(Some(()))
    }

    /// How a node is named: from the lowest anchor above it.
    fn place(&mut self, ns: u64, path: &str) -> NodeRef {
        let is_above = |anchor: &Anchor| anchor.ns == ns && path.starts_with(&anchor.path);
        while self.anchors.pop_if(|anchor| !is_above(anchor)).is_some() {}
        match self.anchors.last() {
            Some(anchor) => steps::under(anchor.id, &path[anchor.path.len()..]),
            None => steps::at(path),
        }
    }

    /// Sends what waits. Says which node the last step was about.
    async fn flush(&mut self) -> Result<Option<u64>, Failure> {
        let Batch { ns, steps, .. } = std::mem::take(&mut self.batch);
        if steps.is_empty() {
            return Ok(None);
        }
        let made = self.client.mutate(ns, steps).await?;
        self.bar.set_message(format!("{} nodes", HumanCount(self.nodes)));
        self.bar.tick();
        Ok(made.value.last().map(|result| result.id))
    }
}

fn set_attributes(target: NodeRef, attributes: BTreeMap<String, Hex>) -> Step {
    let set = attributes.into_iter().map(|(name, value)| (name, value.0.into())).collect();
    steps::set_attributes(SetAttributes { target: Some(target), set, ..SetAttributes::default() })
}

fn content(content: Content) -> v1::Content {
    v1::Content {
        size: content.size,
        hash: content.hash.0.into(),
        media_type: content.media_type,
        mtime_ms: content.mtime_ms,
        blocks: content.blocks.into_iter().map(|block| block.0.into()).collect(),
        manifest: content.manifest,
    }
}
