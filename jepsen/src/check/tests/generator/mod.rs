//! Makes histories of concurrent clients of [`super::server::Server`].

mod corruption;
mod operations;

use std::collections::BTreeMap;

use serde_json::{Value, json};

pub(super) use corruption::corrupt;

use super::server::Server;

/// A plain generator of numbers; the same seed gives the same history.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(super) fn below(&mut self, count: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % count
    }

    pub(super) fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u64) as usize]
    }
}

/// How to make a history.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) seed: u64,
    pub(super) operations: usize,
    pub(super) clients: usize,
    /// One operation in so many loses its answer; 0 for none.
    pub(super) lost_one_in: u64,
    pub(super) names: u64,
    /// Reads the journal from time to time and at the end.
    pub(super) journal: bool,
    /// Draws from everything: several namespaces, mounts, and reads of the past.
    pub(super) wide: bool,
}

impl Shape {
    fn namespaces_count(self) -> u64 {
        if self.wide { 3 } else { 1 }
    }
}

/// An operation under way.
struct Pending {
    process: u64,
    function: String,
    input: Value,
    request: (u64, u64),
    answer: Option<(Value, u64)>,
    /// Nobody waits for the answer any more.
    lost: bool,
}

pub(super) struct Generator {
    random: Random,
    shape: Shape,
    server: Server,
    pending: Vec<Pending>,
    idle: Vec<u64>,
    next_process: u64,
    sequence: u64,
    lines: Vec<Value>,
    /// Ids and revs that clients have seen.
    /// The last revision that each process was told by a write or such a read.
    carried: BTreeMap<u64, u64>,
    seen_ids: Vec<u64>,
    seen_revs: Vec<u64>,
    /// Names of conflicted copies.
    seen_names: Vec<String>,
}

/// A history in JSON lines.
pub(super) fn generate(shape: Shape) -> Vec<Value> {
    let mut generator = Generator {
        random: Random::new(shape.seed + 1),
        shape,
        server: Server::new(shape.namespaces_count()),
        pending: Vec::new(),
        idle: (0..shape.clients as u64).collect(),
        next_process: shape.clients as u64,
        sequence: 0,
        lines: Vec::new(),
        carried: BTreeMap::new(),
        seen_ids: (1..=shape.namespaces_count()).collect(),
        seen_revs: vec![1],
        seen_names: vec!["a (ann's conflicted copy 2026-02-02)".to_string()],
    };
    generator.run();
    generator.lines
}

impl Generator {
    fn run(&mut self) {
        let namespaces = [
            json!({"id": 1, "root": 1, "name": "main"}),
            json!({"id": 2, "root": 2, "name": "folded", "policy": "casefold"}),
            json!({"id": 3, "root": 3, "name": "other"}),
        ];
        self.lines.push(json!({
            "history": "metad/1", "workload": "random", "seed": self.shape.seed, "nodes": 3,
            "model": "file-tree", "faults": [],
            "namespaces": namespaces[..self.shape.namespaces_count() as usize],
        }));
        let mut started = 0;
        while started < self.shape.operations || self.pending.iter().any(|pending| !pending.lost) {
            let may_start = started < self.shape.operations && !self.idle.is_empty();
            if may_start && self.random.one_in(2) {
                self.invoke();
                started += 1;
            } else if !self.pending.is_empty() {
                self.advance();
            }
        }
        if self.shape.journal {
            for ns in 1..=self.shape.namespaces_count() {
                self.read_journal(ns);
            }
        }
    }

    fn event(&mut self, kind: &str, pending: &Pending, value: Value) -> Value {
        let index = self.lines.len() as u64 - 1;
        json!({
            "index": index, "time": index * 1000, "process": pending.process, "type": kind,
            "f": pending.function, "value": value, "request": [pending.request.0, pending.request.1],
        })
    }

    fn invoke(&mut self) {
        let slot = self.random.below(self.idle.len() as u64) as usize;
        let process = self.idle.swap_remove(slot);
        let (function, input) = match self.shape.journal && self.random.one_in(20) {
            true => ("journal".to_string(), json!({"ns": self.ns()})),
            false => self.draw(),
        };
        let input = self.loosen(process, &function, input);
        self.sequence += 1;
        let request = (process + 1, self.sequence);
        let pending = Pending { process, function, input, request, answer: None, lost: false };
        let event = self.event("invoke", &pending, pending.input.clone());
        self.lines.push(event);
        self.pending.push(pending);
    }

    /// Makes some reads of now such that may lag behind.
    fn loosen(&mut self, process: u64, function: &str, mut input: Value) -> Value {
        let is_read = matches!(function, "stat" | "lookup" | "list" | "batch_stat");
        let is_of_now = input["at_revision"].is_null();
        if self.shape.wide && is_read && is_of_now && self.random.one_in(3) {
            match self.random.one_in(2) {
                true => input["consistency"] = json!("any"),
                false => {
                    input["at_least"] = json!(self.carried.get(&process).copied().unwrap_or(1));
                }
            }
        }
        input
    }

    /// Lets one pending operation take effect, return, or lose its answer.
    fn advance(&mut self) {
        let slot = self.random.below(self.pending.len() as u64) as usize;
        let mut pending = self.pending.swap_remove(slot);
        let lost_one_in = self.shape.lost_one_in;
        if !pending.lost && lost_one_in > 0 && self.random.one_in(2 * lost_one_in) {
            let event = self.event("info", &pending, Value::Null);
            self.lines.push(event);
            self.idle.push(self.next_process);
            self.next_process += 1;
            pending.lost = true;
            if pending.answer.is_none() && self.random.one_in(2) {
                self.pending.push(pending); // It may still arrive.
            }
        } else if pending.answer.is_none() {
            let answer = match pending.function.as_str() {
                "journal" => {
                    let ns = pending.input["ns"].as_u64().expect("a namespace");
                    (self.server.page(ns, None, 100), self.server.revision)
                }
                function if may_lag(&pending.input) => {
                    let behind = self.random.below(4);
                    self.server.lagging(function, &pending.input, behind)
                }
                _ => self.server.call(&pending.function, &pending.input, pending.request),
            };
            pending.answer = Some(answer);
            if !pending.lost {
                self.pending.push(pending);
            }
        } else if let Some((value, revision)) = pending.answer.take() {
            self.learn(&value);
            if value.get("rejected").is_none() || may_lag(&pending.input) {
                let carried = self.carried.entry(pending.process).or_default();
                *carried = (*carried).max(revision);
            }
            let mut event = self.event("ok", &pending, value);
            event["revision"] = json!(revision);
            event["node"] = json!(1);
            self.lines.push(event);
            self.idle.push(pending.process);
        }
    }

    fn learn(&mut self, value: &Value) {
        self.seen_ids.extend(value["id"].as_u64());
        self.seen_revs.extend(value["rev"].as_u64());
        self.seen_names.extend(value["renamed"].as_str().map(str::to_string));
        for entry in value["entries"].as_array().into_iter().flatten() {
            self.seen_ids.extend(entry["id"].as_u64());
            self.seen_revs.extend(entry["rev"].as_u64());
            let name = entry["name"].as_str().filter(|name| name.contains("conflicted"));
            self.seen_names.extend(name.map(str::to_string));
        }
    }

    /// Reads a journal in pages to its end.
    fn read_journal(&mut self, ns: u64) {
        let mut after = None;
        loop {
            let input = match after {
                None => json!({"ns": ns}),
                Some((revision, ordinal)) => json!({"ns": ns, "cursor": [revision, ordinal]}),
            };
            let process = self.next_process;
            let request = (process + 1, 0);
            let function = "journal".to_string();
            let pending = Pending { process, function, input, request, answer: None, lost: false };
            let event = self.event("invoke", &pending, pending.input.clone());
            self.lines.push(event);
            let page = self.server.page(ns, after, 50);
            let cursor = |part: usize| page["cursor"][part].as_u64().expect("cursors are numbers");
            after = Some((cursor(0), cursor(1)));
            let end = page["end"] == true;
            let mut event = self.event("ok", &pending, page);
            event["revision"] = json!(self.server.revision);
            self.lines.push(event);
            if end {
                return;
            }
        }
    }
}

fn may_lag(input: &Value) -> bool {
    input.get("at_least").is_some() || input["consistency"] == "any"
}
