//! How a history writes an answer.

use metad::{
    tree::query::{Difference, Entry, JournalPage, Located},
    types::{
        Account, Body, Change, ChangeKind, Kind, Lock, Name, Namespace, Node, Outcome, Path,
        Policy, Quota, Rejection, Snapshot, Stat, StepResult,
    },
};
use serde_json::{Value, json};

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Directory => "directory",
        Kind::File => "file",
        Kind::Symlink => "symlink",
        Kind::Mount => "mount",
    }
}

/// What a mutation answers; `single` for a single step.
pub fn outcome(outcome: Outcome, single: bool) -> Value {
    match outcome {
        Outcome::Rejected(rejection) => rejected(&rejection),
        Outcome::Namespace(made) => json!({"id": made.id.0, "root": made.root.0}),
        Outcome::Snapshot(made) => snapshot(&made),
        Outcome::Lock(held) => json!({"token": held.token.0, "expires_ms": held.expires_ms}),
        Outcome::Steps(results) => match results.as_slice() {
            [result] if single => step(result),
            results => json!({"results": results.iter().map(step).collect::<Vec<_>>()}),
        },
        other => panic!("{other:?} is no answer to a mutation"),
    }
}

fn step(result: &StepResult) -> Value {
    let mut value = json!({"id": result.id.0, "rev": result.rev.0});
    if let Some(name) = &result.renamed {
        value["renamed"] = json!(name.as_str());
    }
    value
}

pub fn rejected(rejection: &Rejection) -> Value {
    match rejection {
        Rejection::Step { index, rejection } => {
            let mut value = rejected(rejection);
            value["step"] = json!(index);
            value
        }
        Rejection::LimitExceeded { limit, .. } => {
            json!({"rejected": reason(rejection), "limit": limit})
        }
        rejection => json!({"rejected": reason(rejection)}),
    }
}

pub fn reason(rejection: &Rejection) -> &'static str {
    match rejection {
        Rejection::NotFound | Rejection::NoRevision => "NOT_FOUND",
        Rejection::AlreadyExists => "ALREADY_EXISTS",
        Rejection::NotADirectory => "NOT_A_DIRECTORY",
        Rejection::IsADirectory => "IS_A_DIRECTORY",
        Rejection::NotEmpty => "NOT_EMPTY",
        Rejection::Cycle => "CYCLE",
        Rejection::Conflict { .. } => "CONFLICT",
        Rejection::PreconditionFailed => "PRECONDITION_FAILED",
        Rejection::NameInvalid(_) => "NAME_INVALID",
        Rejection::LimitExceeded { .. } => "LIMIT_EXCEEDED",
        Rejection::QuotaExceeded { .. } => "QUOTA_EXCEEDED",
        Rejection::RevisionCompacted { .. } => "REVISION_COMPACTED",
        Rejection::CursorReset { .. } => "CURSOR_RESET",
        Rejection::LockHeld { .. } => "LOCK_HELD",
        Rejection::TokenStale { .. } => "TOKEN_STALE",
        Rejection::SessionExpired => "SESSION_EXPIRED",
        Rejection::Step { rejection, .. } => reason(rejection),
    }
}

/// A node with what it holds; of the present also what is under it.
pub fn stat(stat: &Stat, is_past: bool) -> Value {
    let node = &stat.node;
    let mut value = json!({"id": node.id.0, "kind": kind(node.kind()), "rev": node.rev.0});
    value["ns"] = json!(stat.namespace.0);
    if !is_past && matches!(node.kind(), Kind::Directory | Kind::Mount) {
        put_account(&mut value, stat.account);
    }
    with_body(value, node)
}

fn put_account(value: &mut Value, Account { usage, quota }: Account) {
    (value["nodes"], value["bytes"]) = (json!(usage.nodes), json!(usage.bytes));
    if quota != Quota::default() {
        let mut bounds = json!({});
        for (name, bound) in [("nodes", quota.nodes), ("bytes", quota.bytes)] {
            if let Some(bound) = bound {
                bounds[name] = json!(bound);
            }
        }
        value["quota"] = bounds;
    }
}

fn with_body(mut value: Value, node: &Node) -> Value {
    match &node.body {
        Body::Directory => {}
        Body::File(content) => {
            (value["hash"], value["size"]) = (json!(hex(&content.hash)), json!(content.size));
        }
        Body::Symlink(to) => value["symlink"] = json!(to),
        Body::Mount(shown) => value["mount"] = json!(shown.0),
    }
    if !node.attributes.is_empty() {
        let attributes = node.attributes.iter();
        value["attributes"] =
            attributes.map(|(name, bytes)| (name.clone(), json!(hex(bytes)))).collect();
    }
    value
}

pub fn stats(stats: &[Result<Stat, Rejection>], is_past: bool) -> Value {
    let one = |result: &Result<Stat, Rejection>| match result {
        Ok(found) => stat(found, is_past),
        Err(rejection) => rejected(rejection),
    };
    json!({"results": stats.iter().map(one).collect::<Vec<_>>()})
}

pub fn found(node: &Node, ns: u64, path: &Path) -> Value {
    json!({"id": node.id.0, "kind": kind(node.kind()), "path": path.to_string(), "ns": ns})
}

pub fn entries(entries: &[Entry], recursive: bool) -> Value {
    let one = |entry: &Entry| {
        let node = &entry.node;
        let mut value = json!({"name": name(node), "id": node.id.0, "kind": kind(node.kind())});
        value["rev"] = json!(node.rev.0);
        if recursive {
            value["path"] = json!(entry.path.to_string().trim_start_matches('/'));
        }
        value
    };
    json!({"entries": entries.iter().map(one).collect::<Vec<_>>()})
}

fn name(node: &Node) -> String {
    node.name.as_ref().map_or_else(String::new, Name::to_string)
}

pub fn versions(versions: &[Node]) -> Value {
    let one = |node: &Node| with_body(json!({"rev": node.rev.0, "name": name(node)}), node);
    json!({"versions": versions.iter().map(one).collect::<Vec<_>>()})
}

pub fn differences(differences: &[Difference]) -> Value {
    let side = |Located { node, path }: &Located| {
        let mut value = json!({"id": node.id.0, "path": path.to_string()});
        (value["kind"], value["rev"]) = (json!(kind(node.kind())), json!(node.rev.0));
        with_body(value, node)
    };
    let one = |difference: &Difference| {
        let mut value = json!({});
        if let Some(before) = &difference.before {
            value["before"] = side(before);
        }
        if let Some(after) = &difference.after {
            value["after"] = side(after);
        }
        value
    };
    json!({"differences": differences.iter().map(one).collect::<Vec<_>>()})
}

pub fn namespace(namespace: &Namespace, account: Account) -> Value {
    let policy = match namespace.policy {
        Policy::Exact => "exact",
        Policy::Casefold => "casefold",
    };
    let mut value = json!({"id": namespace.id.0, "root": namespace.root.0, "policy": policy});
    value["name"] = json!(namespace.name.as_str());
    put_account(&mut value, account);
    value
}

fn snapshot(snapshot: &Snapshot) -> Value {
    json!({"name": snapshot.name.as_str(), "revision": snapshot.revision.0})
}

pub fn snapshots(snapshots: &[Snapshot]) -> Value {
    json!({"snapshots": snapshots.iter().map(snapshot).collect::<Vec<_>>()})
}

pub fn lock(lock: Option<&Lock>) -> Value {
    lock.map_or_else(
        || json!({}),
        |lock| json!({"token": lock.token.0, "client_id": lock.client.0, "expires_ms": lock.expires_ms}),
    )
}

pub fn journal(page: &JournalPage) -> Value {
    let cursor = json!([page.cursor.revision.0, page.cursor.ordinal]);
    let changes = page.changes.iter().map(change).collect::<Vec<_>>();
    json!({"changes": changes, "cursor": cursor, "end": page.end})
}

fn change(change: &Change) -> Value {
    let node = &change.node;
    let mut other = None;
    let what = match change.kind {
        ChangeKind::Created => "created",
        ChangeKind::Updated => "updated",
        ChangeKind::Moved => "moved",
        ChangeKind::Deleted => "deleted",
        ChangeKind::MovedIn { from } => {
            other = Some(from);
            "moved_in"
        }
        ChangeKind::MovedOut { to } => {
            other = Some(to);
            "moved_out"
        }
    };
    let mut value = json!({
        "cursor": [change.cursor.revision.0, change.cursor.ordinal],
        "kind": what,
        "id": node.id.0,
        "parent": node.parent.0,
        "name": name(node),
        "node_kind": kind(node.kind()),
        "rev": node.rev.0,
        "request": [change.request.client.0, change.request.sequence],
    });
    if let Some(other) = other {
        value["other_ns"] = json!(other.0);
    }
    with_body(value, node)
}
