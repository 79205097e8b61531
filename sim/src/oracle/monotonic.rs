//! While a node runs, its term, its vote, what it knows to be committed and what it has
//! applied only grow.

use std::{collections::BTreeMap, fmt::Debug};

use super::{Node, Sample};
use crate::report::Violation;

#[derive(Debug, Default)]
pub(super) struct Monotonic {
    last: BTreeMap<Node, Sample>,
}

impl Monotonic {
    pub(super) fn starts(&mut self, node: Node) {
        self.last.remove(&node);
    }

    pub(super) fn samples(&mut self, node: Node, sample: Sample) -> Result<(), Violation> {
        let Some(last) = self.last.insert(node, sample) else { return Ok(()) };
        grows(node, "term", last.term, sample.term)?;
        grows(node, "vote", last.vote.age(), sample.vote.age())?;
        grows(
            node,
            "committed index",
            last.committed.map(|id| id.index),
            sample.committed.map(|id| id.index),
        )?;
        grows(
            node,
            "applied index",
            last.applied.map(|id| id.index),
            sample.applied.map(|id| id.index),
        )
    }
}

fn grows<T: PartialOrd + Debug>(
    node: Node,
    what: &str,
    before: T,
    after: T,
) -> Result<(), Violation> {
    if after >= before {
        return Ok(());
    }
    let seen = format!("the {what} of node {node} went back from {before:?} to {after:?}");
    Err(Violation::new("monotonic", seen))
}
