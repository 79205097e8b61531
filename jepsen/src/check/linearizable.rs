//! Linearizability of a history under a model: the two routes, and what they make of it.

use super::Options;
use super::budget::{Budget, Exhausted};
use super::certificate::is_linearization;
use super::explain::explain;
use super::search::{Outcome, Stuck, furthest, search};
use super::stale;
use super::verdict::{Check, Verdict, Violation};
use super::witness::{repaired, witness};
use crate::history::History;
use crate::model::tree::{self, Claims, Compiled, FileTree, Hints};
use crate::model::{BadOperation, Entry, Kind, Model, kv, register};

const NAME: &str = "linearizable";

/// What is found out, and for a file tree an order that fits, if there is one.
pub(super) struct Judged {
    pub(super) check: Check,
    pub(super) violation: Option<Violation>,
    pub(super) order: Option<Order>,
    /// The same as indices among the history's operations, of any model.
    pub(super) places: Vec<usize>,
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
        Judged { check, violation, order: None, places: Vec::new() }
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
            check_parts(history, &model, vec![entries], &mut budget)
        }
        Kind::Kv => {
            let (model, entries) = kv::compile(history)?;
            let parts = if options.whole { vec![entries] } else { kv::partition(entries) };
            check_parts(history, &model, parts, &mut budget)
        }
        Kind::FileTree => check_tree(history, hints, &mut budget)?,
    })
}

const BY_WITNESS: &str = "in the order of their revisions";
const BY_REPAIR: &str =
    "in the order of their revisions, with those of unknown outcome where they are missed";
const BY_SEARCH: &str = "by search";

/// Checks parts that are independent of one another: the worst verdict counts.
fn check_parts<M: Model>(
    history: &History,
    model: &M,
    parts: Vec<Vec<Entry<M::Operation>>>,
    budget: &mut Budget,
) -> Judged
where
    M::Operation: Clone,
{
    let parts_count = parts.len();
    let operations_count: usize = parts.iter().map(Vec::len).sum();
    let mut exhausted = None;
    let mut placed_count = 0;
    let mut places = Vec::new();
    for entries in parts {
        match search(model, &entries, budget) {
            Outcome::Valid { order } => {
                assert_certified(model, &entries, &order);
                placed_count += order.len();
                places.extend(order.iter().map(|place| entries[*place].index));
            }
            Outcome::Invalid(_) if !budget.explains() => return (stuck_unexplained(), None).into(),
            Outcome::Invalid(stuck) => {
                let plain = furthest(model, &entries, &mut budget.for_side_task());
                let stuck = plain.unwrap_or(stuck);
                return invalid(explain(history, model, &entries, &stuck, budget)).into();
            }
            Outcome::Unknown(reason, stuck) => {
                exhausted = Some(reason);
                placed_count += stuck.order.len();
            }
        }
    }
    let parts_text = match parts_count {
        0 | 1 => String::new(),
        _ => format!(" in {parts_count} independent parts"),
    };
    match exhausted {
        None => {
            let check = valid(operations_count, &format!("{BY_SEARCH}{parts_text}"));
            Judged { check, violation: None, order: None, places }
        }
        Some(reason) => (unknown(reason, placed_count, operations_count), None).into(),
    }
}

/// What is found out about a file tree, before it is put into words.
enum Found {
    Valid(Box<Order>, &'static str),
    Stale(Box<Compiled>, stale::Stale),
    Stuck(Box<Compiled>, Box<Stuck<tree::State>>),
    Unknown(String),
}

/// Only the verdict on a history, without an explanation.
pub(super) fn decide(
    history: &History,
    model: Kind,
    hints: &Hints,
    options: &Options,
) -> Result<Verdict, BadOperation> {
    if model != Kind::FileTree {
        let limits = super::Limits { explanations: false, ..options.limits.clone() };
        let options = Options { limits, ..options.clone() };
        return Ok(check(history, model, hints, &options)?.check.verdict);
    }
    Ok(match judge_tree(history, hints, &mut Budget::new(&options.limits))? {
        Found::Valid(..) => Verdict::Valid,
        Found::Stale(..) | Found::Stuck(..) => Verdict::Invalid,
        Found::Unknown(_) => Verdict::Unknown,
    })
}

fn check_tree(
    history: &History,
    hints: &Hints,
    budget: &mut Budget,
) -> Result<Judged, BadOperation> {
    Ok(match judge_tree(history, hints, budget)? {
        Found::Valid(order, route) => {
            let check = valid(order.entries.len(), route);
            let places = order.order.iter().map(|place| order.entries[*place].index).collect();
            Judged { check, violation: None, order: Some(*order), places }
        }
        Found::Unknown(detail) => {
            let verdict = Verdict::Unknown;
            (Check { name: NAME, verdict, detail, findings: Vec::new() }, None).into()
        }
        Found::Stale(compiled, found) => {
            let Compiled { model, entries, .. } = *compiled;
            let violation = stale::explain(history, &model, &entries, found, budget);
            invalid(without_revisions(history, violation, budget)?).into()
        }
        Found::Stuck(compiled, stuck) => {
            let Compiled { model, entries, .. } = *compiled;
            let violation = explain(history, &model, &entries, &stuck, budget);
            invalid(without_revisions(history, violation, budget)?).into()
        }
    })
}

/// Tries the order that the answers claim; then looks for a claim that time refutes; then
/// searches: without any claims, with guesses of what was not claimed, and with the claims alone.
fn judge_tree(
    history: &History,
    hints: &Hints,
    budget: &mut Budget,
) -> Result<Found, BadOperation> {
    let Compiled { model, entries, .. } = tree::compile(history, Claims::Judged, hints)?;
    let no_witness = match witness(&model, &entries) {
        Ok(order) => {
            let order = Box::new(Order { model, entries, order });
            return Ok(Found::Valid(order, BY_WITNESS));
        }
        Err(no_witness) => no_witness,
    };
    // The hints are claims too: what follows does without.
    let claiming = tree::compile(history, Claims::Judged, &Hints::new())?;
    if let Some(found) = stale::find(&claiming.entries) {
        return Ok(Found::Stale(Box::new(claiming), found));
    }
    let mut guessed = entries.clone();
    tree::assume_sightings(&mut guessed);
    if let Ok(order) = repaired(&model, &guessed, &mut budget.part(2))
        && is_linearization(&model, &entries, &order)
    {
        let order = Box::new(Order { model, entries, order });
        return Ok(Found::Valid(order, BY_REPAIR));
    }
    // An order that fits without claims is asked for first: there the operations depend on
    // one another by names alone. Then it is held that claims grow, and at last all of them.
    let is_last = !claiming.tells_revisions;
    let described = |reason: Exhausted, stuck: &Stuck<tree::State>| {
        format!("{}; {no_witness}", describe(reason, stuck.order.len(), claiming.entries.len()))
    };
    let mut free = tree::compile(history, Claims::Ignored, &Hints::new())?;
    for with_order_of_claims in [false, true] {
        for (entry, claiming) in free.entries.iter_mut().zip(&claiming.entries) {
            entry.claim = claiming.claim.filter(|_| with_order_of_claims);
        }
        let mut part = budget.part(if is_last { 1 } else { 3 });
        let order = match search(&free.model, &free.entries, &mut part) {
            Outcome::Invalid(stuck) => return Ok(Found::Stuck(Box::new(free), Box::new(stuck))),
            Outcome::Valid { order } if is_last => return Ok(valid_by_search(free, order)),
            Outcome::Unknown(reason, stuck) if is_last => {
                return Ok(Found::Unknown(described(reason, &stuck)));
            }
            Outcome::Valid { order } => Some(order),
            Outcome::Unknown(..) => None,
        };
        let mut part = budget.part(3);
        if let Some(order) = order
            && let Some(order) = certify(&claiming, order, &mut part)
        {
            return Ok(valid_by_search(claiming, order));
        }
    }
    Ok(match search(&claiming.model, &claiming.entries, budget) {
        Outcome::Valid { order } => valid_by_search(claiming, order),
        Outcome::Unknown(reason, stuck) => Found::Unknown(described(reason, &stuck)),
        Outcome::Invalid(stuck) => Found::Stuck(Box::new(claiming), Box::new(stuck)),
    })
}

fn valid_by_search(compiled: Compiled, order: Vec<usize>) -> Found {
    let Compiled { model, entries, .. } = compiled;
    assert_certified(&model, &entries, &order);
    Found::Valid(Box::new(Order { model, entries, order }), BY_SEARCH)
}

/// An order that fits with all claims, near one that fits without.
fn certify(compiled: &Compiled, order: Vec<usize>, budget: &mut Budget) -> Option<Vec<usize>> {
    match is_linearization(&compiled.model, &compiled.entries, &order) {
        true => Some(order),
        false => search_with_guesses(compiled, Some(&order), budget),
    }
}

/// An order that fits, found with guesses. They are no part of it.
fn search_with_guesses(
    compiled: &Compiled,
    free_order: Option<&[usize]>,
    budget: &mut Budget,
) -> Option<Vec<usize>> {
    let Compiled { model, entries, .. } = compiled;
    let mut guessed = entries.clone();
    tree::assume_guesses(&mut guessed, free_order);
    match search(model, &guessed, budget) {
        Outcome::Valid { order } => is_linearization(model, entries, &order).then_some(order),
        Outcome::Invalid(_) | Outcome::Unknown(..) => None,
    }
}

fn describe(reason: Exhausted, placed_count: usize, operations_count: usize) -> String {
    format!("{} with {placed_count} of {operations_count} operations in order", reason.describe())
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

/// What is said of a history that the witness has certified.
pub(super) fn certified(operations_count: usize) -> Check {
    valid(operations_count, BY_WITNESS)
}

fn valid(operations_count: usize, route: &str) -> Check {
    let detail = format!("{operations_count} operations, {route}");
    Check { name: NAME, verdict: Verdict::Valid, detail, findings: Vec::new() }
}

fn unknown(reason: Exhausted, placed_count: usize, operations_count: usize) -> Check {
    let detail = describe(reason, placed_count, operations_count);
    Check { name: NAME, verdict: Verdict::Unknown, detail, findings: Vec::new() }
}

fn stuck_unexplained() -> Check {
    let detail = "no order explains the answers".to_string();
    Check { name: NAME, verdict: Verdict::Invalid, detail, findings: Vec::new() }
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
