//! Why the service refuses.

/// Only reasons that the tree itself decides; see [`super::compile`] for the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    NotFound,
    AlreadyExists,
    NotADirectory,
    IsADirectory,
    NotEmpty,
    Cycle,
    Conflict,
    NameInvalid,
    PreconditionFailed,
    /// Of a name, or of what a copy takes; there are other limits.
    LimitExceeded,
    QuotaExceeded,
    /// The service alone knows how long it keeps its past.
    RevisionCompacted,
}

impl Reason {
    const ALL: [Reason; 12] = [
        Reason::NotFound,
        Reason::AlreadyExists,
        Reason::NotADirectory,
        Reason::IsADirectory,
        Reason::NotEmpty,
        Reason::Cycle,
        Reason::Conflict,
        Reason::NameInvalid,
        Reason::PreconditionFailed,
        Reason::LimitExceeded,
        Reason::QuotaExceeded,
        Reason::RevisionCompacted,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Reason::NotFound => "NOT_FOUND",
            Reason::AlreadyExists => "ALREADY_EXISTS",
            Reason::NotADirectory => "NOT_A_DIRECTORY",
            Reason::IsADirectory => "IS_A_DIRECTORY",
            Reason::NotEmpty => "NOT_EMPTY",
            Reason::Cycle => "CYCLE",
            Reason::Conflict => "CONFLICT",
            Reason::NameInvalid => "NAME_INVALID",
            Reason::PreconditionFailed => "PRECONDITION_FAILED",
            Reason::LimitExceeded => "LIMIT_EXCEEDED",
            Reason::QuotaExceeded => "QUOTA_EXCEEDED",
            Reason::RevisionCompacted => "REVISION_COMPACTED",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Reason> {
        Reason::ALL.into_iter().find(|reason| reason.name() == name)
    }
}
