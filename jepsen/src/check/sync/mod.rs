//! Clients that keep a copy of a namespace, go offline, edit, and merge what they did.
//!
//! At the end of a run each of them records what it has, as an operation `replica` of
//! `{ns, client}`: `client` is the client id of its requests, or the name that its conflicted
//! copies have. The last recursive listing of the namespace's root is the final tree. Judged is:
//!
//! - **Convergence**: each replica has the paths, kinds and content hashes of the final tree.
//! - **Nothing is lost**: the content of every acknowledged commit of such a client is
//!   somewhere in the final tree, or the first change of that file after it was made by
//!   somebody who had seen it: an update or delete that named its rev, or a later one.
//!   Whoever replaces it by a move, or deletes the directory that it is in, has not.
//! - **Nothing comes back**: no deleted node is in the final tree; and where the path of one is
//!   taken, something was made or moved there, or above it, after the delete.
//!
//! A change of unknown outcome may have happened. Attributes and revs of replicas are not judged.

mod acts;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::journal::finish;
use super::verdict::{Check, Verdict};
use crate::history::{History, Operation, Outcome};
use crate::model::BadOperation;
use crate::names::Policy;
use acts::{Act, acts_of};

const NAME: &str = "sync";

/// Checks the replicas; none if the history has none.
pub(super) fn check(history: &History) -> Result<Option<Check>, BadOperation> {
    let mut replicas: BTreeMap<u64, Vec<Replica<'_>>> = BTreeMap::new();
    for operation in history.operations.iter().filter(|operation| operation.function == "replica") {
        let Outcome::Ok(value) = &operation.outcome else { continue };
        let replica = read_replica(operation, value);
        let replica = replica.map_err(|reason| BadOperation::of(operation, reason))?;
        replicas.entry(replica.ns).or_default().push(replica);
    }
    if replicas.is_empty() {
        return Ok(None);
    }
    let mut findings = Vec::new();
    let (mut commits_count, mut without_end) = (0, 0);
    for (ns, replicas) in &replicas {
        let Some(tree) = final_tree(history, *ns) else {
            without_end += 1;
            continue;
        };
        for replica in replicas {
            check_convergence(replica, &tree, &mut findings);
        }
        let acts = acts_of(history, *ns);
        commits_count += check_contents(replicas, &acts, &tree, &mut findings);
        check_deletions(&acts, &tree, mounts_anything(history), &mut findings);
    }
    let replicas_count: usize = replicas.values().map(Vec::len).sum();
    if without_end > 0 && findings.is_empty() {
        let detail = "no recursive listing of the root to hold the replicas against".to_string();
        return Ok(Some(Check { name: NAME, verdict: Verdict::Unknown, detail, findings }));
    }
    let detail =
        format!("{replicas_count} replicas are the final tree; {commits_count} commits are kept");
    Ok(Some(finish(NAME, detail, findings)))
}

/// What one client has at the end.
struct Replica<'h> {
    ns: u64,
    line: u32,
    client: &'h Value,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    /// Without a slash before it.
    path: String,
    kind: Option<String>,
    hash: Option<String>,
    id: Option<u64>,
}

fn read_replica<'h>(operation: &'h Operation, value: &Value) -> Result<Replica<'h>, String> {
    let ns = operation.input.get("ns").and_then(Value::as_u64).ok_or("it has no ns")?;
    let client = operation.input.get("client").ok_or("it has no client")?;
    Ok(Replica { ns, line: operation.line, client, entries: read_entries(value)? })
}

fn read_entries(value: &Value) -> Result<Vec<Entry>, String> {
    let entries = value.get("entries").and_then(Value::as_array);
    let entries = entries.ok_or("the answer has no entries")?.iter().map(|entry| {
        let text = |field: &str| entry.get(field).and_then(Value::as_str).map(str::to_string);
        let path = text("path").ok_or("an entry has no path")?;
        let path = path.trim_start_matches('/').to_string();
        let id = entry.get("id").and_then(Value::as_u64);
        Ok(Entry { path, kind: text("kind"), hash: text("hash"), id })
    });
    entries.collect()
}

/// By path.
type Tree = BTreeMap<String, Entry>;

/// The last recursive listing of the root.
fn final_tree(history: &History, ns: u64) -> Option<Tree> {
    let is_final = |operation: &&Operation| {
        let path = operation.input.get("path").and_then(Value::as_str).unwrap_or("");
        let number = |field: &str| operation.input.get(field).and_then(Value::as_u64).unwrap_or(0);
        operation.function == "list"
            && number("ns") == ns
            && number("id") == 0
            && number("at_revision") == 0
            && path.trim_start_matches('/').is_empty()
            && operation.input.get("recursive").and_then(Value::as_bool) == Some(true)
            && matches!(&operation.outcome, Outcome::Ok(value) if value.get("entries").is_some())
    };
    let last = history.operations.iter().rfind(is_final)?;
    let Outcome::Ok(value) = &last.outcome else { return None };
    let entries = read_entries(value).ok()?;
    Some(entries.into_iter().map(|entry| (entry.path.clone(), entry)).collect())
}

fn check_convergence(replica: &Replica<'_>, tree: &Tree, findings: &mut Vec<String>) {
    let who = format!("line {}: the replica of client {}", replica.line, replica.client);
    let mut paths = BTreeSet::new();
    for entry in &replica.entries {
        paths.insert(entry.path.as_str());
        let differs = |left: &Option<String>, right: &Option<String>| {
            left.is_some() && right.is_some() && left != right
        };
        match tree.get(&entry.path) {
            None => findings.push(format!("{who} has {:?}, which is not there", entry.path)),
            Some(actual) if differs(&entry.kind, &actual.kind) => {
                findings.push(format!("{who} has another kind of node at {:?}", entry.path));
            }
            Some(actual) if differs(&entry.hash, &actual.hash) => {
                findings.push(format!("{who} has another content at {:?}", entry.path));
            }
            Some(_) => {}
        }
    }
    for path in tree.keys().filter(|path| !paths.contains(path.as_str())) {
        findings.push(format!("{who} has no {path:?}"));
    }
}

/// Returns how many commits were held against the final tree.
fn check_contents(
    replicas: &[Replica<'_>],
    acts: &[Act<'_>],
    tree: &Tree,
    findings: &mut Vec<String>,
) -> usize {
    let current: BTreeSet<&str> = tree.values().filter_map(|entry| entry.hash.as_deref()).collect();
    let mut count = 0;
    for act in acts.iter().filter(|act| replicas.iter().any(|replica| act.is_by(replica.client))) {
        let (Some(hash), Some((id, rev))) = (act.written_hash(), act.written()) else { continue };
        count += 1;
        if current.contains(hash) {
            continue;
        }
        if let Some(why) = why_lost(act, id, rev, acts) {
            findings.push(format!(
                "line {}: the content {hash:?} that was committed to {:?} is lost: {why}",
                act.line, act.path
            ));
        }
    }
    count
}

/// Why nobody who had seen a content has replaced or deleted it.
fn why_lost(commit: &Act<'_>, id: u64, rev: u64, acts: &[Act<'_>]) -> Option<String> {
    let replaces = |act: &&Act<'_>| act.is_replacement() && act.result_id() == Some(id);
    let later = acts.iter().filter(replaces).filter(|act| act.revision > Some(rev));
    if let Some(first) = later.min_by_key(|act| act.revision) {
        return match first.names_rev(rev) {
            true => None,
            false => Some(format!("line {} did away with it without having seen it", first.line)),
        };
    }
    let may_be = |act: &Act<'_>| {
        // Under whatever path: it may have been moved, or a directory that it is in.
        let means_it = act.path == commit.path
            || act.target_id() == Some(id)
            || revs_of(id, acts).any(|rev| act.named_rev() == Some(rev));
        act.is_unknown() && act.is_replacement() && act.names_rev(rev) && means_it
    };
    match acts.iter().any(may_be) {
        true => None,
        false => Some("nobody who had seen it replaced or deleted it".to_string()),
    }
}

/// The revs that a node was given.
fn revs_of<'a>(id: u64, acts: &'a [Act<'_>]) -> impl Iterator<Item = u64> + 'a {
    acts.iter().filter_map(Act::written).filter(move |(made, _)| *made == id).map(|(_, rev)| rev)
}

fn check_deletions(acts: &[Act<'_>], tree: &Tree, mounts: bool, findings: &mut Vec<String>) {
    let key = |path: &str| Policy::Casefold.key(path);
    for delete in acts.iter().filter(|act| act.function == "delete" && !act.is_unknown()) {
        let (Some(id), Some(revision)) = (delete.result_id(), delete.revision) else { continue };
        if let Some(entry) = tree.values().find(|entry| entry.id == Some(id)) {
            findings.push(format!(
                "line {}: node {id} was deleted, and is there again at {:?}",
                delete.line, entry.path
            ));
            continue;
        }
        if mounts || delete.target_id().is_some() || !tree.contains_key(&delete.path) {
            continue;
        }
        let deleted = key(&delete.path);
        let is_made = acts.iter().any(|act| {
            let made = act.made_path().map(|path| key(&path));
            let leads_there = made
                .is_some_and(|made| deleted == made || deleted.starts_with(&format!("{made}/")));
            leads_there && (act.is_unknown() || act.revision >= Some(revision))
        });
        if !is_made {
            findings.push(format!(
                "line {}: {:?} was deleted, and is there again without having been made",
                delete.line, delete.path
            ));
        }
    }
}

/// Over a mount, a path may be made from elsewhere.
fn mounts_anything(history: &History) -> bool {
    history.operations.iter().any(|operation| {
        operation.function == "mount"
            || operation.input.get("steps").and_then(Value::as_array).is_some_and(|steps| {
                steps.iter().any(|step| step.get("f").and_then(Value::as_str) == Some("mount"))
            })
    })
}
