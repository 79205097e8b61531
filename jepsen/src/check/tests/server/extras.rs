//! Attributes and preconditions.

use serde_json::{Value, json};

use super::{Answer, Node, Server, check_guard};

impl Server {
    pub(super) fn set_attributes(&mut self, path: &str, input: &Value) -> Answer {
        let node = self.find(path)?.clone();
        if !path.contains('/') {
            return Err("NAME_INVALID");
        }
        check_guard(&node, input)?;
        let mut attributes = node.attributes.clone();
        for name in input["remove"].as_array().into_iter().flatten() {
            attributes.remove(name.as_str().expect("names are texts"));
        }
        for (name, value) in input["set"].as_object().into_iter().flatten() {
            attributes.insert(name.clone(), value.clone());
        }
        if attributes == node.attributes {
            return Ok(json!({"id": node.id, "rev": node.rev}));
        }
        let id = node.id;
        self.nodes.insert(path.to_string(), Node { attributes, rev: self.revision, ..node });
        self.tell("updated", path);
        Ok(json!({"id": id, "rev": self.revision}))
    }

    pub(super) fn check(&self, path: Result<String, &'static str>, input: &Value) -> Answer {
        let condition = &input["condition"];
        let node = path.and_then(|path| self.find(&path)).ok();
        let (name, value) =
            condition.as_object().and_then(|fields| fields.iter().next()).expect("one condition");
        let holds = match name.as_str() {
            "exists" => node.is_some(),
            "absent" => node.is_none(),
            "rev" => node.is_some_and(|node| *value == node.rev),
            "kind" => node.is_some_and(|node| node.describe("kind")["kind"] == *value),
            "unchanged_since" => {
                let ns = input["ns"].as_u64().expect("a namespace");
                value.as_u64().expect("a revision") >= self.changed[&ns]
            }
            other => panic!("unknown condition {other}"),
        };
        match holds {
            false => Err("PRECONDITION_FAILED"),
            true => Ok(json!({
                "id": node.map_or(0, |node| node.id), "rev": node.map_or(0, |node| node.rev),
            })),
        }
    }
}
