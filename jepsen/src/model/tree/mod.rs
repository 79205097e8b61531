//! File trees, as semantics.md promises them.
//!
//! Written from the promises alone, apart from the server. The server chooses ids and
//! revisions; the model takes them from the answers and holds later answers to them. What
//! an operation of unknown outcome made has an id and a rev too, which nobody was told: they
//! stay open until some answer shows them ([`revisions`], [`state`]), and where an operation
//! names an id that nobody was told, each way is followed ([`chooser`]).
//!
//! The revision that an answer claims is part of the answer: changes take ever greater
//! ones, and what changes nothing reflects the revision of the last change, or a later one
//! that a change outside of the history took. [`Claims::Ignored`] drops that, to tell a
//! wrong answer from a wrong claim.

mod chooser;
mod compile;
mod matching;
mod mutate;
mod observe;
mod operation;
mod path;
mod revisions;
mod run;
mod state;

use std::sync::Arc;

use chooser::Chooser;
use matching::describe_node;
use revisions::Revisions;
use run::Run;
use state::{Body, Handle, INITIAL_TAG_MAX, Namespace, Node};

pub use compile::{Hints, compile};
pub use operation::Operation;
pub use state::State;

use crate::history::InitialNamespace;
use crate::model::{Model, Step};

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
}

impl Model for FileTree {
    type State = State;
    type Operation = Operation;

    fn initial(&self) -> State {
        let mut state = State::new(Revisions::new(self.claims == Claims::Judged));
        for (number, namespace) in (0u32..).zip(&self.initial) {
            let tag = INITIAL_TAG_MAX - number;
            let (handle, root) = (Handle { tag, ordinal: 0 }, Handle { tag, ordinal: 1 });
            let rev = state.revisions.rev_of_initial(tag);
            let name = Arc::from(namespace.name.as_str());
            state.add_namespace(handle, Namespace { name, id: Some(namespace.id), root });
            let node = Node {
                namespace: handle,
                parent: None,
                name: Arc::from(""),
                id: Some(namespace.root),
                rev,
                body: Body::empty_directory(),
            };
            state.add_node(root, node);
        }
        state
    }

    fn step(&self, state: &State, operation: &Operation) -> Step<State> {
        let mut chooser = Chooser::default();
        let mut first = Run::new(state, operation, &mut chooser).execute().ok();
        let mut others = Vec::new();
        while chooser.advance() {
            if let Ok(next) = Run::new(state, operation, &mut chooser).execute() {
                match first {
                    None => first = Some(next),
                    Some(_) => others.push(next.unwrap_or_else(|| state.clone())),
                }
            }
        }
        match first {
            None => Step::No,
            Some(None) if others.is_empty() => Step::Same,
            Some(Some(next)) if others.is_empty() => Step::To(next),
            Some(next) => {
                others.push(next.unwrap_or_else(|| state.clone()));
                Step::OneOf(others)
            }
        }
    }

    fn fingerprint(&self, state: &State) -> u128 {
        state.fingerprint()
    }

    fn refusal(&self, state: &State, operation: &Operation) -> String {
        let mut chooser = Chooser::default();
        match Run::new(state, operation, &mut chooser).execute() {
            Ok(_) => "fits".to_string(),
            Err(mismatch) => mismatch.describe(state, operation),
        }
    }

    fn describe(&self, state: &State) -> Vec<String> {
        let mut lines = Vec::new();
        for (_, namespace) in state.namespaces() {
            let id = namespace.id.map_or_else(|| "?".to_string(), |id| id.to_string());
            lines.push(format!("namespace {id} {:?}", namespace.name));
            let mut stack = vec![namespace.root];
            while let Some(handle) = stack.pop() {
                if lines.len() >= DESCRIBED_NODES_MAX {
                    lines.push("…".to_string());
                    return lines;
                }
                lines.push(format!("  {}", describe_node(state, handle)));
                if let Some(children) = state.node(handle).children() {
                    let mut children: Vec<Handle> = children.values().copied().collect();
                    children.reverse();
                    stack.extend(children);
                }
            }
        }
        lines
    }
}
