//! Exactly once (RIFL, Lee and others 2015): however often a request is asked again, and whichever
//! replica applies it, its answer is the first one, a refusal as well.

use std::collections::BTreeMap;

use crate::report::Violation;

#[derive(Debug, Default)]
pub(super) struct ExactlyOnce {
    /// By client and sequence, a hash of the answer.
    answers: BTreeMap<(u64, u64), u64>,
}

impl ExactlyOnce {
    pub(super) fn answers(
        &mut self,
        (client, sequence): (u64, u64),
        answer: u64,
    ) -> Result<(), Violation> {
        let first = *self.answers.entry((client, sequence)).or_insert(answer);
        if first == answer {
            return Ok(());
        }
        let seen = format!(
            "request {sequence} of client {client} was answered {first:016x} at first, and {answer:016x} later"
        );
        Err(Violation::new("exactly-once", seen))
    }
}
