//! What is kept of the past: one version at a time, and the oldest tree that can be read.

use std::collections::BTreeMap;

use super::{Findings, Tree};
use crate::{
    kv::{KvRead, Result},
    records::{key, node, system::System},
    types::{GroupId, Name, Node, NodeId, Revision},
};

/// The nodes that were there at the oldest revision that can be read, by their parents.
pub(super) struct Past(BTreeMap<NodeId, Vec<Node>>);

impl Past {
    /// Reads all versions of all nodes.
    pub(super) fn read(
        view: &dyn KvRead,
        group: GroupId,
        system: &System,
        findings: &mut Findings,
    ) -> Result<Past> {
        let oldest = system.compacted;
        let mut kept = BTreeMap::<NodeId, Vec<Node>>::new();
        let mut last: Option<(NodeId, Name, Revision)> = None;
        let range = key::past_nodes(group);
        for pair in view.scan(&range.start, &range.end) {
            let (key, value) = pair?;
            let node = node::decode(&value)?;
            let until = Revision(key::last_id(&key).expect("the range holds whole keys"));
            let name = node.name.clone().expect("decode gives a name");
            let place = key::past_node(group, node.parent, name.as_str(), until);
            findings.expect(key == place, "a past node is where it says", || format!("{node:?}"));
            let ended = node.rev <= until && until <= system.revision;
            findings.expect(ended, "the past has ended", || format!("{node:?} until {until}"));
            let follows = last.as_ref().is_none_or(|(parent, other, end)| {
                (*parent, other) != (node.parent, &name) || *end <= node.rev
            });
            findings.expect(follows, "one version at a time", || format!("{node:?} until {until}"));
            last = Some((node.parent, name, until));
            if node.rev <= oldest && oldest < until {
                kept.entry(node.parent).or_default().push(node);
            }
        }
        // What is there now, and what waits to be reclaimed, has not ended in the records.
        let range = key::nodes(group);
        for pair in view.scan(&range.start, &range.end) {
            let node = node::decode(&pair?.1)?;
            if node.rev <= oldest {
                kept.entry(node.parent).or_default().push(node);
            }
        }
        Ok(Past(kept))
    }

    /// The tree under a root.
    pub(super) fn tree(&self, root: NodeId) -> Tree {
        let mut tree = Tree::new();
        let mut queue = vec![root];
        while let Some(directory) = queue.pop() {
            for node in self.0.get(&directory).into_iter().flatten() {
                if tree.insert(node.id, node.clone()).is_none() && node.is_directory() {
                    queue.push(node.id);
                }
            }
        }
        tree
    }
}
