//! Reads Porcupine's events as JSON, one a line, as [`super::write`] writes them.
//!
//! The first operation, of client −1, is no operation: its value is the header.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::lines::Lines;
use super::pairing::{Actor, Event, EventKind, Pairing};
use super::{Header, LineError, RequestId, metad};

/// The client whose operation is the header.
pub(super) const HEADER_CLIENT: i64 = -1;

/// Whether a line is an event.
pub(super) fn looks_like(line: &str) -> bool {
    serde_json::from_str::<RawEvent>(line).is_ok()
}

#[derive(Deserialize)]
struct RawEvent {
    #[serde(rename = "ClientId")]
    client: i64,
    /// False: it is called. True: it returns.
    #[serde(rename = "Kind")]
    returns: bool,
    #[serde(rename = "Value")]
    value: Value,
    #[serde(rename = "Id")]
    id: i64,
}

#[derive(Deserialize)]
struct Called {
    f: String,
    key: Option<Value>,
    #[serde(default)]
    value: Value,
    time: Option<i64>,
    request: Option<(u64, u64)>,
}

#[derive(Deserialize)]
struct Returned {
    #[serde(default)]
    unknown: bool,
    #[serde(default)]
    value: Value,
    time: Option<i64>,
    revision: Option<u64>,
    node: Option<u64>,
}

pub(super) fn read(mut lines: Lines<'_>, pairing: &mut Pairing) -> Result<Header, LineError> {
    let mut reader = Reader::default();
    while let Some((line, text)) = lines.next()? {
        if text.trim().is_empty() {
            continue;
        }
        if let Some(event) = reader.take(line, text)? {
            pairing.push(event)?;
        }
    }
    let missing = || {
        LineError::new(1, "no operation of client -1 says what the history is: convert it again")
    };
    reader.header.ok_or_else(missing)
}

#[derive(Default)]
struct Reader {
    header: Option<Header>,
    /// The functions of what is open, by Id; none of what has returned.
    called: BTreeMap<i64, Option<String>>,
}

impl Reader {
    fn take(&mut self, line: u32, text: &str) -> Result<Option<Event>, LineError> {
        let bad = |error| {
            let reason = format!("not an event of Porcupine: {}", metad::why(&error));
            LineError::new(line, reason)
        };
        let raw: RawEvent = serde_json::from_str(text).map_err(bad)?;
        if raw.client == HEADER_CLIENT && !raw.returns {
            let called: Called = serde_json::from_value(raw.value).map_err(bad)?;
            self.header = Some(metad::read_header(&called.value.to_string(), line)?.0);
            return Ok(None);
        }
        match raw.returns {
            _ if raw.client == HEADER_CLIENT => Ok(None),
            false => self.call(line, &raw, serde_json::from_value(raw.value.clone()).map_err(bad)?),
            true => self.end(line, &raw, serde_json::from_value(raw.value.clone()).map_err(bad)?),
        }
    }

    fn call(
        &mut self,
        line: u32,
        raw: &RawEvent,
        called: Called,
    ) -> Result<Option<Event>, LineError> {
        if self.called.insert(raw.id, Some(called.f.clone())).is_some() {
            return Err(LineError::new(line, format!("the Id {} was called before", raw.id)));
        }
        Ok(Some(Event {
            line,
            actor: Actor::Process(raw.client),
            kind: EventKind::Invoke,
            function: called.f,
            key: called.key,
            value: called.value,
            time_ns: called.time,
            request: called.request.map(|(client, sequence)| RequestId { client, sequence }),
            revision: None,
            node: None,
        }))
    }

    fn end(
        &mut self,
        line: u32,
        raw: &RawEvent,
        returned: Returned,
    ) -> Result<Option<Event>, LineError> {
        let Some(function) = self.called.get_mut(&raw.id).and_then(Option::take) else {
            return Err(LineError::new(
                line,
                format!("the Id {} returns, but is not open", raw.id),
            ));
        };
        // Porcupine has no unknown outcomes: such an operation returns when all else is over.
        Ok((!returned.unknown).then_some(Event {
            line,
            actor: Actor::Process(raw.client),
            kind: EventKind::Ok,
            function,
            key: None,
            value: returned.value,
            time_ns: returned.time,
            request: None,
            revision: returned.revision,
            node: returned.node,
        }))
    }
}
