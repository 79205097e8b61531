//! The stable error reasons and how they travel: a gRPC status with a
//! `google.rpc.ErrorInfo` of domain `metad`.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    str::FromStr,
};

use bytes::Bytes;
use prost::Message as _;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// The `domain` of every ErrorInfo.
pub const DOMAIN: &str = "metad";

/// Metadata key: `true` if an unavailable call may have had its effect all the same.
pub const MAYBE_APPLIED: &str = "maybe_applied";
/// Metadata key: the revision that a rejection reflects.
pub const REVISION: &str = "revision";
/// Metadata key: the node that answered.
pub const NODE: &str = "node";
/// Metadata key: the leader's id, where it is known.
pub const LEADER: &str = "leader";
/// Metadata key: the leader's address, where it is known.
pub const LEADER_ADDRESS: &str = "leader_address";
/// Metadata key: the position of the refused step in its mutation, from 0.
pub const STEP: &str = "step";
/// Metadata key: what is wrong with an argument, in one word; of `NOT_FOUND`, `revision` if it is
/// the revision that is not there.
pub const WHY: &str = "why";
/// Metadata key: the field of the request that is missing, or has a value that is not known.
pub const FIELD: &str = "field";
/// Metadata key: the node's present rev.
pub const CURRENT_REV: &str = "current_rev";
/// Metadata key: the oldest revision that can be read.
pub const OLDEST_REVISION: &str = "oldest_revision";
/// Metadata key: the revision to list at, and to read the journal on from.
pub const RESET_REVISION: &str = "reset_revision";
/// Metadata key: the id of the directory whose quota it is.
pub const DIRECTORY: &str = "directory";
/// Metadata key: what the quota bounds, [`NODES`] or [`BYTES`].
pub const QUOTA: &str = "quota";
/// Metadata key: the value of the quota that was exceeded.
pub const QUOTA_VALUE: &str = "quota_value";
/// See [`QUOTA`].
pub const NODES: &str = "nodes";
/// See [`QUOTA`].
pub const BYTES: &str = "bytes";
/// Metadata key: the session that holds the lock.
pub const CLIENT: &str = "client_id";
/// Metadata key: the fencing token: of who holds the lock, or the stale one.
pub const TOKEN: &str = "token";
/// Metadata key: replicated time at which the lock ends, milliseconds since 1970.
pub const EXPIRES_MS: &str = "expires_ms";
/// Metadata key: the name of the limit that was exceeded.
pub const LIMIT: &str = "limit";
/// Metadata key: the value of the limit that was exceeded.
pub const LIMIT_VALUE: &str = "limit_value";

/// What a caller may conclude from an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The answer: nothing changed, and a retry gets the same.
    Rejected,
    /// Retry, perhaps elsewhere; `maybe_applied` says whether it may have happened.
    Unavailable,
    /// A replica's storage cannot be trusted: it stops rather than serve.
    Fault,
}

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $variant:ident = $text:literal, $class:ident, $code:ident;)+) => {
        /// Why a call did not succeed. The names are part of the API: none is ever reused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason { $($(#[doc = $doc])+ $variant,)+ }

        impl Reason {
            /// All of them.
            pub const ALL: &[Reason] = &[$(Reason::$variant,)+];
            /// The name on the wire, such as `NOT_FOUND`.
            pub fn as_str(self) -> &'static str {
                match self { $(Reason::$variant => $text,)+ }
            }
            /// What a caller may conclude from it.
            pub fn class(self) -> Class {
                match self { $(Reason::$variant => Class::$class,)+ }
            }
            /// Its help page: what it means and what to do, in Markdown.
            pub fn help(self) -> &'static str {
                match self {
                    $(Reason::$variant => {
                        include_str!(concat!("../../docs/errors/", $text, ".md"))
                    })+
                }
            }
            /// The gRPC code that carries it.
            pub fn code(self) -> Code {
                match self { $(Reason::$variant => Code::$code,)+ }
            }
        }
    };
}

reasons! {
    /// No such namespace or node.
    NotFound = "NOT_FOUND", Rejected, NotFound;
    /// The name is taken.
    AlreadyExists = "ALREADY_EXISTS", Rejected, AlreadyExists;
    /// A directory is needed here.
    NotADirectory = "NOT_A_DIRECTORY", Rejected, FailedPrecondition;
    /// A file is needed here.
    IsADirectory = "IS_A_DIRECTORY", Rejected, FailedPrecondition;
    /// The directory has entries.
    NotEmpty = "NOT_EMPTY", Rejected, FailedPrecondition;
    /// A directory cannot go under itself.
    Cycle = "CYCLE", Rejected, FailedPrecondition;
    /// The rev given is not the current one.
    Conflict = "CONFLICT", Rejected, Aborted;
    /// A precondition of the batch does not hold.
    PreconditionFailed = "PRECONDITION_FAILED", Rejected, FailedPrecondition;
    /// Not a valid name, path or argument.
    NameInvalid = "NAME_INVALID", Rejected, InvalidArgument;
    /// Beyond a limit of the service.
    LimitExceeded = "LIMIT_EXCEEDED", Rejected, ResourceExhausted;
    /// Beyond a quota.
    QuotaExceeded = "QUOTA_EXCEEDED", Rejected, ResourceExhausted;
    /// The revision is no longer kept.
    RevisionCompacted = "REVISION_COMPACTED", Rejected, OutOfRange;
    /// The cursor is older than the journal: list, and go on from there.
    CursorReset = "CURSOR_RESET", Rejected, OutOfRange;
    /// Another client holds the lock.
    LockHeld = "LOCK_HELD", Rejected, Aborted;
    /// The fencing token has been superseded.
    TokenStale = "TOKEN_STALE", Rejected, Aborted;
    /// The members of the cluster cannot be changed like this now.
    ChangeRefused = "CHANGE_REFUSED", Rejected, FailedPrecondition;
    /// The session is gone, and with it the knowledge of its requests.
    SessionExpired = "SESSION_EXPIRED", Rejected, FailedPrecondition;
    /// Not allowed for this caller.
    PermissionDenied = "PERMISSION_DENIED", Rejected, PermissionDenied;
    /// The caller is not known.
    Unauthenticated = "UNAUTHENTICATED", Rejected, Unauthenticated;
    /// The node serves only those who speak TLS.
    TlsRequired = "TLS_REQUIRED", Rejected, FailedPrecondition;
    /// No leader is known now.
    NoLeader = "NO_LEADER", Unavailable, Unavailable;
    /// Another node leads.
    NotLeader = "NOT_LEADER", Unavailable, Unavailable;
    /// Too much to do: retry later.
    Overloaded = "OVERLOADED", Unavailable, Unavailable;
    /// No room on the node's disk.
    DiskFull = "DISK_FULL", Unavailable, Unavailable;
    /// The node is going away.
    ShuttingDown = "SHUTTING_DOWN", Unavailable, Unavailable;
    /// The replica's storage failed; it stops.
    StorageFault = "STORAGE_FAULT", Fault, Internal;
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Reason {
    type Err = UnknownReason;

    fn from_str(text: &str) -> Result<Self, UnknownReason> {
        let found = Reason::ALL.iter().find(|reason| reason.as_str() == text);
        found.copied().ok_or_else(|| UnknownReason(text.to_owned()))
    }
}

/// A reason that this version does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown error reason {0:?}")]
pub struct UnknownReason(String);

/// What an error says beyond its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// Why.
    pub reason: Reason,
    /// The values to act on, under this module's keys.
    pub metadata: BTreeMap<String, String>,
}

impl Info {
    /// A reason without values.
    pub fn new(reason: Reason) -> Self {
        Info { reason, metadata: BTreeMap::new() }
    }

    /// Adds a value.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl ToString) -> Self {
        self.metadata.insert(key.to_owned(), value.to_string());
        self
    }

    /// The number under a key.
    pub fn number(&self, key: &str) -> Option<u64> {
        self.metadata.get(key)?.parse().ok()
    }

    /// The gRPC status that carries this.
    pub fn status(&self, message: impl Into<String>) -> Status {
        let metadata = self.metadata.clone().into_iter().collect::<HashMap<_, _>>();
        let details = ErrorDetails::with_error_info(self.reason.as_str(), DOMAIN, metadata);
        Status::with_error_details(self.reason.code(), message, details)
    }

    /// Reads it back. None for a status that metad did not make, such as one of the
    /// transport's.
    pub fn of(status: &Status) -> Option<Info> {
        let details = status.get_details_error_info()?;
        if details.domain != DOMAIN {
            return None;
        }
        Some(Info {
            reason: details.reason.parse().ok()?,
            metadata: details.metadata.into_iter().collect(),
        })
    }
}

/// A status as bytes of a google.rpc.Status, for answers inside a stream.
pub fn encode(status: &Status) -> Bytes {
    if !status.details().is_empty() {
        return Bytes::copy_from_slice(status.details());
    }
    let (code, message) = (status.code() as i32, status.message().to_owned());
    let bytes = tonic_types::Status { code, message, details: Vec::new() }.encode_to_vec();
    bytes.into()
}

/// The status that these are the bytes of.
pub fn decode(bytes: Bytes) -> Status {
    match tonic_types::Status::decode(bytes.clone()) {
        Ok(status) => Status::with_details(Code::from(status.code), status.message, bytes),
        Err(error) => Status::internal(format!("an error that cannot be read: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_survives_the_wire() {
        for reason in Reason::ALL {
            let sent = Info::new(*reason).with(CURRENT_REV, 7);
            assert_eq!(Info::of(&sent.status("no")), Some(sent));
        }
    }

    #[test]
    fn every_help_page_says_what_it_is_about_and_of_which_kind() {
        for reason in Reason::ALL {
            let kind = format!("{:?}", reason.class()).to_lowercase();
            assert!(reason.help().starts_with(&format!("# {reason}\n")), "{reason}");
            assert!(reason.help().contains(&format!("**Kind**: {kind}.")), "{reason}");
        }
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/errors");
        let pages = std::fs::read_dir(folder).expect("the pages").count();
        assert_eq!(pages, Reason::ALL.len() + 1, "a page for each reason, and the index");
    }

    #[test]
    fn statuses_survive_a_stream() {
        let info = Info::new(Reason::Conflict).with(CURRENT_REV, 7);
        for status in [info.status("no"), Status::unavailable("gone"), Status::ok("")] {
            let decoded = decode(encode(&status));
            assert_eq!((decoded.code(), decoded.message()), (status.code(), status.message()));
            assert_eq!(Info::of(&decoded), Info::of(&status));
        }
    }

    #[test]
    fn a_foreign_status_has_no_info() {
        assert_eq!(Info::of(&Status::unavailable("connection refused")), None);
    }
}
