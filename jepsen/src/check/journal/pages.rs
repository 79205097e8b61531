//! Journal pages as clients read them.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use super::waits;
use crate::history::{History, Operation, Outcome, RequestId};
use crate::model::BadOperation;

/// A position in a journal: after the change with this place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(in crate::check) struct Cursor {
    pub(in crate::check) revision: u64,
    pub(in crate::check) ordinal: u64,
}

impl Cursor {
    /// Before every change: no change is at revision 0.
    pub(super) const START: Cursor = Cursor { revision: 0, ordinal: 0 };

    /// After every change of a revision.
    pub(super) fn end_of(revision: u64) -> Cursor {
        Cursor { revision, ordinal: u64::MAX }
    }

    /// As histories write it: the greatest ordinal that a client can name is the end of its
    /// revision.
    pub(super) fn read((revision, ordinal): (u64, u64)) -> Cursor {
        match ordinal >= u64::from(u32::MAX) {
            true => Cursor::end_of(revision),
            false => Cursor { revision, ordinal },
        }
    }

    pub(super) fn next_ordinal(self) -> u64 {
        if self == Cursor::START { 0 } else { self.ordinal.saturating_add(1) }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Cursor::START => write!(formatter, "the start"),
            Cursor { revision, ordinal: u64::MAX } => write!(formatter, "the end of {revision}"),
            Cursor { revision, ordinal } => write!(formatter, "[{revision},{ordinal}]"),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::check) enum ChangeKind {
    Created,
    Updated,
    Moved,
    Deleted,
    /// From another namespace, with all that is under it.
    MovedIn,
    /// To another namespace, with all that is under it.
    MovedOut,
}

/// What a node is, as far as it was told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::check) struct Body {
    /// `directory`, `file`, `symlink` or `mount`.
    pub(in crate::check) kind: Option<String>,
    /// Hash and size.
    pub(in crate::check) content: Option<(String, u64)>,
    pub(in crate::check) symlink: Option<String>,
    /// The namespace that a mount shows.
    pub(in crate::check) mount: Option<u64>,
    pub(in crate::check) attributes: BTreeMap<String, String>,
}

impl Body {
    /// Without a kind, what has no content is taken for a directory.
    pub(super) fn is_directory(&self) -> bool {
        match self.kind.as_deref() {
            Some(kind) => kind == "directory",
            None => self.content.is_none() && self.symlink.is_none() && self.mount.is_none(),
        }
    }

    pub(super) fn is_mount(&self) -> bool {
        self.mount.is_some() || self.kind.as_deref() == Some("mount")
    }
}

/// One change as a page tells it.
#[derive(Debug, Clone)]
pub(in crate::check) struct Change {
    pub(in crate::check) cursor: Cursor,
    pub(in crate::check) kind: ChangeKind,
    pub(in crate::check) id: u64,
    pub(in crate::check) parent: u64,
    pub(in crate::check) name: String,
    pub(in crate::check) rev: Option<u64>,
    pub(in crate::check) body: Body,
    /// Of what was moved in or out.
    pub(in crate::check) other_ns: Option<u64>,
    pub(in crate::check) request: Option<RequestId>,
    /// The line of the page that told it first.
    pub(in crate::check) line: u32,
}

impl Change {
    /// Whether it tells of the node as it was.
    pub(super) fn is_farewell(&self) -> bool {
        matches!(self.kind, ChangeKind::Deleted | ChangeKind::MovedOut)
    }
}

/// What is told, wherever it was read.
impl PartialEq for Change {
    fn eq(&self, other: &Change) -> bool {
        let parts = |change: &Change| {
            (change.cursor, change.kind, change.id, change.parent, change.rev, change.request)
        };
        parts(self) == parts(other)
            && self.name == other.name
            && self.body == other.body
            && self.other_ns == other.other_ns
    }
}

/// One answered read of a journal, or a wait for it in vain.
#[derive(Debug, Clone)]
pub(in crate::check) struct Page {
    pub(super) ns: u64,
    pub(super) line: u32,
    pub(super) invoked: u32,
    pub(super) after: Cursor,
    pub(super) cursor: Cursor,
    pub(super) changes: Vec<Change>,
    pub(super) end: bool,
    pub(super) revision: Option<u64>,
    /// Told by a subscription, or after a wait, or asked for without the latest: it may lag behind.
    pub(super) may_lag: bool,
    /// The revision that it was asked to reflect at least.
    pub(super) at_least: Option<u64>,
}

impl Page {
    /// Up to where the page tells everything.
    pub(super) fn reach(&self) -> Cursor {
        match (self.end, self.revision) {
            (true, Some(revision)) => self.cursor.max(Cursor::end_of(revision)),
            _ => self.cursor,
        }
    }
}

#[derive(Deserialize)]
struct RawRequest {
    ns: u64,
    cursor: Option<(u64, u64)>,
    at_least: Option<u64>,
    consistency: Option<String>,
}

#[derive(Deserialize)]
struct RawPage {
    #[serde(default)]
    changes: Vec<RawChange>,
    cursor: Option<(u64, u64)>,
    #[serde(default)]
    end: bool,
}

#[derive(Deserialize)]
struct RawChange {
    cursor: (u64, u64),
    kind: ChangeKind,
    id: u64,
    parent: u64,
    name: String,
    node_kind: Option<String>,
    rev: Option<u64>,
    hash: Option<String>,
    size: Option<u64>,
    symlink: Option<String>,
    mount: Option<u64>,
    other_ns: Option<u64>,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    request: Option<(u64, u64)>,
}

/// The namespace that an operation is about.
pub(super) fn namespace_of(operation: &Operation) -> Option<u64> {
    operation.input.get("ns").and_then(Value::as_u64)
}

/// All answered reads and deliveries of journals, in the order of invocation.
pub(in crate::check) fn read_pages(history: &History) -> Result<Vec<Page>, BadOperation> {
    let mut pages = Vec::new();
    for operation in &history.operations {
        let Outcome::Ok(value) = &operation.outcome else { continue };
        let is_journal = match operation.function.as_str() {
            "journal" | "subscribe" => true,
            "wait_for_change" => waits::is_in_vain(value),
            _ => false,
        };
        if is_journal && value.get("rejected").is_none() {
            let page = read_page(operation, value);
            pages.push(page.map_err(|error| BadOperation::of(operation, error))?);
        }
    }
    Ok(pages)
}

fn read_page(operation: &Operation, value: &Value) -> Result<Page, serde_json::Error> {
    let request = RawRequest::deserialize(&operation.input)?;
    let raw = RawPage::deserialize(value)?;
    let after = request.cursor.map_or(Cursor::START, Cursor::read);
    let changes: Vec<Change> =
        raw.changes.into_iter().map(|raw| read_change(raw, operation.line)).collect();
    let last = changes.last().map_or(after, |change| change.cursor);
    Ok(Page {
        ns: request.ns,
        line: operation.line,
        invoked: operation.invoked,
        after,
        cursor: raw.cursor.map_or(last, Cursor::read),
        changes,
        end: raw.end || operation.function == "wait_for_change",
        revision: operation.revision,
        may_lag: matches!(operation.function.as_str(), "subscribe" | "wait_for_change")
            || request.at_least.is_some()
            || request.consistency.as_deref() == Some("any"),
        at_least: request.at_least,
    })
}

fn read_change(raw: RawChange, line: u32) -> Change {
    Change {
        cursor: Cursor { revision: raw.cursor.0, ordinal: raw.cursor.1 },
        kind: raw.kind,
        id: raw.id,
        parent: raw.parent,
        name: raw.name,
        rev: raw.rev,
        body: Body {
            kind: raw.node_kind,
            content: raw.hash.map(|hash| (hash, raw.size.unwrap_or_default())),
            symlink: raw.symlink,
            mount: raw.mount.filter(|ns| *ns != 0),
            attributes: raw.attributes,
        },
        other_ns: raw.other_ns.filter(|ns| *ns != 0),
        request: raw.request.map(|(client, sequence)| RequestId { client, sequence }),
        line,
    }
}
