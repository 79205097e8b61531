//! Strings under keys: get, put, append. A missing key reads as `""`.
//!
//! Keys are independent of one another, so a history splits into one for each key; the
//! state of all keys together serves to hold that split against the whole.

mod pieces;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::{BadOperation, Claimed, Entry, Foresight, Model, Step, hash_bytes, mix};
use crate::history::{History, Operation as Recorded, Outcome};

/// The specification over the keys of one history, numbered in the order of their names.
#[derive(Debug, Clone)]
pub struct Kv {
    keys: Vec<String>,
}

/// An operation on one key.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Number of the key.
    pub key: u32,
    /// What is done to it.
    pub action: Action,
}

/// What is done to a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Answered this value.
    Get(Arc<str>),
    /// Sets this value.
    Put(Arc<str>),
    /// Adds this to the end of the value.
    Append(Arc<str>),
}

/// The values of the keys that the checked operations touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// First the key's number, in order.
    values: Vec<(u32, Arc<str>)>,
    fingerprint: u128,
}

/// The checkable form of a history.
pub fn compile(history: &History) -> Result<(Kv, Vec<Entry<Operation>>), BadOperation> {
    let mut numbers = BTreeMap::new();
    for recorded in &history.operations {
        numbers.insert(key_of(recorded)?, 0);
    }
    for (number, slot) in (0u32..).zip(numbers.values_mut()) {
        *slot = number;
    }
    let mut entries = Vec::new();
    for (index, recorded) in history.operations.iter().enumerate() {
        let Some(action) = compile_action(recorded)? else { continue };
        let key = numbers[&key_of(recorded)?];
        let class = mix(u128::from(key), class_of(&action)) as u64;
        entries.push(Entry {
            observes: matches!(action, Action::Get(_)),
            operation: Operation { key, action },
            index,
            invoked: recorded.invoked,
            completed: recorded.completed,
            claim: None,
            claimed: Claimed::NoEffect,
            class,
        });
    }
    Ok((Kv { keys: numbers.into_keys().collect() }, entries))
}

/// Splits entries into those of each key.
pub fn partition(entries: Vec<Entry<Operation>>) -> Vec<Vec<Entry<Operation>>> {
    let mut parts: BTreeMap<u32, Vec<Entry<Operation>>> = BTreeMap::new();
    for entry in entries {
        parts.entry(entry.operation.key).or_default().push(entry);
    }
    parts.into_values().collect()
}

fn class_of(action: &Action) -> u128 {
    match action {
        Action::Get(_) => 0,
        Action::Put(value) => mix(1, hash_bytes(value.as_bytes())),
        Action::Append(value) => mix(2, hash_bytes(value.as_bytes())),
    }
}

fn key_of(recorded: &Recorded) -> Result<String, BadOperation> {
    match recorded.key.as_ref().or_else(|| recorded.input.get("key")) {
        Some(Value::String(key)) => Ok(key.clone()),
        Some(Value::Null) | None => Err(BadOperation::of(recorded, "the operation has no key")),
        Some(other) => Ok(other.to_string()),
    }
}

fn compile_action(recorded: &Recorded) -> Result<Option<Action>, BadOperation> {
    let text = |value: &Value| -> Result<Arc<str>, BadOperation> {
        let value = value.get("value").unwrap_or(value);
        match value {
            Value::String(text) => Ok(Arc::from(text.as_str())),
            Value::Number(number) => Ok(Arc::from(number.to_string())),
            other => Err(BadOperation::of(recorded, format!("expected a string, found {other}"))),
        }
    };
    match (recorded.function.as_str(), &recorded.outcome) {
        ("get" | "put" | "append", Outcome::Fail(_)) | ("get", Outcome::Unknown) => Ok(None),
        ("get", Outcome::Ok(Value::Null)) => Ok(Some(Action::Get(Arc::from("")))),
        ("get", Outcome::Ok(value)) => Ok(Some(Action::Get(text(value)?))),
        ("put", _) => Ok(Some(Action::Put(text(&recorded.input)?))),
        ("append", _) => Ok(Some(Action::Append(text(&recorded.input)?))),
        _ => Err(BadOperation::of(recorded, "a key-value store has only get, put and append")),
    }
}

impl State {
    fn get(&self, key: u32) -> &str {
        match self.values.binary_search_by_key(&key, |(key, _)| *key) {
            Ok(slot) => &self.values[slot].1,
            Err(_) => "",
        }
    }

    fn with(&self, key: u32, value: Arc<str>) -> State {
        let mut values = self.values.clone();
        let mut fingerprint = self.fingerprint ^ fingerprint_of(key, &value);
        match values.binary_search_by_key(&key, |(key, _)| *key) {
            Ok(slot) => {
                fingerprint ^= fingerprint_of(key, &values[slot].1);
                values[slot].1 = value;
            }
            Err(slot) => values.insert(slot, (key, value)),
        }
        State { values, fingerprint }
    }
}

fn fingerprint_of(key: u32, value: &str) -> u128 {
    mix(u128::from(key), hash_bytes(value.as_bytes()))
}

impl Kv {
    fn key(&self, number: u32) -> &str {
        &self.keys[number as usize]
    }
}

impl Model for Kv {
    type State = State;
    type Operation = Operation;

    fn initial(&self) -> State {
        State { values: Vec::new(), fingerprint: 0 }
    }

    fn step(&self, state: &State, operation: &Operation) -> Step<State> {
        let current = state.get(operation.key);
        let next = match &operation.action {
            Action::Get(value) if **value == *current => return Step::Same,
            Action::Get(_) => return Step::No,
            Action::Put(value) if **value == *current => return Step::Same,
            Action::Append(value) if value.is_empty() => return Step::Same,
            Action::Put(value) => Arc::clone(value),
            Action::Append(value) => Arc::from([current, value].concat()),
        };
        Step::To(state.with(operation.key, next))
    }

    fn fingerprint(&self, state: &State) -> u128 {
        state.fingerprint
    }

    fn is_separable(&self) -> bool {
        self.keys.len() > 1
    }

    fn are_independent(&self, left: &Operation, right: &Operation) -> bool {
        left.key != right.key
    }

    fn locality(&self, operation: &Operation) -> Option<u64> {
        Some(u64::from(operation.key))
    }

    fn foresee(&self, entries: &[Entry<Operation>]) -> Option<Foresight> {
        pieces::foresee(entries)
    }

    fn refusal(&self, state: &State, operation: &Operation) -> String {
        let key = self.key(operation.key);
        match &operation.action {
            Action::Get(value) => {
                format!("got {value:?} of key {key:?}, which holds {:?}", state.get(operation.key))
            }
            Action::Put(_) | Action::Append(_) => "fits any value".to_string(),
        }
    }

    fn near(&self, before: &State, after: &State, recorded: &Recorded) -> [Vec<String>; 2] {
        let key = key_of(recorded).unwrap_or_default();
        let number = self.keys.binary_search(&key).ok().and_then(|it| u32::try_from(it).ok());
        let line = |state: &State| match number {
            Some(number) => vec![format!("{key} = {:?}", state.get(number))],
            None => Vec::new(),
        };
        [line(before), line(after)]
    }

    fn describe(&self, state: &State) -> Vec<String> {
        let line = |(key, value): &(u32, Arc<str>)| format!("{} = {value:?}", self.key(*key));
        state.values.iter().map(line).collect()
    }
}
