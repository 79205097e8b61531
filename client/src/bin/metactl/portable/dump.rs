//! dump: all trees at one revision, a page at a time. Quotas alone have no past: those are told
//! that hold meanwhile.

use std::{
    collections::BTreeMap,
    io::{self, BufWriter, Write},
};

use metad_client::{
    steps,
    v1::{self, BatchStatRequest, ListRequest, NamePolicy, StatRequest},
};

use super::{Content, FORMAT, Hex, Line, Node, Policy, Quota, What};
use crate::{context::Context, failure::Failure};

/// Nodes that are asked for at a time.
const PAGE_NODES: u64 = 1_000;

/// Writes to standard output.
pub async fn run(context: &Context) -> Result<(), Failure> {
    let listed = context.client.list_namespaces().await?;
    let mut dump = Dump {
        context,
        revision: listed.revision,
        names: listed.value.iter().map(|ns| (ns.id, ns.name.clone())).collect(),
        out: BufWriter::new(io::stdout()),
        nodes: 0,
    };
    dump.line(&Line::Dump { format: FORMAT, revision: listed.revision })?;
    for namespace in &listed.value {
        dump.namespace(namespace).await?;
    }
    for namespace in &listed.value {
        dump.tree(namespace).await?;
    }
    dump.line(&Line::End { nodes: dump.nodes })?;
    Ok(dump.out.flush()?)
}

struct Dump<'a> {
    context: &'a Context,
    revision: u64,
    names: BTreeMap<u64, String>,
    out: BufWriter<io::Stdout>,
    nodes: u64,
}

impl Dump<'_> {
    fn line(&mut self, line: &Line) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, line)?;
        self.out.write_all(b"\n")
    }

    async fn namespace(&mut self, namespace: &v1::Namespace) -> Result<(), Failure> {
        let request = StatRequest {
            ns: namespace.id,
            target: Some(steps::at("/")),
            at_revision: self.revision,
            ..StatRequest::default()
        };
        let root = self.context.client.stat_with(request).await?.value;
        let policy = match namespace.policy() {
            NamePolicy::Casefold => Policy::Casefold,
            _ => Policy::Exact,
        };
        let name = namespace.name.clone();
        let quota = self.quotas(namespace.id, [&root]).await?.remove(&root.id);
        let attributes = attributes(&root);
        Ok(self.line(&Line::Namespace { name, policy, quota, attributes })?)
    }

    async fn tree(&mut self, namespace: &v1::Namespace) -> Result<(), Failure> {
        let mut page = ListRequest {
            ns: namespace.id,
            target: Some(steps::at("/")),
            at_revision: self.revision,
            limit: PAGE_NODES,
            recursive: true,
            ..ListRequest::default()
        };
        loop {
            let nodes = self.context.client.list_page(page.clone()).await?.value;
            let mut quotas = self.quotas(namespace.id, &nodes).await?;
            for node in &nodes {
                self.node(&namespace.name, node, quotas.remove(&node.id))?;
            }
            match nodes.last() {
                Some(last) if nodes.len() as u64 == PAGE_NODES => page.after.clone_from(&last.path),
                _ => return Ok(()),
            }
        }
    }

    /// Those of directories that are still there, by their ids.
    async fn quotas(
        &self,
        ns: u64,
        nodes: impl IntoIterator<Item = &v1::Node>,
    ) -> Result<BTreeMap<u64, Quota>, Failure> {
        let directories = nodes.into_iter().filter(|node| node.kind() == v1::Kind::Directory);
        let targets: Vec<_> = directories.map(|node| steps::by_id(node.id)).collect();
        if targets.is_empty() {
            return Ok(BTreeMap::new());
        }
        let request = BatchStatRequest { ns, targets, ..BatchStatRequest::default() };
        let stats = self.context.client.batch_stat(request).await?.value;
        let there = stats.into_iter().filter_map(|result| result.stat);
        Ok(there.filter_map(|node| Some((node.id, node.quota?.into()))).collect())
    }

    fn node(&mut self, ns: &str, node: &v1::Node, quota: Option<Quota>) -> io::Result<()> {
        let what = match (&node.content, node.kind()) {
            (Some(content), _) => What::File(self::content(content)),
            (None, v1::Kind::Symlink) => What::Symlink { to: node.symlink.clone() },
            (None, v1::Kind::Mount) => match self.names.get(&node.mount) {
                Some(name) => What::Mount { shows: name.clone() },
                None => {
                    eprintln!(
                        "metactl: {ns}: {}: left out: the namespace that it showed is gone",
                        crate::output::printable(&node.path)
                    );
                    return Ok(());
                }
            },
            (None, _) => What::Directory,
        };
        let (path, attributes) = (format!("/{}", node.path), attributes(node));
        self.nodes += 1;
        self.line(&Line::Node(Node { ns: ns.to_owned(), path, what, attributes, quota }))
    }
}

fn attributes(node: &v1::Node) -> BTreeMap<String, Hex> {
    node.attributes.iter().map(|(name, value)| (name.clone(), Hex(value.to_vec()))).collect()
}

fn content(content: &v1::Content) -> Content {
    Content {
        size: content.size,
        hash: Hex(content.hash.to_vec()),
        media_type: content.media_type.clone(),
        mtime_ms: content.mtime_ms,
        blocks: content.blocks.iter().map(|block| Hex(block.to_vec())).collect(),
        manifest: content.manifest.clone(),
    }
}
