//! What was asked and what was answered: operations read from recorded events.
//!
//! Owns the neutral form of a history that every format is read into and every checker
//! starts from. Invariants: operations are in the order of their invocations; an operation
//! is `Unknown` unless an event closed it; positions are those of the events in the file,
//! which are in the order of time, so that `completed < invoked` means "really before".
//! Knows nothing of models: whether an answer makes sense is not decided here.

mod edn;
mod format;
mod input;
mod jepsen_log;
mod lines;
mod metad;
mod pairing;
mod porcupine;
mod stream;
#[cfg(test)]
mod tests;
mod write;

use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;

use crate::names::Policy;

pub use format::{Format, parse, read_file, read_input};
pub use input::Input;
pub use stream::{Item, Stream};
pub use write::write;

/// A whole recorded history.
#[derive(Debug, Clone)]
pub struct History {
    /// Where it was read from, as the user named it.
    pub source: String,
    /// The form it was written in; it decides what `fail` and a nil read mean.
    pub format: Format,
    /// What the history says of itself.
    pub header: Header,
    /// In the order of invocation.
    pub operations: Vec<Operation>,
    /// What the nemesis did, in the order of time.
    pub faults: Vec<Fault>,
    /// Events in the file: positions are below this.
    pub events_count: u32,
}

impl History {
    /// One of which only the header is kept.
    pub fn unread(source: &str, header: Header) -> History {
        let source = source.to_string();
        let (operations, faults) = (Vec::new(), Vec::new());
        History { source, format: Format::Metad, header, operations, faults, events_count: 0 }
    }
}

/// The first line of a `metad/1` history; empty for other formats.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Header {
    /// The generator that made the load.
    pub workload: Option<String>,
    /// The seed of the run.
    pub seed: Option<u64>,
    /// Nodes in the cluster.
    pub nodes: Option<u64>,
    /// The model to check with.
    pub model: Option<String>,
    /// The kinds of faults that the run drew from.
    pub faults: Vec<String>,
    /// The value of a register before the first write.
    pub initial: Option<Value>,
    /// Namespaces that were there, empty, before the first operation.
    pub namespaces: Vec<InitialNamespace>,
}

/// An empty namespace that is older than the history.
#[derive(Debug, Clone, Serialize)]
pub struct InitialNamespace {
    /// Its id.
    pub id: u64,
    /// The node id of its root directory.
    pub root: u64,
    /// Its name, if known.
    pub name: String,
    /// Which of its names are the same.
    pub policy: Policy,
}

/// One operation, from its invocation to its answer.
#[derive(Debug, Clone)]
pub struct Operation {
    /// The logical client.
    pub process: i64,
    /// What was asked, such as `move`.
    pub function: String,
    /// The key, in formats that keep it beside the value.
    pub key: Option<Value>,
    /// The arguments.
    pub input: Value,
    /// What is known of the answer.
    pub outcome: Outcome,
    /// Position of the invocation among the events.
    pub invoked: u32,
    /// Position of the answer among the events; none if the outcome is unknown.
    pub completed: Option<u32>,
    /// Nanoseconds from the start of the run, where recorded.
    pub invoked_time_ns: Option<i64>,
    /// Nanoseconds from the start of the run, where recorded; also of an `info` event.
    pub completed_time_ns: Option<i64>,
    /// Line of the invocation in the file.
    pub line: u32,
    /// Identifies the request for exactly-once effect.
    pub request: Option<RequestId>,
    /// The revision that the answer claims to reflect.
    pub revision: Option<u64>,
    /// The node that answered.
    pub node: Option<u64>,
}

/// A client's request, the same for all of its retries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct RequestId {
    /// The client.
    pub client: u64,
    /// Its own count of requests.
    pub sequence: u64,
}

/// What is known of the end of an operation.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It was answered, with this result.
    Ok(Value),
    /// It never happened; the value is what the event carried.
    Fail(Value),
    /// It may have taken effect at any time after its invocation, or never.
    Unknown,
}

impl Outcome {
    /// The name of the kind of outcome, `rejected` told apart from other answers.
    pub fn kind(&self) -> &'static str {
        match self {
            Outcome::Ok(value) if value.get("rejected").is_some() => "rejected",
            Outcome::Ok(_) => "ok",
            Outcome::Fail(_) => "fail",
            Outcome::Unknown => "unknown",
        }
    }
}

/// Something that the nemesis did, or that is worth drawing beside the operations.
#[derive(Debug, Clone, Serialize)]
pub struct Fault {
    /// Position among the events.
    pub position: u32,
    /// Nanoseconds from the start of the run, where recorded.
    pub time_ns: Option<i64>,
    /// What was done: kill, restart, partition, heal, leader, …
    pub function: String,
    /// To whom.
    pub value: Value,
}

/// Why a history could not be read. Always names the file, and the line where it can.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The file could not be opened or read.
    #[error("{path}: cannot read: {reason}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The text is not a history in the given format.
    #[error("{source_name}: line {line}: {reason}")]
    Malformed {
        /// The file, as the user named it.
        source_name: String,
        /// From 1.
        line: u32,
        /// What is wrong, in words.
        reason: String,
    },
}

/// What is wrong at a line, before the file's name is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LineError {
    pub(crate) line: u32,
    pub(crate) reason: String,
}

impl LineError {
    pub(crate) fn new(line: u32, reason: impl Into<String>) -> LineError {
        LineError { line, reason: reason.into() }
    }
}
