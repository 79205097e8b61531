//! Reads EDN histories: maps of operations, in one vector or one after the other.

mod parser;
mod value;

use serde_json::Value;

pub(super) use parser::{Parser, parse_one};
pub(super) use value::Edn;

use super::pairing::{Actor, Event, EventKind, Pairing};
use super::{Header, LineError, RequestId, metad};

/// What the remark at the beginning is called that holds the header of a history of ours.
pub(super) const HEADER: &str = "history";

/// Reads every operation map at the top level, or inside one top-level collection. Gives the
/// header, if the first map is a remark with one.
pub(super) fn read(text: &str, pairing: &mut Pairing) -> Result<Option<Header>, LineError> {
    let mut parser = Parser::new(text);
    let mut reader = Reader { pairing, header: None, is_first: true };
    while let Some((line, form)) = parser.next_form()? {
        match form {
            Edn::Sequence(items) => {
                for (line, item) in items {
                    reader.take(line, &item)?;
                }
            }
            other => reader.take(line, &other)?,
        }
    }
    Ok(reader.header)
}

struct Reader<'a> {
    pairing: &'a mut Pairing,
    header: Option<Header>,
    is_first: bool,
}

impl Reader<'_> {
    fn take(&mut self, line: u32, form: &Edn) -> Result<(), LineError> {
        let event = read_event(line, form)?;
        let is_first = std::mem::replace(&mut self.is_first, false);
        if is_first && event.actor == Actor::Nemesis && event.function == HEADER {
            let (header, _) = metad::read_header(&event.value.to_string(), line)?;
            self.header = Some(header);
            return Ok(());
        }
        self.pairing.push(event)
    }
}

fn read_event(line: u32, form: &Edn) -> Result<Event, LineError> {
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
    let number = |name: &str| match field(name) {
        Some((_, Edn::Integer(number))) => u64::try_from(*number).ok(),
        Some((_, Edn::Natural(number))) => Some(*number),
        _ => None,
    };
    let value = field("value").map_or(Value::Null, |(_, value)| value.to_json());
    // A refusal is an answer, which Jepsen writes as a failure with its reason.
    let refusal = field("error").map(|(_, error)| error.to_json());
    let refusal = refusal.filter(|it| kind == EventKind::Fail && it.get("rejected").is_some());
    Ok(Event {
        line,
        actor,
        kind: if refusal.is_some() { EventKind::Ok } else { kind },
        function,
        key: field("key").map(|(_, key)| key.to_json()),
        value: refusal.unwrap_or(value),
        time_ns: match field("time") {
            Some((_, Edn::Integer(time))) => Some(*time),
            _ => None,
        },
        request: match field("request").map(|(_, request)| request.to_json()) {
            Some(request) => serde_json::from_value(request)
                .ok()
                .map(|(client, sequence)| RequestId { client, sequence }),
            None => None,
        },
        revision: number("revision"),
        node: number("node"),
    })
}
