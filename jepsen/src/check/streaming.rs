//! Checks a history as it is read, where that is enough.
//!
//! The witness needs an operation and what overlaps with it, not the whole history. Whatever
//! needs more makes the caller read the history as a whole: journals, locks, replicas and reads
//! of earlier states, which have checkers of their own, and an order of the claims that does not fit.

use std::collections::BTreeMap;
use std::io::BufRead;

use super::journal::remarks;
use super::verdict::{Check, Count, Report, Verdict};
use super::witness::{NoWitness, Streamed};
use super::{linearizable, tally};
use crate::history::{HistoryError, Item, Operation, Stream};
use crate::model::tree::{Compiler, Hints};
use crate::model::{BadOperation, Kind};

/// What came of reading a history as a stream.
#[derive(Debug)]
pub enum Streamable {
    /// It is valid: everything that there is to be checked was.
    Certified(Box<Report>),
    /// It must be read as a whole.
    NeedsWhole(NeedsWhole),
}

/// Why a stream was not enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NeedsWhole {
    /// This operation needs what was before, or is not of the tree.
    Operation(String),
    /// The claims are no certificate, in words.
    NotCertified(String),
}

/// Why a history could not be read.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// It is malformed.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The model cannot read an operation.
    #[error(transparent)]
    Operation(#[from] BadOperation),
}

/// What must be known of a history of a file tree before it is read as a stream.
#[derive(Debug, Default)]
pub struct Survey {
    hints: Hints,
}

/// In lines with one of these, something may be that needs the whole history.
const BEYOND: &[&str] = &[
    "\"journal\"",
    "\"subscribe\"",
    "\"wait_for_change\"",
    "\"replica\"",
    "_lock\"",
    "\"list_locks\"",
    "\"fences\"",
    "\"at_least\"",
];

impl Survey {
    /// Looks through the lines of a history. None if it should be read as a whole; to miss
    /// that costs time, and nothing else.
    pub fn of(source: &str, mut lines: impl BufRead) -> Result<Option<Survey>, HistoryError> {
        let finders: Vec<_> = BEYOND.iter().map(memchr::memmem::Finder::new).collect();
        let remark = memchr::memmem::Finder::new(remarks::TOOK_EFFECT);
        let mut remarked = String::from("{\"history\":\"metad/1\"}\n");
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = lines.read_until(b'\n', &mut line);
            let unreadable = |error: std::io::Error| HistoryError::Unreadable {
                path: source.into(),
                reason: error.to_string(),
            };
            if read.map_err(unreadable)? == 0 {
                break;
            }
            if finders.iter().any(|finder| finder.find(&line).is_some()) {
                return Ok(None);
            }
            if remark.find(&line).is_some() {
                remarked.push_str(&String::from_utf8_lossy(&line));
            }
        }
        Ok(Some(Survey { hints: read_remarks(source, &remarked) }))
    }
}

/// What does not read as a remark is none; the stream will say what is wrong with it.
fn read_remarks(source: &str, remarked: &str) -> Hints {
    let Ok(mut stream) = Stream::new(source, remarked.as_bytes()) else { return Hints::new() };
    let mut faults = Vec::new();
    while let Ok(Some(item)) = stream.advance() {
        if let Item::Fault(fault) = item {
            faults.push(fault);
        }
    }
    remarks::hints(&faults)
}

/// Checks a history of a file tree by its claims alone, as it is read.
pub fn check_stream(mut stream: Stream<'_>, survey: &Survey) -> Result<Streamable, StreamError> {
    let (model, compiler) = Compiler::of_stream(stream.header(), &survey.hints);
    let mut witness = Streamed::new(&model);
    let mut counts = BTreeMap::new();
    let mut compiled_count = 0;
    while let Some(item) = stream.advance()? {
        match item {
            Item::Opened(index) => witness.open(index),
            Item::Fault(_) => {}
            Item::Closed(_, operation) if is_beyond(&operation) => {
                return Ok(needs_whole(&operation));
            }
            Item::Closed(index, operation) => {
                let compiled = compiler.compile(index, &operation)?;
                if compiled.as_ref().is_some_and(|compiled| compiled.asks_beyond_now()) {
                    return Ok(needs_whole(&operation));
                }
                tally(&mut counts, &operation);
                compiled_count += usize::from(compiled.is_some());
                let closed = witness.close(index, compiled.map(|compiled| compiled.entry));
                if let Err(no_witness) = closed {
                    return Ok(not_certified(&no_witness));
                }
            }
        }
    }
    if let Err(no_witness) = witness.finish() {
        return Ok(not_certified(&no_witness));
    }
    let check = linearizable::certified(compiled_count);
    Ok(Streamable::Certified(Box::new(report(&stream, check, counts))))
}

fn report(stream: &Stream<'_>, check: Check, counts: BTreeMap<String, Count>) -> Report {
    Report {
        verdict: Verdict::Valid,
        source: stream.source().to_string(),
        header: stream.header().clone(),
        model: Kind::FileTree,
        checks: vec![check],
        counts: counts.into_values().collect(),
        order: Vec::new(),
        violation: None,
    }
}

/// Whether another checker has a say in an operation.
fn is_beyond(operation: &Operation) -> bool {
    let function = operation.function.as_str();
    matches!(function, "journal" | "subscribe" | "replica")
        || function.contains("lock")
        || operation.input.get("fences").is_some()
}

fn needs_whole(operation: &Operation) -> Streamable {
    Streamable::NeedsWhole(NeedsWhole::Operation(operation.function.clone()))
}

fn not_certified(no_witness: &NoWitness) -> Streamable {
    Streamable::NeedsWhole(NeedsWhole::NotCertified(no_witness.to_string()))
}
