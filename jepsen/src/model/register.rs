//! One register: read, write, compare-and-set.
//!
//! Values are compared as they are written in the history. What formats disagree about:
//!
//! - The first value: nil in Jepsen logs of etcd, 0 in Knossos' histories, the header's
//!   `initial` (or null) in ours.
//! - A failed compare-and-set: in Jepsen logs of etcd it observed that the register did not
//!   hold the old value; elsewhere it did not happen. Ours says
//!   `{"rejected":"CONFLICT"}` for the observation.
//! - A read that answers nil: an unknown value in Knossos' histories, nil elsewhere.

use serde_json::Value;

use super::{BadOperation, Claimed, Entry, Foreseen, Foresight, Leads, Model, Step, hash_bytes};
use crate::history::{Format, History, Operation as Recorded, Outcome};

/// The specification; values are numbered, see [`compile`].
#[derive(Debug, Clone)]
pub struct Register {
    initial: u32,
    values: Vec<Value>,
}

/// What was asked and answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// A read of an unknown value.
    ReadAny,
    /// A read of this value.
    Read(u32),
    /// A write, acknowledged or of unknown outcome.
    Write(u32),
    /// A compare-and-set that swapped.
    Swap {
        /// What the register had to hold.
        old: u32,
        /// What it holds afterwards.
        new: u32,
    },
    /// A compare-and-set that found another value than this.
    Differs(u32),
}

/// A register's checkable form of a history.
pub fn compile(history: &History) -> Result<(Register, Vec<Entry<Operation>>), BadOperation> {
    let mut register = Register { initial: 0, values: Vec::new() };
    let initial = match (history.format, &history.header.initial) {
        (_, Some(value)) => value.clone(),
        (Format::Edn, None) => Value::from(0),
        (Format::Metad | Format::JepsenLog | Format::Porcupine, None) => Value::Null,
    };
    register.initial = register.number(&initial);
    let mut entries = Vec::new();
    for (index, recorded) in history.operations.iter().enumerate() {
        let Some(operation) = register.compile_one(recorded, history.format)? else { continue };
        let unknown = recorded.outcome == Outcome::Unknown;
        entries.push(Entry {
            operation,
            index,
            invoked: recorded.invoked,
            completed: recorded.completed.filter(|_| !unknown),
            claim: None,
            claimed: Claimed::NoEffect,
            observes: observes(operation),
            class: class_of(operation),
        });
    }
    Ok((register, entries))
}

fn observes(operation: Operation) -> bool {
    match operation {
        Operation::ReadAny | Operation::Read(_) | Operation::Differs(_) => true,
        Operation::Swap { old, new } => old == new,
        Operation::Write(_) => false,
    }
}

fn class_of(operation: Operation) -> u64 {
    match operation {
        Operation::Write(value) => u64::from(value),
        Operation::Swap { old, new } => (u64::from(old) + 1) << 32 | u64::from(new),
        Operation::ReadAny | Operation::Read(_) | Operation::Differs(_) => u64::MAX,
    }
}

impl Register {
    fn number(&mut self, value: &Value) -> u32 {
        let found = self.values.iter().position(|known| known == value);
        let number = found.unwrap_or_else(|| {
            self.values.push(value.clone());
            self.values.len() - 1
        });
        u32::try_from(number).expect("fewer values than events, which are numbered in 32 bits")
    }

    /// None for an operation that tells nothing: it did not happen, or nobody knows what it read.
    fn compile_one(
        &mut self,
        recorded: &Recorded,
        format: Format,
    ) -> Result<Option<Operation>, BadOperation> {
        match recorded.function.as_str() {
            "read" => Ok(self.compile_read(recorded, format)),
            "write" => match &recorded.outcome {
                Outcome::Fail(_) => Ok(None),
                Outcome::Ok(_) | Outcome::Unknown => {
                    Ok(Some(Operation::Write(self.number(&recorded.input))))
                }
            },
            "cas" => self.compile_cas(recorded, format),
            _ => Err(BadOperation::of(recorded, "a register has only read, write and cas")),
        }
    }

    fn compile_read(&mut self, recorded: &Recorded, format: Format) -> Option<Operation> {
        let Outcome::Ok(value) = &recorded.outcome else { return None };
        let value = if value.is_null() { &recorded.input } else { value };
        if value.is_null() && format == Format::Edn {
            return Some(Operation::ReadAny);
        }
        Some(Operation::Read(self.number(value)))
    }

    fn compile_cas(
        &mut self,
        recorded: &Recorded,
        format: Format,
    ) -> Result<Option<Operation>, BadOperation> {
        let Some([old, new]) = recorded.input.as_array().map(Vec::as_slice) else {
            let reason = format!("expected [old new], found {}", recorded.input);
            return Err(BadOperation::of(recorded, reason));
        };
        let old = self.number(old);
        let new = self.number(new);
        Ok(match &recorded.outcome {
            Outcome::Ok(value) if value.get("rejected").is_some() => Some(Operation::Differs(old)),
            Outcome::Ok(_) | Outcome::Unknown => Some(Operation::Swap { old, new }),
            // A pair is the answer "it held another value"; anything else, such as
            // :timed-out, is no answer.
            Outcome::Fail(Value::Array(_)) if format == Format::JepsenLog => {
                Some(Operation::Differs(old))
            }
            Outcome::Fail(_) => None,
        })
    }

    fn value(&self, number: u32) -> &Value {
        &self.values[number as usize]
    }
}

/// What the operations of a history ask of each value.
struct Places {
    /// Operations that make it; it is there once if there is just one.
    makers: Vec<u32>,
    /// Whether any fits with it.
    is_needed: Vec<bool>,
}

impl Places {
    fn of(register: &Register, entries: &[Entry<Operation>]) -> Places {
        let count = register.values.len();
        let mut places = Places { makers: vec![0; count], is_needed: vec![false; count] };
        places.makers[register.initial as usize] = 1;
        for entry in entries {
            match entry.operation {
                Operation::Read(value) => places.is_needed[value as usize] = true,
                Operation::Write(value) => places.makers[value as usize] += 1,
                Operation::Swap { old, new } => {
                    places.is_needed[old as usize] = true;
                    places.makers[new as usize] += u32::from(old != new);
                }
                // It tells one value that nobody needs from another.
                Operation::Differs(_) => places.is_needed.fill(true),
                Operation::ReadAny => {}
            }
        }
        places
    }

    /// Where a value leads: its number, if anybody sees it.
    fn place(&self, value: u32) -> Option<u32> {
        self.is_needed[value as usize].then_some(value)
    }

    fn lost_until(&self) -> Vec<u32> {
        (0u32..).zip(&self.makers).map(|(value, makers)| value + u32::from(*makers <= 1)).collect()
    }
}

impl Model for Register {
    type State = u32;
    type Operation = Operation;

    fn initial(&self) -> u32 {
        self.initial
    }

    fn step(&self, state: &u32, operation: &Operation) -> Step<u32> {
        let next = match *operation {
            Operation::ReadAny => *state,
            Operation::Read(value) if value == *state => *state,
            Operation::Differs(old) if old != *state => *state,
            Operation::Write(value) => value,
            Operation::Swap { old, new } if old == *state => new,
            Operation::Read(_) | Operation::Differs(_) | Operation::Swap { .. } => return Step::No,
        };
        if next == *state { Step::Same } else { Step::To(next) }
    }

    fn foresee(&self, entries: &[Entry<Operation>]) -> Option<Foresight> {
        let places = Places::of(self, entries);
        let foreseen = |entry: &Entry<Operation>| {
            let (needs, leads) = match entry.operation {
                Operation::ReadAny | Operation::Differs(_) => (None, Leads::Nowhere),
                Operation::Read(value) => (Some(value), Leads::Nowhere),
                Operation::Swap { old, new } if old == new => (Some(old), Leads::Nowhere),
                Operation::Swap { old, new } => (Some(old), Leads::On(places.place(new))),
                Operation::Write(value) => (None, Leads::Over(places.place(value))),
            };
            Foreseen { needs, leads }
        };
        Some(Foresight {
            initial: places.place(self.initial),
            operations: entries.iter().map(foreseen).collect(),
            lost_until: places.lost_until(),
        })
    }

    fn fingerprint(&self, state: &u32) -> u128 {
        hash_bytes(&state.to_le_bytes())
    }

    fn refusal(&self, state: &u32, operation: &Operation) -> String {
        let holds = self.value(*state);
        match *operation {
            Operation::Read(value) => {
                format!("read {}, but the register holds {holds}", self.value(value))
            }
            Operation::Differs(old) => format!(
                "found another value than {}, but the register holds {holds}",
                self.value(old),
            ),
            Operation::Swap { old, .. } => {
                format!("needs the register to hold {}, it holds {holds}", self.value(old))
            }
            Operation::Write(_) | Operation::ReadAny => "fits any value".to_string(),
        }
    }

    fn describe(&self, state: &u32) -> Vec<String> {
        vec![format!("register = {}", self.value(*state))]
    }
}
