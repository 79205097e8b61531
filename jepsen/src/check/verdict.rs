//! What a check says in the end.

use serde::Serialize;
use serde_json::Value;

use crate::history::Header;
use crate::model::Kind;

/// Whether a history fits. The order is that of badness: a report is as bad as its worst check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It fits.
    Valid,
    /// The check could not tell within its bounds. Never to be taken for a pass.
    Unknown,
    /// It does not fit.
    Invalid,
}

impl Verdict {
    /// The word that is printed.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Valid => "valid",
            Verdict::Unknown => "unknown",
            Verdict::Invalid => "invalid",
        }
    }
}

/// Everything that was found out about a history.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The worst of the checks.
    pub verdict: Verdict,
    /// The file, as the user named it.
    pub source: String,
    /// What the history says of itself.
    pub header: Header,
    /// The model that the operations were held against.
    pub model: Kind,
    /// Each check with its own verdict.
    pub checks: Vec<Check>,
    /// How many operations of each kind ended how.
    pub counts: Vec<Count>,
    /// An order that explains the answers, if one was found: indices of operations.
    #[serde(skip)]
    pub order: Vec<usize>,
    /// The first violation, if there is one.
    pub violation: Option<Violation>,
}

/// One check of a history.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    /// linearizable, journal, durability, sessions, locks, sync.
    pub name: &'static str,
    /// What it says.
    pub verdict: Verdict,
    /// How it came to that, in a line.
    pub detail: String,
    /// What is wrong, a line each; not all of it if there is too much.
    pub findings: Vec<String>,
}

/// Operations of one kind by outcome.
#[derive(Debug, Clone, Serialize)]
pub struct Count {
    /// The kind of operation.
    pub function: String,
    /// Answered.
    pub ok: u64,
    /// Refused, which is an answer too.
    pub rejected: u64,
    /// Never happened.
    pub fail: u64,
    /// Nobody knows.
    pub unknown: u64,
}

impl Count {
    /// None yet.
    pub(super) fn of(function: &str) -> Count {
        Count { function: function.to_string(), ok: 0, rejected: 0, fail: 0, unknown: 0 }
    }
}

/// Why no order of the operations explains the answers.
#[derive(Debug, Clone, Serialize)]
pub struct Violation {
    /// In one sentence.
    pub summary: String,
    /// The longest order that fits: indices among the history's operations.
    pub prefix: Vec<usize>,
    /// The state after it, a line for each thing in it.
    pub state: Vec<String>,
    /// Each operation that could come next in time, and why its answer does not fit.
    pub candidates: Vec<Candidate>,
    /// A small part of the history that does not fit by itself, if one was found in time.
    pub minimal: Option<Part>,
    /// Position among the events of the answer that no order gets past.
    pub position: u32,
}

/// A part of a history that no order explains, whatever all other operations did. Operations are
/// told by their indices.
#[derive(Debug, Clone, Serialize)]
pub struct Part {
    /// In the order of invocation.
    pub operations: Vec<usize>,
    /// Without any one of them, whichever it is, an order exists.
    pub is_minimal: bool,
    /// So many operations of the longest order that fits come before it; none: it does not fit
    /// with anything that may have been before.
    pub after: usize,
    /// What those leave where the part touches it, a line for each thing.
    pub before: Vec<String>,
    /// What can follow, in this order; of the other operations only what is needed for that.
    pub order: Vec<usize>,
    /// Each of the part that could come next in time, and why its answer does not fit.
    pub next: Vec<Candidate>,
}

/// An operation that could have come next.
#[derive(Debug, Clone, Serialize)]
pub struct Candidate {
    /// Index among the history's operations.
    pub operation: usize,
    /// The operation, its arguments and its answer, in a line.
    pub text: String,
    /// What it would have needed.
    pub needs: String,
}

/// A JSON value in a line, cut off where it is long.
pub(crate) fn shorten(value: &Value, bytes_max: usize) -> String {
    let mut text = value.to_string();
    if text.len() > bytes_max {
        let end = (0..=bytes_max).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}
