//! What was there before.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Answer, Body, Node, Nodes, Quotas, Server, ns_of, place};

/// Revisions that can be read.
const PAST_MAX: usize = 60;

impl Server {
    pub(super) fn remember(&mut self) {
        self.past.push_back((self.revision, self.nodes.clone(), self.quotas.clone()));
        if self.past.len() > PAST_MAX {
            self.past.pop_front();
        }
    }

    /// The nodes of a revision, where the namespace was there. The revision that is being made
    /// is not there yet.
    fn past_of(&self, revision: u64, ns: u64) -> Result<(Nodes, Quotas), &'static str> {
        if revision > self.past.back().map_or(0, |(last, ..)| *last) {
            return Err("NOT_FOUND");
        }
        let found = self.past.iter().rev().find(|(made, ..)| *made <= revision);
        let (_, nodes, quotas) = found.ok_or("REVISION_COMPACTED")?;
        match nodes.contains_key(&ns.to_string()) {
            true => Ok((nodes.clone(), quotas.clone())),
            false => Err("NOT_FOUND"),
        }
    }

    /// Does something as if it were then.
    pub(super) fn in_past<T>(
        &mut self,
        revision: u64,
        input: &Value,
        work: impl FnOnce(&mut Server) -> Result<T, &'static str>,
    ) -> Result<T, &'static str> {
        let then = self.past_of(revision, input["ns"].as_u64().expect("a namespace"))?;
        let (nodes, quotas) = then;
        let nodes = std::mem::replace(&mut self.nodes, nodes);
        let quotas = std::mem::replace(&mut self.quotas, quotas);
        let done = work(self);
        (self.nodes, self.quotas) = (nodes, quotas);
        done
    }

    pub(super) fn restore(&mut self, input: &Value) -> Answer {
        let revision = input["revision"].as_u64().expect("a revision");
        let (nodes, from) = self.in_past(revision, input, |server| {
            let from = place(server, input, "path", "id")?;
            server.find(&from.key)?;
            Ok((server.nodes.clone(), from.key))
        })?;
        let to = place(self, input, "path", "id")?;
        self.find_parent(&to.key)?;
        let Some(node) = self.nodes.get(&to.key).cloned() else {
            return self.copy_tree(&nodes, &from, &to);
        };
        let was = &nodes[&from];
        if was.id != node.id || !matches!(was.body, Body::File(..)) {
            return Err("ALREADY_EXISTS");
        }
        let id = node.id;
        let node = Node { rev: self.revision, body: was.body.clone(), ..node };
        self.nodes.insert(to.key.clone(), node);
        self.tell("updated", &to.key);
        Ok(json!({"id": id, "rev": self.revision}))
    }

    pub(super) fn versions(&self, id: u64) -> Value {
        let mut versions: Vec<Value> = Vec::new();
        for (_, nodes, _) in self.past.iter().rev() {
            let Some(node) = nodes.values().find(|node| node.id == id) else { continue };
            if versions.last().is_none_or(|last| last["rev"] != node.rev) {
                let mut version = node.describe("kind");
                version["name"] = json!(node.name);
                versions.push(version);
            }
        }
        json!({ "versions": versions })
    }

    pub(super) fn diff(&self, input: &Value) -> Answer {
        let ns = input["ns"].as_u64().expect("a namespace");
        let from = input["from"].as_u64().expect("a revision");
        let (before, _) = self.past_of(from, ns)?;
        let after = match input["to"].as_u64() {
            None => self.nodes.clone(),
            Some(to) => {
                let (after, _) = self.past_of(to, ns)?;
                if from > to {
                    return Err("NAME_INVALID");
                }
                after
            }
        };
        let find = |nodes: &Nodes, id: u64| {
            let is_it = |(key, node): &(&String, &Node)| node.id == id && ns_of(key) == ns;
            nodes.iter().find(is_it).map(|(key, node)| (key.clone(), node.clone()))
        };
        let ids: BTreeSet<u64> =
            before.values().chain(after.values()).map(|node| node.id).collect();
        let parent =
            |nodes: &Nodes, key: &str| key.rsplit_once('/').map(|(parent, _)| nodes[parent].id);
        let mut differences = Vec::new();
        for id in ids {
            let is_told = match (find(&before, id), find(&after, id)) {
                (Some((was_at, was)), Some((is_at, is))) => {
                    was.name != is.name
                        || parent(&before, &was_at) != parent(&after, &is_at)
                        || was.body != is.body
                        || was.attributes != is.attributes
                }
                (Some((key, _)), None) => {
                    parent(&before, &key).is_some_and(|parent| find(&after, parent).is_some())
                }
                (None, Some((key, _))) => {
                    parent(&after, &key).is_some_and(|parent| find(&before, parent).is_some())
                }
                (None, None) => false,
            };
            if is_told {
                let mut difference = json!({});
                for (side, nodes) in [("before", &before), ("after", &after)] {
                    if let Some((key, node)) = find(nodes, id) {
                        difference[side] = node.describe("kind");
                        difference[side]["path"] = json!(spelled(nodes, &key));
                    }
                }
                differences.push(difference);
            }
        }
        Ok(json!({ "differences": differences }))
    }
}

/// The path of a node from its namespace's root, as it is spelled.
pub(super) fn spelled(nodes: &Nodes, key: &str) -> String {
    let ends = key.match_indices('/').skip(1).map(|(end, _)| end).chain([key.len()]);
    let names: Vec<&str> = ends.map(|end| nodes[&key[..end]].name.as_str()).collect();
    if key.contains('/') { names.join("/") } else { String::new() }
}
