//! Makes histories of concurrent clients of [`super::server::Server`].

use serde_json::{Value, json};

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
        server: Server::new(),
        pending: Vec::new(),
        idle: (0..shape.clients as u64).collect(),
        next_process: shape.clients as u64,
        sequence: 0,
        lines: Vec::new(),
        seen_ids: vec![1],
        seen_revs: vec![1],
        seen_names: vec!["a (ann's conflicted copy 2026-02-02)".to_string()],
    };
    generator.run();
    generator.lines
}

impl Generator {
    fn run(&mut self) {
        self.lines.push(json!({
            "history": "metad/1", "workload": "random", "seed": self.shape.seed, "nodes": 3,
            "model": "file-tree", "faults": [],
            "namespaces": [{"id": 1, "root": 1, "name": "main"}],
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
            self.read_journal();
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
            true => ("journal".to_string(), json!({"ns": 1})),
            false => self.draw(),
        };
        self.sequence += 1;
        let request = (process + 1, self.sequence);
        let pending = Pending { process, function, input, request, answer: None, lost: false };
        let event = self.event("invoke", &pending, pending.input.clone());
        self.lines.push(event);
        self.pending.push(pending);
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
                "journal" => (self.server.page(None, 100), self.server.revision),
                _ => self.server.call(&pending.function, &pending.input, pending.request),
            };
            pending.answer = Some(answer);
            if !pending.lost {
                self.pending.push(pending);
            }
        } else if let Some((value, revision)) = pending.answer.take() {
            self.learn(&value);
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

    /// Reads the journal in pages to its end.
    fn read_journal(&mut self) {
        let mut after = None;
        loop {
            let input = match after {
                None => json!({"ns": 1}),
                Some((revision, ordinal)) => json!({"ns": 1, "cursor": [revision, ordinal]}),
            };
            let process = self.next_process;
            let request = (process + 1, 0);
            let function = "journal".to_string();
            let pending = Pending { process, function, input, request, answer: None, lost: false };
            let event = self.event("invoke", &pending, pending.input.clone());
            self.lines.push(event);
            let page = self.server.page(after, 50);
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

    // ------------------------------------------------------------ operations

    fn path(&mut self) -> String {
        let depth = 1 + self.random.below(3);
        (0..depth).map(|_| format!("/{}", self.name())).collect()
    }

    /// One that many choose; the second one has an extension.
    fn name(&mut self) -> String {
        if self.random.one_in(12) {
            return self.random.pick(&self.seen_names).clone();
        }
        match self.random.below(self.shape.names) {
            1 => "b.c".to_string(),
            number => ((b'a' + number as u8) as char).to_string(),
        }
    }

    fn step(&mut self) -> (String, Value) {
        let path = self.path();
        let rev = *self.random.pick(&self.seen_revs);
        let (function, mut value) = match self.random.below(14) {
            0 | 1 => ("mkdir", json!({"path": path, "parents": self.random.one_in(2)})),
            2..6 => ("commit", self.commit(path, rev)),
            6 | 7 => {
                let to = self.path();
                ("move", json!({"from": path, "to": to, "replace": self.random.one_in(2)}))
            }
            8 | 9 => ("delete", json!({"path": path, "recursive": self.random.one_in(2)})),
            10 => ("symlink", json!({"path": path, "to": self.name()})),
            11 => ("copy", json!({"from": path, "to": self.path()})),
            12 => ("set_attributes", self.attributes(path)),
            _ => ("check", json!({"path": path, "condition": self.condition(rev)})),
        };
        if matches!(function, "move" | "delete" | "set_attributes") && self.random.one_in(4) {
            value["rev"] = json!(rev);
        }
        (function.to_string(), value)
    }

    fn commit(&mut self, path: String, rev: u64) -> Value {
        let hash = format!("{:02x}", self.random.below(4));
        let mut value = json!({"path": path, "hash": hash, "size": 1});
        value["mode"] = json!(*self.random.pick(&["create", "overwrite", "update", "update"]));
        if value["mode"] == "update" {
            value["rev"] = json!(rev);
        }
        if self.random.one_in(3) {
            value["autorename"] = json!(true);
            value["client"] = json!(*self.random.pick(&["ann", "bob"]));
        }
        value
    }

    fn attributes(&mut self, path: String) -> Value {
        let mut value = json!({"path": path, "set": {}});
        if self.random.one_in(3) {
            value["remove"] = json!([*self.random.pick(&["color", "tag"])]);
        }
        for name in ["color", "tag"] {
            if self.random.one_in(2) {
                value["set"][name] = json!(format!("{:02x}", self.random.below(2)));
            }
        }
        value
    }

    fn condition(&mut self, rev: u64) -> Value {
        match self.random.below(5) {
            0 => json!({"exists": true}),
            1 => json!({"absent": true}),
            2 => json!({"rev": rev}),
            3 => json!({"kind": *self.random.pick(&["file", "directory", "symlink"])}),
            _ => json!({"unchanged_since": rev}),
        }
    }

    fn draw(&mut self) -> (String, Value) {
        let (function, mut value) = match self.random.below(10) {
            0..5 => self.step(),
            5 => {
                let count = 1 + self.random.below(3);
                let steps: Vec<Value> = (0..count)
                    .map(|_| {
                        let (function, value) = self.step();
                        json!({"f": function, "value": value})
                    })
                    .collect();
                ("batch".to_string(), json!({ "steps": steps }))
            }
            6 => (
                "list".to_string(),
                json!({"path": if self.random.one_in(2) { String::new() } else { self.path() }}),
            ),
            7 => {
                let id = *self.random.pick(&self.seen_ids);
                let path = if self.random.one_in(2) { String::new() } else { self.path() };
                (self.random.pick(&["stat", "lookup"]).to_string(), json!({"id": id, "path": path}))
            }
            _ => (self.random.pick(&["stat", "lookup"]).to_string(), json!({"path": self.path()})),
        };
        value["ns"] = json!(1);
        (function, value)
    }
}

/// Changes one answer a little. The history may stay valid, but mostly it does not.
pub(super) fn corrupt(lines: &mut [Value], random: &mut Random) {
    for _ in 0..200 {
        let slot = random.below(lines.len() as u64) as usize;
        let other = random.below(lines.len() as u64) as usize;
        let replacement = lines[other].clone();
        let event = &mut lines[slot];
        if event["type"] != "ok" {
            continue;
        }
        let is_alike = replacement["type"] == "ok" && replacement["f"] == event["f"];
        let value = &mut event["value"];
        match random.below(9) {
            0 if value["id"].is_u64() => value["id"] = json!(1 + random.below(30)),
            1 if value["rev"].is_u64() => value["rev"] = json!(1 + random.below(30)),
            2 => match value["entries"].as_array_mut() {
                Some(entries) if !entries.is_empty() => {
                    entries.pop();
                }
                _ => continue,
            },
            3 if value.get("rejected").is_some() => value["rejected"] = json!("CYCLE"),
            4 if is_alike => *value = replacement["value"].clone(),
            5 => {
                let revision = event["revision"].as_u64().unwrap_or(1);
                event["revision"] = json!((revision + random.below(3)).saturating_sub(1).max(1));
            }
            6 if value["kind"].is_string() => value["attributes"] = json!({"color": "01"}),
            7 if value["kind"] == "symlink" => value["symlink"] = json!("elsewhere"),
            8 => match value["renamed"].as_str() {
                Some(name) => {
                    let other = ["ann", "bob", "2", "-02-03"][random.below(4) as usize];
                    value["renamed"] = json!(name.replacen(other, "3", 1));
                }
                None => continue,
            },
            _ => continue,
        }
        return;
    }
}
