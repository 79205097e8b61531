//! Pairs invocations with their completions.
//!
//! Invariant: a process has one operation open at a time. An `info` event, or no event at
//! all, leaves the operation's outcome unknown for ever: a later event of the same process
//! cannot close it. A process that goes on without having closed its operation is bad
//! input in our own format; in formats of others the missing line means "unknown".

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Fault, LineError, Operation, Outcome, RequestId};

/// The kind of an event, as all formats write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventKind {
    Invoke,
    Ok,
    Fail,
    Info,
}

impl EventKind {
    pub(crate) fn parse(text: &str) -> Option<EventKind> {
        match text {
            "invoke" => Some(EventKind::Invoke),
            "ok" => Some(EventKind::Ok),
            "fail" => Some(EventKind::Fail),
            "info" => Some(EventKind::Info),
            _ => None,
        }
    }
}

/// Who an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Actor {
    Process(i64),
    /// The nemesis, or another actor that is no client.
    Nemesis,
}

/// One event, from any format.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) line: u32,
    pub(crate) actor: Actor,
    pub(crate) kind: EventKind,
    pub(crate) function: String,
    pub(crate) key: Option<Value>,
    pub(crate) value: Value,
    pub(crate) time_ns: Option<i64>,
    pub(crate) request: Option<RequestId>,
    pub(crate) revision: Option<u64>,
    pub(crate) node: Option<u64>,
}

/// Takes events in the order of time and gives operations.
#[derive(Default)]
pub(crate) struct Pairing {
    /// Whether a process may begin an operation while its last one has no end.
    missing_ends_allowed: bool,
    operations: Vec<Operation>,
    faults: Vec<Fault>,
    open: BTreeMap<i64, usize>,
    position: u32,
}

impl Pairing {
    pub(crate) fn new(missing_ends_allowed: bool) -> Pairing {
        Pairing { missing_ends_allowed, ..Pairing::default() }
    }

    pub(crate) fn push(&mut self, event: Event) -> Result<(), LineError> {
        let position = self.position;
        self.position += 1;
        match (event.actor, event.kind) {
            (Actor::Nemesis, _) => {
                self.faults.push(Fault {
                    position,
                    time_ns: event.time_ns,
                    function: event.function,
                    value: event.value,
                });
                Ok(())
            }
            (Actor::Process(process), EventKind::Invoke) => self.invoke(process, position, event),
            (Actor::Process(process), _) => self.complete(process, position, event),
        }
    }

    pub(crate) fn finish(self) -> (Vec<Operation>, Vec<Fault>, u32) {
        (self.operations, self.faults, self.position)
    }

    fn invoke(&mut self, process: i64, position: u32, event: Event) -> Result<(), LineError> {
        if let Some(open) = self.open.get(&process).filter(|_| !self.missing_ends_allowed) {
            let reason = format!(
                "process {process} invokes {}, but its {} of line {} is still open",
                event.function, self.operations[*open].function, self.operations[*open].line,
            );
            return Err(LineError::new(event.line, reason));
        }
        self.open.insert(process, self.operations.len());
        self.operations.push(Operation {
            process,
            function: event.function,
            key: event.key,
            input: event.value,
            outcome: Outcome::Unknown,
            invoked: position,
            completed: None,
            invoked_time_ns: event.time_ns,
            completed_time_ns: None,
            line: event.line,
            request: event.request,
            revision: None,
            node: None,
        });
        Ok(())
    }

    fn complete(&mut self, process: i64, position: u32, event: Event) -> Result<(), LineError> {
        let Some(open) = self.open.remove(&process) else {
            if event.kind == EventKind::Info {
                return Ok(()); // A remark of an idle process says nothing about an operation.
            }
            let reason =
                format!("process {process} ends a {} that it did not begin", event.function);
            return Err(LineError::new(event.line, reason));
        };
        let operation = &mut self.operations[open];
        if operation.function != event.function {
            let reason = format!(
                "process {process} ends a {}, but it began a {} on line {}",
                event.function, operation.function, operation.line,
            );
            return Err(LineError::new(event.line, reason));
        }
        operation.completed_time_ns = event.time_ns;
        operation.request = operation.request.or(event.request);
        operation.node = event.node;
        match event.kind {
            EventKind::Ok => {
                operation.revision = event.revision;
                operation.completed = Some(position);
                operation.outcome = Outcome::Ok(event.value);
            }
            EventKind::Fail => {
                operation.completed = Some(position);
                operation.outcome = Outcome::Fail(event.value);
            }
            EventKind::Info | EventKind::Invoke => {}
        }
        Ok(())
    }
}
