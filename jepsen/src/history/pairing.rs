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

/// What an event does to the operations that are open.
#[derive(Debug)]
pub(crate) enum Paired {
    /// The operation of this place in the order of invocation has begun.
    Opened(usize),
    /// It has ended, or nobody will ever know.
    Closed(usize, Operation),
    Fault(Fault),
    /// A remark of an idle process says nothing about an operation.
    Nothing,
}

/// Takes events in the order of time, one after the other. Holds only what is open.
#[derive(Default)]
pub(crate) struct Pairer {
    /// Whether a process may begin an operation while its last one has no end.
    missing_ends_allowed: bool,
    open: BTreeMap<i64, (usize, Operation)>,
    /// Those whose process went on without them.
    left_open: Vec<(usize, Operation)>,
    operations_count: usize,
    position: u32,
}

impl Pairer {
    pub(crate) fn new(missing_ends_allowed: bool) -> Pairer {
        Pairer { missing_ends_allowed, ..Pairer::default() }
    }

    pub(crate) fn pair(&mut self, event: Event) -> Result<Paired, LineError> {
        let position = self.position;
        self.position += 1;
        match (event.actor, event.kind) {
            (Actor::Nemesis, _) => Ok(Paired::Fault(Fault {
                position,
                time_ns: event.time_ns,
                function: event.function,
                value: event.value,
            })),
            (Actor::Process(process), EventKind::Invoke) => self.invoke(process, position, event),
            (Actor::Process(process), _) => self.complete(process, position, event),
        }
    }

    /// Events so far.
    pub(crate) fn events_count(&self) -> u32 {
        self.position
    }

    /// What never ended.
    pub(crate) fn finish(self) -> impl Iterator<Item = (usize, Operation)> {
        self.left_open.into_iter().chain(self.open.into_values())
    }

    fn invoke(&mut self, process: i64, position: u32, event: Event) -> Result<Paired, LineError> {
        if let Some((_, open)) = self.open.get(&process).filter(|_| !self.missing_ends_allowed) {
            let reason = format!(
                "process {process} invokes {}, but its {} of line {} is still open",
                event.function, open.function, open.line,
            );
            return Err(LineError::new(event.line, reason));
        }
        let index = self.operations_count;
        self.operations_count += 1;
        let operation = Operation {
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
        };
        self.left_open.extend(self.open.insert(process, (index, operation)));
        Ok(Paired::Opened(index))
    }

    fn complete(&mut self, process: i64, position: u32, event: Event) -> Result<Paired, LineError> {
        let Some((index, mut operation)) = self.open.remove(&process) else {
            if event.kind == EventKind::Info {
                return Ok(Paired::Nothing);
            }
            let reason =
                format!("process {process} ends a {} that it did not begin", event.function);
            return Err(LineError::new(event.line, reason));
        };
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
        Ok(Paired::Closed(index, operation))
    }
}

/// Takes all events and gives all operations.
pub(crate) struct Pairing {
    pairer: Pairer,
    /// By the order of invocation; none while open.
    operations: Vec<Option<Operation>>,
    faults: Vec<Fault>,
}

impl Pairing {
    pub(crate) fn new(missing_ends_allowed: bool) -> Pairing {
        let pairer = Pairer::new(missing_ends_allowed);
        Pairing { pairer, operations: Vec::new(), faults: Vec::new() }
    }

    pub(crate) fn push(&mut self, event: Event) -> Result<(), LineError> {
        match self.pairer.pair(event)? {
            Paired::Opened(_) => self.operations.push(None),
            Paired::Closed(index, operation) => self.operations[index] = Some(operation),
            Paired::Fault(fault) => self.faults.push(fault),
            Paired::Nothing => {}
        }
        Ok(())
    }

    pub(crate) fn finish(mut self) -> (Vec<Operation>, Vec<Fault>, u32) {
        let events_count = self.pairer.events_count();
        for (index, operation) in self.pairer.finish() {
            self.operations[index] = Some(operation);
        }
        (self.operations.into_iter().flatten().collect(), self.faults, events_count)
    }
}
