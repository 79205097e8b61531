//! The words for the part of a history that contradicts itself, the same in text and on a page.

use std::collections::BTreeMap;

use crate::check::{Part, call_of};
use crate::history::{History, Operation};

use super::words::plural;

/// What the part is.
pub(super) fn contradiction(part: &Part) -> String {
    let count = part.operations.len();
    let these = match count {
        1 => "This one operation fits nowhere".to_string(),
        _ => format!("These {count} operations contradict one another"),
    };
    let needed = match (part.is_minimal, count) {
        (true, 1) => "",
        (true, _) => "; without any one of them, an order exists",
        (false, _) => "; perhaps not all of them are needed",
    };
    format!("{these}, whatever the others did{needed}.")
}

/// What comes before the part.
pub(super) fn before(part: &Part) -> String {
    match part.after {
        0 => "Before them, at the start:".to_string(),
        after => {
            format!("Before them, after {} in an order that fits:", plural(after, "operation"))
        }
    }
}

/// What can follow that.
pub(super) fn after(part: &Part, history: &History) -> String {
    let line = |index: &usize| {
        let line = history.operations[*index].line;
        match part.operations.contains(index) {
            true => line.to_string(),
            false => format!("{line} (of the others)"),
        }
    };
    let lines: Vec<String> = part.order.iter().map(line).collect();
    match lines.len() {
        0 => "What could come next does not fit:".to_string(),
        1 => format!("Then line {} fits, but not what could come next:", lines[0]),
        _ => format!("Then lines {} fit, but not what could come next:", lines.join(", ")),
    }
}

/// The part as each of its clients saw it: operations by process, in the order of time.
pub(super) fn views(part: &Part, history: &History) -> BTreeMap<i64, Vec<usize>> {
    let mut views: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for index in &part.operations {
        views.entry(history.operations[*index].process).or_default().push(*index);
    }
    views
}

/// An operation without its process, and when it was under way.
pub(super) fn seen(operation: &Operation) -> String {
    let end = operation.completed.map_or(String::new(), |completed| format!("–{completed}"));
    format!("events {}{end}: {}", operation.invoked, call_of(operation))
}
