//! What was answered, as the history writes it.

use metad_client::v1::{self, GetNamespaceReply, LookupReply, ReadJournalReply, change::Change};
use serde_json::{Value, json};

use crate::{
    operation::{NodeKind, Policy, hex},
    step::quota_value,
};

/// What was answered.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Answer {
    Namespace(v1::Namespace),
    Described(GetNamespaceReply),
    Snapshot(v1::Snapshot),
    Snapshots(Vec<v1::Snapshot>),
    Lock(v1::Lock),
    /// Of a lock that nobody holds: None.
    Held(Option<v1::Lock>),
    Locks(Vec<v1::Lock>),
    Namespaces(Vec<v1::Namespace>),
    Cursor(v1::Cursor),
    /// One for each step.
    Results(Vec<v1::StepResult>),
    /// A node, and the namespace that it is in.
    Node(v1::Node, u64),
    Nodes(Vec<v1::StatResult>),
    Found(LookupReply),
    Entries(Vec<v1::Node>),
    Versions(Vec<v1::Node>),
    Differences(Vec<v1::Difference>),
    Journal(ReadJournalReply),
    /// There is a change to be read.
    Changed(bool),
}

/// What of an answer depends on the question.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shape {
    /// It is the answer to a single step.
    pub single: bool,
    /// It is of the past, where counters are not told.
    pub past: bool,
    /// Entries have paths.
    pub recursive: bool,
}

impl Answer {
    /// What a completion in the history says.
    pub fn value(&self, shape: Shape) -> Value {
        match self {
            Answer::Namespace(namespace) => namespace_value(namespace),
            Answer::Described(reply) => described(reply),
            Answer::Snapshot(snapshot) => snapshot_value(snapshot),
            Answer::Snapshots(snapshots) => {
                json!({"snapshots": all(snapshots, snapshot_value)})
            }
            Answer::Lock(lock) => json!({"token": lock.token, "expires_ms": lock.expires_ms}),
            Answer::Held(lock) => lock.as_ref().map_or_else(|| json!({}), lock_value),
            Answer::Locks(locks) => json!({"locks": all(locks, listed_lock)}),
            Answer::Namespaces(namespaces) => {
                json!({"namespaces": all(namespaces, listed_namespace)})
            }
            Answer::Cursor(cursor) => json!({"cursor": cursor_value(Some(*cursor))}),
            Answer::Results(results) => match results.as_slice() {
                [result] if shape.single => result_value(result),
                results => json!({"results": all(results, result_value)}),
            },
            Answer::Node(node, ns) => stat_value(node, *ns, shape.past),
            Answer::Nodes(results) => {
                let result = |result: &v1::StatResult| match &result.stat {
                    Some(node) => stat_value(node, result.ns, shape.past),
                    None => json!({"rejected": result.rejected}),
                };
                json!({"results": all(results, result)})
            }
            Answer::Found(found) => {
                json!({"id": found.id, "kind": kind(found.kind), "path": found.path, "ns": found.ns})
            }
            Answer::Entries(entries) => {
                json!({"entries": all(entries, |node| entry_value(node, shape.recursive))})
            }
            Answer::Versions(versions) => json!({"versions": all(versions, version_value)}),
            Answer::Differences(differences) => {
                json!({"differences": all(differences, difference_value)})
            }
            Answer::Journal(page) => json!({
                "changes": all(&page.changes, change_value),
                "cursor": cursor_value(page.cursor),
                "end": page.end,
            }),
            Answer::Changed(changed) => json!({"changed": changed}),
        }
    }
}

fn all<T>(items: &[T], value: impl Fn(&T) -> Value) -> Vec<Value> {
    items.iter().map(value).collect()
}

/// Of one that was changed or deleted, the root need not be told.
fn namespace_value(namespace: &v1::Namespace) -> Value {
    let mut value = json!({"id": namespace.id});
    if namespace.root != 0 {
        value["root"] = json!(namespace.root);
    }
    value
}

fn described(reply: &GetNamespaceReply) -> Value {
    let namespace = reply.namespace.clone().unwrap_or_default();
    let mut value = json!({
        "id": namespace.id,
        "root": namespace.root,
        "name": namespace.name,
        "policy": policy(&namespace),
        "nodes": reply.nodes,
        "bytes": reply.bytes,
    });
    set_quota(&mut value, reply.quota.as_ref());
    value
}

fn snapshot_value(snapshot: &v1::Snapshot) -> Value {
    json!({"name": snapshot.name, "revision": snapshot.revision})
}

fn lock_value(lock: &v1::Lock) -> Value {
    json!({"token": lock.token, "client_id": lock.client_id, "expires_ms": lock.expires_ms})
}

/// With what it is of.
fn listed_lock(lock: &v1::Lock) -> Value {
    let mut value = lock_value(lock);
    let name = lock.lock.clone().unwrap_or_default();
    let target = name.target.unwrap_or_default();
    match target.id {
        0 => value["path"] = json!(target.path),
        id => value["id"] = json!(id),
    }
    if !name.name.is_empty() {
        value["name"] = json!(name.name);
    }
    value
}

fn listed_namespace(namespace: &v1::Namespace) -> Value {
    json!({
        "id": namespace.id,
        "root": namespace.root,
        "name": namespace.name,
        "policy": policy(namespace),
    })
}

fn policy(namespace: &v1::Namespace) -> &'static str {
    Policy::from_wire(namespace.policy).map_or("unknown", Policy::name)
}

fn result_value(result: &v1::StepResult) -> Value {
    let mut value = json!({"id": result.id, "rev": result.rev});
    if !result.renamed.is_empty() {
        value["renamed"] = json!(result.renamed);
    }
    value
}

fn stat_value(node: &v1::Node, ns: u64, past: bool) -> Value {
    let value = json!({"id": node.id, "kind": kind(node.kind), "rev": node.rev, "ns": ns});
    let mut value = with_body(value, node);
    if !past && matches!(v1::Kind::try_from(node.kind), Ok(v1::Kind::Directory | v1::Kind::Mount)) {
        (value["nodes"], value["bytes"]) = (json!(node.nodes), json!(node.bytes));
        set_quota(&mut value, node.quota.as_ref());
    }
    value
}

fn set_quota(value: &mut Value, quota: Option<&v1::Quota>) {
    // One without bounds is none.
    if let Some(quota) = quota.filter(|quota| quota.nodes.is_some() || quota.bytes.is_some()) {
        value["quota"] = quota_value(quota);
    }
}

fn entry_value(node: &v1::Node, recursive: bool) -> Value {
    let mut value =
        json!({"name": node.name, "id": node.id, "kind": kind(node.kind), "rev": node.rev});
    if !recursive {
        return value;
    }
    value["path"] = json!(node.path);
    with_body(value, node)
}

fn version_value(node: &v1::Node) -> Value {
    with_body(json!({"rev": node.rev, "name": node.name}), node)
}

fn difference_value(difference: &v1::Difference) -> Value {
    let node = |node: &v1::Node| {
        let value =
            json!({"id": node.id, "path": node.path, "kind": kind(node.kind), "rev": node.rev});
        with_body(value, node)
    };
    let mut value = json!({});
    if let Some(before) = &difference.before {
        value["before"] = node(before);
    }
    if let Some(after) = &difference.after {
        value["after"] = node(after);
    }
    value
}

fn kind(kind: i32) -> &'static str {
    NodeKind::from_wire(kind).map_or("unknown", NodeKind::name)
}

/// What a node holds besides its place: content, the text of a symlink, the namespace that a
/// mount shows, attributes.
fn with_body(mut value: Value, node: &v1::Node) -> Value {
    if let Some(content) = &node.content {
        value["hash"] = json!(hex(&content.hash));
        value["size"] = json!(content.size);
    }
    if node.kind == v1::Kind::Symlink as i32 {
        value["symlink"] = json!(node.symlink);
    }
    if node.kind == v1::Kind::Mount as i32 {
        value["mount"] = json!(node.mount);
    }
    if !node.attributes.is_empty() {
        let attributes =
            node.attributes.iter().map(|(name, bytes)| (name.clone(), json!(hex(bytes))));
        value["attributes"] = attributes.collect::<serde_json::Map<_, _>>().into();
    }
    value
}

fn cursor_value(cursor: Option<v1::Cursor>) -> Value {
    cursor.map_or(Value::Null, |cursor| json!([cursor.revision, cursor.ordinal]))
}

fn change_value(change: &v1::Change) -> Value {
    let (what, node) = match &change.change {
        Some(Change::Created(node)) => ("created", node),
        Some(Change::Updated(node)) => ("updated", node),
        Some(Change::Moved(node)) => ("moved", node),
        Some(Change::Deleted(node)) => ("deleted", node),
        Some(Change::MovedIn(node)) => ("moved_in", node),
        Some(Change::MovedOut(node)) => ("moved_out", node),
        None => return json!({"cursor": cursor_value(change.cursor), "kind": "unknown"}),
    };
    let request = change.request.unwrap_or_default();
    let mut value = json!({
        "cursor": cursor_value(change.cursor),
        "kind": what,
        "id": node.id,
        "parent": node.parent_id,
        "name": node.name,
        "node_kind": kind(node.kind),
        "rev": node.rev,
        "request": [request.client_id, request.sequence],
    });
    if change.other_ns != 0 {
        value["other_ns"] = json!(change.other_ns);
    }
    with_body(value, node)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn node(kind: v1::Kind) -> v1::Node {
        v1::Node { id: 4, name: "n".to_owned(), kind: kind as i32, rev: 9, ..v1::Node::default() }
    }

    fn line(answer: &Answer, shape: Shape) -> String {
        format!("{}\n", answer.value(shape))
    }

    #[test]
    fn answers_read_as_the_history_format_says() {
        let quota = Some(v1::Quota { nodes: Some(5), bytes: None });
        let directory = v1::Node { nodes: 3, bytes: 20, quota, ..node(v1::Kind::Directory) };
        let mount = v1::Node { mount: 7, path: "a/n".to_owned(), ..node(v1::Kind::Mount) };
        let past = Shape { past: true, ..Shape::default() };
        let recursive = Shape { recursive: true, ..Shape::default() };
        let lock = v1::Lock { token: 8, client_id: 2, expires_ms: 90, ..v1::Lock::default() };
        let rejected =
            v1::StatResult { rejected: "NOT_FOUND".to_owned(), ..v1::StatResult::default() };
        let now = Shape::default();
        let mut text = line(&Answer::Node(directory.clone(), 1), now);
        text += &line(&Answer::Node(directory, 1), past);
        text += &line(&Answer::Node(mount.clone(), 1), now);
        text += &line(&Answer::Nodes(vec![rejected]), now);
        text += &line(&Answer::Entries(vec![mount.clone()]), recursive);
        text += &line(&Answer::Held(None), now);
        text += &line(&Answer::Held(Some(lock.clone())), now);
        text += &line(&Answer::Lock(lock), now);
        let difference = v1::Difference { before: None, after: Some(mount.clone()) };
        text += &line(&Answer::Differences(vec![difference]), now);
        let moved_in = v1::Change {
            change: Some(Change::MovedIn(mount)),
            other_ns: 2,
            ..v1::Change::default()
        };
        let page = ReadJournalReply { changes: vec![moved_in], ..ReadJournalReply::default() };
        text += &line(&Answer::Journal(page), now);
        expect![[r#"
            {"bytes":20,"id":4,"kind":"directory","nodes":3,"ns":1,"quota":{"nodes":5},"rev":9}
            {"id":4,"kind":"directory","ns":1,"rev":9}
            {"bytes":0,"id":4,"kind":"mount","mount":7,"nodes":0,"ns":1,"rev":9}
            {"results":[{"rejected":"NOT_FOUND"}]}
            {"entries":[{"id":4,"kind":"mount","mount":7,"name":"n","path":"a/n","rev":9}]}
            {}
            {"client_id":2,"expires_ms":90,"token":8}
            {"expires_ms":90,"token":8}
            {"differences":[{"after":{"id":4,"kind":"mount","mount":7,"path":"a/n","rev":9}}]}
            {"changes":[{"cursor":null,"id":4,"kind":"moved_in","mount":7,"name":"n","node_kind":"mount","other_ns":2,"parent":0,"request":[0,0],"rev":9}],"cursor":null,"end":false}
        "#]].assert_eq(&text);
    }
}
