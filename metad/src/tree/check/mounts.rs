//! Mounts: each is found from what it shows, and none leads back to where it is.

use std::collections::{BTreeMap, BTreeSet};

use super::{Findings, Tree};
use crate::{
    kv::{KvRead, Result},
    records::key,
    types::{GroupId, Namespace, NamespaceId, NodeId},
};

/// The namespaces that each one shows.
type Graph = BTreeMap<NamespaceId, BTreeSet<NamespaceId>>;

/// Checks the mounts of all trees, given by their roots.
pub(super) fn check(
    view: &dyn KvRead,
    group: GroupId,
    namespaces: &[Namespace],
    trees: &BTreeMap<NodeId, Tree>,
    findings: &mut Findings,
) -> Result<()> {
    let mut graph = Graph::new();
    for namespace in namespaces {
        let tree = trees.get(&namespace.root).into_iter().flatten();
        for (id, shown) in tree.filter_map(|(id, node)| Some((*id, node.mounted()?))) {
            graph.entry(namespace.id).or_default().insert(shown);
            let edge = view.get(&key::mounted(group, shown, id))?;
            findings.expect(edge.is_some(), "a mount is found from what it shows", || {
                format!("mount {id} of namespace {shown}")
            });
        }
    }
    for namespace in namespaces {
        findings.expect(!leads_back(&graph, namespace.id), "the mount graph has no cycle", || {
            format!("namespace {} leads back to itself", namespace.id)
        });
    }
    Ok(())
}

fn leads_back(graph: &Graph, from: NamespaceId) -> bool {
    let (mut seen, mut queue) = (BTreeSet::new(), vec![from]);
    while let Some(namespace) = queue.pop() {
        for shown in graph.get(&namespace).into_iter().flatten() {
            if *shown == from {
                return true;
            }
            if seen.insert(*shown) {
                queue.push(*shown);
            }
        }
    }
    false
}
