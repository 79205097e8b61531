//! What Raft was told to be on disk is there when the node starts again. A vote that was
//! granted and then lost could be granted to another (§5.2); an entry that was acknowledged
//! and then lost may have been counted as committed (§5.3). And whatever came between, a
//! node votes for one candidate in a term.

use std::collections::BTreeMap;

use super::{Ballot, Log, LogId, Node, Sample};
use crate::report::Violation;

#[derive(Debug, Default)]
pub(super) struct Durability {
    flushed: BTreeMap<Node, Flushed>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Flushed {
    vote: Ballot,
    last: Option<LogId>,
}

impl Durability {
    pub(super) fn flushes(&mut self, node: Node, sample: Sample) -> Result<(), Violation> {
        let flushed = self.flushed.entry(node).or_default();
        let (before, after) = (flushed.vote, sample.vote);
        if before.age() == after.age() && before.node != after.node && after.term > 0 {
            let seen = format!("node {node} voted for {before}, then for {after}");
            return Err(Violation::new("one-vote-a-term", seen));
        }
        // A node that has just started has flushed nothing yet.
        if after.age() >= before.age() {
            *flushed = Flushed { vote: after, last: sample.flushed };
        }
        Ok(())
    }

    pub(super) fn forgets(&mut self, node: Node) {
        self.flushed.remove(&node);
    }

    pub(super) fn starts(
        &mut self,
        node: Node,
        vote: Option<Ballot>,
        log: &Log,
        applied: Option<LogId>,
    ) -> Result<(), Violation> {
        let Some(flushed) = self.flushed.get(&node) else { return Ok(()) };
        let vote = vote.unwrap_or_default();
        if vote.age() < flushed.vote.age() {
            let seen = format!("node {node} voted for {}, and came back with {vote}", flushed.vote);
            return Err(Violation::new("vote-durability", seen));
        }
        // A later leader may have truncated the log.
        let Some(last) = flushed.last.filter(|_| vote == flushed.vote) else { return Ok(()) };
        // What a snapshot has brought is in the state, and perhaps not yet purged from the log.
        if log.holds(last) || applied >= Some(last) {
            return Ok(());
        }
        let ends = log.last().map_or("nothing".to_owned(), |last| last.to_string());
        let seen =
            format!("node {node} acknowledged {last} under {vote}, and came back with {ends}");
        Err(Violation::new("log-durability", seen))
    }
}
