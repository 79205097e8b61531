//! The shape of the trees: entries, locations, ways to the root, counters.

use std::collections::{BTreeMap, BTreeSet};

use super::{Findings, Tree};
use crate::{
    kv::{KvRead, Result},
    records::{
        key,
        node::{self, Location},
        system::System,
        usage,
    },
    types::{Account, GroupId, Name, Namespace, Node, NodeId, Quota, Usage},
};

type Children = BTreeMap<NodeId, Vec<Node>>;
type Accounts = BTreeMap<NodeId, Account>;

/// Checks the structure, and gives the reachable nodes of each tree by its root.
pub(super) fn check(
    view: &dyn KvRead,
    group: GroupId,
    system: &System,
    namespaces: &[Namespace],
    findings: &mut Findings,
) -> Result<BTreeMap<NodeId, Tree>> {
    let children = read_nodes(view, group, system, findings)?;
    let mut locations = read_locations(view, group)?;
    let mut usages = read_usages(view, group)?;
    let mut trees = BTreeMap::new();
    for namespace in namespaces {
        let root = Location::Root(namespace.id);
        let found = locations.remove(&namespace.root);
        findings.expect(found == Some(root), "a root has its location", || {
            format!("root {} of namespace {}: {found:?}", namespace.root, namespace.id)
        });
        findings.expect(namespace.created <= system.revision, "revisions only grow", || {
            format!("namespace {} was created at {}", namespace.id, namespace.created)
        });
        let mut walk = Walk { children: &children, tree: Tree::new(), findings };
        walk.locate(namespace, &mut locations);
        walk.count(namespace.root, &mut usages);
        let tree = walk.tree;
        trees.insert(namespace.root, tree);
    }
    let reached = trees.values().map(Tree::len).sum::<usize>();
    let dead = dead_nodes(view, group, &children)?;
    let stored = children.values().map(Vec::len).sum::<usize>();
    findings.expect(reached + dead.len() == stored, "no orphan", || {
        format!("{stored} nodes stored, {reached} reachable, {} to be reclaimed", dead.len())
    });
    locations.retain(|id, _| !dead.contains(id));
    findings.expect(locations.is_empty(), "a location has its node", || format!("{locations:?}"));
    usages.retain(|id, _| !dead.contains(id));
    findings.expect(usages.is_empty(), "a usage has its directory", || format!("{usages:?}"));
    Ok(trees)
}

/// All nodes by their parent. Checks what each record says against its key.
fn read_nodes(
    view: &dyn KvRead,
    group: GroupId,
    system: &System,
    findings: &mut Findings,
) -> Result<Children> {
    let mut children = Children::new();
    let mut ids = BTreeSet::new();
    let range = key::nodes(group);
    for pair in view.scan(&range.start, &range.end) {
        let (key, value) = pair?;
        let node = node::decode(&value)?;
        let name = node.name.as_ref().map_or("", Name::key);
        let place = key::node(group, node.parent, name);
        findings.expect(key == place, "a node is where it says", || format!("{node:?}"));
        findings.expect(ids.insert(node.id), "one entry a node", || format!("{node:?}"));
        findings.expect(node.id < system.next_node, "ids only grow", || format!("{node:?}"));
        findings.expect(node.rev <= system.revision, "revisions only grow", || format!("{node:?}"));
        children.entry(node.parent).or_default().push(node);
    }
    Ok(children)
}

fn read_locations(view: &dyn KvRead, group: GroupId) -> Result<BTreeMap<NodeId, Location>> {
    let range = key::locations(group);
    let pairs = view.scan(&range.start, &range.end);
    pairs
        .map(|pair| {
            let (key, value) = pair?;
            let id = key::last_id(&key).expect("the range holds whole keys");
            Ok((NodeId(id), node::decode_location(&value)?))
        })
        .collect()
}

fn read_usages(view: &dyn KvRead, group: GroupId) -> Result<Accounts> {
    let range = key::usages(group);
    let pairs = view.scan(&range.start, &range.end);
    pairs
        .map(|pair| {
            let (key, value) = pair?;
            let id = key::last_id(&key).expect("the range holds whole keys");
            Ok((NodeId(id), usage::decode(&value)?))
        })
        .collect()
}

/// What is stored under directories that wait to be reclaimed.
fn dead_nodes(view: &dyn KvRead, group: GroupId, children: &Children) -> Result<BTreeSet<NodeId>> {
    let range = key::reclaims(group);
    let mut queue = Vec::new();
    for pair in view.scan(&range.start, &range.end) {
        queue.push(NodeId(key::last_id(&pair?.0).expect("the range holds whole keys")));
    }
    let mut dead = BTreeSet::new();
    while let Some(directory) = queue.pop() {
        for node in children.get(&directory).into_iter().flatten() {
            if dead.insert(node.id) {
                queue.push(node.id);
            }
        }
    }
    Ok(dead)
}

/// Follows a tree from its root.
struct Walk<'a> {
    children: &'a Children,
    tree: Tree,
    findings: &'a mut Findings,
}

impl Walk<'_> {
    /// Every node has the location that leads to it, and is reached once.
    fn locate(&mut self, namespace: &Namespace, locations: &mut BTreeMap<NodeId, Location>) {
        let mut queue = vec![namespace.root];
        while let Some(directory) = queue.pop() {
            for node in self.children.get(&directory).into_iter().flatten() {
                let found = locations.remove(&node.id);
                let agrees = matches!(&found, Some(Location::In(place))
                    if place.parent == node.parent
                        && Some(&place.name) == node.name.as_ref()
                        && place.since <= node.rev);
                self.findings.expect(agrees, "a location leads to its node", || {
                    format!("{node:?}, location {found:?}")
                });
                // Under its key there is one node: so it must be the right key.
                let is_keyed =
                    node.name.as_ref().is_some_and(|name| namespace.policy.name(name) == *name);
                self.findings.expect(is_keyed, "names are unique under the policy", || {
                    format!("{node:?} in namespace {}", namespace.id)
                });
                if self.tree.insert(node.id, node.clone()).is_none() && node.is_directory() {
                    queue.push(node.id);
                }
            }
        }
    }

    /// Every directory's counters equal a recount. Children before parents.
    fn count(&mut self, root: NodeId, usages: &mut Accounts) {
        let mut order = vec![root];
        // A damaged tree may lead back into itself.
        let mut seen = BTreeSet::new();
        let mut position = 0;
        while let Some(directory) = order.get(position).copied() {
            position += 1;
            let nodes = self.children.get(&directory).into_iter().flatten();
            let inner = nodes.filter(|node| node.is_directory()).map(|node| node.id);
            order.extend(inner.filter(|id| seen.insert(*id)));
        }
        let mut counted = BTreeMap::<NodeId, Usage>::new();
        for directory in order.iter().rev() {
            let mut usage = Usage::default();
            for node in self.children.get(directory).into_iter().flatten() {
                let under = counted.get(&node.id).copied().unwrap_or_default();
                usage.nodes += 1 + under.nodes;
                usage.bytes += node.bytes() + under.bytes;
            }
            let stored = usages.remove(directory).unwrap_or_default();
            self.findings.expect(stored.usage == usage, "counters equal a recount", || {
                format!("directory {directory}: stored {stored:?}, counted {usage:?}")
            });
            let Quota { nodes, bytes } = stored.quota;
            let fits = nodes.is_none_or(|bound| usage.nodes <= bound)
                && bytes.is_none_or(|bound| usage.bytes <= bound);
            self.findings.expect(fits, "none exceeds its quota", || {
                format!("directory {directory}: {:?}, counted {usage:?}", stored.quota)
            });
            counted.insert(*directory, usage);
        }
    }
}
