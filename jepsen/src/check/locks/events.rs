//! What a history tells of locks.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::history::{History, Operation, Outcome};
use crate::model::BadOperation;
use crate::names::Policy;

/// A time to live that was not asked for, in milliseconds.
const TTL_MS: u64 = 30_000;

/// Which lock: of a node, or of a path, in a namespace, under a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    ns: u64,
    id: u64,
    path: String,
    name: String,
}

/// An answered grant, or one that may have been made: then without a token.
#[derive(Debug)]
pub(super) struct Grant {
    pub(super) key: Key,
    pub(super) line: u32,
    pub(super) revision: Option<u64>,
    pub(super) token: u64,
    /// When the lock ends, in replicated milliseconds, and how long it is held until then.
    pub(super) expires_ms: Option<u64>,
    pub(super) ttl_ms: u64,
}

/// Something that a token was used for, or that was told of a lock, with what it shows.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) key: Key,
    pub(super) line: u32,
    /// None if it is not known whether and where it took effect.
    pub(super) revision: Option<u64>,
    /// 0 if no token was told.
    pub(super) token: u64,
    pub(super) told: Told,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    Renewed {
        expires_ms: Option<u64>,
    },
    Released,
    /// A mutation that carries the token took effect, or found that it had nothing to change.
    Fenced {
        has_effect: bool,
    },
    /// `TOKEN_STALE`, to a request that names one token alone.
    Stale,
    /// Who holds it was asked, and this token told.
    Holder,
    /// The same, and nobody told.
    Free,
    /// `LOCK_HELD`.
    Held,
    /// A grant without an answer.
    MayBeGranted,
    /// A release without an answer.
    MayBeReleased,
    /// A renewal without an answer: it may also have shortened the time.
    MayBeRenewed,
}

/// All grants and all else, in the order of invocation.
pub(super) fn read_events(history: &History) -> Result<(Vec<Grant>, Vec<Event>), BadOperation> {
    let (mut grants, mut events) = (Vec::new(), Vec::new());
    let folding = folding(history);
    for operation in &history.operations {
        let read = match operation.function.as_str() {
            "acquire_lock" => read_acquire(operation, &mut grants, &mut events),
            "renew_lock" | "release_lock" => read_keep(operation, &mut events),
            "get_lock" => read_get(operation, &mut events),
            "list_locks" => read_list(operation, &mut events),
            _ => Ok(()),
        };
        read.and_then(|()| read_fences(operation, &mut events))
            .map_err(|reason| BadOperation::of(operation, reason))?;
    }
    let keys = grants.iter_mut().map(|grant: &mut Grant| &mut grant.key);
    for key in keys.chain(events.iter_mut().map(|event: &mut Event| &mut event.key)) {
        if folding.contains(&key.ns) {
            key.path = Policy::Casefold.key(&key.path);
        }
    }
    let free =
        history.operations.iter().flat_map(|operation| left_out(operation, &grants, &events));
    let free: Vec<Event> = free.collect();
    events.extend(free);
    Ok((grants, events))
}

/// What a list of all locks leaves out is told to be free.
fn left_out(operation: &Operation, grants: &[Grant], events: &[Event]) -> Vec<Event> {
    let ns = number(&operation.input, "ns");
    let is_list = operation.function == "list_locks" && is_answer(operation);
    let of_ns = grants.iter().map(|grant| &grant.key).filter(|key| is_list && Some(key.ns) == ns);
    let mut keys: BTreeSet<&Key> = of_ns.collect();
    for listed in events.iter().filter(|event| event.line == operation.line) {
        keys.remove(&listed.key);
    }
    keys.into_iter().map(|key| event(operation, key.clone(), 0, Told::Free)).collect()
}

fn is_answer(operation: &Operation) -> bool {
    matches!(&operation.outcome, Outcome::Ok(value) if value.get("rejected").is_none())
}

/// The namespaces in which two spellings of a path are one lock.
fn folding(history: &History) -> BTreeSet<u64> {
    let initial = history.header.namespaces.iter();
    let initial = initial.filter(|namespace| namespace.policy == Policy::Casefold);
    let made = history.operations.iter().filter_map(|operation| match &operation.outcome {
        Outcome::Ok(value)
            if operation.function == "create_namespace"
                && operation.input.get("policy").and_then(Value::as_str) == Some("casefold") =>
        {
            number(value, "id")
        }
        _ => None,
    });
    initial.map(|namespace| namespace.id).chain(made).collect()
}

fn read_key(value: &Value) -> Result<Key, String> {
    let ns = number(value, "ns").ok_or("a lock has no ns")?;
    Ok(Key { ns, ..read_name(value) })
}

/// Which lock of its namespace.
fn read_name(value: &Value) -> Key {
    let text = |field: &str| value.get(field).and_then(Value::as_str).unwrap_or("").to_string();
    let path = text("path");
    let path = path.strip_prefix('/').map(str::to_string).unwrap_or(path);
    Key { ns: 0, id: number(value, "id").unwrap_or(0), path, name: text("name") }
}

fn number(value: &Value, field: &str) -> Option<u64> {
    value.get(field).and_then(Value::as_u64)
}

fn is_rejected(value: &Value, reason: &str) -> bool {
    value.get("rejected").and_then(Value::as_str) == Some(reason)
}

fn event(operation: &Operation, key: Key, token: u64, told: Told) -> Event {
    let is_known = !matches!(told, Told::MayBeGranted | Told::MayBeReleased | Told::MayBeRenewed);
    let revision = operation.revision.filter(|_| is_known);
    Event { key, line: operation.line, revision, token, told }
}

fn read_acquire(
    operation: &Operation,
    grants: &mut Vec<Grant>,
    events: &mut Vec<Event>,
) -> Result<(), String> {
    let key = read_key(&operation.input)?;
    match &operation.outcome {
        Outcome::Fail(_) => {}
        Outcome::Unknown => events.push(event(operation, key, 0, Told::MayBeGranted)),
        Outcome::Ok(value) if is_rejected(value, "SESSION_EXPIRED") => {
            events.push(event(operation, key, 0, Told::MayBeGranted));
        }
        Outcome::Ok(value) if is_rejected(value, "LOCK_HELD") => {
            events.push(event(operation, key, 0, Told::Held));
        }
        Outcome::Ok(value) if value.get("rejected").is_some() => {}
        Outcome::Ok(value) => grants.push(Grant {
            key,
            line: operation.line,
            revision: operation.revision,
            token: number(value, "token").ok_or("the answer has no token")?,
            expires_ms: number(value, "expires_ms"),
            ttl_ms: number(&operation.input, "ttl_ms").filter(|ttl| *ttl > 0).unwrap_or(TTL_MS),
        }),
    }
    Ok(())
}

fn read_keep(operation: &Operation, events: &mut Vec<Event>) -> Result<(), String> {
    let key = read_key(&operation.input)?;
    let token = number(&operation.input, "token").ok_or("it has no token")?;
    let releases = operation.function == "release_lock";
    let may_be = if releases { Told::MayBeReleased } else { Told::MayBeRenewed };
    let told = match &operation.outcome {
        Outcome::Ok(value) if is_rejected(value, "TOKEN_STALE") => Told::Stale,
        Outcome::Ok(value) if is_rejected(value, "SESSION_EXPIRED") => may_be,
        Outcome::Ok(value) if value.get("rejected").is_some() => return Ok(()),
        Outcome::Ok(_) if releases => Told::Released,
        Outcome::Ok(value) => Told::Renewed { expires_ms: number(value, "expires_ms") },
        Outcome::Unknown => may_be,
        Outcome::Fail(_) => return Ok(()),
    };
    events.push(event(operation, key, token, told));
    Ok(())
}

fn read_get(operation: &Operation, events: &mut Vec<Event>) -> Result<(), String> {
    let key = read_key(&operation.input)?;
    if let Outcome::Ok(value) = &operation.outcome
        && is_answer(operation)
    {
        events.push(match number(value, "token") {
            Some(token) => event(operation, key, token, Told::Holder),
            None => event(operation, key, 0, Told::Free),
        });
    }
    Ok(())
}

/// Each that is listed is told as to who asks for its holder.
fn read_list(operation: &Operation, events: &mut Vec<Event>) -> Result<(), String> {
    let Outcome::Ok(value) = &operation.outcome else { return Ok(()) };
    if !is_answer(operation) {
        return Ok(());
    }
    let locks = value.get("locks").and_then(Value::as_array).ok_or("the answer has no locks")?;
    let mut keys = BTreeSet::new();
    for lock in locks {
        let ns = number(&operation.input, "ns").ok_or("it has no ns")?;
        let key = Key { ns, ..read_name(lock) };
        let token = number(lock, "token").ok_or("a lock has no token")?;
        if !keys.insert(key.clone()) {
            return Err(format!("it lists a lock twice: {lock}"));
        }
        events.push(event(operation, key, token, Told::Holder));
    }
    Ok(())
}

fn read_fences(operation: &Operation, events: &mut Vec<Event>) -> Result<(), String> {
    let fences = operation.input.get("fences").and_then(Value::as_array);
    let (Some(fences), Outcome::Ok(value)) = (fences, &operation.outcome) else { return Ok(()) };
    let told = match value.get("rejected") {
        None => Told::Fenced { has_effect: changes(operation, value) },
        // Of several tokens nobody tells which was stale.
        Some(_) if is_rejected(value, "TOKEN_STALE") && fences.len() == 1 => Told::Stale,
        Some(_) => return Ok(()),
    };
    for fence in fences {
        let token = number(fence, "token").ok_or("a fence has no token")?;
        events.push(event(operation, read_key(fence)?, token, told));
    }
    Ok(())
}

/// Whether an answer gives a node the revision of the operation: then it made it, or at least
/// was made right after what did.
fn changes(operation: &Operation, value: &Value) -> bool {
    let results = value.get("results").and_then(Value::as_array);
    let has_rev = |result: &Value| number(result, "rev") == operation.revision;
    operation.function == "delete"
        || has_rev(value)
        || results.is_some_and(|r| r.iter().any(has_rev))
}
