//! Linearizability of a history under a model: the two routes, and what they make of it.

use super::Options;
use super::budget::Budget;
use super::explain::explain;
use super::search::{Outcome, search};
use super::verdict::{Check, Verdict, Violation};
use super::witness::witness;
use crate::history::History;
use crate::model::{BadOperation, Entry, Kind, Model, kv, register};

const NAME: &str = "linearizable";

/// Checks a history against a model.
pub(super) fn check(
    history: &History,
    model: Kind,
    options: &Options,
) -> Result<(Check, Option<Violation>), BadOperation> {
    let mut budget = Budget::new(&options.limits);
    Ok(match model {
        Kind::Register => {
            let (model, entries) = register::compile(history)?;
            check_parts(history, &model, vec![entries], &mut budget)
        }
        Kind::Kv => {
            let (model, entries) = kv::compile(history)?;
            let parts = if options.whole { vec![entries] } else { kv::partition(entries) };
            check_parts(history, &model, parts, &mut budget)
        }
        Kind::FileTree => return Err(BadOperation::new(1, "the file-tree model is not there yet")),
    })
}

/// Checks parts that are independent of one another: the worst verdict counts.
fn check_parts<M: Model>(
    history: &History,
    model: &M,
    parts: Vec<Vec<Entry<M::Operation>>>,
    budget: &mut Budget,
) -> (Check, Option<Violation>) {
    let parts_count = parts.len();
    let operations_count: usize = parts.iter().map(Vec::len).sum();
    let mut unknown = None;
    for entries in parts {
        match decide(model, &entries, budget) {
            Outcome::Valid { .. } => {}
            Outcome::Invalid(stuck) => {
                let violation = explain(history, model, &entries, &stuck, budget);
                let check = Check {
                    name: NAME,
                    verdict: Verdict::Invalid,
                    detail: violation.summary.clone(),
                    findings: Vec::new(),
                };
                return (check, Some(violation));
            }
            Outcome::Unknown(exhausted, _) => unknown = Some(exhausted),
        }
    }
    let (verdict, detail) = match unknown {
        None if parts_count > 1 => (
            Verdict::Valid,
            format!("{operations_count} operations in {parts_count} independent parts"),
        ),
        None => (Verdict::Valid, format!("{operations_count} operations")),
        Some(exhausted) => (Verdict::Unknown, exhausted.describe().to_string()),
    };
    (Check { name: NAME, verdict, detail, findings: Vec::new() }, None)
}

fn decide<M: Model>(
    model: &M,
    entries: &[Entry<M::Operation>],
    budget: &mut Budget,
) -> Outcome<M::State> {
    match witness(model, entries) {
        Ok(order) => Outcome::Valid { order },
        Err(_) => search(model, entries, budget),
    }
}
