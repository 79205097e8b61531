//! The tree of one namespace, as a listing of all of it tells.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::pages::Body;
use super::replayed::{Node, Replayed};
use crate::history::{Operation, Outcome};
use crate::names::Policy;

#[derive(Deserialize)]
struct Entry {
    path: String,
    id: u64,
    kind: Option<String>,
    rev: Option<u64>,
    hash: Option<String>,
    #[serde(default)]
    size: u64,
    symlink: Option<String>,
    mount: Option<u64>,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
}

impl Entry {
    fn is_full(&self) -> bool {
        match self.kind.as_deref() {
            Some("file") => self.hash.is_some(),
            Some("symlink") => self.symlink.is_some(),
            Some("mount") => self.mount.is_some(),
            kind => kind.is_some(),
        }
    }
}

impl Replayed {
    /// The tree that a read tells; none if it is not of all that is under the root, or not in
    /// full.
    pub(super) fn listed(
        root: u64,
        policy: Policy,
        read: &Operation,
    ) -> Option<Result<Replayed, String>> {
        let Outcome::Ok(answer) = &read.outcome else { return None };
        let text = |field: &str| read.input.get(field).and_then(Value::as_str).unwrap_or("");
        let start = read.input.get("id").and_then(Value::as_u64).unwrap_or_default();
        let is_whole = read.function == "list"
            && read.input.get("recursive").and_then(Value::as_bool) == Some(true)
            && text("path").trim_matches('/').is_empty()
            && (start == 0 || start == root);
        if !is_whole {
            return None;
        }
        let entries = Vec::<Entry>::deserialize(answer.get("entries")?).ok()?;
        if !entries.iter().all(Entry::is_full) {
            return None;
        }
        Some(plant(Replayed::new(Some(root), policy), root, entries))
    }
}

fn plant(mut tree: Replayed, root: u64, entries: Vec<Entry>) -> Result<Replayed, String> {
    let mut directories = BTreeMap::from([(String::new(), root)]);
    for entry in entries {
        let (directory, name) = entry.path.rsplit_once('/').unwrap_or(("", &entry.path));
        let Some(parent) = directories.get(directory) else {
            return Err(format!("tells {:?} before the directory that it is in", entry.path));
        };
        let body = Body {
            kind: entry.kind,
            content: entry.hash.map(|hash| (hash, entry.size)),
            symlink: entry.symlink,
            mount: entry.mount.filter(|ns| *ns != 0),
            attributes: entry.attributes,
        };
        let is_directory = body.is_directory();
        let node = Node { parent: *parent, name: name.to_string(), rev: entry.rev, body };
        if !tree.plant(entry.id, node) {
            return Err(format!("tells {:?}, which it has told", entry.path));
        }
        if is_directory {
            directories.insert(entry.path, entry.id);
        }
    }
    Ok(tree)
}
