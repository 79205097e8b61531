//! How a call ends: a reply, or an error that says what the caller may conclude.

use metad_proto::{
    errors::{self, Info},
    v1,
};

/// An answer, with the revision of the state that it reflects and the node that gave it.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply<T> {
    /// Of a mutation: where it took effect. Of a read or a no-op: what it saw.
    pub revision: u64,
    /// Who answered.
    pub node: u64,
    /// Of a read of level `any`: milliseconds since the node last heard from a leader; else 0.
    pub staleness_ms: u64,
    /// The answer.
    pub value: T,
}

impl<T> Reply<T> {
    /// The same answer with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Reply<U> {
        let Reply { revision, node, staleness_ms, value } = self;
        Reply { revision, node, staleness_ms, value: change(value) }
    }
}

/// Why a call has no reply. The kinds are never mixed: what is not known to have failed is
/// [`Error::Unknown`].
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The answer is no. Nothing changed, and asking again gets the same.
    #[error("{message} ({})", info.reason)]
    Rejected {
        /// The reason, and values to act on.
        info: Info,
        /// For people.
        message: String,
    },
    /// Nobody answered in time. A mutation certainly had no effect, and never will.
    #[error("unavailable: {message}")]
    Unavailable {
        /// What went wrong last.
        message: String,
    },
    /// Nobody answered in time, but some attempt of the mutation may have been carried out,
    /// or may still be.
    #[error("unknown outcome of request {}.{}: {message}", request.client_id, request.sequence)]
    Unknown {
        /// The request, as the journal would name it.
        request: v1::RequestId,
        /// What went wrong last.
        message: String,
    },
    /// The call makes no sense: it was not sent.
    #[error("{0}")]
    Invalid(String),
    /// A node answered what it must not: one side has a bug, or they speak different versions.
    #[error("node {node} broke the protocol: {message}")]
    Fault {
        /// Who, or 0 if that is not known.
        node: u64,
        /// What it did.
        message: String,
    },
}

impl Error {
    /// Why it was rejected, if it was.
    pub fn reason(&self) -> Option<errors::Reason> {
        match self {
            Error::Rejected { info, .. } => Some(info.reason),
            _ => None,
        }
    }

    /// The revision that a rejection reflects, where it reflects one.
    pub fn revision(&self) -> Option<u64> {
        self.number(errors::REVISION)
    }

    /// The node that rejected.
    pub fn node(&self) -> Option<u64> {
        self.number(errors::NODE)
    }

    /// The value of a rejection under one of the keys of [`errors`].
    pub fn number(&self, key: &str) -> Option<u64> {
        match self {
            Error::Rejected { info, .. } => info.number(key),
            _ => None,
        }
    }
}
