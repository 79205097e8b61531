//! Holds what a journal tells of copies against the tree that they were made from.
//!
//! Level by level, the children of a directory by their names: so a parent is told before
//! its children, and what is told can be compared in one pass.

use std::collections::{BTreeMap, VecDeque};

use serde_json::Value;

use super::Journal;
use super::pages::{Change, ChangeKind, namespace_of};
use super::replayed::{Found, Replayed};
use crate::history::{History, Operation, Outcome, RequestId};

/// The copies of one namespace that were asked for outside of batches, by their requests.
pub(super) struct Copies<'h> {
    by_request: BTreeMap<RequestId, &'h Operation>,
}

impl<'h> Copies<'h> {
    pub(super) fn of(history: &'h History, ns: u64) -> Copies<'h> {
        let is_copy = |operation: &&Operation| {
            operation.function == "copy"
                // What was there before is no longer in the tree.
                && operation.input.get("at_revision").and_then(Value::as_u64).unwrap_or(0) == 0
                && namespace_of(operation) == Some(ns)
                && !matches!(operation.outcome, Outcome::Fail(_))
        };
        let copies = history.operations.iter().filter(is_copy);
        Copies { by_request: copies.filter_map(|copy| Some((copy.request?, copy))).collect() }
    }

    /// Checks the changes of a revision; the tree is that before it.
    pub(super) fn check(
        &self,
        tree: &Replayed,
        revision: u64,
        journal: &Journal,
        findings: &mut Vec<String>,
    ) {
        let mut told = journal.at(revision).peekable();
        let request = told.peek().and_then(|change| change.request);
        let Some(copy) = request.and_then(|request| self.by_request.get(&request)) else { return };
        let number = |field: &str| copy.input.get(field).and_then(Value::as_u64);
        let from = copy.input.get("from").and_then(Value::as_str).unwrap_or("");
        let differs = match tree.resolve(number("from_id"), from) {
            Found::Node(top) => compare(tree, top, told),
            Found::Nothing => Some("is of what is not there".to_string()),
            Found::Elsewhere => None,
        };
        if let Some(reason) = differs {
            findings.push(format!("line {}: the copy at revision {revision} {reason}", copy.line));
        }
    }
}

/// A node that should be told next: the copy of `from`, in `parent` if that is known.
struct Expected<'t> {
    from: u64,
    parent: Option<u64>,
    /// None for the top, which has a new name.
    name: Option<&'t str>,
}

/// What is told otherwise than it is.
fn compare<'j>(
    tree: &Replayed,
    top: u64,
    told: impl Iterator<Item = &'j Change>,
) -> Option<String> {
    let mut expected = VecDeque::from([Expected { from: top, parent: None, name: None }]);
    for change in told {
        let Some(Expected { from, parent, name }) = expected.pop_front() else {
            return Some(format!("tells of node {} beyond what was copied", change.id));
        };
        let is_alike = change.kind == ChangeKind::Created
            && parent.is_none_or(|parent| parent == change.parent)
            && name.is_none_or(|name| name == change.name)
            && tree.nodes.get(&from).is_some_and(|node| node.body == change.body);
        if !is_alike {
            return Some(format!("tells node {} otherwise than node {from}", change.id));
        }
        let parent = Some(change.id);
        expected.extend(tree.children_of(from).map(|(name, from)| {
            let name = Some(name);
            Expected { from, parent, name }
        }));
    }
    expected.pop_front().map(|missing| format!("leaves out the copy of node {}", missing.from))
}
