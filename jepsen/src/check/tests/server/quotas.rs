//! What is under directories, and how much may be.

use serde_json::{Value, json};

use super::crossing::tree;
use super::{Answer, Body, Server};

impl Server {
    /// Nodes and bytes under the directory with this id, counted anew; of a deleted one, none.
    pub(super) fn under(&self, id: u64) -> (u64, u64) {
        let Some((key, _)) = self.nodes.iter().find(|(_, node)| node.id == id) else {
            return (0, 0);
        };
        let below = &tree(&self.nodes, key)[1..];
        let size = |key: &String| match self.nodes[key].body {
            Body::File(_, size) => size,
            _ => 0,
        };
        (below.len() as u64, below.iter().map(size).sum())
    }

    pub(super) fn set_quota(&mut self, key: &str, quota: &Value) -> Answer {
        let node = self.find(key)?;
        if node.body != Body::Directory {
            return Err("NOT_A_DIRECTORY");
        }
        let answer = json!({"id": node.id, "rev": node.rev});
        let id = node.id;
        match (quota["nodes"].as_u64(), quota["bytes"].as_u64()) {
            (None, None) => self.quotas.remove(&id),
            bounds => self.quotas.insert(id, bounds),
        };
        Ok(answer)
    }

    pub(super) fn quota_of(&self, id: u64) -> Value {
        match self.quotas.get(&id) {
            None => json!({}),
            Some((nodes, bytes)) => json!({"nodes": nodes, "bytes": bytes}),
        }
    }

    pub(super) fn get_namespace(&self, input: &Value) -> Answer {
        let ns = input["ns"].as_u64().expect("a namespace");
        let root = self.nodes[&ns.to_string()].id;
        let (nodes, bytes) = self.under(root);
        let quota = self.quota_of(root);
        Ok(json!({"id": ns, "root": root, "nodes": nodes, "bytes": bytes, "quota": quota}))
    }
}
