//! What a correct system answers: sequential specifications to hold histories against.
//!
//! A model is told operations one at a time, in some order, each with the answer that was
//! recorded, and says whether that answer fits. It knows nothing of processes or time:
//! which orders are allowed is the checker's business ([`crate::check`]).

mod foresight;
pub mod kv;
pub mod register;
pub mod tree;

use std::fmt;

use serde::Serialize;

use crate::history::{Format, History, Operation};
pub use foresight::{Foreseen, Foresight, Leads, Place};

/// A sequential specification.
pub trait Model {
    /// What the system holds. Cheap to clone.
    type State: Clone;
    /// An operation with its recorded answer, made ready for [`Model::step`].
    type Operation;

    /// The state before the first operation.
    fn initial(&self) -> Self::State;

    /// Whether the operation's answer fits the state, and what the state is afterwards.
    /// An operation of unknown outcome fits only where it has an effect: without one, the
    /// checker may as well leave it out.
    fn step(&self, state: &Self::State, operation: &Self::Operation) -> Step<Self::State>;

    /// A hash of the state, the same for equal states. Of 128 bits, so that different
    /// states may be taken to have different ones.
    fn fingerprint(&self, state: &Self::State) -> u128;

    /// What is left of an answered operation of which nothing is asked any more, so that it may
    /// have happened or not: nothing of an observation, and of a change one of unknown outcome.
    fn unasked(&self, entry: &Entry<Self::Operation>) -> Option<Entry<Self::Operation>>
    where
        Self::Operation: Clone,
    {
        let unknown = || Entry { completed: None, claim: None, ..entry.clone() };
        (!entry.observes).then(unknown)
    }

    /// The least revision that an answer may still claim.
    fn floor(&self, _state: &Self::State) -> u64 {
        0
    }

    /// Whether [`Model::are_independent`] ever holds.
    fn is_separable(&self) -> bool {
        false
    }

    /// Whether two operations fit and leave the same state in either order, wherever one does.
    fn are_independent(&self, _left: &Self::Operation, _right: &Self::Operation) -> bool {
        false
    }

    /// Whether one operation may matter to another's answer, by what they name: a guess.
    fn may_meet(&self, _left: &Self::Operation, _right: &Self::Operation) -> bool {
        true
    }

    /// Operations of different localities are independent. None: it may depend on any.
    fn locality(&self, _operation: &Self::Operation) -> Option<u64> {
        None
    }

    /// What all operations together tell of the order of each, if they are on one cell.
    fn foresee(&self, _entries: &[Entry<Self::Operation>]) -> Option<Foresight> {
        None
    }

    /// What the operation would have needed, in words, when [`Model::step`] said no.
    fn refusal(&self, state: &Self::State, operation: &Self::Operation) -> String;

    /// The state in words, a line for each thing that it holds.
    fn describe(&self, state: &Self::State) -> Vec<String>;

    /// What the states before and after an operation hold where it touches them, a line for
    /// each thing.
    fn near(
        &self,
        before: &Self::State,
        after: &Self::State,
        _operation: &Operation,
    ) -> [Vec<String>; 2] {
        [self.describe(before), self.describe(after)]
    }
}

/// What a model says to one operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step<S> {
    /// The answer does not fit.
    No,
    /// The answer fits and the state stays exactly as it is.
    Same,
    /// The answer fits and this is the state afterwards.
    To(S),
    /// The answer fits, and the history has not yet told which of these states it is.
    OneOf(Vec<S>),
}

/// One operation as a checker takes it: the model's part and when it happened.
#[derive(Debug, Clone)]
pub struct Entry<O> {
    /// The model's operation.
    pub operation: O,
    /// Index among the history's operations.
    pub index: usize,
    /// Position of the invocation.
    pub invoked: u32,
    /// Position of the answer; none if the outcome is unknown, and then the operation need
    /// not be part of a linearization.
    pub completed: Option<u32>,
    /// The revision that the answer claims to reflect.
    pub claim: Option<u64>,
    /// What the answer says of that revision.
    pub claimed: Claimed,
    /// Whether it changes nothing wherever its answer fits, as a read does.
    pub observes: bool,
    /// Operations of unknown outcome with equal classes do exactly the same; and so do answered
    /// ones that change something, if the model foresees ([`Model::foresee`]).
    pub class: u64,
}

/// Whether an answer says that its operation made the revision that it claims. In the order
/// in which operations of one revision are worth trying.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Claimed {
    /// It made it.
    Effect,
    /// It made it, or found it so.
    PossibleEffect,
    /// It only saw it.
    NoEffect,
}

/// The models that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// One value: read, write, compare-and-set.
    Register,
    /// Strings under keys: get, put, append.
    Kv,
    /// Namespaces of directories and files, as semantics.md promises them.
    FileTree,
}

impl Kind {
    /// The name that `--model` and a history's header take.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Register => "register",
            Kind::Kv => "kv",
            Kind::FileTree => "file-tree",
        }
    }

    /// The model of that name.
    pub fn parse(name: &str) -> Option<Kind> {
        [Kind::Register, Kind::Kv, Kind::FileTree].into_iter().find(|kind| kind.name() == name)
    }

    /// The model that a history names in its header, or that its operations are of.
    pub fn infer(history: &History) -> Result<Kind, BadOperation> {
        if let Some(name) = &history.header.model {
            let unknown =
                || BadOperation::new(1, format!("the header names an unknown model {name:?}"));
            return Kind::parse(name).ok_or_else(unknown);
        }
        if history.format == Format::JepsenLog {
            return Ok(Kind::Register);
        }
        let Some(first) = history.operations.first() else { return Ok(Kind::Register) };
        match first.function.as_str() {
            "read" | "write" | "cas" => Ok(Kind::Register),
            "get" | "put" | "append" => Ok(Kind::Kv),
            _ if history.format == Format::Metad => Ok(Kind::FileTree),
            other => Err(BadOperation::new(
                first.line,
                format!(
                    "no model has an operation {other:?}: give --model register, kv or file-tree"
                ),
            )),
        }
    }
}

/// An operation that its model cannot read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadOperation {
    /// Line of the invocation.
    pub line: u32,
    /// What is wrong, in words.
    pub reason: String,
}

impl BadOperation {
    pub(crate) fn new(line: u32, reason: impl Into<String>) -> BadOperation {
        BadOperation { line, reason: reason.into() }
    }

    pub(crate) fn of(operation: &Operation, reason: impl fmt::Display) -> BadOperation {
        BadOperation::new(operation.line, format!("{}: {reason}", operation.function))
    }
}

impl fmt::Display for BadOperation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}: {}", self.line, self.reason)
    }
}

impl std::error::Error for BadOperation {}

/// Hashes bytes to 128 bits, always in the same way.
pub(crate) fn hash_bytes(bytes: &[u8]) -> u128 {
    xxhash_rust::xxh3::xxh3_128(bytes)
}

/// Mixes two hashes into one; the order matters.
pub(crate) fn mix(left: u128, right: u128) -> u128 {
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(&left.to_le_bytes());
    bytes[16..].copy_from_slice(&right.to_le_bytes());
    hash_bytes(&bytes)
}
