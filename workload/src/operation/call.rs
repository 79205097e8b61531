//! An operation with what it rests on: where, on which locks, and how fresh.

use metad_client::{
    Level, locks,
    v1::{self, LockRef},
};
use serde_json::{Value, json};

use super::{Operation, Target};

/// One call of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The namespace that it names.
    pub ns: u64,
    /// What to do.
    pub operation: Operation,
    /// Of a read: what it must reflect; linearizable without it.
    pub level: Option<Level>,
    /// Of a mutation: the locks that it depends on.
    pub fences: Vec<Fence>,
}

/// Which lock of a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockName {
    /// A path, as it is written, or a node.
    pub target: Target,
    /// One of several there; may be empty.
    pub name: String,
}

/// A lock with a token that it was granted with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The lock's namespace.
    pub ns: u64,
    /// The lock.
    pub lock: LockName,
    /// Of a grant.
    pub token: u64,
}

impl Call {
    /// A call that is as calls are by default.
    pub fn new(ns: u64, operation: Operation) -> Call {
        Call { ns, operation, level: None, fences: Vec::new() }
    }

    /// What an invocation in the history says.
    pub fn value(&self) -> Value {
        let mut value = self.operation.value(self.ns);
        if !self.fences.is_empty() {
            value["fences"] = self.fences.iter().map(Fence::value).collect();
        }
        match self.level {
            Some(Level::AtLeast(revision)) => value["at_least"] = json!(revision),
            Some(Level::Any) => value["consistency"] = json!("any"),
            Some(Level::Lease) => value["consistency"] = json!("lease"),
            Some(Level::Linearizable) | None => {}
        }
        value
    }
}

impl LockName {
    /// As it is sent.
    pub fn wire(&self, ns: u64) -> LockRef {
        locks::lock(ns, self.target.wire(), &self.name)
    }

    pub(super) fn value(&self) -> Value {
        let mut value = self.target.value();
        if !self.name.is_empty() {
            value["name"] = json!(self.name);
        }
        value
    }
}

impl Fence {
    /// As it is sent.
    pub fn wire(&self) -> v1::Fence {
        locks::fence(self.lock.wire(self.ns), self.token)
    }

    fn value(&self) -> Value {
        let mut value = self.lock.value();
        (value["ns"], value["token"]) = (json!(self.ns), json!(self.token));
        value
    }
}
