//! Commits, and the names of those that came too late.

use serde_json::{Value, json};

use super::{Answer, Body, Node, Place, Server, text};

impl Server {
    pub(super) fn commit(&mut self, place: &Place, input: &Value) -> Answer {
        self.find_parent(&place.key)?;
        if !place.key.contains('/') {
            return Err("IS_A_DIRECTORY");
        }
        let body =
            Body::File(text(input, "hash"), input["size"].as_u64().expect("sizes are numbers"));
        let refusal = match self.commit_there(place, input, &body) {
            Err(refusal) if input["autorename"] == true => refusal,
            done => return done,
        };
        assert!(["NOT_FOUND", "ALREADY_EXISTS", "IS_A_DIRECTORY", "CONFLICT"].contains(&refusal));
        let copy = self.conflicted_copy(place, &text(input, "client"));
        let mut answer = self.insert(&copy, body)?;
        answer["renamed"] = json!(copy.name);
        Ok(answer)
    }

    fn commit_there(&mut self, place: &Place, input: &Value, body: &Body) -> Answer {
        let mode = text(input, "mode");
        let Some(node) = self.nodes.get(&place.key).cloned() else {
            let is_update = mode == "update";
            return if is_update { Err("NOT_FOUND") } else { self.insert(place, body.clone()) };
        };
        match &node.body {
            _ if mode == "create" => return Err("ALREADY_EXISTS"),
            Body::Symlink(_) => return Err("ALREADY_EXISTS"),
            Body::Directory | Body::Mount(_) => return Err("IS_A_DIRECTORY"),
            Body::File(..) if mode == "update" && input["rev"] != node.rev => {
                let unchanged = json!({"id": node.id, "rev": node.rev});
                return if node.body == *body { Ok(unchanged) } else { Err("CONFLICT") };
            }
            Body::File(..) => {}
        }
        let node = Node { rev: self.revision, body: body.clone(), ..node };
        let answer = json!({"id": node.id, "rev": node.rev});
        self.nodes.insert(place.key.clone(), node);
        self.tell("updated", &place.key);
        Ok(answer)
    }

    /// The days pass quickly here.
    fn conflicted_copy(&self, place: &Place, client: &str) -> Place {
        let date = format!("2026-02-{:02}", 1 + (self.revision / 8).min(27));
        let (directory, _) = place.key.rsplit_once('/').expect("the root is refused before");
        let name = &place.name;
        let (stem, extension) = match name.rsplit_once('.') {
            Some((stem, rest)) if !stem.is_empty() && rest.len() < 16 => (stem, format!(".{rest}")),
            _ => (name.as_str(), String::new()),
        };
        let mut number = 1;
        loop {
            let suffix = if number > 1 { format!(" {number}") } else { String::new() };
            let words = format!("({client}'s conflicted copy {date}{suffix})");
            let copy = Place::under(directory, &format!("{stem} {words}{extension}"));
            if !self.nodes.contains_key(&copy.key) {
                return copy;
            }
            number += 1;
        }
    }
}
