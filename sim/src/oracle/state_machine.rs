//! State-machine safety (§5.4.3): replicas that have applied the same entries have made the
//! same writes, in the same order.

use std::collections::BTreeMap;

use super::{LogId, Node};
use crate::report::Violation;

#[derive(Debug, Default)]
pub(super) struct StateMachine {
    seen: BTreeMap<u64, (LogId, u128, Node)>,
}

impl StateMachine {
    pub(super) fn applies(&mut self, node: Node, id: LogId, digest: u128) -> Result<(), Violation> {
        let (other, other_digest, other_node) =
            *self.seen.entry(id.index).or_insert((id, digest, node));
        if (other, other_digest) == (id, digest) {
            return Ok(());
        }
        let seen = format!(
            "node {other_node} applied up to {other} with digest {other_digest:032x}, node {node} up to {id} with {digest:032x}"
        );
        Err(Violation::new("state-machine-safety", seen))
    }
}
