//! EDN, one map a line, as Jepsen writes operations: a refusal is a failure with its `:error`,
//! and what was asked stands in each event. The header is a remark of the nemesis.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde_json::Value;

use super::super::edn::HEADER;
use super::super::{History, Operation, Outcome};
use super::{Written, events, header_json};

pub(super) fn write(history: &History, out: &mut dyn Write) -> io::Result<()> {
    let mut text = String::from("{:process :nemesis, :type :info, :f :");
    text.push_str(HEADER);
    text.push_str(", :value ");
    push(&mut text, &header_json(history));
    writeln!(out, "{text}}}")?;
    for (index, event) in events(history).iter().enumerate() {
        writeln!(out, "{}", line(index, event))?;
    }
    out.flush()
}

fn line(index: usize, event: &Written<'_>) -> String {
    let mut map = MapText::new(index);
    match event {
        Written::Invoked(it) => {
            map.operation(it, "invoke", it.invoked_time_ns, &it.input);
            if let Some(request) = it.request {
                map.put("request", format_args!("[{} {}]", request.client, request.sequence));
            }
        }
        Written::Ended(it) => {
            let (kind, value, error) = ended(it);
            map.operation(it, kind, it.completed_time_ns, value);
            if let Some(error) = error {
                map.value("error", error);
            }
            if let Some(revision) = it.revision {
                map.put("revision", revision);
            }
            if let Some(node) = it.node {
                map.put("node", node);
            }
        }
        Written::Fault(fault) => {
            map.put("process", ":nemesis");
            map.put("type", ":info");
            map.keyword("f", &fault.function);
            map.value("value", &fault.value);
            map.time(fault.time_ns);
        }
    }
    map.finish()
}

/// Type, value and error of an operation's end.
fn ended(operation: &Operation) -> (&'static str, &Value, Option<&Value>) {
    let asked = &operation.input;
    match &operation.outcome {
        Outcome::Ok(value) if value.get("rejected").is_some() => ("fail", asked, Some(value)),
        Outcome::Ok(Value::Null) => ("ok", asked, None),
        Outcome::Ok(value) => ("ok", value, None),
        Outcome::Fail(value) => ("fail", asked, Some(value).filter(|value| !value.is_null())),
        Outcome::Unknown => ("info", asked, None),
    }
}

struct MapText(String);

impl MapText {
    fn new(index: usize) -> MapText {
        MapText(format!("{{:index {index}"))
    }

    fn put(&mut self, name: &str, value: impl std::fmt::Display) {
        let _ = write!(self.0, ", :{name} {value}");
    }

    fn value(&mut self, name: &str, value: &Value) {
        let _ = write!(self.0, ", :{name} ");
        push(&mut self.0, value);
    }

    fn keyword(&mut self, name: &str, keyword: &str) {
        let _ = write!(self.0, ", :{name} ");
        push_key(&mut self.0, keyword);
    }

    fn time(&mut self, time_ns: Option<i64>) {
        if let Some(time_ns) = time_ns {
            self.put("time", time_ns);
        }
    }

    fn operation(&mut self, it: &Operation, kind: &str, time_ns: Option<i64>, value: &Value) {
        self.put("process", it.process);
        self.put("type", format_args!(":{kind}"));
        self.keyword("f", &it.function);
        if let Some(key) = &it.key {
            self.value("key", key);
        }
        self.value("value", value);
        self.time(time_ns);
    }

    fn finish(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

fn push(text: &mut String, value: &Value) {
    match value {
        Value::Null => text.push_str("nil"),
        Value::Bool(_) | Value::Number(_) => {
            let _ = write!(text, "{value}");
        }
        Value::String(string) => push_string(text, string),
        Value::Array(items) => {
            text.push('[');
            for (place, item) in items.iter().enumerate() {
                text.push_str(if place > 0 { " " } else { "" });
                push(text, item);
            }
            text.push(']');
        }
        Value::Object(fields) => {
            text.push('{');
            for (place, (name, field)) in fields.iter().enumerate() {
                text.push_str(if place > 0 { ", " } else { "" });
                push_key(text, name);
                text.push(' ');
                push(text, field);
            }
            text.push('}');
        }
    }
}

/// A keyword where the name can be one, else a string.
fn push_key(text: &mut String, name: &str) {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-".contains(letter);
    let begins_well = name.starts_with(|first: char| first.is_ascii_alphabetic());
    match begins_well && name.chars().all(is_plain) {
        true => {
            text.push(':');
            text.push_str(name);
        }
        false => push_string(text, name),
    }
}

fn push_string(text: &mut String, string: &str) {
    text.push('"');
    for letter in string.chars() {
        match letter {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            other => text.push(other),
        }
    }
    text.push('"');
}
