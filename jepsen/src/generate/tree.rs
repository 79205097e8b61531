//! A file tree in the plainest way that stays fast with many nodes: nodes by id.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Random, Request, System, Told};

const ROOT: u64 = 1;
/// Files that a directory has at most, by their names.
const FILES: u64 = 12;
/// Directories in a top directory, likewise.
const FOLDERS: u64 = 4;

struct Node {
    parent: u64,
    name: String,
    rev: u64,
    /// Of a directory.
    children: Option<BTreeMap<String, u64>>,
    hash: String,
}

/// One namespace, number 1, whose root is node 1.
pub(super) struct Tree {
    tops: u64,
    revision: u64,
    next_id: u64,
    written: u64,
    nodes: BTreeMap<u64, Node>,
}

type Answer = Result<Value, &'static str>;

impl Tree {
    pub(super) fn new(tops: u64) -> Tree {
        let mut tree =
            Tree { tops: tops.max(1), revision: 1, next_id: 2, written: 0, nodes: BTreeMap::new() };
        tree.nodes.insert(ROOT, directory(0, "", 1));
        tree
    }

    fn child(&self, parent: u64, name: &str) -> Result<Option<u64>, &'static str> {
        let children = self.nodes[&parent].children.as_ref().ok_or("NOT_A_DIRECTORY")?;
        Ok(children.get(name).copied())
    }

    fn resolve(&self, path: &str) -> Result<u64, &'static str> {
        let mut current = ROOT;
        for name in path.split('/').filter(|name| !name.is_empty()) {
            current = self.child(current, name)?.ok_or("NOT_FOUND")?;
        }
        Ok(current)
    }

    /// The parent, the name, and what is there.
    fn place<'p>(&self, path: &'p str) -> Result<(u64, &'p str, Option<u64>), &'static str> {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        let parent = self.resolve(parent)?;
        Ok((parent, name, self.child(parent, name)?))
    }

    fn children_mut(&mut self, parent: u64) -> &mut BTreeMap<String, u64> {
        let node = self.nodes.get_mut(&parent).expect("resolved before");
        node.children.as_mut().expect("a directory, as its child was looked for")
    }

    fn add(&mut self, parent: u64, name: &str, node: Node) -> Value {
        self.revision += 1;
        let id = self.next_id;
        self.next_id += 1;
        self.children_mut(parent).insert(name.to_string(), id);
        self.nodes.insert(id, Node { rev: self.revision, ..node });
        json!({"id": id, "rev": self.revision})
    }

    fn mkdir(&mut self, path: &str) -> Answer {
        match self.place(path)? {
            (_, _, Some(_)) => Err("ALREADY_EXISTS"),
            (parent, name, None) => Ok(self.add(parent, name, directory(parent, name, 0))),
        }
    }

    fn commit(&mut self, path: &str, mode: &str, hash: &str) -> Answer {
        let (parent, name, found) = self.place(path)?;
        let Some(id) = found else {
            let hash = hash.to_string();
            let name = name.to_string();
            let node = Node { parent, name: name.clone(), rev: 0, children: None, hash };
            return Ok(self.add(parent, &name, node));
        };
        if mode == "create" {
            return Err("ALREADY_EXISTS");
        }
        if self.nodes[&id].children.is_some() {
            return Err("IS_A_DIRECTORY");
        }
        self.revision += 1;
        let node = self.nodes.get_mut(&id).expect("found");
        node.hash = hash.to_string();
        node.rev = self.revision;
        Ok(json!({"id": id, "rev": self.revision}))
    }

    fn is_within(&self, mut id: u64, ancestor: u64) -> bool {
        while id != 0 && id != ancestor {
            id = self.nodes[&id].parent;
        }
        id == ancestor
    }

    fn rename(&mut self, from: &str, to: &str) -> Answer {
        let moved = self.resolve(from)?;
        if moved == ROOT {
            return Err("CYCLE");
        }
        let (parent, name, found) = self.place(to)?;
        if parent != moved && found == Some(moved) {
            return Ok(json!({"id": moved, "rev": self.nodes[&moved].rev}));
        }
        if self.is_within(parent, moved) {
            return Err("CYCLE");
        }
        if found.is_some() {
            return Err("ALREADY_EXISTS");
        }
        self.revision += 1;
        let (old, old_name) = (self.nodes[&moved].parent, self.nodes[&moved].name.clone());
        self.children_mut(old).remove(&old_name);
        self.children_mut(parent).insert(name.to_string(), moved);
        let node = self.nodes.get_mut(&moved).expect("resolved");
        (node.parent, node.name, node.rev) = (parent, name.to_string(), self.revision);
        Ok(json!({"id": moved, "rev": self.revision}))
    }

    fn delete(&mut self, path: &str, recursive: bool) -> Answer {
        let id = self.resolve(path)?;
        let node = &self.nodes[&id];
        if id == ROOT {
            return Err("NAME_INVALID");
        }
        if !recursive && node.children.as_ref().is_some_and(|children| !children.is_empty()) {
            return Err("NOT_EMPTY");
        }
        let (parent, name, rev) = (node.parent, node.name.clone(), node.rev);
        self.revision += 1;
        self.children_mut(parent).remove(&name);
        let mut doomed = vec![id];
        while let Some(id) = doomed.pop() {
            let node = self.nodes.remove(&id).expect("children are there");
            doomed.extend(node.children.into_iter().flatten().map(|(_, child)| child));
        }
        Ok(json!({"id": id, "rev": rev}))
    }

    fn stat(&self, path: &str) -> Answer {
        let id = self.resolve(path)?;
        let node = &self.nodes[&id];
        let mut value = json!({"id": id, "rev": node.rev, "kind": kind(node)});
        if node.children.is_none() {
            value["hash"] = json!(node.hash);
            value["size"] = json!(node.hash.len());
        }
        Ok(value)
    }

    fn list(&self, path: &str) -> Answer {
        let id = self.resolve(path)?;
        let children = self.nodes[&id].children.as_ref().ok_or("NOT_A_DIRECTORY")?;
        let entries: Vec<Value> = children
            .iter()
            .map(|(name, id)| {
                let node = &self.nodes[id];
                json!({"name": name, "id": id, "kind": kind(node), "rev": node.rev})
            })
            .collect();
        Ok(json!({ "entries": entries }))
    }

    fn folder(&self, random: &mut Random) -> String {
        let top = random.below(self.tops);
        match random.one_in(3) {
            true => format!("/d{top}/e{}", random.below(FOLDERS)),
            false => format!("/d{top}"),
        }
    }

    fn file(&self, random: &mut Random) -> String {
        format!("{}/f{}", self.folder(random), random.below(FILES))
    }
}

impl System for Tree {
    fn draw(&mut self, random: &mut Random) -> Request {
        let (function, mut value) = match random.below(40) {
            0..3 => ("mkdir", json!({"path": self.folder(random), "parents": false})),
            3..15 => {
                self.written += 1;
                let hash = format!("{:08x}", self.written);
                let mode = if random.one_in(4) { "create" } else { "overwrite" };
                let path = self.file(random);
                let size = hash.len();
                ("commit", json!({"path": path, "mode": mode, "hash": hash, "size": size}))
            }
            15..18 => {
                let (from, to) = (self.file(random), self.file(random));
                ("move", json!({"from": from, "to": to, "replace": false}))
            }
            18..21 => ("delete", json!({"path": self.file(random), "recursive": false})),
            21 if random.one_in(4) => {
                ("delete", json!({"path": self.folder(random), "recursive": true}))
            }
            21..24 => ("list", json!({"path": self.folder(random)})),
            24 if random.one_in(8) => ("list", json!({"path": ""})),
            _ => ("stat", json!({"path": self.file(random)})),
        };
        value["ns"] = json!(1);
        Request { function, key: None, value }
    }

    fn call(&mut self, request: &Request, told: Told) -> (Value, Option<u64>) {
        let text = |field: &str| request.value[field].as_str().unwrap_or_default();
        let answer = match request.function {
            "mkdir" => self.mkdir(text("path")),
            "commit" => self.commit(text("path"), text("mode"), text("hash")),
            "move" => self.rename(text("from"), text("to")),
            "delete" => self.delete(text("path"), request.value["recursive"] == true),
            "list" => self.list(text("path")),
            _ => self.stat(text("path")),
        };
        let mut answer = answer.unwrap_or_else(|reason| json!({ "rejected": reason }));
        match told {
            Told::Everything => return (answer, Some(self.revision)),
            Told::NoRevisions => {}
            Told::NamesOnly => strip(&mut answer),
        }
        (answer, None)
    }

    fn read_back(&self, request: &Request) -> Option<Request> {
        let is_write = request.function == "commit" && request.value["mode"] == "overwrite";
        let value = json!({"ns": 1, "path": request.value["path"]});
        is_write.then_some(Request { function: "stat", key: None, value })
    }
}

/// Takes out what only the service chooses.
fn strip(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| name != "id" && name != "rev");
            fields.values_mut().for_each(strip);
        }
        Value::Array(values) => values.iter_mut().for_each(strip),
        _ => {}
    }
}

fn directory(parent: u64, name: &str, rev: u64) -> Node {
    let name = name.to_string();
    Node { parent, name, rev, children: Some(BTreeMap::new()), hash: String::new() }
}

fn kind(node: &Node) -> &'static str {
    if node.children.is_some() { "directory" } else { "file" }
}
