//! Reads `metad/1` histories: a header line, then one JSON object a line.

use serde::Deserialize;
use serde_json::Value;

use super::lines::Lines;
use super::pairing::{Actor, Event, EventKind, Pairing};
use super::{Header, InitialNamespace, LineError, RequestId};
use crate::names::Policy;

const VERSION: &str = "metad/1";

pub(super) fn read(mut lines: Lines<'_>, pairing: &mut Pairing) -> Result<Header, LineError> {
    let mut reader = Reader::default();
    while let Some((number, line)) = lines.next()? {
        if let Some(event) = reader.take(line, number)? {
            pairing.push(event)?;
        }
    }
    reader.finish()
}

/// Takes lines one after the other.
#[derive(Default)]
pub(super) struct Reader {
    header: Option<Header>,
    /// The header says that there is a last line, the nemesis's `end`.
    ends: bool,
    has_ended: bool,
    /// Of the last event.
    line: u32,
}

impl Reader {
    /// The event on a line, unless it is blank or the header.
    pub(super) fn take(&mut self, line: &str, number: u32) -> Result<Option<Event>, LineError> {
        if line.trim().is_empty() {
            return Ok(None);
        }
        self.line = number;
        if self.header.is_none() {
            let (header, ends) = read_header(line, number)?;
            (self.header, self.ends) = (Some(header), ends);
            return Ok(None);
        }
        let event = read_event(line, number)?;
        self.has_ended = event.actor == Actor::Nemesis && event.function == "end";
        Ok(Some(event))
    }

    /// The header, once its line was taken.
    pub(super) fn header(&self) -> Option<&Header> {
        self.header.as_ref()
    }

    /// To be called after the last line.
    pub(super) fn finish(self) -> Result<Header, LineError> {
        self.check_end()?;
        self.header.ok_or_else(|| LineError::new(1, "the history has no header line"))
    }

    /// Whether the history is whole, after the last line.
    pub(super) fn check_end(&self) -> Result<(), LineError> {
        match self.ends && !self.has_ended {
            false => Ok(()),
            true => Err(LineError::new(
                self.line,
                "the history is cut short after this line: record it again, or take \"ends\" out \
                 of its header to check what is there",
            )),
        }
    }
}

#[derive(Deserialize)]
struct RawHeader {
    history: String,
    workload: Option<String>,
    seed: Option<u64>,
    nodes: Option<u64>,
    model: Option<String>,
    #[serde(default)]
    faults: Value,
    initial: Option<Value>,
    #[serde(default)]
    namespaces: Vec<RawNamespace>,
    /// The last line is the nemesis's `end`.
    #[serde(default)]
    ends: bool,
}

#[derive(Deserialize)]
struct RawNamespace {
    id: u64,
    root: u64,
    #[serde(default)]
    name: String,
    policy: Option<String>,
}

/// The header, and whether the history says where it ends.
pub(super) fn read_header(line: &str, number: u32) -> Result<(Header, bool), LineError> {
    let raw: RawHeader = serde_json::from_str(line).map_err(|error| {
        let reason =
            format!("expected the header {{\"history\":\"{VERSION}\",…}}: {}", why(&error));
        LineError::new(number, reason)
    })?;
    if raw.history != VERSION {
        let reason = format!("unknown version {:?}, this tool reads {VERSION:?}", raw.history);
        return Err(LineError::new(number, reason));
    }
    let faults = match raw.faults {
        Value::Array(items) => items.iter().map(plain_text).collect(),
        Value::Null => Vec::new(),
        other => vec![plain_text(&other)],
    };
    let namespaces = raw.namespaces.into_iter().map(|raw| {
        let policy = raw.policy.map_or(Some(Policy::Exact), |name| Policy::parse(&name));
        let unknown = || LineError::new(number, "unknown policy of a namespace");
        let policy = policy.ok_or_else(unknown)?;
        Ok(InitialNamespace { id: raw.id, root: raw.root, name: raw.name, policy })
    });
    let namespaces = namespaces.collect::<Result<_, LineError>>()?;
    let header = Header {
        workload: raw.workload,
        seed: raw.seed,
        nodes: raw.nodes,
        model: raw.model,
        faults,
        initial: raw.initial,
        namespaces,
    };
    Ok((header, raw.ends))
}

fn plain_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_string)
}

#[derive(Deserialize)]
struct RawEvent<'a> {
    time: Option<i64>,
    process: RawProcess,
    #[serde(rename = "type")]
    kind: &'a str,
    f: &'a str,
    key: Option<Value>,
    #[serde(default)]
    value: Value,
    request: Option<(u64, u64)>,
    revision: Option<u64>,
    node: Option<u64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawProcess {
    Number(i64),
    Name(String),
}

fn read_event(line: &str, number: u32) -> Result<Event, LineError> {
    let raw: RawEvent = serde_json::from_str(line)
        .map_err(|error| LineError::new(number, format!("not an event: {}", why(&error))))?;
    let kind = EventKind::parse(raw.kind).ok_or_else(|| {
        let reason = format!("unknown type {:?}: expected invoke, ok, fail or info", raw.kind);
        LineError::new(number, reason)
    })?;
    let actor = match raw.process {
        RawProcess::Number(process) => Actor::Process(process),
        RawProcess::Name(name) if name == "nemesis" => Actor::Nemesis,
        RawProcess::Name(name) => {
            let reason = format!("process {name:?} is neither a number nor \"nemesis\"");
            return Err(LineError::new(number, reason));
        }
    };
    Ok(Event {
        line: number,
        actor,
        kind,
        function: raw.f.to_string(),
        key: raw.key,
        value: raw.value,
        time_ns: raw.time,
        request: raw.request.map(|(client, sequence)| RequestId { client, sequence }),
        revision: raw.revision,
        node: raw.node,
    })
}

/// What serde says, without its own line number: each line is parsed alone.
pub(super) fn why(error: &serde_json::Error) -> String {
    if error.is_eof() {
        return "the line is cut off".to_string();
    }
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => format!("{} (column {})", &text[..end], error.column()),
        None => text,
    }
}
