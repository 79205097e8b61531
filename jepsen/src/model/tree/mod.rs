//! File trees, as semantics.md promises them.
//!
//! Written from the promises alone, apart from the server. The server chooses ids and
//! revisions; the model takes them from the answers and holds later answers to them. What
//! an operation of unknown outcome made has an id and a rev too, which nobody was told: they
//! stay open until some answer shows them ([`revisions`], [`state`]), and where an operation
//! names an id that nobody was told, each way is followed ([`chooser`]). So it is with the
//! date in the name of a conflicted copy ([`commit`]).
//!
//! The revision that an answer claims is part of the answer: changes take ever greater
//! ones, and what changes nothing reflects the revision of the last change, or a later one
//! that a change outside of the history took. [`Claims::Ignored`] drops that, to tell a
//! wrong answer from a wrong claim.

mod answer;
mod attributes;
mod chooser;
mod commit;
mod compile;
mod conflicted;
mod copy;
mod diff;
mod fields;
mod finding;
mod footprint;
mod forest;
mod guess;
mod id_set;
mod learning;
mod matching;
mod mounts;
mod mutate;
mod namespaces;
mod near;
mod node;
mod observe;
mod operation;
mod parse;
mod parse_answer;
mod past;
mod path;
mod precondition;
mod reason;
mod revisions;
mod run;
mod state;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use chooser::Chooser;
use forest::Namespace;
use matching::describe_node;
use node::{Handle, INITIAL_TAG_MAX, Node};
use revisions::Revisions;
use run::Run;
use state::Tracked;

pub use compile::{Compiled, Compiler, Consistency, Hint, Hints, compile};
pub use guess::{assume_guesses, assume_sightings};
pub use operation::Operation;
pub use state::State;

use crate::history::{InitialNamespace, Operation as Recorded};
use crate::model::{Entry, Model, Step, hash_bytes};

/// Lines that a description of a state has at most.
const DESCRIBED_NODES_MAX: usize = 500;

/// Whether the revisions that answers claim are held to what they promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claims {
    /// They are part of the answers.
    Judged,
    /// Only what answers say of nodes counts.
    Ignored,
}

/// The specification.
#[derive(Debug, Clone)]
pub struct FileTree {
    claims: Claims,
    initial: Vec<InitialNamespace>,
    tracked: Tracked,
    /// Whether operations that touch other names are independent of one another.
    is_separable: bool,
}

impl Model for FileTree {
    type State = State;
    type Operation = Operation;

    fn initial(&self) -> State {
        let mut state = State::new(Revisions::new(self.claims == Claims::Judged), self.tracked);
        for (number, namespace) in (0u32..).zip(&self.initial) {
            let tag = INITIAL_TAG_MAX - number;
            let (handle, root) = (Handle { tag, ordinal: 0 }, Handle { tag, ordinal: 1 });
            let rev = state.revisions.rev_of_initial(tag);
            let name = Arc::from(namespace.name.as_str());
            let policy = namespace.policy;
            state.add_namespace(handle, Namespace { name, policy, root, changed: rev });
            state.bind_namespace(handle, namespace.id);
            state.add_node(root, Node::root(handle, rev));
            state.bind_node(root, namespace.root);
            state.remember(rev);
        }
        state
    }

    fn step(&self, state: &State, operation: &Operation) -> Step<State> {
        let mut chooser = Chooser::default();
        let mut states = Outcomes::default();
        loop {
            if let Ok(next) = Run::new(state, operation, &mut chooser).execute() {
                states.add(next);
            }
            if !chooser.advance() {
                return states.into_step(state);
            }
        }
    }

    fn fingerprint(&self, state: &State) -> u128 {
        state.fingerprint()
    }

    fn unasked(&self, entry: &Entry<Operation>) -> Option<Entry<Operation>> {
        let operation = entry.operation.unanswered()?;
        let text = format!("{:?}", operation.request);
        let class = hash_bytes(text.as_bytes()) as u64;
        let unknown = Entry { completed: None, claim: None, class, ..entry.clone() };
        (!entry.observes).then_some(Entry { operation, ..unknown })
    }

    fn floor(&self, state: &State) -> u64 {
        state.revisions.floor()
    }

    fn is_separable(&self) -> bool {
        self.is_separable
    }

    fn are_independent(&self, left: &Operation, right: &Operation) -> bool {
        self.is_separable && left.footprint().is_apart(right.footprint())
    }

    fn may_meet(&self, left: &Operation, right: &Operation) -> bool {
        !left.footprint().is_apart(right.footprint())
    }

    fn locality(&self, operation: &Operation) -> Option<u64> {
        operation.footprint().locality().filter(|_| self.is_separable)
    }

    fn refusal(&self, state: &State, operation: &Operation) -> String {
        let mut chooser = Chooser::default();
        match Run::new(state, operation, &mut chooser).execute() {
            Ok(_) => "fits".to_string(),
            Err(mismatch) => mismatch.describe(state, operation),
        }
    }

    fn near(&self, before: &State, after: &State, recorded: &Recorded) -> [Vec<String>; 2] {
        near::near(before, after, &recorded.input)
    }

    fn describe(&self, state: &State) -> Vec<String> {
        let mut lines = Vec::new();
        for (handle, namespace) in state.forest.namespaces() {
            let id = state.id_of_namespace(handle);
            let id = id.map_or_else(|| "?".to_string(), |id| id.to_string());
            lines.push(format!("namespace {id} {:?}", namespace.name));
            for node in state.forest.walk(namespace.root) {
                if lines.len() >= DESCRIBED_NODES_MAX {
                    lines.push("…".to_string());
                    return lines;
                }
                lines.push(format!("  {}", describe_node(state, node)));
            }
        }
        lines
    }
}

/// The states that the ways of one step lead to, each once: ways that differ only in what
/// was undone lead to the same one.
#[derive(Default)]
struct Outcomes {
    stays: bool,
    next: Vec<State>,
}

impl Outcomes {
    fn add(&mut self, next: Option<State>) {
        match next {
            None => self.stays = true,
            Some(next) => {
                let is_known = |known: &State| known.fingerprint() == next.fingerprint();
                if !self.next.iter().any(is_known) {
                    self.next.push(next);
                }
            }
        }
    }

    fn into_step(mut self, state: &State) -> Step<State> {
        match (self.stays, self.next.len()) {
            (false, 0) => Step::No,
            (true, 0) => Step::Same,
            (false, 1) => Step::To(self.next.remove(0)),
            (true, _) => {
                self.next.push(state.clone());
                Step::OneOf(self.next)
            }
            (false, _) => Step::OneOf(self.next),
        }
    }
}
