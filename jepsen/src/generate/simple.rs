//! A register and a key-value store.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Random, Request, System, Told};

/// Values of a register are drawn from so many.
const VALUES: u64 = 5;

/// Reads, writes and compare-and-sets of one value.
#[derive(Default)]
pub(super) struct Register {
    value: Value,
}

impl System for Register {
    fn draw(&mut self, random: &mut Random) -> Request {
        let value = random.below(VALUES);
        let (function, value) = match random.below(3) {
            0 => ("read", Value::Null),
            1 => ("write", json!(value)),
            _ => ("cas", json!([value, random.below(VALUES)])),
        };
        Request { function, key: None, value }
    }

    fn call(&mut self, request: &Request, _told: Told) -> (Value, Option<u64>) {
        let answer = match request.function {
            "write" => {
                self.value = request.value.clone();
                Value::Null
            }
            "cas" if self.value == request.value[0] => {
                self.value = request.value[1].clone();
                Value::Null
            }
            "cas" => json!({"rejected": "CONFLICT"}),
            _ => self.value.clone(),
        };
        (answer, None)
    }

    fn read_back(&self, request: &Request) -> Option<Request> {
        let is_write = request.function == "write" && request.value != self.value;
        is_write.then_some(Request { function: "read", key: None, value: Value::Null })
    }
}

/// Gets, puts and appends, as in Porcupine's histories.
pub(super) struct Kv {
    keys: u64,
    written: u64,
    values: BTreeMap<String, String>,
}

impl Kv {
    pub(super) fn new(keys: u64) -> Kv {
        Kv { keys: keys.max(1), written: 0, values: BTreeMap::new() }
    }
}

impl System for Kv {
    fn draw(&mut self, random: &mut Random) -> Request {
        let key = Some(random.below(self.keys).to_string());
        self.written += 1;
        let value = json!(format!("x {} y", self.written));
        match random.below(20) {
            0..9 => Request { function: "get", key, value: Value::Null },
            9..18 => Request { function: "append", key, value },
            _ => Request { function: "put", key, value },
        }
    }

    fn call(&mut self, request: &Request, _told: Told) -> (Value, Option<u64>) {
        let key = request.key.clone().unwrap_or_default();
        let text = request.value.as_str().unwrap_or_default();
        let value = self.values.entry(key).or_default();
        match request.function {
            "put" => *value = text.to_string(),
            "append" => value.push_str(text),
            _ => return (json!(value), None),
        }
        (Value::Null, None)
    }

    fn read_back(&self, request: &Request) -> Option<Request> {
        let key = request.key.clone();
        let is_write = request.function != "get";
        is_write.then_some(Request { function: "get", key, value: Value::Null })
    }
}
