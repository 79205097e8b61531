//! Reads of the tree and of its journal.

use serde_json::{Value, json};

use super::{Answer, Server, path_of};

impl Server {
    pub(super) fn read(&self, function: &str, input: &Value) -> Answer {
        let path = path_of(self, input, "path")?;
        let node = self.find(&path)?;
        match function {
            "stat" => Ok(node.describe("kind")),
            "lookup" => {
                let path = if path.is_empty() { "/" } else { &path };
                Ok(json!({"id": node.id, "kind": node.describe("kind")["kind"], "path": path}))
            }
            _ if node.is_leaf() => Err("NOT_A_DIRECTORY"),
            _ => {
                let under = format!("{path}/");
                let entries: Vec<Value> = self
                    .children(&path)
                    .map(|child| {
                        let node = self.nodes[child].describe("kind");
                        let name = &child[under.len()..];
                        json!({"name": name, "id": node["id"], "kind": node["kind"], "rev": node["rev"]})
                    })
                    .collect();
                Ok(json!({ "entries": entries }))
            }
        }
    }

    /// Whole paths, by the bytes of the names.
    pub(super) fn children(&self, path: &str) -> impl Iterator<Item = &String> {
        let under = format!("{path}/");
        let is_child =
            move |other: &&String| other.starts_with(&under) && !other[under.len()..].contains('/');
        self.nodes.keys().filter(is_child)
    }

    /// A page of the journal after a cursor.
    pub(in crate::check::tests) fn page(&self, after: Option<(u64, u64)>, limit: usize) -> Value {
        let place = |change: &Value| (change["cursor"][0].as_u64(), change["cursor"][1].as_u64());
        let after =
            after.map_or((Some(0), Some(0)), |(revision, ordinal)| (Some(revision), Some(ordinal)));
        let mut rest = self.journal.iter().filter(|change| place(change) > after);
        let changes: Vec<&Value> = rest.by_ref().take(limit).collect();
        let cursor = changes.last().map(|change| change["cursor"].clone());
        let cursor = cursor.unwrap_or_else(|| json!([after.0, after.1]));
        json!({"changes": changes, "cursor": cursor, "end": rest.next().is_none()})
    }
}
