//! Leader completeness (§5.4): a committed entry is in the log of every later leader; and
//! no two entries are ever committed at one index.

use std::collections::BTreeMap;

use super::{Log, LogId, Node};
use crate::report::Violation;

#[derive(Debug, Default)]
pub(super) struct LeaderCompleteness {
    /// The term committed at an index, and who said so first.
    committed: BTreeMap<u64, (u64, Node)>,
    /// The last term in which each node was seen to lead.
    checked: BTreeMap<Node, u64>,
}

impl LeaderCompleteness {
    pub(super) fn commits(&mut self, node: Node, id: LogId) -> Result<(), Violation> {
        let (term, first) = *self.committed.entry(id.index).or_insert((id.term, node));
        if term == id.term {
            return Ok(());
        }
        let other = LogId { term, ..id };
        let seen = format!("node {first} committed {other}, node {node} committed {id}");
        Err(Violation::new("leader-completeness", seen))
    }

    pub(super) fn leads(&mut self, node: Node, term: u64, log: &Log) -> Result<(), Violation> {
        if self.checked.insert(node, term) == Some(term) {
            return Ok(());
        }
        // By log matching, a log that holds the last of them holds all of them.
        let earlier = self.committed.iter().rev().find(|(_, (committed, _))| *committed < term);
        let Some((index, (committed, witness))) = earlier else { return Ok(()) };
        let id = LogId { term: *committed, index: *index };
        if log.holds(id) {
            return Ok(());
        }
        let last = log.last().map_or("nothing".to_owned(), |last| last.to_string());
        let seen = format!(
            "node {node} leads in term {term} without {id}, which node {witness} committed; its log ends with {last}"
        );
        Err(Violation::new("leader-completeness", seen))
    }
}
