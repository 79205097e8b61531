//! What reads must reflect, and so which nodes can answer them.

use metad_proto::v1::{Consistency, consistency};

/// What a read must reflect. Without one, reads are linearizable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Everything that was acknowledged before the call. The leader answers, after a round of
    /// heartbeats.
    Linearizable,
    /// The same, without that round, as long as clocks run at about the same rate. The leader
    /// answers.
    Lease,
    /// This revision at least. Any node answers, once it has come so far.
    AtLeast(u64),
    /// Whatever the node has that answers, which may be any.
    Any,
}

impl Level {
    pub(crate) fn wire(self) -> Consistency {
        use consistency::Level as Wire;
        let level = match self {
            Level::Linearizable => Wire::Linearizable(consistency::Linearizable {}),
            Level::Lease => Wire::Lease(consistency::Lease {}),
            Level::AtLeast(revision) => Wire::AtLeast(revision),
            Level::Any => Wire::Any(consistency::Any {}),
        };
        Consistency { level: Some(level) }
    }
}

/// Who can answer a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aim {
    Leader,
    /// Each call begins with the next node.
    Anyone,
}

impl Aim {
    /// Who can answer a read of this consistency.
    pub fn of(consistency: Option<&Consistency>) -> Aim {
        use consistency::Level as Wire;
        match consistency.and_then(|consistency| consistency.level.as_ref()) {
            Some(Wire::AtLeast(_) | Wire::Any(_)) => Aim::Anyone,
            Some(Wire::Linearizable(_) | Wire::Lease(_)) | None => Aim::Leader,
        }
    }
}
