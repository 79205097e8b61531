//! Reads of the tree and of its journal.

use serde_json::{Value, json};

use super::crossing::tree;
use super::past::spelled;
use super::{Answer, Body, Server, ns_of, place, refused};

impl Server {
    /// A read, of now or of then. Nothing is being made.
    pub(super) fn read_at(&mut self, function: &str, input: &Value) -> Value {
        self.revision -= 1;
        let answer = match input["at_revision"].as_u64() {
            None => self.read(function, input),
            Some(revision) => self.in_past(revision, input, |server| server.read(function, input)),
        };
        refused(answer)
    }

    /// A read of a replica that has come as far as one of the revisions that are kept, and at
    /// least as far as was asked for.
    pub(in crate::check::tests) fn lagging(
        &mut self,
        function: &str,
        input: &Value,
        behind: u64,
    ) -> (Value, u64) {
        let least = input["at_least"].as_u64().unwrap_or(4).max(4).min(self.revision);
        let revision = self.revision.saturating_sub(behind).max(least);
        let read = |server: &mut Server| server.read(function, input);
        match self.in_past(revision, input, read) {
            Err("REVISION_COMPACTED") => (refused(self.read(function, input)), self.revision),
            answer => (refused(answer), revision),
        }
    }

    fn read(&self, function: &str, input: &Value) -> Answer {
        match function {
            "diff" => return self.diff(input),
            "get_namespace" => return self.get_namespace(input),
            "batch_stat" => {
                let paths = input["paths"].as_array().expect("paths");
                let results = paths.iter().map(|path| {
                    refused(self.read("stat", &json!({"ns": input["ns"], "path": path})))
                });
                return Ok(json!({"results": results.collect::<Vec<_>>()}));
            }
            _ => {}
        }
        let key = place(self, input, "path", "id")?.key;
        let node = self.find(&key)?;
        let mut answer = node.describe("kind");
        answer["ns"] = json!(ns_of(&key));
        match function {
            "stat" => {
                if node.body == Body::Directory && input["at_revision"].is_null() {
                    let (nodes, bytes) = self.under(node.id);
                    answer["nodes"] = json!(nodes);
                    answer["bytes"] = json!(bytes);
                    answer["quota"] = self.quota_of(node.id);
                }
                Ok(answer)
            }
            "list_revisions" => Ok(self.versions(node.id)),
            "lookup" => {
                let path = format!("/{}", spelled(&self.nodes, &key));
                Ok(json!({"id": node.id, "kind": answer["kind"], "path": path, "ns": answer["ns"]}))
            }
            _ => self.list(&key, input["recursive"] == true),
        }
    }

    fn list(&self, key: &str, is_recursive: bool) -> Answer {
        let key = match self.nodes[key].body {
            Body::Mount(ns) => ns.to_string(),
            Body::Directory => key.to_string(),
            _ => return Err("NOT_A_DIRECTORY"),
        };
        let from = spelled(&self.nodes, &key);
        let mut entries = Vec::new();
        for below in tree(&self.nodes, &key).iter().skip(1) {
            if !is_recursive && below[key.len() + 1..].contains('/') {
                continue;
            }
            let node = self.nodes[below].describe("kind");
            let mut entry = json!({"id": node["id"], "kind": node["kind"], "rev": node["rev"]});
            match is_recursive {
                true => {
                    let path = spelled(&self.nodes, below);
                    entry["path"] = json!(path[from.len()..].trim_start_matches('/'));
                }
                false => entry["name"] = json!(self.nodes[below].name),
            }
            entries.push(entry);
        }
        Ok(json!({ "entries": entries }))
    }

    /// A page of a namespace's journal after a cursor.
    pub(in crate::check::tests) fn page(
        &self,
        ns: u64,
        after: Option<(u64, u64)>,
        limit: usize,
    ) -> Value {
        let place = |change: &Value| (change["cursor"][0].as_u64(), change["cursor"][1].as_u64());
        let after =
            after.map_or((Some(0), Some(0)), |(revision, ordinal)| (Some(revision), Some(ordinal)));
        let of_ns = self.journal.iter().filter(|change| change["ns"] == ns);
        let mut rest = of_ns.filter(|change| place(change) > after);
        let changes: Vec<&Value> = rest.by_ref().take(limit).collect();
        let cursor = changes.last().map(|change| change["cursor"].clone());
        let cursor = cursor.unwrap_or_else(|| json!([after.0, after.1]));
        json!({"changes": changes, "cursor": cursor, "end": rest.next().is_none()})
    }
}
