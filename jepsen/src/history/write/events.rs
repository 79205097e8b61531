//! Operations as the events that they were read from.

use std::collections::BTreeMap;

use super::super::{Fault, History, Operation, Outcome};

/// One line of a history.
pub(super) enum Written<'a> {
    Invoked(&'a Operation),
    Ended(&'a Operation),
    Fault(&'a Fault),
}

/// All events, in the order of time. An operation of unknown outcome ends where its process
/// goes on: that much our own form demands.
pub(super) fn events(history: &History) -> Vec<Written<'_>> {
    let mut events = Vec::with_capacity(history.operations.len() * 2 + history.faults.len());
    let mut open = BTreeMap::new();
    for operation in &history.operations {
        let left: Option<&Operation> = open.insert(operation.process, operation);
        if let Some(left) = left.filter(|left| left.completed.is_none()) {
            events.push((operation.invoked, 0, Written::Ended(left)));
        }
        events.push((operation.invoked, 1, Written::Invoked(operation)));
        if let Some(completed) = operation.completed {
            events.push((completed, 0, Written::Ended(operation)));
        }
    }
    // What has no end in time is told in the end, if the recorder told it.
    let ended = |operation: &&Operation| operation.completed_time_ns.is_some();
    for left in open.into_values().filter(|it| it.outcome == Outcome::Unknown).filter(ended) {
        events.push((history.events_count, 0, Written::Ended(left)));
    }
    events.extend(history.faults.iter().map(|fault| (fault.position, 0, Written::Fault(fault))));
    events.sort_by_key(|(position, rank, _)| (*position, *rank));
    events.into_iter().map(|(_, _, event)| event).collect()
}
