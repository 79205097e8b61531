//! Conditions that a mutation depends on.

use super::mutate::{Touched, reject};
use super::node::Handle;
use super::operation::{Condition, Target};
use super::reason::Reason;
use super::run::{Run, Stop};

impl Run<'_> {
    /// Holds a condition against the tree as the steps before have left it.
    pub(super) fn check(
        &mut self,
        namespace: Handle,
        target: &Target,
        condition: Condition,
    ) -> Result<Touched, Stop> {
        let found = match self.resolve(namespace, target) {
            Ok(node) => Some(node),
            // Nobody looks whether it is there.
            Err(too_deep @ Stop::Rejected(Reason::LimitExceeded)) => return Err(too_deep),
            // No way to it is as good as no node.
            Err(Stop::Rejected(_)) => None,
            Err(mismatch) => return Err(mismatch),
        };
        let holds = match (condition, found) {
            (Condition::Absent, node) => node.is_none(),
            (Condition::Exists, node) => node.is_some(),
            // What this mutation has changed so far does not count: see `end_effects`.
            (Condition::UnchangedSince(revision), _) => {
                let changed = self.state().forest.namespace(namespace).changed;
                self.is_at_most(changed, revision)
            }
            (Condition::Rev(_) | Condition::Kind(_), None) => false,
            (Condition::Rev(revision), Some(node)) => {
                let rev = self.state().node(node).rev;
                self.passes_guard(rev, revision)
            }
            (Condition::Kind(kind), Some(node)) => self.state().node(node).kind() == kind,
        };
        match (holds, found) {
            (false, _) => reject(Reason::PreconditionFailed),
            (true, Some(node)) => Ok(Touched::Node(node)),
            (true, None) => Ok(Touched::Absent),
        }
    }
}
