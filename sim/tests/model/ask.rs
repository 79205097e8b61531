//! What a script asks, and how a history writes the question.

use metad::types::{
    Action, ClientRequest, CommitMode, Condition, Fence, Kind, LockRef, Mutation, NamespaceId,
    NodeId, NodeRef, Path, Policy, Quota, Request, Revision, Step,
};
use serde_json::{Value, json};

use crate::tell::{hex, kind};

/// A question, or a mutation with the locks that it depends on.
#[derive(Clone, Debug)]
pub enum Ask {
    Mutate { mutation: Mutation, fences: Vec<Fence> },
    Stat { ns: NamespaceId, target: NodeRef, at: Option<Revision> },
    Stats { ns: NamespaceId, paths: Vec<Path>, at: Option<Revision> },
    Lookup { ns: NamespaceId, target: NodeRef, at: Option<Revision> },
    List { ns: NamespaceId, target: NodeRef, recursive: bool, at: Option<Revision> },
    Versions { ns: NamespaceId, target: NodeRef },
    Diff { ns: NamespaceId, from: Revision, to: Revision },
    Namespace(NamespaceId),
    Snapshots(NamespaceId),
    Lock(LockRef),
    Journal(NamespaceId),
}

impl Ask {
    pub fn list_all(ns: NamespaceId) -> Ask {
        Ask::List { ns, target: NodeRef::default(), recursive: true, at: None }
    }

    pub fn is_mutation(&self) -> bool {
        matches!(self, Ask::Mutate { .. })
    }

    /// The command of a mutation.
    pub fn action(&self, request: Request) -> Option<Action> {
        let Ask::Mutate { mutation, fences } = self else { return None };
        let (mutation, fences) = (mutation.clone(), fences.clone());
        Some(Action::Request(ClientRequest { request, first_pending: 1, fences, mutation }))
    }

    /// Its name in histories.
    pub fn f(&self) -> &'static str {
        match self {
            Ask::Mutate { mutation, .. } => match mutation {
                Mutation::CreateNamespace { .. } => "create_namespace",
                Mutation::UpdateNamespace { .. } => "update_namespace",
                Mutation::DeleteNamespace { .. } => "delete_namespace",
                Mutation::CreateSnapshot { .. } => "create_snapshot",
                Mutation::DeleteSnapshot { .. } => "delete_snapshot",
                Mutation::AcquireLock { .. } => "acquire_lock",
                Mutation::RenewLock { .. } => "renew_lock",
                Mutation::ReleaseLock(_) => "release_lock",
                Mutation::Steps { steps, .. } => match steps.as_slice() {
                    [step] => step_f(step),
                    _ => "batch",
                },
            },
            Ask::Stat { .. } => "stat",
            Ask::Stats { .. } => "batch_stat",
            Ask::Lookup { .. } => "lookup",
            Ask::List { .. } => "list",
            Ask::Versions { .. } => "list_revisions",
            Ask::Diff { .. } => "diff",
            Ask::Namespace(_) => "get_namespace",
            Ask::Snapshots(_) => "list_snapshots",
            Ask::Lock(_) => "get_lock",
            Ask::Journal(_) => "journal",
        }
    }

    /// What the history's invocation says.
    pub fn value(&self) -> Value {
        match self {
            Ask::Mutate { mutation, fences } => {
                let mut value = mutation_value(mutation);
                if !fences.is_empty() {
                    value["fences"] = fences.iter().map(fence_value).collect();
                }
                value
            }
            Ask::Stat { ns, target, at } | Ask::Lookup { ns, target, at } => {
                with_at(at_target(*ns, target), *at)
            }
            Ask::Stats { ns, paths, at } => {
                let paths = paths.iter().map(ToString::to_string).collect::<Vec<_>>();
                with_at(json!({"ns": ns.0, "paths": paths}), *at)
            }
            Ask::List { ns, target, recursive, at } => {
                let mut value = at_target(*ns, target);
                value["recursive"] = json!(recursive);
                with_at(value, *at)
            }
            Ask::Versions { ns, target } => at_target(*ns, target),
            Ask::Diff { ns, from, to } => json!({"ns": ns.0, "from": from.0, "to": to.0}),
            Ask::Namespace(ns) | Ask::Snapshots(ns) | Ask::Journal(ns) => json!({"ns": ns.0}),
            Ask::Lock(lock) => lock_value(lock),
        }
    }
}

fn with(mut value: Value, name: &str, number: Option<Revision>) -> Value {
    if let Some(number) = number {
        value[name] = json!(number.0);
    }
    value
}

fn with_at(value: Value, at: Option<Revision>) -> Value {
    with(value, "at_revision", at)
}

fn put_ref(value: &mut Value, path: &str, id: &str, target: &NodeRef) {
    value[path] = json!(target.path.to_string());
    if target.start != NodeId::NONE {
        value[id] = json!(target.start.0);
    }
}

fn at_target(ns: NamespaceId, target: &NodeRef) -> Value {
    let mut value = json!({"ns": ns.0});
    put_ref(&mut value, "path", "id", target);
    value
}

fn lock_value(lock: &LockRef) -> Value {
    let mut value = json!({"ns": lock.namespace.0});
    match lock.target.start {
        NodeId::NONE => value["path"] = json!(lock.target.path.to_string()),
        id => value["id"] = json!(id.0),
    }
    if !lock.name.is_empty() {
        value["name"] = json!(lock.name);
    }
    value
}

fn fence_value(fence: &Fence) -> Value {
    with(lock_value(&fence.lock), "token", Some(fence.token))
}

fn quota_value(quota: Quota) -> Value {
    let mut value = json!({});
    if let Some(nodes) = quota.nodes {
        value["nodes"] = json!(nodes);
    }
    if let Some(bytes) = quota.bytes {
        value["bytes"] = json!(bytes);
    }
    value
}

fn mutation_value(mutation: &Mutation) -> Value {
    match mutation {
        Mutation::CreateNamespace { name, policy, quota } => {
            let policy = match policy {
                Policy::Exact => "exact",
                Policy::Casefold => "casefold",
            };
            json!({"name": name.as_str(), "policy": policy, "quota": quota_value(*quota)})
        }
        Mutation::UpdateNamespace { namespace, name, quota } => {
            let mut value = json!({"ns": namespace.0});
            if let Some(name) = name {
                value["name"] = json!(name.as_str());
            }
            if let Some(quota) = quota {
                value["quota"] = quota_value(*quota);
            }
            value
        }
        Mutation::DeleteNamespace { namespace, recursive } => {
            json!({"ns": namespace.0, "recursive": recursive})
        }
        Mutation::CreateSnapshot { namespace, name }
        | Mutation::DeleteSnapshot { namespace, name } => {
            json!({"ns": namespace.0, "name": name.as_str()})
        }
        Mutation::AcquireLock { lock, ttl_ms } => {
            let mut value = lock_value(lock);
            value["ttl_ms"] = json!(ttl_ms);
            value
        }
        Mutation::RenewLock { fence, ttl_ms } => {
            let mut value = fence_value(fence);
            value["ttl_ms"] = json!(ttl_ms);
            value
        }
        Mutation::ReleaseLock(fence) => fence_value(fence),
        Mutation::Steps { namespace, steps } => {
            let mut value = match steps.as_slice() {
                [step] => step_value(step),
                steps => {
                    let step = |step: &Step| json!({"f": step_f(step), "value": step_value(step)});
                    json!({"steps": steps.iter().map(step).collect::<Vec<_>>()})
                }
            };
            value["ns"] = json!(namespace.0);
            value
        }
    }
}

fn step_f(step: &Step) -> &'static str {
    match step {
        Step::Mkdir { .. } => "mkdir",
        Step::Commit { .. } => "commit",
        Step::Symlink { .. } => "symlink",
        Step::Mount { .. } => "mount",
        Step::Unmount { .. } => "unmount",
        Step::Copy { .. } => "copy",
        Step::SetQuota { .. } => "set_quota",
        Step::Restore { .. } => "restore",
        Step::SetAttributes { .. } => "set_attributes",
        Step::Check { .. } => "check",
        Step::Move { .. } => "move",
        Step::Delete { .. } => "delete",
    }
}

fn step_value(step: &Step) -> Value {
    let mut value = json!({});
    match step {
        Step::Mkdir { target, .. }
        | Step::Commit { target, .. }
        | Step::Symlink { target, .. }
        | Step::Mount { target, .. }
        | Step::Unmount { target }
        | Step::SetQuota { target, .. }
        | Step::Restore { target, .. }
        | Step::SetAttributes { target, .. }
        | Step::Check { target, .. }
        | Step::Delete { target, .. } => put_ref(&mut value, "path", "id", target),
        Step::Copy { from, to, .. } | Step::Move { from, to, .. } => {
            put_ref(&mut value, "from", "from_id", from);
            put_ref(&mut value, "to", "to_id", to);
        }
    }
    match step {
        Step::Mkdir { parents, .. } => value["parents"] = json!(parents),
        Step::Commit { content, mode, autorename, .. } => {
            value["hash"] = json!(hex(&content.hash));
            value["size"] = json!(content.size);
            value["mode"] = json!(match mode {
                CommitMode::Create => "create",
                CommitMode::Overwrite => "overwrite",
                CommitMode::Update { rev } => {
                    value["rev"] = json!(rev.0);
                    "update"
                }
            });
            if let Some(client) = autorename {
                (value["autorename"], value["client"]) = (json!(true), json!(client));
            }
        }
        Step::Symlink { to, .. } => value["to"] = json!(to),
        Step::Mount { namespace, .. } => value["mount"] = json!(namespace.0),
        Step::Unmount { .. } => {}
        Step::Copy { at, .. } => value = with_at(value, *at),
        Step::SetQuota { quota, .. } => value["quota"] = quota_value(*quota),
        Step::Restore { revision, .. } => value["revision"] = json!(revision.0),
        Step::SetAttributes { set, remove, rev, .. } => {
            value["set"] =
                set.iter().map(|(name, bytes)| (name.clone(), json!(hex(bytes)))).collect();
            value["remove"] = json!(remove);
            value = with(value, "rev", *rev);
        }
        Step::Check { condition, .. } => value["condition"] = condition_value(*condition),
        Step::Move { replace, rev, .. } => {
            value["replace"] = json!(replace);
            value = with(value, "rev", *rev);
        }
        Step::Delete { recursive, rev, .. } => {
            value["recursive"] = json!(recursive);
            value = with(value, "rev", *rev);
        }
    }
    value
}

fn condition_value(condition: Condition) -> Value {
    match condition {
        Condition::Exists => json!({"exists": true}),
        Condition::Absent => json!({"absent": true}),
        Condition::Rev(rev) => json!({"rev": rev.0}),
        Condition::Kind(of) => json!({"kind": kind(of)}),
        Condition::Unchanged(revision) => json!({"unchanged_since": revision.0}),
    }
}

/// All kinds of nodes.
pub const KINDS: [Kind; 4] = [Kind::Directory, Kind::File, Kind::Symlink, Kind::Mount];
