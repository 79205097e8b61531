//! What is kept of the past: one version at a time, and the tree at any revision that can be
//! read.

use std::collections::BTreeMap;

use super::{Findings, Tree};
use crate::{
    kv::{KvRead, Result},
    records::{key, node, system::System},
    types::{GroupId, Node, NodeId, Revision},
};

/// All versions of all nodes, by their parents: each with the revision that ended it, if one
/// did.
pub(super) struct Past(BTreeMap<NodeId, Vec<(Node, Option<Revision>)>>);

impl Past {
    /// Reads them.
    pub(super) fn read(
        view: &dyn KvRead,
        group: GroupId,
        system: &System,
        findings: &mut Findings,
    ) -> Result<Past> {
        let mut past = Past(BTreeMap::new());
        let mut last: Option<(NodeId, String, Revision)> = None;
        let range = key::past_nodes(group);
        for pair in view.scan(&range.start, &range.end) {
            let (key, value) = pair?;
            let node = node::decode(&value)?;
            let until = Revision(key::last_id(&key).expect("the range holds whole keys"));
            let name = node.name.as_ref().expect("decode gives a name").key().to_owned();
            let place = key::past_node(group, node.parent, &name, until);
            findings.expect(key == place, "a past node is where it says", || format!("{node:?}"));
            let ended = node.rev <= until && until <= system.revision;
            findings.expect(ended, "the past has ended", || format!("{node:?} until {until}"));
            let follows = last.as_ref().is_none_or(|(parent, other, end)| {
                (*parent, other) != (node.parent, &name) || *end <= node.rev
            });
            findings.expect(follows, "one version at a time", || format!("{node:?} until {until}"));
            last = Some((node.parent, name, until));
            past.0.entry(node.parent).or_default().push((node, Some(until)));
        }
        // What is there now, and what waits to be reclaimed, has not ended in the records.
        let range = key::nodes(group);
        for pair in view.scan(&range.start, &range.end) {
            let node = node::decode(&pair?.1)?;
            past.0.entry(node.parent).or_default().push((node, None));
        }
        Ok(past)
    }

    /// What was under a directory at a revision.
    pub(super) fn tree(&self, top: NodeId, at: Revision) -> Tree {
        let mut tree = Tree::new();
        let mut queue = vec![top];
        while let Some(directory) = queue.pop() {
            for (node, until) in self.0.get(&directory).into_iter().flatten() {
                let was_there = node.rev <= at && until.is_none_or(|until| at < until);
                if was_there && tree.insert(node.id, node.clone()).is_none() && node.is_directory()
                {
                    queue.push(node.id);
                }
            }
        }
        tree
    }
}
