//! Linearizability of a history under a model: the two routes, and what they make of it.

use super::Options;
use super::budget::{Budget, Exhausted};
use super::certificate::is_linearization;
use super::explain::explain;
use super::search::{Outcome, search};
use super::stale;
use super::verdict::{Check, Verdict, Violation};
use super::witness::witness;
use crate::history::History;
use crate::model::tree::{self, Claims, Compiled, FileTree, Hints};
use crate::model::{BadOperation, Entry, Kind, Model, kv, register};

const NAME: &str = "linearizable";

/// What is found out, and for a file tree an order that fits, if there is one.
pub(super) struct Judged {
    pub(super) check: Check,
    pub(super) violation: Option<Violation>,
    pub(super) order: Option<Order>,
}

/// A linearization of a file tree's operations.
pub(super) struct Order {
    pub(super) model: FileTree,
    pub(super) entries: Vec<Entry<tree::Operation>>,
    /// Indices of entries.
    pub(super) order: Vec<usize>,
}

impl From<(Check, Option<Violation>)> for Judged {
    fn from((check, violation): (Check, Option<Violation>)) -> Judged {
        Judged { check, violation, order: None }
    }
}

/// Checks a history against a model.
pub(super) fn check(
    history: &History,
    model: Kind,
    hints: &Hints,
    options: &Options,
) -> Result<Judged, BadOperation> {
    let mut budget = Budget::new(&options.limits);
    Ok(match model {
        Kind::Register => {
            let (model, entries) = register::compile(history)?;
            check_parts(history, &model, vec![entries], &mut budget).into()
        }
        Kind::Kv => {
            let (model, entries) = kv::compile(history)?;
            let parts = if options.whole { vec![entries] } else { kv::partition(entries) };
            check_parts(history, &model, parts, &mut budget).into()
        }
        Kind::FileTree => check_tree(history, hints, &mut budget)?,
    })
}

const BY_WITNESS: &str = "in the order of their revisions";
const BY_SEARCH: &str = "by search";

/// Checks parts that are independent of one another: the worst verdict counts.
fn check_parts<M: Model>(
    history: &History,
    model: &M,
    parts: Vec<Vec<Entry<M::Operation>>>,
    budget: &mut Budget,
) -> (Check, Option<Violation>)
where
    M::Operation: Clone,
{
    let parts_count = parts.len();
    let operations_count: usize = parts.iter().map(Vec::len).sum();
    let mut exhausted = None;
    for entries in parts {
        match search(model, &entries, budget) {
            Outcome::Valid { order } => assert_certified(model, &entries, &order),
            Outcome::Invalid(stuck) => {
                return invalid(explain(history, model, &entries, &stuck, budget));
            }
            Outcome::Unknown(reason, _) => exhausted = Some(reason),
        }
    }
    let parts_text = match parts_count {
        0 | 1 => String::new(),
        _ => format!(" in {parts_count} independent parts"),
    };
    match exhausted {
        None => (valid(operations_count, &format!("{BY_SEARCH}{parts_text}")), None),
        Some(reason) => (unknown(reason), None),
    }
}

/// Tries the order that the answers claim; then looks for a claim that time refutes; then
/// tries any order.
fn check_tree(
    history: &History,
    hints: &Hints,
    budget: &mut Budget,
) -> Result<Judged, BadOperation> {
    let Compiled { model, entries, .. } = tree::compile(history, Claims::Judged, hints)?;
    let no_witness = match witness(&model, &entries) {
        Ok(order) => {
            let check = valid(entries.len(), BY_WITNESS);
            let order = Some(Order { model, entries, order });
            return Ok(Judged { check, violation: None, order });
        }
        Err(no_witness) => no_witness,
    };
    // The hints are claims too: what follows does without.
    let Compiled { model, entries, .. } = tree::compile(history, Claims::Judged, &Hints::new())?;
    if let Some(found) = stale::find(&entries) {
        let violation = stale::explain(history, &model, &entries, found, budget);
        return Ok(invalid(without_revisions(history, violation, budget)?).into());
    }
    let stuck = match search(&model, &entries, budget) {
        Outcome::Valid { order } => {
            assert_certified(&model, &entries, &order);
            let check = valid(entries.len(), BY_SEARCH);
            let order = Some(Order { model, entries, order });
            return Ok(Judged { check, violation: None, order });
        }
        Outcome::Unknown(reason, _) => {
            let mut check = unknown(reason);
            check.detail.push_str(&format!("; {no_witness}"));
            return Ok((check, None).into());
        }
        Outcome::Invalid(stuck) => stuck,
    };
    let violation = explain(history, &model, &entries, &stuck, budget);
    Ok(invalid(without_revisions(history, violation, budget)?).into())
}

/// Adds what would be if answers claimed no revisions.
fn without_revisions(
    history: &History,
    mut violation: Violation,
    budget: &Budget,
) -> Result<Violation, BadOperation> {
    let Compiled { model, entries, .. } = tree::compile(history, Claims::Ignored, &Hints::new())?;
    if let Outcome::Valid { .. } = search(&model, &entries, &mut budget.for_side_task()) {
        violation.summary.push_str(REVISIONS_ONLY);
    }
    Ok(violation)
}

const REVISIONS_ONLY: &str = "; without the revisions that the answers claim, an order exists";

fn valid(operations_count: usize, route: &str) -> Check {
    let detail = format!("{operations_count} operations, {route}");
    Check { name: NAME, verdict: Verdict::Valid, detail, findings: Vec::new() }
}

fn unknown(reason: Exhausted) -> Check {
    let detail = reason.describe().to_string();
    Check { name: NAME, verdict: Verdict::Unknown, detail, findings: Vec::new() }
}

fn invalid(violation: Violation) -> (Check, Option<Violation>) {
    let detail = violation.summary.clone();
    let check = Check { name: NAME, verdict: Verdict::Invalid, detail, findings: Vec::new() };
    (check, Some(violation))
}

/// A pass must be one: the search is much less simple than what it is held against here.
fn assert_certified<M: Model>(model: &M, entries: &[Entry<M::Operation>], order: &[usize]) {
    assert!(is_linearization(model, entries, order), "the search found a wrong order");
}
