//! Replays a journal from its start and holds it against what reads answered.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::copies::Copies;
use super::pages::{Body, Change, ChangeKind, namespace_of};
use super::{FINDINGS_MAX, Journal};
use crate::history::{History, Operation, Outcome};

/// The tree as the journal tells it.
#[derive(Default)]
pub(super) struct Replayed {
    pub(super) root: Option<u64>,
    pub(super) nodes: BTreeMap<u64, Node>,
    children: BTreeMap<(u64, String), u64>,
    ids_seen: BTreeSet<u64>,
}

pub(super) struct Node {
    parent: u64,
    pub(super) name: String,
    pub(super) rev: Option<u64>,
    pub(super) body: Body,
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
    let copies = Copies::of(history, ns);
    let mut copied_at = None;
    let complete = journal.changes.range(..=journal.complete_to);
    for (cursor, change) in complete {
        let is_before = |operation: &&Operation| operation.revision < Some(cursor.revision);
        while let Some(read) = reads.next_if(is_before) {
            tree.compare(read, findings);
            compared_count += 1;
        }
        if copied_at != Some(cursor.revision) {
            copied_at = Some(cursor.revision);
            copies.check(&tree, cursor.revision, journal, findings);
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
                self.enter(change, change.body.clone());
            }
            ChangeKind::Updated => {
                let node = self.nodes.get_mut(&change.id);
                let node =
                    node.ok_or_else(|| format!("updates node {}, which is not there", change.id))?;
                let is_same = node.parent == change.parent
                    && node.name == change.name
                    && node.body.is_directory() == change.body.is_directory()
                    && node.body.symlink == change.body.symlink;
                if !is_same {
                    return Err(format!("updates node {}, which is not as it tells", change.id));
                }
                node.rev = change.rev;
                node.body = change.body.clone();
            }
            ChangeKind::Moved => {
                let node = self.nodes.get(&change.id);
                let node =
                    node.ok_or_else(|| format!("moves node {}, which is not there", change.id))?;
                let (body, place) = (node.body.clone(), (node.parent, node.name.clone()));
                self.children.remove(&place);
                self.check_place(change)?;
                if self.is_within(change.parent, change.id) {
                    return Err(format!("moves node {} under itself", change.id));
                }
                if change.body.kind.is_some() && change.body != body {
                    return Err(format!("moves node {}, which is not as it tells", change.id));
                }
                self.enter(change, body);
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
            || self.nodes.get(&change.parent).is_some_and(|parent| parent.body.is_directory());
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

    fn enter(&mut self, change: &Change, body: Body) {
        self.children.insert((change.parent, change.name.clone()), change.id);
        let node = Node { parent: change.parent, name: change.name.clone(), rev: change.rev, body };
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

    pub(super) fn children_of(&self, parent: u64) -> impl Iterator<Item = (&str, u64)> {
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

    /// The node at a path from a node, or from the root.
    pub(super) fn resolve(&self, start: Option<u64>, path: &str) -> Option<u64> {
        let start = start.filter(|id| *id != 0).or(self.root)?;
        let names = path.split('/').filter(|name| !name.is_empty());
        let mut current = start;
        for name in names {
            current = *self.children.get(&(current, name.to_string()))?;
        }
        (Some(current) == self.root || self.nodes.contains_key(&current)).then_some(current)
    }
}
