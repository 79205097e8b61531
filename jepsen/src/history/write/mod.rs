//! Writes histories, in our own form and in those of other checkers, so that others can hold
//! their verdicts against ours. What is written here can be read again, and means the same.

mod edn;
mod events;
mod metad;
mod neutral;
mod porcupine;

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::{Format, Header, History};
use events::{Written, events};
use neutral::neutral;

/// Writes a history of the model of this name. Jepsen's log lines are only read.
pub fn write(history: &History, model: &str, to: Format, out: &mut dyn Write) -> io::Result<()> {
    let history = neutral(history, model);
    match to {
        Format::Metad => metad::write(&history, out),
        Format::Edn => edn::write(&history, out),
        Format::Porcupine => porcupine::write(&history, out),
        Format::JepsenLog => {
            let reason = "Jepsen's log lines are not written: choose metad, edn or porcupine";
            Err(io::Error::new(io::ErrorKind::Unsupported, reason))
        }
    }
}

/// A header as our own form has it.
fn header_json(history: &History) -> Value {
    let Header { workload, seed, nodes, model, faults, initial, namespaces } = &history.header;
    let mut fields = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        value.and_then(|value| fields.insert(name.to_string(), value));
    };
    put("history", Some(json!("metad/1")));
    put("workload", workload.as_ref().map(|it| json!(it)));
    put("seed", seed.map(|it| json!(it)));
    put("nodes", nodes.map(|it| json!(it)));
    put("model", model.as_ref().map(|it| json!(it)));
    put("faults", (!faults.is_empty()).then(|| json!(faults)));
    put("initial", initial.clone());
    put("namespaces", (!namespaces.is_empty()).then(|| json!(namespaces)));
    let last = history.faults.last().filter(|last| last.position + 1 == history.events_count);
    put("ends", last.filter(|last| last.function == "end").map(|_| json!(true)));
    Value::Object(fields)
}
