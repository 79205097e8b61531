//! Log matching (§5.3): if two logs hold an entry of the same index and term, then they are
//! equal up to it.
//!
//! By induction it is enough that any two entries of the same index and term carry the same
//! payload and follow an entry of the same term.

use std::collections::BTreeMap;

use super::{Entry, Log, LogId, Node};
use crate::report::Violation;

#[derive(Debug, Default)]
pub(super) struct LogMatching {
    /// By index and term, since the newest are looked up most.
    seen: BTreeMap<(u64, u64), Seen>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    hash: u64,
    /// Not known of the first entry behind a purged part that was never seen.
    previous_term: Option<u64>,
    node: Node,
}

impl LogMatching {
    pub(super) fn written(
        &mut self,
        node: Node,
        index: u64,
        entry: Entry,
        log: &Log,
    ) -> Result<(), Violation> {
        // What an entry replaces goes, and all that follows it (§5.3).
        if let Some(next) = log.term_at(index + 1).filter(|next| *next < entry.term) {
            let id = LogId { term: entry.term, index };
            let seen = format!("node {node} keeps an entry of term {next} behind entry {id}");
            return Err(Violation::new("log-matching", seen));
        }
        let previous_term = index.checked_sub(1).and_then(|previous| log.term_at(previous));
        let now = Seen { hash: entry.hash, previous_term, node };
        let before = self.seen.entry((index, entry.term)).or_insert(now);
        let id = LogId { term: entry.term, index };
        if before.hash != now.hash {
            let seen = format!("entry {id} differs between nodes {} and {node}", before.node);
            return Err(Violation::new("log-matching", seen));
        }
        match (before.previous_term, previous_term) {
            (Some(one), Some(other)) if one != other => {
                let seen = format!(
                    "entry {id} follows an entry of term {one} on node {}, of term {other} on node {node}",
                    before.node
                );
                Err(Violation::new("log-matching", seen))
            }
            (None, known) => {
                before.previous_term = known;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
