//! Holds what reads answered against the tree that a journal tells.

use std::collections::BTreeMap;

use serde_json::Value;

use super::replayed::{Found, Replayed};
use crate::check::verdict::shorten;
use crate::history::{Operation, Outcome};

impl Replayed {
    /// Holds a read against the tree as of its revision.
    pub(super) fn compare(&self, read: &Operation, findings: &mut Vec<String>) {
        let Outcome::Ok(answer) = &read.outcome else { return };
        if self.root.is_none() {
            return; // An empty journal of a namespace whose root nobody told.
        }
        let start = read.input.get("id").and_then(Value::as_u64);
        let path = read.input.get("path").and_then(Value::as_str).unwrap_or("");
        let is_list = read.function == "list";
        let is_recursive = read.input.get("recursive").and_then(Value::as_bool) == Some(true);
        let fits = match self.resolve(start, path) {
            Found::Nothing => false,
            Found::Elsewhere => return,
            Found::Node(id) if is_list && self.is_mount(id) => return,
            Found::Node(id) if is_list => self.fits_list(id, is_recursive, answer),
            Found::Node(id) => self.fits_stat(id, answer),
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

    fn is_mount(&self, id: u64) -> bool {
        self.nodes.get(&id).is_some_and(|node| node.body.is_mount())
    }

    fn fits_list(&self, id: u64, is_recursive: bool, answer: &Value) -> bool {
        let Some(entries) = answer.get("entries").and_then(Value::as_array) else { return false };
        let field = if is_recursive { "path" } else { "name" };
        let mut expected = self.listing(id, is_recursive).into_iter();
        let all_told = entries.iter().all(|entry| {
            let Some((label, child)) = expected.next() else { return false };
            let node = self.nodes.get(&child);
            let kind = node.and_then(|node| node.body.kind.as_deref());
            entry.get(field).and_then(Value::as_str) == Some(label.as_str())
                && fits_number(entry, "id", Some(child))
                && fits_number(entry, "rev", node.and_then(|node| node.rev))
                && fits_text(entry, "kind", kind)
        });
        all_told && expected.next().is_none()
    }

    /// What a listing should tell, by names, or by paths if it is of all that is under it.
    fn listing(&self, top: u64, is_recursive: bool) -> Vec<(String, u64)> {
        let mut listing = Vec::new();
        let mut stack = vec![(String::new(), top)];
        while let Some((path, id)) = stack.pop() {
            if id != top {
                listing.push((path.clone(), id));
            }
            if id == top || is_recursive {
                let prefix = if id == top { String::new() } else { format!("{path}/") };
                let from = stack.len();
                let child = |(name, child)| (format!("{prefix}{name}"), child);
                stack.extend(self.children_of(id).map(child));
                stack[from..].reverse();
            }
        }
        listing
    }

    fn fits_stat(&self, id: u64, answer: &Value) -> bool {
        let Some(node) = self.nodes.get(&id) else { return fits_number(answer, "id", Some(id)) };
        let body = &node.body;
        let content = body.content.as_ref();
        fits_number(answer, "id", Some(id))
            && fits_number(answer, "rev", node.rev)
            && fits_text(answer, "kind", body.kind.as_deref())
            && fits_text(answer, "hash", content.map(|(hash, _)| hash.as_str()))
            && fits_number(answer, "size", content.map(|(_, size)| *size))
            && fits_text(answer, "symlink", body.symlink.as_deref())
            && fits_number(answer, "mount", body.mount)
            && fits_attributes(answer, &body.attributes)
    }
}

/// Whether a field says this number, or one of them is not told.
fn fits_number(value: &Value, field: &str, told: Option<u64>) -> bool {
    match (value.get(field).and_then(Value::as_u64), told) {
        (Some(answered), Some(told)) => answered == told,
        _ => true,
    }
}

/// Whether a field says this text, or one of them is not told.
fn fits_text(value: &Value, field: &str, told: Option<&str>) -> bool {
    match (value.get(field).and_then(Value::as_str), told) {
        (Some(answered), Some(told)) => answered == told,
        _ => true,
    }
}

/// Whether an answer has these attributes; one that leaves them out has none.
fn fits_attributes(answer: &Value, told: &BTreeMap<String, String>) -> bool {
    let answered = answer.get("attributes").and_then(Value::as_object);
    let answered = answered.into_iter().flatten();
    answered
        .map(|(name, value)| (name, value.as_str()))
        .eq(told.iter().map(|(name, value)| (name, Some(value.as_str()))))
}
