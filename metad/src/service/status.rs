//! Answers that are not replies: the only place that turns rejections and failures into
//! gRPC statuses.

use metad_proto::errors::{self, Info, Reason};
use tonic::Status;

use crate::{
    kv::StorageFault,
    raft::{Cause, Replica, Unavailable},
    types::{Rejection, Revision, ServerId},
};

/// What a rejection says on the wire. It reflects a revision, if it has seen the state.
pub(super) fn rejected(
    rejection: &Rejection,
    revision: Option<Revision>,
    server: ServerId,
) -> Status {
    let mut info = info(rejection).with(errors::NODE, server);
    if let Some(revision) = revision {
        info = info.with(errors::REVISION, revision);
    }
    info.status(rejection.to_string())
}

/// The reason and the values of a rejection.
pub(super) fn info(rejection: &Rejection) -> Info {
    match rejection {
        Rejection::NotFound => Info::new(Reason::NotFound),
        Rejection::NoRevision => Info::new(Reason::NotFound).with(errors::WHY, errors::REVISION),
        Rejection::AlreadyExists => Info::new(Reason::AlreadyExists),
        Rejection::NotADirectory => Info::new(Reason::NotADirectory),
        Rejection::IsADirectory => Info::new(Reason::IsADirectory),
        Rejection::NotEmpty => Info::new(Reason::NotEmpty),
        Rejection::Cycle => Info::new(Reason::Cycle),
        Rejection::Conflict { current } => {
            Info::new(Reason::Conflict).with(errors::CURRENT_REV, current)
        }
        Rejection::NameInvalid(why) => {
            let info = Info::new(Reason::NameInvalid).with(errors::WHY, why.why());
            match why.field() {
                Some(field) => info.with(errors::FIELD, field),
                None => info,
            }
        }
        Rejection::LimitExceeded { limit, value } => Info::new(Reason::LimitExceeded)
            .with(errors::LIMIT, limit)
            .with(errors::LIMIT_VALUE, value),
        Rejection::PreconditionFailed => Info::new(Reason::PreconditionFailed),
        Rejection::QuotaExceeded { directory, of, value } => Info::new(Reason::QuotaExceeded)
            .with(errors::DIRECTORY, directory)
            .with(errors::QUOTA, of)
            .with(errors::QUOTA_VALUE, value),
        Rejection::RevisionCompacted { oldest } => {
            Info::new(Reason::RevisionCompacted).with(errors::OLDEST_REVISION, oldest)
        }
        Rejection::CursorReset { revision } => {
            Info::new(Reason::CursorReset).with(errors::RESET_REVISION, revision)
        }
        Rejection::LockHeld { client, token, expires_ms } => Info::new(Reason::LockHeld)
            .with(errors::CLIENT, client)
            .with(errors::TOKEN, token)
            .with(errors::EXPIRES_MS, expires_ms),
        Rejection::TokenStale { token } => Info::new(Reason::TokenStale).with(errors::TOKEN, token),
        Rejection::SessionExpired => Info::new(Reason::SessionExpired),
        Rejection::Step { index, rejection } => info(rejection).with(errors::STEP, index),
    }
}

/// No answer: whether to ask again, and where.
pub(super) fn unavailable(unavailable: &Unavailable, server: ServerId) -> Status {
    let (info, message) = match &unavailable.cause {
        Cause::NotLeader { leader, address } => {
            let info = Info::new(Reason::NotLeader).with(errors::LEADER, leader);
            let info = info.with(errors::LEADER_ADDRESS, address);
            (info, format!("node {leader} at {address} leads"))
        }
        Cause::NoLeader => {
            (Info::new(Reason::NoLeader), "no leader with a majority is known".to_owned())
        }
        Cause::DiskFull => {
            let why = "the node has no room on its disk: make some, or write through another node";
            (Info::new(Reason::DiskFull), why.to_owned())
        }
        Cause::Overloaded => (Info::new(Reason::Overloaded), "too much to do".to_owned()),
        Cause::Behind { wanted, revision } => {
            let info = Info::new(Reason::Overloaded).with(errors::REVISION, revision);
            (info, format!("node {server} is at revision {revision}, not yet at {wanted}"))
        }
        Cause::ShuttingDown => {
            (Info::new(Reason::ShuttingDown), "the node is shutting down".to_owned())
        }
        Cause::Fault(message) => (Info::new(Reason::StorageFault), message.clone()),
    };
    let info = info.with(errors::NODE, server);
    info.with(errors::MAYBE_APPLIED, unavailable.maybe_applied).status(message)
}

/// The storage failed while it was read: the replica must stop rather than serve.
pub(super) fn fault(fault: &StorageFault, replica: &Replica) -> Status {
    replica.report(fault);
    unavailable(&Unavailable::fault(fault), replica.member().server)
}

#[cfg(test)]
mod tests {
    use metad_proto::limits;

    use super::*;
    use crate::types::{Field, NameInvalid};

    #[test]
    fn a_proposal_whose_fate_is_unknown_says_so() {
        let lost = Unavailable { cause: Cause::NoLeader, maybe_applied: true };
        let info = Info::of(&unavailable(&lost, ServerId(2))).expect("ours");
        assert_eq!(info.reason, Reason::NoLeader);
        assert_eq!(info.metadata[errors::MAYBE_APPLIED], "true");
    }

    #[test]
    fn what_is_wrong_with_a_request_is_told_to_programs() {
        let told = |rejection: Rejection| {
            let status = rejected(&rejection, None, ServerId(2));
            let mut metadata = Info::of(&status).expect("ours").metadata;
            metadata.remove(errors::NODE);
            (status.message().to_owned(), metadata.into_iter().collect::<Vec<_>>())
        };
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let missing = told(Rejection::NameInvalid(NameInvalid::Missing(Field::Steps)));
        let values = vec![pair("field", "steps"), pair("why", "missing")];
        assert_eq!(missing, ("steps is missing".to_owned(), values));
        let (message, values) = told(Rejection::NoRevision);
        assert!(message.contains("revision"), "{message}");
        assert_eq!(values, [pair("why", "revision")]);
        let (limit, value) = (limits::LOCK_TTL, limits::LOCK_TTL_MS_MIN);
        let (message, _) = told(Rejection::LimitExceeded { limit, value });
        assert_eq!(message, "below the limit lock_ttl_ms, at least 1000");
    }

    #[test]
    fn a_rejected_step_says_which_and_why() {
        let rejection = Box::new(Rejection::Conflict { current: Revision(9) });
        let rejection = Rejection::Step { index: 3, rejection };
        let status = rejected(&rejection, Some(Revision(12)), ServerId(2));
        let info = Info::of(&status).expect("ours");
        assert_eq!(info.reason, Reason::Conflict);
        assert_eq!(info.number(errors::CURRENT_REV), Some(9));
        assert_eq!(info.number(errors::STEP), Some(3));
        assert_eq!(info.number(errors::REVISION), Some(12));
        assert_eq!(info.number(errors::NODE), Some(2));
    }
}
