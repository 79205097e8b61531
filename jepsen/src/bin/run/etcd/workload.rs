//! What clients of etcd do: gets and puts of some keys, or reads, writes and compare-and-sets of
//! one. Each value is written once.

use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

use anyhow::Result;
use metad_workload::record::{Event, Kind, Recorder};
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::client::Client;

/// Keys of the workload `kv`.
const KEYS: u64 = 20;
/// The key of the workload `register`.
const REGISTER: &str = "register";
/// After a member could not be reached, or did not answer.
const PAUSE: Duration = Duration::from_millis(100);
/// Attempts at a final read of one key from one member.
const TRIES_MAX: u32 = 20;

/// What is done.
pub struct Workload<'a> {
    /// One register, or keys.
    pub is_register: bool,
    /// The share of puts among operations on keys.
    pub put_share: f64,
    /// Where all randomness comes from.
    pub seed: u64,
    /// Mean time between an answer and the next operation.
    pub think: Duration,
    /// When the last operation begins.
    pub end: Instant,
    /// The members.
    pub addresses: &'a [String],
    /// The history.
    pub recorder: &'a Recorder,
    /// The last value that was written.
    pub written: Cell<u64>,
    /// What became of operations.
    pub counts: RefCell<Counts>,
}

/// Operations by outcome.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Counts {
    /// Answered.
    pub ok: u64,
    /// Never happened.
    pub failed: u64,
    /// May have happened.
    pub unknown: u64,
    /// Unknown, and why, with how often; for people.
    #[serde(skip)]
    pub last_error: String,
}

/// An operation.
enum Operation {
    Get,
    Put(String),
    CompareAndSet(String, String),
}

impl Workload<'_> {
    /// The `number`th client works on one member, on the next one once that does not answer.
    pub async fn client(&self, number: u64) -> Result<()> {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(number);
        let mut process = self.recorder.fresh_process();
        let mut member = number as usize % self.addresses.len();
        let mut seen = String::new();
        while Instant::now() < self.end {
            let Some(client) = Client::connect(&self.addresses[member]).await else {
                member = (member + 1) % self.addresses.len();
                sleep(PAUSE).await;
                continue;
            };
            while Instant::now() < self.end {
                let (key, operation) = self.draw(&mut random, &seen);
                match self.perform(&client, process, member, &key, operation).await? {
                    Some(value) => seen = value,
                    None => {
                        process = self.recorder.fresh_process();
                        break;
                    }
                }
                let think = self.think.mul_f64(random.random_range(0.0..2.0));
                if !think.is_zero() {
                    sleep(think).await;
                }
            }
            sleep(PAUSE).await;
        }
        Ok(())
    }

    /// Reads every key from every member. Tells if one of them never answered.
    pub async fn final_reads(&self) -> Result<Option<String>> {
        let keys = match self.is_register {
            true => vec![REGISTER.to_owned()],
            false => (0..KEYS).map(|key| key.to_string()).collect(),
        };
        for (member, address) in self.addresses.iter().enumerate() {
            for key in &keys {
                if !self.read_finally(member, key).await? {
                    return Ok(Some(format!("{address} answers no reads after all faults")));
                }
            }
        }
        Ok(None)
    }

    async fn read_finally(&self, member: usize, key: &str) -> Result<bool> {
        for _ in 0..TRIES_MAX {
            let process = self.recorder.fresh_process();
            if let Some(client) = Client::connect(&self.addresses[member]).await
                && self.perform(&client, process, member, key, Operation::Get).await?.is_some()
            {
                return Ok(true);
            }
            sleep(PAUSE).await;
        }
        Ok(false)
    }

    fn draw(&self, random: &mut ChaCha8Rng, seen: &str) -> (String, Operation) {
        let fresh = || {
            self.written.set(self.written.get() + 1);
            self.written.get().to_string()
        };
        if !self.is_register {
            let key = random.random_range(0..KEYS).to_string();
            let is_put = random.random_bool(self.put_share);
            return (key, if is_put { Operation::Put(fresh()) } else { Operation::Get });
        }
        let operation = match random.random_range(0..4) {
            0 => Operation::Put(fresh()),
            1 if !seen.is_empty() => Operation::CompareAndSet(seen.to_owned(), fresh()),
            _ => Operation::Get,
        };
        (REGISTER.to_owned(), operation)
    }

    /// Performs an operation and records it. Tells the value that the key had then, or None if
    /// there was no answer.
    async fn perform(
        &self,
        client: &Client,
        process: u64,
        member: usize,
        key: &str,
        operation: Operation,
    ) -> Result<Option<String>> {
        let (f, asked) = self.told(&operation);
        let event = |kind, value: Value| {
            let event = Event::new(process, kind, f, value);
            if self.is_register { event } else { event.key(key) }
        };
        self.recorder.write(event(Kind::Invoke, asked.clone()))?;
        let answer = match &operation {
            Operation::Get => client.get(key).await.map(|value| (self.value(&value), value)),
            Operation::Put(new) => client.put(key, new).await.map(|()| (Value::Null, new.clone())),
            Operation::CompareAndSet(old, new) => {
                client.compare_and_set(key, old, new).await.map(|done| match done {
                    true => (Value::Null, new.clone()),
                    false => (json!({ "rejected": "CONFLICT" }), String::new()),
                })
            }
        };
        let node = Some(member as u64 + 1);
        match answer {
            Ok((answer, value)) => {
                self.counts.borrow_mut().ok += 1;
                self.recorder.write(event(Kind::Ok, answer).answered(None, node))?;
                Ok(Some(value))
            }
            // What is only read changes nothing, whoever reads it later.
            Err(_) if matches!(operation, Operation::Get) => {
                self.counts.borrow_mut().failed += 1;
                self.recorder.write(event(Kind::Fail, asked))?;
                Ok(None)
            }
            Err(status) => {
                let mut counts = self.counts.borrow_mut();
                counts.unknown += 1;
                counts.last_error = status.to_string();
                self.recorder.write(event(Kind::Info, asked))?;
                Ok(None)
            }
        }
    }

    fn told(&self, operation: &Operation) -> (&'static str, Value) {
        match (operation, self.is_register) {
            (Operation::Get, true) => ("read", Value::Null),
            (Operation::Get, false) => ("get", Value::Null),
            (Operation::Put(value), true) => ("write", self.value(value)),
            (Operation::Put(value), false) => ("put", self.value(value)),
            (Operation::CompareAndSet(old, new), _) => {
                ("cas", json!([self.value(old), self.value(new)]))
            }
        }
    }

    /// A register holds numbers, and nothing at first; keys hold text.
    fn value(&self, text: &str) -> Value {
        match self.is_register {
            true => text.parse::<u64>().map_or(Value::Null, Value::from),
            false => Value::from(text),
        }
    }
}
