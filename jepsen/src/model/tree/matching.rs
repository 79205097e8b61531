//! Holds results against the model, and says what does not fit.

use super::answer::Answer;
use super::mutate::Touched;
use super::node::{Body, Handle};
use super::operation::{Name, Operation};
use super::reason::Reason;
use super::run::Run;
use super::state::State;

/// Why an answer does not fit. Cheap to make: searches make and drop many.
#[derive(Debug, Clone)]
pub(super) enum Mismatch {
    /// The outcome is unknown and there would be no effect.
    NoEffect,
    /// It was refused, but nothing stands in its way.
    Succeeds,
    Refused {
        reason: Reason,
        step: usize,
    },
    /// An effect at a revision that is not above this one.
    ChangesOld {
        floor: u64,
    },
    /// No effect, and a revision below this one.
    SeesOld {
        floor: u64,
    },
    Id {
        handle: Handle,
    },
    /// A node made now has an id that another node has or had.
    IdUsed {
        id: u64,
    },
    /// A namespace has another id, or its id is another one's.
    NamespaceId,
    /// Another name, policy, quota or another count of a namespace.
    Namespace {
        handle: Handle,
    },
    /// A cursor after changes that are yet to come.
    CursorAhead,
    /// A cursor before changes that were made.
    CursorBehind,
    /// A snapshot has another name or revision.
    Snapshot {
        name: Name,
    },
    Rev {
        handle: Handle,
    },
    Kind {
        handle: Handle,
    },
    Path {
        handle: Handle,
    },
    Content {
        handle: Handle,
    },
    Attributes {
        handle: Handle,
    },
    /// A node is told where none is.
    NotAbsent,
    /// It would be a conflicted copy, but no name was answered.
    NotRenamed,
    /// A name was answered that is none of a conflicted copy, or there would be none.
    Renamed,
    /// The conflicted copy has another name on that date.
    RenamedOtherwise {
        name: Name,
    },
    Unlisted {
        handle: Handle,
    },
    NotThere {
        name: Name,
    },
    /// The answer has another number of results than the request has steps.
    Results,
    /// Something else is under it.
    Usage {
        handle: Handle,
        nodes: u64,
        bytes: u64,
    },
    Quota {
        handle: Handle,
    },
    /// There is another number of snapshots, versions or differences.
    Count {
        expected: usize,
    },
    /// A difference that is none, or not in the order of ids.
    Order,
    /// It differs otherwise.
    Difference {
        handle: Handle,
    },
}

impl Run<'_> {
    /// Holds one result against the node that its step touched.
    pub(super) fn match_step(&mut self, step: usize, touched: Touched) -> Result<(), Mismatch> {
        let operation = self.operation;
        let Answer::Steps(results) = &operation.answer else { return Ok(()) };
        let Some(result) = results.get(step) else { return Err(Mismatch::Results) };
        if result.renamed.is_some() && !matches!(touched, Touched::Renamed(_)) {
            return Err(Mismatch::Renamed);
        }
        let handle = match touched {
            Touched::Node(handle) | Touched::Renamed(handle) | Touched::Doomed(handle) => handle,
            Touched::Absent => {
                let is_none = |number: Option<u64>| number.is_none_or(|number| number == 0);
                let fits = is_none(result.id) && is_none(result.rev);
                return if fits { Ok(()) } else { Err(Mismatch::NotAbsent) };
            }
        };
        self.match_id(handle, result.id)?;
        self.match_rev(handle, result.rev)
    }

    pub(super) fn match_id(&mut self, handle: Handle, id: Option<u64>) -> Result<(), Mismatch> {
        let Some(id) = id else { return Ok(()) };
        if self.has_id(handle, id) {
            return Ok(());
        }
        match self.state().id_of(handle) {
            Some(_) => Err(Mismatch::Id { handle }),
            None => Err(Mismatch::IdUsed { id }),
        }
    }

    pub(super) fn match_rev(&mut self, handle: Handle, rev: Option<u64>) -> Result<(), Mismatch> {
        let actual = self.forest().node(handle).rev;
        match rev {
            Some(rev) if !self.is_rev(actual, rev) => Err(Mismatch::Rev { handle }),
            _ => Ok(()),
        }
    }
}

impl Mismatch {
    /// What is wrong, in words, seen from the state before the operation.
    pub(super) fn describe(&self, state: &State, operation: &Operation) -> String {
        let claimed = operation.revision.map_or_else(|| "?".to_string(), |claim| claim.to_string());
        let node = |handle: &Handle| describe_node(state, *handle);
        match self {
            Mismatch::NoEffect => "would change nothing".to_string(),
            Mismatch::Succeeds => "was refused, but nothing stands in its way".to_string(),
            Mismatch::Refused { reason, step } => {
                let step = if *step > 0 { format!(" at step {step}") } else { String::new() };
                format!("should be refused with {}{step}", reason.name())
            }
            Mismatch::ChangesOld { floor } => {
                format!("claims to change at revision {claimed}, but revision {floor} was taken")
            }
            Mismatch::SeesOld { floor } => {
                format!("claims to reflect revision {claimed}, but the tree is at {floor}")
            }
            Mismatch::Id { handle } => format!("gives another id than that of {}", node(handle)),
            Mismatch::IdUsed { id } => {
                format!("gives the id {id}, which another node has or had")
            }
            Mismatch::CursorAhead => {
                "gives a cursor that would skip changes after its revision".to_string()
            }
            Mismatch::CursorBehind => {
                "gives a cursor with changes of its revision or before behind it".to_string()
            }
            Mismatch::NamespaceId => "gives another namespace's id".to_string(),
            Mismatch::Namespace { handle } => match state.forest.find_namespace(*handle) {
                Some(namespace) => {
                    format!("gives something else than that of namespace {:?}", namespace.name)
                }
                None => "gives something else than what was asked for".to_string(),
            },
            Mismatch::Snapshot { name } => {
                format!("gives another snapshot or revision than that of {name:?}")
            }
            Mismatch::Usage { handle, nodes, bytes } => {
                format!("counts otherwise: {nodes} nodes, {bytes} bytes are under {}", node(handle))
            }
            Mismatch::Quota { handle } => {
                format!("gives another quota than that of {}", node(handle))
            }
            Mismatch::Count { expected } => format!("should have {expected} of them"),
            Mismatch::Order => "tells what does not differ, or not in the order of ids".to_string(),
            Mismatch::Difference { handle } => format!("differs otherwise: {}", node(handle)),
            Mismatch::Rev { handle } => format!("gives another rev than that of {}", node(handle)),
            Mismatch::Kind { handle } => {
                format!("gives another kind than that of {}", node(handle))
            }
            Mismatch::Path { handle } => {
                format!("gives another path than that of {}", node(handle))
            }
            Mismatch::Content { handle } => {
                format!("gives another content than that of {}", node(handle))
            }
            Mismatch::Attributes { handle } => {
                format!("gives other attributes than those of {}", node(handle))
            }
            Mismatch::NotAbsent => "gives a node where there is none".to_string(),
            Mismatch::NotRenamed => "should become a conflicted copy".to_string(),
            Mismatch::Renamed => "gives a name that no conflicted copy would have".to_string(),
            Mismatch::RenamedOtherwise { name } => {
                format!("should become {name:?}, the first free name of that date")
            }
            Mismatch::Unlisted { handle } => format!("leaves out {}", node(handle)),
            Mismatch::NotThere { name } => format!("lists {name:?}, which is not there"),
            Mismatch::Results => "has another number of results than steps".to_string(),
        }
    }
}

/// A node in a line: path, kind, id, rev and content.
pub(super) fn describe_node(state: &State, handle: Handle) -> String {
    let Some(node) = state.forest.find_node(handle) else {
        return "the node that it makes, or that is gone".to_string();
    };
    let id = state.id_of(handle).map_or_else(|| "?".to_string(), |id| id.to_string());
    let rev = state.revisions.describe(node.rev);
    let body = match &node.body {
        Body::File(content) => {
            let hash: String = content.hash.chars().take(12).collect();
            format!(" hash {hash} size {}", content.size)
        }
        Body::Symlink(to) => format!(" to {to:?}"),
        Body::Mount(ns, _) => format!(" of namespace {ns}"),
        Body::Directory(_) => String::new(),
    };
    let attribute = |(name, value): (&Name, &Name)| format!(" {name}={value}");
    let attributes: String = node.attributes.iter().map(attribute).collect();
    let path = state.forest.path(handle);
    format!("{path} ({} id {id} rev {rev}{body}{attributes})", node.kind().name())
}
