//! Registers and key-value stores, held against brute force: with values that say where they come
//! from, and with values that do not.

use serde_json::{Value, json};

use super::generator::Random;
use super::{brute_force, decide, to_history};
use crate::model::{Entry, Model, kv, register};

/// Of three clients that are at it at the same time.
pub(super) struct Cell {
    random: Random,
    /// Values that are written once each; otherwise few, also empty ones and parts of others.
    is_unique: bool,
    is_register: bool,
    written: u64,
    held: String,
    answers: Vec<String>,
    lines: Vec<Value>,
}

/// What a client waits for the answer of.
struct Open {
    process: usize,
    function: &'static str,
    value: Value,
    answer: Option<Value>,
}

impl Cell {
    pub(super) fn new(seed: u64, is_register: bool) -> Cell {
        let model = if is_register { "register" } else { "kv" };
        let header = json!({"history": "metad/1", "model": model, "initial": ""});
        Cell {
            random: Random::new(seed),
            is_unique: seed.is_multiple_of(2),
            is_register,
            written: 0,
            held: String::new(),
            answers: vec![String::new()],
            lines: vec![header],
        }
    }

    fn text(&mut self) -> String {
        self.written += 1;
        match self.is_unique {
            true => format!("{}.", self.written),
            false => ["a", "b", "ab", ""][self.random.below(4) as usize].to_owned(),
        }
    }

    fn ask(&mut self, process: usize) -> Open {
        let text = self.text();
        let (function, value) = match (self.is_register, self.random.below(4)) {
            (true, 0 | 1) => ("read", Value::Null),
            (true, 2) => ("write", json!(text)),
            (true, _) => {
                let known = self.random.below(self.answers.len() as u64) as usize;
                ("cas", json!([self.answers[known], text]))
            }
            (false, 0 | 1) => ("get", Value::Null),
            (false, 2) if self.random.one_in(2) => ("put", json!(text)),
            (false, _) => ("append", json!(text)),
        };
        let open = Open { process, function, value, answer: None };
        self.say("invoke", &open, open.value.clone());
        open
    }

    fn say(&mut self, kind: &str, open: &Open, value: Value) {
        let mut line = json!({
            "index": self.lines.len() - 1, "process": open.process, "type": kind,
            "f": open.function, "value": value, "time": self.lines.len(),
        });
        if !self.is_register {
            line["key"] = json!("k");
        }
        self.lines.push(line);
    }

    fn take_effect(&mut self, open: &mut Open) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        open.answer = Some(match open.function {
            "write" | "put" => {
                self.held = text(&open.value);
                Value::Null
            }
            "append" => {
                self.held.push_str(&text(&open.value));
                Value::Null
            }
            "cas" if self.held == text(&open.value[0]) => {
                self.held = text(&open.value[1]);
                Value::Null
            }
            "cas" => json!({"rejected": "CONFLICT"}),
            _ => json!(self.held),
        });
        self.answers.push(self.held.clone());
    }

    fn answer(&mut self, open: &Open, is_corrupt: bool) {
        let mut answer = open.answer.clone().unwrap_or_default();
        if is_corrupt && answer.is_string() && self.random.one_in(2) {
            let other = self.random.below(self.answers.len() as u64) as usize;
            answer = json!(self.answers[other]);
        }
        let kind = if self.random.one_in(8) { "info" } else { "ok" };
        self.say(kind, open, if kind == "ok" { answer } else { open.value.clone() });
    }

    pub(super) fn run(mut self, operations: usize, is_corrupt: bool) -> Vec<Value> {
        let mut open: Vec<Open> = Vec::new();
        let mut asked = 0;
        while asked < operations || !open.is_empty() {
            let at = self.random.below(4) as usize;
            if at >= open.len() {
                if asked < operations {
                    asked += 1;
                    open.push(self.ask(asked));
                }
            } else if open[at].answer.is_none() && !self.random.one_in(12) {
                self.take_effect(&mut open[at]);
            } else {
                let ended = open.swap_remove(at);
                match ended.answer {
                    Some(_) => self.answer(&ended, is_corrupt),
                    None => self.say("info", &ended, ended.value.clone()),
                }
            }
        }
        self.lines
    }
}

#[derive(Default)]
struct Seen {
    valid: u32,
    invalid: u32,
    foreseen: u32,
}

fn agree<M: Model>(
    seed: u64,
    model: &M,
    entries: &[Entry<M::Operation>],
    lines: &[Value],
    seen: &mut Seen,
) {
    let expected = brute_force(model, entries);
    assert_eq!(decide(model, entries), Some(expected), "seed {seed}: {lines:#?}");
    *(if expected { &mut seen.valid } else { &mut seen.invalid }) += 1;
    seen.foreseen += u32::from(model.foresee(entries).is_some());
}

#[test]
fn search_agrees_with_brute_force_on_cells() {
    for is_register in [true, false] {
        let mut seen = Seen::default();
        for seed in 0..40_000 {
            let cell = Cell::new(seed, is_register);
            let lines = cell.run(5 + (seed % 5) as usize, seed % 4 != 0);
            let history = to_history(&lines);
            if is_register {
                let (model, entries) = register::compile(&history).expect("known");
                agree(seed, &model, &entries, &lines, &mut seen);
            } else {
                let (model, entries) = kv::compile(&history).expect("known");
                agree(seed, &model, &entries, &lines, &mut seen);
            }
        }
        let Seen { valid, invalid, foreseen } = seen;
        let told = format!("{valid} valid, {invalid} invalid, {foreseen} of them foreseen");
        assert!(valid > 10_000 && invalid > 3_000 && foreseen > 20_000, "{told}");
    }
}
