//! Commits, and the names of those that came too late.

use serde_json::{Value, json};

use super::{Answer, Body, Node, Server, text};

impl Server {
    pub(super) fn commit(&mut self, path: &str, input: &Value) -> Answer {
        self.find_parent(path)?;
        if path.is_empty() {
            return Err("IS_A_DIRECTORY");
        }
        let body =
            Body::File(text(input, "hash"), input["size"].as_u64().expect("sizes are numbers"));
        let refusal = match self.commit_there(path, input, &body) {
            Err(refusal) if input["autorename"] == true => refusal,
            done => return done,
        };
        assert!(["NOT_FOUND", "ALREADY_EXISTS", "IS_A_DIRECTORY", "CONFLICT"].contains(&refusal));
        let copy = self.conflicted_copy(path, &text(input, "client"));
        let mut answer = self.insert(&copy, body)?;
        answer["renamed"] = json!(copy.rsplit('/').next());
        Ok(answer)
    }

    fn commit_there(&mut self, path: &str, input: &Value, body: &Body) -> Answer {
        let mode = text(input, "mode");
        let Some(node) = self.nodes.get(path).cloned() else {
            let is_update = mode == "update";
            return if is_update { Err("NOT_FOUND") } else { self.insert(path, body.clone()) };
        };
        match &node.body {
            _ if mode == "create" => return Err("ALREADY_EXISTS"),
            Body::Symlink(_) => return Err("ALREADY_EXISTS"),
            Body::Directory => return Err("IS_A_DIRECTORY"),
            Body::File(..) if mode == "update" && input["rev"] != node.rev => {
                let unchanged = json!({"id": node.id, "rev": node.rev});
                return if node.body == *body { Ok(unchanged) } else { Err("CONFLICT") };
            }
            Body::File(..) => {}
        }
        let node = Node { rev: self.revision, body: body.clone(), ..node };
        let answer = json!({"id": node.id, "rev": node.rev});
        self.nodes.insert(path.to_string(), node);
        self.tell("updated", path);
        Ok(answer)
    }

    /// The days pass quickly here.
    fn conflicted_copy(&self, path: &str, client: &str) -> String {
        let date = format!("2026-02-{:02}", 1 + (self.revision / 8).min(27));
        let (directory, name) = path.rsplit_once('/').expect("the root is refused before");
        let (stem, extension) = match name.rsplit_once('.') {
            Some((stem, rest)) if !stem.is_empty() && rest.len() < 16 => (stem, format!(".{rest}")),
            _ => (name, String::new()),
        };
        let mut number = 1;
        loop {
            let suffix = if number > 1 { format!(" {number}") } else { String::new() };
            let words = format!("({client}'s conflicted copy {date}{suffix})");
            let copy = format!("{directory}/{stem} {words}{extension}");
            if !self.nodes.contains_key(&copy) {
                return copy;
            }
            number += 1;
        }
    }
}
