//! The checkers: what each one promises is in its own module.
//!
//! Invariants: a verdict of `valid` is never given for lack of time or memory; the same
//! history and limits (without a clock) give the same report. Must not read a clock, the
//! environment or files.

mod budget;
mod certificate;
mod durability;
mod explain;
mod journal;
mod linearizable;
mod locks;
mod minimise;
mod replay;
mod search;
mod sessions;
mod stale;
mod streaming;
mod sync;
mod verdict;
mod witness;

use std::collections::BTreeMap;

pub use budget::{Clock, Limits};
pub(crate) use explain::call_of;
pub use replay::{Scene, scenes};
pub use streaming::{NeedsWhole, StreamError, Streamable, Survey, check_stream};
pub(crate) use verdict::shorten;
pub use verdict::{Candidate, Check, Count, Part, Report, Verdict, Violation};

use crate::history::{History, Operation};
use crate::model::{BadOperation, Kind};

/// How to check a history.
#[derive(Clone, Default)]
pub struct Options {
    /// The model; inferred from the history if none.
    pub model: Option<Kind>,
    /// The bounds of the search.
    pub limits: Limits,
    /// Checks a key-value history as one whole, to hold the split by keys against.
    pub whole: bool,
}

/// Checks a history with every checker that has something to say about it.
pub fn check_history(history: &History, options: &Options) -> Result<Report, BadOperation> {
    let model = match options.model {
        Some(model) => model,
        None => Kind::infer(history)?,
    };
    let journals = match model {
        Kind::FileTree => journal::Journals::read(history)?,
        Kind::Register | Kind::Kv => journal::Journals::default(),
    };
    let judged = linearizable::check(history, model, &journals.hints(history), options)?;
    let linearizable::Judged { check, violation, order, places } = judged;
    let mut checks = vec![check];
    checks.extend(journal::check(history, &journals));
    checks.extend(durability::check(history, &journals));
    if model == Kind::FileTree {
        checks.extend(sessions::check(history, order)?);
        checks.extend(locks::check(history)?);
        checks.extend(sync::check(history)?);
    }
    Ok(Report {
        verdict: checks.iter().map(|check| check.verdict).max().unwrap_or(Verdict::Unknown),
        source: history.source.clone(),
        header: history.header.clone(),
        model,
        checks,
        counts: count(history),
        order: places,
        violation,
    })
}

/// Decides linearizability alone, and explains nothing.
pub fn decide(history: &History, options: &Options) -> Result<Verdict, BadOperation> {
    let model = match options.model {
        Some(model) => model,
        None => Kind::infer(history)?,
    };
    let hints = match model {
        Kind::FileTree => journal::Journals::read(history)?.hints(history),
        Kind::Register | Kind::Kv => Default::default(),
    };
    linearizable::decide(history, model, &hints, options)
}

fn count(history: &History) -> Vec<Count> {
    let mut counts = BTreeMap::new();
    for operation in &history.operations {
        tally(&mut counts, operation);
    }
    counts.into_values().collect()
}

/// Counts an operation with those of its kind.
fn tally(counts: &mut BTreeMap<String, Count>, operation: &Operation) {
    let function = &operation.function;
    if !counts.contains_key(function) {
        counts.insert(function.clone(), Count::of(function));
    }
    let count = counts.get_mut(function).expect("put there if it was missing");
    match operation.outcome.kind() {
        "ok" => count.ok += 1,
        "rejected" => count.rejected += 1,
        "fail" => count.fail += 1,
        _ => count.unknown += 1,
    }
}

#[cfg(test)]
mod tests;
