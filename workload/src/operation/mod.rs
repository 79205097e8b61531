//! One operation, as the history writes it and as the client sends it.

mod call;
#[cfg(test)]
mod tests;

use metad_client::v1::{self, Cursor, NodeRef};
use serde_json::{Value, json};

pub use self::call::{Call, Fence, LockName};
pub use crate::step::{Condition, Content, Mode, NodeKind, Step};
use crate::step::{quota_value, with};

/// How a read names a node.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Target {
    Path(String),
    Id(u64),
}

/// Which names of one directory are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// The same bytes.
    Exact,
    /// The same but for case and Unicode form.
    Casefold,
}

/// Something that a client does in a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // The fields are those of the API; `at` is its `at_revision`.
pub enum Operation {
    CreateNamespace {
        name: String,
        policy: Policy,
        quota: Option<v1::Quota>,
    },
    UpdateNamespace {
        name: Option<String>,
        quota: Option<v1::Quota>,
    },
    DeleteNamespace {
        recursive: bool,
    },
    CreateSnapshot {
        name: String,
    },
    DeleteSnapshot {
        name: String,
    },
    AcquireLock {
        lock: LockName,
        ttl_ms: u64,
    },
    RenewLock {
        lock: LockName,
        token: u64,
        ttl_ms: u64,
    },
    ReleaseLock {
        lock: LockName,
        token: u64,
    },
    Step(Step),
    Batch(Vec<Step>),
    GetNamespace,
    ListSnapshots,
    GetLock(LockName),
    ListLocks,
    /// Of all namespaces, those of a family of names are recorded.
    ListNamespaces {
        family: String,
    },
    GetCursor,
    Stat {
        target: Target,
        at: Option<u64>,
    },
    BatchStat {
        paths: Vec<String>,
        at: Option<u64>,
    },
    Lookup {
        target: Target,
        at: Option<u64>,
    },
    List {
        target: Target,
        recursive: bool,
        at: Option<u64>,
    },
    ListRevisions {
        target: Target,
        at: Option<u64>,
    },
    Diff {
        from: u64,
        to: u64,
    },
    Journal {
        cursor: Option<Cursor>,
        limit: u32,
    },
    /// All changes of the journal after a cursor that a subscription tells at once.
    Subscribe {
        cursor: Option<Cursor>,
    },
    WaitForChange {
        cursor: Option<Cursor>,
        timeout_ms: u64,
    },
}

impl Target {
    /// The target as it is sent.
    pub fn wire(&self) -> NodeRef {
        match self {
            Target::Path(path) => metad_client::steps::at(path),
            Target::Id(id) => metad_client::steps::by_id(*id),
        }
    }

    pub(crate) fn value(&self) -> Value {
        match self {
            Target::Path(path) => json!({"path": path}),
            Target::Id(id) => json!({"id": id}),
        }
    }
}

impl Policy {
    /// Its name in histories.
    pub fn name(self) -> &'static str {
        match self {
            Policy::Exact => "exact",
            Policy::Casefold => "casefold",
        }
    }

    /// As it is sent.
    pub fn wire(self) -> v1::NamePolicy {
        match self {
            Policy::Exact => v1::NamePolicy::Exact,
            Policy::Casefold => v1::NamePolicy::Casefold,
        }
    }

    /// None for one that the wire does not say.
    pub fn from_wire(policy: i32) -> Option<Policy> {
        match v1::NamePolicy::try_from(policy) {
            Ok(v1::NamePolicy::Exact | v1::NamePolicy::Unspecified) => Some(Policy::Exact),
            Ok(v1::NamePolicy::Casefold) => Some(Policy::Casefold),
            Err(_) => None,
        }
    }
}

impl Operation {
    /// Lists the directory at a path as it is now.
    pub fn list(path: &str) -> Operation {
        let target = Target::Path(path.to_owned());
        Operation::List { target, recursive: false, at: None }
    }

    /// Lists all that is under the directory at a path now.
    pub fn list_all(path: &str) -> Operation {
        let target = Target::Path(path.to_owned());
        Operation::List { target, recursive: true, at: None }
    }

    /// Its name in histories.
    pub fn f(&self) -> &'static str {
        match self {
            Operation::CreateNamespace { .. } => "create_namespace",
            Operation::UpdateNamespace { .. } => "update_namespace",
            Operation::DeleteNamespace { .. } => "delete_namespace",
            Operation::CreateSnapshot { .. } => "create_snapshot",
            Operation::DeleteSnapshot { .. } => "delete_snapshot",
            Operation::AcquireLock { .. } => "acquire_lock",
            Operation::RenewLock { .. } => "renew_lock",
            Operation::ReleaseLock { .. } => "release_lock",
            Operation::Step(step) => step.f(),
            Operation::Batch(_) => "batch",
            Operation::GetNamespace => "get_namespace",
            Operation::ListSnapshots => "list_snapshots",
            Operation::GetLock(_) => "get_lock",
            Operation::ListLocks => "list_locks",
            Operation::ListNamespaces { .. } => "list_namespaces",
            Operation::GetCursor => "get_cursor",
            Operation::Stat { .. } => "stat",
            Operation::BatchStat { .. } => "batch_stat",
            Operation::Lookup { .. } => "lookup",
            Operation::List { .. } => "list",
            Operation::ListRevisions { .. } => "list_revisions",
            Operation::Diff { .. } => "diff",
            Operation::Journal { .. } | Operation::Subscribe { .. } => "journal",
            Operation::WaitForChange { .. } => "wait_for_change",
        }
    }

    /// Does it need a request id?
    pub fn is_mutation(&self) -> bool {
        match self {
            Operation::CreateNamespace { .. }
            | Operation::UpdateNamespace { .. }
            | Operation::DeleteNamespace { .. }
            | Operation::CreateSnapshot { .. }
            | Operation::DeleteSnapshot { .. }
            | Operation::AcquireLock { .. }
            | Operation::RenewLock { .. }
            | Operation::ReleaseLock { .. }
            | Operation::Step(_)
            | Operation::Batch(_) => true,
            Operation::GetNamespace
            | Operation::ListSnapshots
            | Operation::GetLock(_)
            | Operation::ListLocks
            | Operation::ListNamespaces { .. }
            | Operation::GetCursor
            | Operation::Stat { .. }
            | Operation::BatchStat { .. }
            | Operation::Lookup { .. }
            | Operation::List { .. }
            | Operation::ListRevisions { .. }
            | Operation::Diff { .. }
            | Operation::Journal { .. }
            | Operation::Subscribe { .. }
            | Operation::WaitForChange { .. } => false,
        }
    }

    /// The paths that are resolved in its namespace.
    pub(crate) fn paths_mut(&mut self) -> Vec<&mut String> {
        match self {
            Operation::Step(step) => step.paths_mut(),
            Operation::Batch(steps) => steps.iter_mut().flat_map(Step::paths_mut).collect(),
            Operation::Stat { target: Target::Path(path), .. }
            | Operation::Lookup { target: Target::Path(path), .. }
            | Operation::List { target: Target::Path(path), .. }
            | Operation::ListRevisions { target: Target::Path(path), .. } => vec![path],
            Operation::BatchStat { paths, .. } => paths.iter_mut().collect(),
            _ => Vec::new(),
        }
    }

    /// What an invocation in the history says.
    pub fn value(&self, ns: u64) -> Value {
        let mut value = match self {
            Operation::CreateNamespace { name, policy, quota } => {
                return created(name, *policy, quota.as_ref());
            }
            Operation::UpdateNamespace { name, quota } => updated(name.as_deref(), quota.as_ref()),
            Operation::DeleteNamespace { recursive } => json!({"recursive": recursive}),
            Operation::CreateSnapshot { name } | Operation::DeleteSnapshot { name } => {
                json!({"name": name})
            }
            Operation::AcquireLock { lock, ttl_ms } => with("ttl_ms", lock.value(), Some(*ttl_ms)),
            Operation::RenewLock { lock, token, ttl_ms } => {
                with("ttl_ms", with("token", lock.value(), Some(*token)), Some(*ttl_ms))
            }
            Operation::ReleaseLock { lock, token } => with("token", lock.value(), Some(*token)),
            Operation::Step(step) => step.value(),
            Operation::Batch(steps) => {
                let step = |step: &Step| json!({"f": step.f(), "value": step.value()});
                json!({"steps": steps.iter().map(step).collect::<Vec<_>>()})
            }
            Operation::ListNamespaces { family } => return json!({"family": family}),
            Operation::GetNamespace
            | Operation::ListSnapshots
            | Operation::ListLocks
            | Operation::GetCursor => json!({}),
            Operation::GetLock(lock) => lock.value(),
            Operation::Stat { target, at }
            | Operation::Lookup { target, at }
            | Operation::ListRevisions { target, at } => with("at_revision", target.value(), *at),
            Operation::BatchStat { paths, at } => with("at_revision", json!({"paths": paths}), *at),
            Operation::List { target, recursive, at } => listed(target, *recursive, *at),
            Operation::Diff { from, to } => json!({"from": from, "to": to}),
            Operation::Journal { cursor, .. } | Operation::Subscribe { cursor } => {
                after(*cursor, json!({}))
            }
            Operation::WaitForChange { cursor, timeout_ms } => {
                after(*cursor, json!({"timeout_ms": timeout_ms}))
            }
        };
        value["ns"] = json!(ns);
        value
    }
}

fn created(name: &str, policy: Policy, quota: Option<&v1::Quota>) -> Value {
    let mut value = json!({"name": name});
    if policy != Policy::Exact {
        value["policy"] = json!(policy.name());
    }
    with_quota(value, quota)
}

fn updated(name: Option<&str>, quota: Option<&v1::Quota>) -> Value {
    let value = name.map_or_else(|| json!({}), |name| json!({"name": name}));
    with_quota(value, quota)
}

fn with_quota(mut value: Value, quota: Option<&v1::Quota>) -> Value {
    if let Some(quota) = quota {
        value["quota"] = quota_value(quota);
    }
    value
}

fn after(cursor: Option<Cursor>, mut value: Value) -> Value {
    if let Some(Cursor { revision, ordinal }) = cursor {
        value["cursor"] = json!([revision, ordinal]);
    }
    value
}

fn listed(target: &Target, recursive: bool, at: Option<u64>) -> Value {
    let mut value = target.value();
    if recursive {
        value["recursive"] = json!(true);
    }
    with("at_revision", value, at)
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
