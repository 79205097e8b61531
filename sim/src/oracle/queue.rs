//! A leader takes no more proposals than it may let wait: however long it hears from no
//! majority, the end of its log that is not committed has a bounded length.

use std::collections::BTreeMap;

use super::{Node, Sample};
use crate::report::Violation;

/// Entries that nobody proposed: a new leader's first one, and changes of the members.
const ENTRIES_OF_ITS_OWN: u64 = 8;

#[derive(Debug, Default)]
pub(super) struct Queue {
    /// The term in which a node was last seen to lead, and where its log ended at first.
    found: BTreeMap<Node, (u64, u64)>,
}

impl Queue {
    pub(super) fn samples(&mut self, node: Node, sample: Sample) -> Result<(), Violation> {
        let (Some(last), true) = (sample.last_index, sample.is_leader) else { return Ok(()) };
        let found = self.found.entry(node).or_insert((sample.term, last));
        if found.0 != sample.term {
            *found = (sample.term, last);
        }
        let committed = sample.committed.map_or(0, |id| id.index);
        let waiting = last.saturating_sub(committed.max(found.1));
        if waiting <= sample.waiting_max.saturating_add(ENTRIES_OF_ITS_OWN) {
            return Ok(());
        }
        let seen = format!(
            "{waiting} entries wait at the leader {node} of term {}, which may let {} wait",
            sample.term, sample.waiting_max,
        );
        Err(Violation::new("queue", seen))
    }
}
