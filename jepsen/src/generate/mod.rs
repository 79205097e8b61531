//! Makes histories of any length, with and without violations, to measure checkers with.
//!
//! Simulated clients ask a plain system in memory: an operation is invoked, takes effect and
//! returns at three moments that are drawn apart, so operations of different clients overlap
//! as they do in earnest. Everything is drawn from the seed. A line is given out as soon as it
//! is known: memory grows with what is open and with what the system holds.

mod random;
mod simple;
#[cfg(test)]
mod tests;
mod tree;

use serde_json::{Map, Value, json};

use crate::model::Kind;
pub use random::Random;

/// How to make a history.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// What the operations are of.
    pub model: Kind,
    /// The same seed gives the same history.
    pub seed: u64,
    /// How many are invoked.
    pub operations: u64,
    /// How many may be open at once.
    pub clients: u64,
    /// Of a thousand operations, how many lose their answer.
    pub unknown_per_mille: u64,
    /// Keys, or top directories of a tree.
    pub keys: u64,
    /// What answers tell beside what was asked.
    pub told: Told,
    /// A violation, planted after two thirds of the history.
    pub defect: Option<Defect>,
}

/// How much the answers of a file tree tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// Revisions, ids and revs, as the service does.
    Everything,
    /// No `revision` of answers: ids and revs of nodes only.
    NoRevisions,
    /// Neither revisions nor ids nor revs: names, kinds and contents only.
    NamesOnly,
}

/// A wrong answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defect {
    /// A read answers what was there before acknowledged writes.
    StaleRead,
    /// An acknowledged write never happened.
    LostWrite,
}

/// A system whose clients are simulated.
trait System {
    /// What a client asks for next.
    fn draw(&mut self, random: &mut Random) -> Request;
    /// Answers, with the revision that the answer reflects.
    fn call(&mut self, request: &Request, told: Told) -> (Value, Option<u64>);
    /// A read of what a request wrote, if it is a write that can be lost.
    fn read_back(&self, request: &Request) -> Option<Request>;
}

/// What is asked.
#[derive(Debug, Clone)]
struct Request {
    function: &'static str,
    key: Option<String>,
    value: Value,
}

/// An operation under way.
struct Open {
    process: u64,
    sequence: u64,
    request: Request,
    answer: Option<(Value, Option<u64>)>,
    is_lost: bool,
}

/// Gives out the lines of a history, the header first. Tells whether it has the violation that it
/// was to have: some have nothing that could be lost.
pub fn generate(shape: &Shape, out: &mut dyn FnMut(&Value)) -> bool {
    let mut system: Box<dyn System> = match shape.model {
        Kind::Register => Box::new(simple::Register::default()),
        Kind::Kv => Box::new(simple::Kv::new(shape.keys)),
        Kind::FileTree => Box::new(tree::Tree::new(shape.keys)),
    };
    let mut header = json!({
        "history": "metad/1", "workload": "generated", "seed": shape.seed, "nodes": 3,
        "model": shape.model.name(),
    });
    if shape.model == Kind::FileTree {
        header["namespaces"] = json!([{"id": 1, "root": 1, "name": "main"}]);
    }
    out(&header);
    let mut generator = Generator {
        shape,
        random: Random::new(shape.seed),
        open: Vec::new(),
        idle: (0..shape.clients).collect(),
        next_process: shape.clients,
        sequence: 0,
        index: 0,
        planted: shape.defect.is_none(),
        out,
    };
    generator.run(system.as_mut());
    generator.planted
}

struct Generator<'a> {
    shape: &'a Shape,
    random: Random,
    open: Vec<Open>,
    idle: Vec<u64>,
    next_process: u64,
    sequence: u64,
    index: u64,
    planted: bool,
    out: &'a mut dyn FnMut(&Value),
}

impl Generator<'_> {
    fn run(&mut self, system: &mut dyn System) {
        while self.sequence < self.shape.operations || self.open.iter().any(|open| !open.is_lost) {
            let may_invoke = self.sequence < self.shape.operations && !self.idle.is_empty();
            if may_invoke && self.random.one_in(2) {
                let request = system.draw(&mut self.random);
                self.invoke(request);
            } else if !self.open.is_empty() {
                self.advance(system);
            }
        }
    }

    fn invoke(&mut self, request: Request) {
        let slot = self.random.below(self.idle.len() as u64) as usize;
        let process = self.idle.swap_remove(slot);
        self.sequence += 1;
        let open = Open { process, sequence: self.sequence, request, answer: None, is_lost: false };
        self.event("invoke", &open, open.request.value.clone(), None);
        self.open.push(open);
    }

    /// Lets one operation take effect, return, or lose its answer.
    fn advance(&mut self, system: &mut dyn System) {
        let slot = self.random.below(self.open.len() as u64) as usize;
        let mut open = self.open.swap_remove(slot);
        // Each answered operation comes here twice.
        if !open.is_lost && self.random.below(2_000) < self.shape.unknown_per_mille {
            self.event("info", &open, Value::Null, None);
            self.idle.push(self.next_process);
            self.next_process += 1;
            open.is_lost = true;
            if open.answer.is_none() && self.random.one_in(2) {
                self.open.push(open); // It may still arrive.
            }
        } else if open.answer.is_none() {
            let is_lost_write = self.may_plant(Defect::LostWrite, &open)
                && system.read_back(&open.request).is_some();
            match is_lost_write {
                true => self.lose_write(open, system),
                false => {
                    open.answer = Some(system.call(&open.request, self.shape.told));
                    if !open.is_lost {
                        self.open.push(open);
                    }
                }
            }
        } else if let Some((value, revision)) = open.answer.take() {
            self.event("ok", &open, value, revision);
            let is_seen = self.may_plant(Defect::StaleRead, &open);
            self.idle.push(open.process);
            if is_seen && let Some(read) = system.read_back(&open.request) {
                self.plant_stale_read(read, &open, system);
            }
        }
    }

    fn may_plant(&self, defect: Defect, open: &Open) -> bool {
        let is_late = self.sequence > self.shape.operations * 2 / 3;
        !self.planted && !open.is_lost && is_late && self.shape.defect == Some(defect)
    }

    /// Acknowledges a write that does not happen, and reads what is there.
    fn lose_write(&mut self, mut open: Open, system: &mut dyn System) {
        let mut read = system.read_back(&open.request).expect("the caller has looked");
        let (before, revision) = system.call(&read, self.shape.told);
        if before.get("rejected").is_some() {
            // Nothing to overwrite: the answer would be another one.
            open.answer = Some(system.call(&open.request, self.shape.told));
            self.open.push(open);
            return;
        }
        let wrong = match self.shape.model {
            Kind::FileTree => json!({"id": before["id"]}),
            Kind::Register | Kind::Kv => Value::Null,
        };
        let wrong = if self.shape.told == Told::NamesOnly { json!({}) } else { wrong };
        self.planted = true;
        self.event("ok", &open, wrong, revision);
        let process = self.next_process;
        self.next_process += 1;
        self.sequence += 1;
        read.key = read.key.or(open.request.key.clone());
        let sequence = self.sequence;
        let asked = Open { process, sequence, request: read, answer: None, is_lost: false };
        self.event("invoke", &asked, asked.request.value.clone(), None);
        self.event("ok", &asked, before, revision);
        self.idle.push(open.process);
    }

    /// Reads what a write that has just returned wrote, as it was before anything was there.
    fn plant_stale_read(&mut self, read: Request, open: &Open, system: &mut dyn System) {
        let (now, revision) = system.call(&read, self.shape.told);
        let mut stale = now.clone();
        match self.shape.model {
            Kind::Register => stale = json!("never written"),
            Kind::Kv => stale = json!("never written"),
            Kind::FileTree if now.get("hash").is_some() => stale["hash"] = json!("00ff"),
            Kind::FileTree => return,
        }
        self.planted = true;
        let process = self.next_process;
        self.next_process += 1;
        self.sequence += 1;
        let key = read.key.clone().or(open.request.key.clone());
        let request = Request { key, ..read };
        let asked =
            Open { process, sequence: self.sequence, request, answer: None, is_lost: false };
        self.event("invoke", &asked, asked.request.value.clone(), None);
        self.event("ok", &asked, stale, revision);
    }

    fn event(&mut self, kind: &str, open: &Open, value: Value, revision: Option<u64>) {
        let mut event = Map::new();
        event.insert("index".to_string(), json!(self.index));
        event.insert("time".to_string(), json!(self.index * 10_000));
        event.insert("process".to_string(), json!(open.process));
        event.insert("type".to_string(), json!(kind));
        event.insert("f".to_string(), json!(open.request.function));
        if let Some(key) = &open.request.key {
            event.insert("key".to_string(), json!(key));
        }
        event.insert("value".to_string(), value);
        if self.shape.model == Kind::FileTree {
            event.insert("request".to_string(), json!([open.process + 1, open.sequence]));
        }
        if let Some(revision) = revision.filter(|_| kind == "ok") {
            event.insert("revision".to_string(), json!(revision));
        }
        self.index += 1;
        (self.out)(&Value::Object(event));
    }
}
