//! Reads EDN histories: maps of operations, in one vector or one after the other.

mod parser;
mod value;

use serde_json::Value;

pub(super) use parser::{Parser, parse_one};
pub(super) use value::Edn;

use super::LineError;
use super::pairing::{Actor, Event, EventKind, Pairing};

/// Reads every operation map at the top level, or inside one top-level collection.
pub(super) fn read(text: &str, pairing: &mut Pairing) -> Result<(), LineError> {
    let mut parser = Parser::new(text);
    while let Some((line, form)) = parser.next_form()? {
        match form {
            Edn::Sequence(items) => {
                for (line, item) in items {
                    push_map(line, &item, pairing)?;
                }
            }
            other => push_map(line, &other, pairing)?,
        }
    }
    Ok(())
}

fn push_map(line: u32, form: &Edn, pairing: &mut Pairing) -> Result<(), LineError> {
    let Edn::Map(entries) = form.untagged() else {
        let reason =
            format!("expected an operation, a map with :process :type :f, found {}", form.kind());
        return Err(LineError::new(line, reason));
    };
    let field = |name: &str| {
        entries.iter().find(|(key, _)| matches!(key, Edn::Keyword(key) if key == name))
    };
    let required = |name: &str| {
        let found = field(name).map(|(_, value)| value);
        found.ok_or_else(|| LineError::new(line, format!("the operation has no :{name}")))
    };
    let actor = match required("process")? {
        Edn::Integer(process) => Actor::Process(*process),
        Edn::Keyword(_) | Edn::Text(_) | Edn::Nil => Actor::Nemesis,
        other => {
            let reason = format!("the :process is {}, expected a number", other.kind());
            return Err(LineError::new(line, reason));
        }
    };
    let kind = match required("type")? {
        Edn::Keyword(name) | Edn::Text(name) => EventKind::parse(name),
        _ => None,
    };
    let kind = kind.ok_or_else(|| {
        LineError::new(line, "unknown :type: expected :invoke, :ok, :fail or :info")
    })?;
    let function = match required("f")? {
        Edn::Keyword(name) | Edn::Text(name) => name.clone(),
        other if actor == Actor::Nemesis => other.to_json().to_string(),
        other => {
            return Err(LineError::new(
                line,
                format!("the :f is {}, expected a keyword", other.kind()),
            ));
        }
    };
    pairing.push(Event {
        line,
        actor,
        kind,
        function,
        key: field("key").map(|(_, key)| key.to_json()),
        value: field("value").map_or(Value::Null, |(_, value)| value.to_json()),
        time_ns: match field("time") {
            Some((_, Edn::Integer(time))) => Some(*time),
            _ => None,
        },
        request: None,
        revision: None,
        node: None,
    })
}
