//! What a failed attempt tells: the one place that reads gRPC statuses.

use metad_proto::{
    errors::{self, Class, Info, Reason},
    limits, transport,
};
use tonic::{Code, Status};

use super::endpoints::Leader;

/// Why an attempt has no reply.
#[derive(Debug)]
pub enum Failure {
    /// The answer.
    Rejected { info: Info, message: String },
    /// Retry.
    Unavailable { maybe_applied: bool, next: Next, node: Option<u64>, message: String },
    /// No retry helps: the two sides do not understand one another.
    Foreign { message: String },
}

/// Who to ask next.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// The one just asked: it only is busy.
    Same,
    /// Somebody else.
    Other,
    /// The one that it named.
    Leader(Leader),
}

/// Reads a status.
pub fn of_status(status: &Status) -> Failure {
    match Info::of(status) {
        Some(info) => of_info(info, status.message()),
        None => of_transport(status),
    }
}

/// What it means that an attempt ran out of time: anything may have happened.
pub fn of_timeout(address: &str) -> Failure {
    Failure::Unavailable {
        maybe_applied: true,
        next: Next::Other,
        node: None,
        message: format!("no answer from {address}"),
    }
}

fn of_info(info: Info, message: &str) -> Failure {
    if is_full(&info) {
        let (maybe_applied, next, node) = (false, Next::Other, info.number(errors::NODE));
        return Failure::Unavailable { maybe_applied, next, node, message: message.to_owned() };
    }
    if info.reason.class() == Class::Rejected {
        return Failure::Rejected { info, message: message.to_owned() };
    }
    let next = match info.reason {
        Reason::Overloaded => Next::Same,
        Reason::NotLeader | Reason::NoLeader => {
            named_leader(&info).map_or(Next::Other, Next::Leader)
        }
        _ => Next::Other,
    };
    // Only a plain "false" is proof.
    let refused = info.metadata.get(errors::MAYBE_APPLIED).is_some_and(|text| text == "false");
    Failure::Unavailable {
        maybe_applied: !refused,
        next,
        node: info.number(errors::NODE),
        message: format!("{message} ({})", info.reason),
    }
}

/// One node has as many subscribers as it serves: another may have room.
fn is_full(info: &Info) -> bool {
    let limit = info.metadata.get(errors::LIMIT);
    info.reason == Reason::LimitExceeded && limit.is_some_and(|limit| limit == limits::SUBSCRIBERS)
}

fn named_leader(info: &Info) -> Option<Leader> {
    let node = info.number(errors::LEADER).filter(|node| *node != 0)?;
    let address = info.metadata.get(errors::LEADER_ADDRESS).filter(|text| !text.is_empty());
    Some(Leader { node, address: address.cloned() })
}

fn of_transport(status: &Status) -> Failure {
    let message = match status.message() {
        "" => status.code().description().to_owned(),
        message => message.to_owned(),
    };
    match status.code() {
        Code::Unimplemented | Code::OutOfRange | Code::InvalidArgument => {
            Failure::Foreign { message }
        }
        _ => Failure::Unavailable {
            maybe_applied: !transport::never_sent(status),
            next: Next::Other,
            node: None,
            message,
        },
    }
}

/// May this rejection be taken as the answer although an earlier attempt may have been
/// applied? Not if it was decided without looking for that attempt's outcome.
pub fn answers_retry(reason: Reason) -> bool {
    !matches!(
        reason,
        Reason::SessionExpired
            | Reason::PermissionDenied
            | Reason::Unauthenticated
            | Reason::TlsRequired
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn maybe_applied(failure: &Failure) -> bool {
        matches!(failure, Failure::Unavailable { maybe_applied: true, .. })
    }

    #[test]
    fn only_proof_counts_as_not_applied() {
        let not_leader = Info::new(Reason::NotLeader);
        assert!(maybe_applied(&of_status(&not_leader.status("no"))));
        let proven = not_leader.with(errors::MAYBE_APPLIED, false);
        assert!(!maybe_applied(&of_status(&proven.status("no"))));
        assert!(maybe_applied(&of_status(&Status::unavailable("connection reset"))));
        assert!(maybe_applied(&of_timeout("a")));
    }

    #[test]
    fn a_fault_is_retried_elsewhere_and_may_have_been_applied() {
        let failure = of_status(&Info::new(Reason::StorageFault).status("disk"));
        let Failure::Unavailable { maybe_applied: true, next: Next::Other, .. } = failure else {
            panic!("{failure:?}");
        };
    }

    #[test]
    fn the_leader_is_read() {
        let info = Info::new(Reason::NotLeader)
            .with(errors::LEADER, 3)
            .with(errors::LEADER_ADDRESS, "127.0.0.1:7103");
        let Failure::Unavailable { next: Next::Leader(leader), .. } = of_status(&info.status(""))
        else {
            panic!("expected a leader");
        };
        assert_eq!(leader, Leader { node: 3, address: Some("127.0.0.1:7103".to_owned()) });
    }
}
