//! Porcupine's events as JSON, one a line, with the names that Go's decoder takes.
//!
//! Porcupine wants that all that is called returns: an operation of unknown outcome returns
//! at the end, with `{"unknown":true}`, and one that never happened is left out. What the
//! nemesis did has no place there. The first operation is the header, of client −1.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::super::porcupine::HEADER_CLIENT;
use super::super::{History, Operation, Outcome};
use super::{Written, events, header_json};

pub(super) fn write(history: &History, out: &mut dyn Write) -> io::Result<()> {
    let mut out = Events { out };
    out.event(HEADER_CLIENT, false, &json!({"f": "history", "value": header_json(history)}), 0)?;
    out.event(HEADER_CLIENT, true, &json!({}), 0)?;
    let mut ids = BTreeMap::new();
    for event in events(history) {
        match event {
            Written::Invoked(it) if !matches!(it.outcome, Outcome::Fail(_)) => {
                let id = ids.len() + 1;
                ids.insert(it.invoked, id);
                out.event(it.process, false, &called(it), id)?;
            }
            Written::Ended(it) if matches!(it.outcome, Outcome::Ok(_)) => {
                out.event(it.process, true, &returned(it), ids[&it.invoked])?;
            }
            Written::Invoked(_) | Written::Ended(_) | Written::Fault(_) => {}
        }
    }
    for it in history.operations.iter().filter(|it| it.outcome == Outcome::Unknown) {
        out.event(it.process, true, &json!({"unknown": true}), ids[&it.invoked])?;
    }
    out.out.flush()
}

struct Events<'a> {
    out: &'a mut dyn Write,
}

impl Events<'_> {
    fn event(&mut self, client: i64, returns: bool, value: &Value, id: usize) -> io::Result<()> {
        writeln!(
            self.out,
            "{{\"ClientId\":{client},\"Kind\":{returns},\"Value\":{value},\"Id\":{id}}}"
        )
    }
}

fn called(it: &Operation) -> Value {
    let mut fields = Map::new();
    fields.insert("f".to_string(), json!(it.function));
    put(&mut fields, "key", it.key.clone());
    fields.insert("value".to_string(), it.input.clone());
    put(&mut fields, "time", it.invoked_time_ns.map(Value::from));
    put(&mut fields, "request", it.request.map(|it| json!([it.client, it.sequence])));
    Value::Object(fields)
}

fn returned(it: &Operation) -> Value {
    let mut fields = Map::new();
    if let Outcome::Ok(value) = &it.outcome {
        fields.insert("value".to_string(), value.clone());
    }
    put(&mut fields, "time", it.completed_time_ns.map(Value::from));
    put(&mut fields, "revision", it.revision.map(Value::from));
    put(&mut fields, "node", it.node.map(Value::from));
    Value::Object(fields)
}

fn put(fields: &mut Map<String, Value>, name: &str, value: Option<Value>) {
    if let Some(value) = value {
        fields.insert(name.to_string(), value);
    }
}
