//! Our own form: JSON lines, as docs/HISTORY.md says.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Value, json};

use super::super::{History, Operation, Outcome};
use super::{Written, events, header_json};

#[derive(Serialize)]
struct Line<'a> {
    index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<i64>,
    process: Value,
    #[serde(rename = "type")]
    kind: &'static str,
    f: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a Value>,
    value: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<[u64; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<u64>,
}

pub(super) fn write(history: &History, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", header_json(history))?;
    for (index, event) in events(history).iter().enumerate() {
        let line = serde_json::to_string(&line(index, event)).map_err(io::Error::other)?;
        writeln!(out, "{line}")?;
    }
    out.flush()
}

fn line<'a>(index: usize, event: &Written<'a>) -> Line<'a> {
    match *event {
        Written::Invoked(it) => Line { index, ..line_of(it, "invoke", &it.input) },
        Written::Ended(it) => {
            let (kind, value) = match &it.outcome {
                Outcome::Ok(value) => ("ok", value),
                Outcome::Fail(value) => ("fail", value),
                Outcome::Unknown => ("info", &Value::Null),
            };
            Line {
                index,
                time: it.completed_time_ns,
                request: None,
                revision: it.revision,
                node: it.node,
                ..line_of(it, kind, value)
            }
        }
        Written::Fault(fault) => Line {
            index,
            time: fault.time_ns,
            process: json!("nemesis"),
            kind: "info",
            f: &fault.function,
            key: None,
            value: &fault.value,
            request: None,
            revision: None,
            node: None,
        },
    }
}

fn line_of<'a>(operation: &'a Operation, kind: &'static str, value: &'a Value) -> Line<'a> {
    Line {
        index: 0,
        time: operation.invoked_time_ns,
        process: json!(operation.process),
        kind,
        f: &operation.function,
        key: operation.key.as_ref(),
        value,
        request: operation.request.map(|request| [request.client, request.sequence]),
        revision: None,
        node: None,
    }
}
