//! Reads lines of `jepsen.util`: `INFO  jepsen.util - PROCESS<TAB>:TYPE<TAB>:F<TAB>VALUE`.
//!
//! Lines of other loggers are skipped; a line that is none at all is an error, since a
//! history that was cut must not be taken for a shorter one.

use serde_json::Value;

use super::LineError;
use super::edn::{Edn, parse_one};
use super::lines::Lines;
use super::pairing::{Actor, Event, EventKind, Pairing};

const LOGGER: &str = "jepsen.util";

/// Whether a line has the shape of a log line of any logger.
pub(super) fn looks_like(line: &str) -> bool {
    split_logger(line).is_some()
}

pub(super) fn read(mut lines: Lines<'_>, pairing: &mut Pairing) -> Result<(), LineError> {
    while let Some((number, line)) = lines.next()? {
        let line = line.trim_end_matches(['\r', '\n']);
        if line.trim().is_empty() {
            continue;
        }
        let Some((logger, message)) = split_logger(line) else {
            let reason = "not a log line: expected \"INFO  jepsen.util - PROCESS :TYPE :F VALUE\"";
            return Err(LineError::new(number, reason));
        };
        if logger != LOGGER {
            continue;
        }
        pairing.push(read_event(message, number)?)?;
    }
    Ok(())
}

/// Splits `LEVEL  LOGGER - MESSAGE`; what stands before the logger is not looked at.
fn split_logger(line: &str) -> Option<(&str, &str)> {
    let (head, message) = line.split_once(" - ")?;
    let mut words = head.split_whitespace();
    let logger = words.next_back()?;
    words.next()?;
    Some((logger, message))
}

fn read_event(message: &str, number: u32) -> Result<Event, LineError> {
    let fields: Vec<&str> = message.split('\t').collect();
    let [process, kind, function, value @ ..] = fields.as_slice() else {
        let reason = format!("expected four fields between tabs, found {}", fields.len());
        return Err(LineError::new(number, reason));
    };
    let actor = match process.trim().parse::<i64>() {
        Ok(process) => Actor::Process(process),
        Err(_) if process.trim().starts_with(':') => Actor::Nemesis,
        Err(_) => {
            let reason = format!("the process {process:?} is neither a number nor a keyword");
            return Err(LineError::new(number, reason));
        }
    };
    let kind = EventKind::parse(keyword(kind, "type", number)?).ok_or_else(|| {
        LineError::new(
            number,
            format!("unknown type {kind:?}: expected :invoke, :ok, :fail or :info"),
        )
    })?;
    let function = keyword(function, "operation", number)?.to_string();
    let value = match (actor, value) {
        (Actor::Nemesis, _) => Value::String(value.join(" ")),
        (Actor::Process(_), []) => {
            return Err(LineError::new(number, "the line is cut off: it has no value"));
        }
        (Actor::Process(_), [value, ..]) => read_value(value, number)?,
    };
    Ok(Event {
        line: number,
        actor,
        kind,
        function,
        key: None,
        value,
        time_ns: None,
        request: None,
        revision: None,
        node: None,
    })
}

fn keyword<'a>(field: &'a str, what: &str, number: u32) -> Result<&'a str, LineError> {
    match field.trim().strip_prefix(':') {
        Some(name) if !name.is_empty() => Ok(name),
        _ => Err(LineError::new(number, format!("the {what} {field:?} is not a keyword"))),
    }
}

fn read_value(field: &str, number: u32) -> Result<Value, LineError> {
    match parse_one(field) {
        Ok(Some(edn)) => Ok(Edn::to_json(&edn)),
        Ok(None) => Err(LineError::new(number, "the line is cut off: its value is empty")),
        Err(error) => Err(LineError::new(number, error.reason)),
    }
}
