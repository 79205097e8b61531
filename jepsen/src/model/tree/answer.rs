//! What was answered, in types. What an answer leaves out is not judged.

use std::sync::Arc;

use super::operation::{Attributes, Kind, Name, Quota};
use super::reason::Reason;
use crate::names::Policy;

#[derive(Debug, Clone)]
pub(super) enum Answer {
    Unknown,
    Rejected {
        reason: Reason,
        step: Option<usize>,
    },
    Namespace(NamespaceAnswer),
    /// By their ids.
    Namespaces(Vec<NamespaceAnswer>),
    /// The revision that a journal is to be read after.
    Cursor(u64),
    /// A result for each step.
    Steps(Vec<StepResult>),
    Node(NodeAnswer),
    /// One for each target: a node, or what it was refused with.
    Nodes(Vec<Result<NodeAnswer, Reason>>),
    Lookup {
        node: NodeAnswer,
        path: Option<String>,
    },
    List(Vec<ListedEntry>),
    /// The latest first.
    Versions(Vec<ListedEntry>),
    Diff(Vec<Difference>),
    Snapshot(SnapshotAnswer),
    Snapshots(Vec<SnapshotAnswer>),
    /// What it says beside its revision is judged elsewhere.
    Done,
}

impl Answer {
    /// Whether it tells the rev of a node, or another revision.
    pub(super) fn tells_revs(&self) -> bool {
        let told = |entry: &ListedEntry| entry.node.rev.is_some();
        match self {
            Answer::Unknown
            | Answer::Rejected { .. }
            | Answer::Namespace(_)
            | Answer::Namespaces(_)
            | Answer::Done => false,
            Answer::Steps(results) => results.iter().any(|result| result.rev.is_some()),
            Answer::Node(node) | Answer::Lookup { node, .. } => node.rev.is_some(),
            Answer::Nodes(nodes) => nodes.iter().flatten().any(|node| node.rev.is_some()),
            Answer::List(entries) | Answer::Versions(entries) => entries.iter().any(told),
            Answer::Cursor(_) | Answer::Diff(_) | Answer::Snapshot(_) | Answer::Snapshots(_) => {
                true
            }
        }
    }
}

#[derive(Debug, Clone, Default)]
pub(super) struct NamespaceAnswer {
    pub(super) id: Option<u64>,
    pub(super) root: Option<u64>,
    pub(super) name: Option<Name>,
    pub(super) policy: Option<Policy>,
    pub(super) nodes: Option<u64>,
    pub(super) bytes: Option<u64>,
    pub(super) quota: Option<Quota>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct StepResult {
    pub(super) id: Option<u64>,
    pub(super) rev: Option<u64>,
    /// The name of the conflicted copy that a commit became.
    pub(super) renamed: Option<Name>,
}

/// What is told of a node.
#[derive(Debug, Clone, Default)]
pub(super) struct NodeAnswer {
    pub(super) id: Option<u64>,
    pub(super) kind: Option<Kind>,
    pub(super) rev: Option<u64>,
    pub(super) hash: Option<Arc<str>>,
    pub(super) size: Option<u64>,
    pub(super) symlink: Option<Arc<str>>,
    /// Of a mount: the namespace that it shows.
    pub(super) mount: Option<u64>,
    pub(super) attributes: Option<Attributes>,
    /// What is under a directory, or in the namespace that a mount shows.
    pub(super) nodes: Option<u64>,
    pub(super) bytes: Option<u64>,
    pub(super) quota: Option<Quota>,
    /// The namespace that it is in.
    pub(super) ns: Option<u64>,
}

#[derive(Debug, Clone)]
pub(super) struct ListedEntry {
    pub(super) name: Option<Name>,
    /// Of a recursive listing: from the listed directory.
    pub(super) path: Option<String>,
    pub(super) node: NodeAnswer,
}

#[derive(Debug, Clone)]
pub(super) struct Difference {
    pub(super) before: Option<ListedEntry>,
    pub(super) after: Option<ListedEntry>,
}

#[derive(Debug, Clone)]
pub(super) struct SnapshotAnswer {
    pub(super) name: Option<Name>,
    pub(super) revision: Option<u64>,
}
