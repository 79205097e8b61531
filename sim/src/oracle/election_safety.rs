//! Election safety (§5.2): at most one leader in a term.

use std::collections::BTreeMap;

use super::Node;
use crate::report::Violation;

#[derive(Debug, Default)]
pub(super) struct ElectionSafety {
    leaders: BTreeMap<u64, Node>,
}

impl ElectionSafety {
    pub(super) fn leads(&mut self, node: Node, term: u64) -> Result<(), Violation> {
        let leader = *self.leaders.entry(term).or_insert(node);
        if leader == node {
            return Ok(());
        }
        let seen = format!("nodes {leader} and {node} both lead in term {term}");
        Err(Violation::new("election-safety", seen))
    }

    pub(super) fn elections(&self) -> usize {
        self.leaders.len()
    }
}
