//! Replays a journal from its start and holds it against what reads answered.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::pages::{Change, ChangeKind, namespace_of};
use super::{FINDINGS_MAX, Journal};
use crate::check::verdict::shorten;
use crate::history::{History, Operation, Outcome};

/// The tree as the journal tells it.
#[derive(Default)]
struct Replayed {
    root: Option<u64>,
    nodes: BTreeMap<u64, Node>,
    children: BTreeMap<(u64, String), u64>,
    ids_seen: BTreeSet<u64>,
}

struct Node {
    parent: u64,
    name: String,
    is_directory: bool,
    rev: Option<u64>,
    content: Option<(String, u64)>,
}

/// Replays what is known without a gap. Returns how many reads were compared.
pub(super) fn check(
    history: &History,
    ns: u64,
    journal: &Journal,
    findings: &mut Vec<String>,
) -> usize {
    let mut tree = Replayed { root: root_of(history, ns), ..Replayed::default() };
    let mut reads = reads_of(history, ns, journal);
    reads.sort_by_key(|operation| operation.revision);
    let mut reads = reads.into_iter().peekable();
    let mut compared_count = 0;
    let complete = journal.changes.range(..=journal.complete_to);
    for (cursor, change) in complete {
        let is_before = |operation: &&Operation| operation.revision < Some(cursor.revision);
        while let Some(read) = reads.next_if(is_before) {
            tree.compare(read, findings);
            compared_count += 1;
        }
        if let Err(reason) = tree.apply(change) {
            findings.push(format!("line {}: {cursor} {reason}", change.line));
            return compared_count; // What follows would only repeat it.
        }
    }
    for read in reads {
        tree.compare(read, findings);
        compared_count += 1;
        if findings.len() > FINDINGS_MAX {
            break;
        }
    }
    compared_count
}

/// Answered listings and stats whose revision the journal reaches.
fn reads_of<'h>(history: &'h History, ns: u64, journal: &Journal) -> Vec<&'h Operation> {
    let is_read = |operation: &&Operation| {
        matches!(operation.function.as_str(), "list" | "stat")
            && matches!(&operation.outcome, Outcome::Ok(value) if value.get("rejected").is_none())
            && operation.revision.is_some_and(|revision| journal.covers(revision))
            && namespace_of(operation) == Some(ns)
    };
    history.operations.iter().filter(is_read).collect()
}

/// The root's id, from whatever tells it.
fn root_of(history: &History, ns: u64) -> Option<u64> {
    if let Some(namespace) = history.header.namespaces.iter().find(|namespace| namespace.id == ns) {
        return Some(namespace.root);
    }
    history.operations.iter().find_map(|operation| {
        let Outcome::Ok(value) = &operation.outcome else { return None };
        let created = operation.function == "create_namespace"
            && value.get("id").and_then(Value::as_u64) == Some(ns);
        if created { value.get("root").and_then(Value::as_u64) } else { None }
    })
}

impl Replayed {
    fn apply(&mut self, change: &Change) -> Result<(), String> {
        // A journal whose root nobody told begins with a child of it.
        let root = *self.root.get_or_insert(change.parent);
        match change.kind {
            ChangeKind::Created => {
                if change.id == root || !self.ids_seen.insert(change.id) {
                    return Err(format!("creates node {}, which was there before", change.id));
                }
                self.check_place(change)?;
                self.enter(change, change.is_directory.unwrap_or(change.content.is_none()));
            }
            ChangeKind::Updated => {
                let node = self.nodes.get_mut(&change.id);
                let node =
                    node.ok_or_else(|| format!("updates node {}, which is not there", change.id))?;
                if node.is_directory || node.parent != change.parent || node.name != change.name {
                    return Err(format!("updates node {}, which is not as it tells", change.id));
                }
                node.rev = change.rev;
                node.content = change.content.clone();
            }
            ChangeKind::Moved => {
                let node = self.nodes.get(&change.id);
                let node =
                    node.ok_or_else(|| format!("moves node {}, which is not there", change.id))?;
                let (is_directory, place) = (node.is_directory, (node.parent, node.name.clone()));
                self.children.remove(&place);
                self.check_place(change)?;
                if self.is_within(change.parent, change.id) {
                    return Err(format!("moves node {} under itself", change.id));
                }
                self.enter(change, is_directory);
            }
            ChangeKind::Deleted => {
                let node = self.nodes.get(&change.id);
                let node =
                    node.ok_or_else(|| format!("deletes node {}, which is not there", change.id))?;
                if node.parent != change.parent || node.name != change.name {
                    return Err(format!("deletes node {}, which is not as it tells", change.id));
                }
                self.remove(change.id);
            }
        }
        Ok(())
    }

    /// The parent was told before, is a directory, and has no such name yet.
    fn check_place(&self, change: &Change) -> Result<(), String> {
        let parent_is_directory = Some(change.parent) == self.root
            || self.nodes.get(&change.parent).is_some_and(|parent| parent.is_directory);
        if !parent_is_directory {
            return Err(format!(
                "puts node {} in {}, which is no directory",
                change.id, change.parent
            ));
        }
        match self.children.get(&(change.parent, change.name.clone())) {
            Some(taken) => Err(format!(
                "puts node {} at {:?} in {}, where node {taken} is",
                change.id, change.name, change.parent
            )),
            None => Ok(()),
        }
    }

    fn enter(&mut self, change: &Change, is_directory: bool) {
        self.children.insert((change.parent, change.name.clone()), change.id);
        let node = Node {
            parent: change.parent,
            name: change.name.clone(),
            is_directory,
            rev: change.rev,
            content: change.content.clone(),
        };
        self.nodes.insert(change.id, node);
    }

    fn remove(&mut self, top: u64) {
        let mut doomed = vec![top];
        while let Some(id) = doomed.pop() {
            doomed.extend(self.children_of(id).map(|(_, child)| child));
            if let Some(node) = self.nodes.remove(&id) {
                self.children.remove(&(node.parent, node.name));
            }
        }
    }

    fn children_of(&self, parent: u64) -> impl Iterator<Item = (&str, u64)> {
        self.children
            .range((parent, String::new())..)
            .take_while(move |((of, _), _)| *of == parent)
            .map(|((_, name), id)| (name.as_str(), *id))
    }

    fn is_within(&self, id: u64, ancestor: u64) -> bool {
        let mut current = Some(id);
        while let Some(id) = current {
            if id == ancestor {
                return true;
            }
            current = self.nodes.get(&id).map(|node| node.parent);
        }
        false
    }

    fn resolve(&self, input: &Value) -> Option<u64> {
        let start = input.get("id").and_then(Value::as_u64).filter(|id| *id != 0).or(self.root)?;
        let path = input.get("path").and_then(Value::as_str).unwrap_or("");
        let names = path.split('/').filter(|name| !name.is_empty());
        let mut current = start;
        for name in names {
            current = *self.children.get(&(current, name.to_string()))?;
        }
        (Some(current) == self.root || self.nodes.contains_key(&current)).then_some(current)
    }

    /// Holds a read against the tree as of its revision.
    fn compare(&self, read: &Operation, findings: &mut Vec<String>) {
        let Outcome::Ok(answer) = &read.outcome else { return };
        if self.root.is_none() {
            return; // An empty journal of a namespace whose root nobody told.
        }
        let fits = match self.resolve(&read.input) {
            None => false,
            Some(id) if read.function == "list" => self.fits_list(id, answer),
            Some(id) => self.fits_stat(id, answer),
        };
        if !fits {
            let revision = read.revision.unwrap_or_default();
            findings.push(format!(
                "line {}: {} {} at revision {revision} does not answer what the journal tells",
                read.line,
                read.function,
                shorten(&read.input, 200),
            ));
        }
    }

    fn fits_list(&self, id: u64, answer: &Value) -> bool {
        let Some(entries) = answer.get("entries").and_then(Value::as_array) else { return false };
        let mut children = self.children_of(id);
        let all_told = entries.iter().all(|entry| {
            let Some((name, child)) = children.next() else { return false };
            entry.get("name").and_then(Value::as_str) == Some(name)
                && fits_number(entry, "id", Some(child))
                && fits_number(entry, "rev", self.nodes.get(&child).and_then(|node| node.rev))
        });
        all_told && children.next().is_none()
    }

    fn fits_stat(&self, id: u64, answer: &Value) -> bool {
        let Some(node) = self.nodes.get(&id) else { return fits_number(answer, "id", Some(id)) };
        let hash = answer.get("hash").and_then(Value::as_str);
        let told = node.content.as_ref().map(|(hash, _)| hash.as_str());
        fits_number(answer, "id", Some(id))
            && fits_number(answer, "rev", node.rev)
            && (hash.is_none() || told.is_none() || hash == told)
    }
}

/// Whether a field says this number, or one of them is not told.
fn fits_number(value: &Value, field: &str, told: Option<u64>) -> bool {
    match (value.get(field).and_then(Value::as_u64), told) {
        (Some(answered), Some(told)) => answered == told,
        _ => true,
    }
}
