//! A file tree service in the plainest way: whole paths as keys, everything copied.
//!
//! Written apart from the model, to hold the two against each other.

mod commit;
mod extras;
mod reads;

use std::collections::BTreeMap;

use serde_json::{Value, json};

#[derive(Debug, Clone)]
struct Node {
    id: u64,
    rev: u64,
    body: Body,
    attributes: BTreeMap<String, Value>,
}

#[derive(Debug, Clone, PartialEq)]
enum Body {
    Directory,
    File(String, u64),
    Symlink(String),
}

impl Node {
    fn is_leaf(&self) -> bool {
        self.body != Body::Directory
    }

    /// Its kind under a name of the caller's, and what it holds.
    fn describe(&self, kind_field: &str) -> Value {
        let mut value = json!({"id": self.id, "rev": self.rev});
        match &self.body {
            Body::Directory => value[kind_field] = json!("directory"),
            Body::File(hash, size) => {
                value[kind_field] = json!("file");
                value["hash"] = json!(hash);
                value["size"] = json!(size);
            }
            Body::Symlink(to) => {
                value[kind_field] = json!("symlink");
                value["symlink"] = json!(to);
            }
        }
        if !self.attributes.is_empty() {
            value["attributes"] = json!(self.attributes);
        }
        value
    }
}

/// One namespace, number 1, whose root is node 1.
#[derive(Debug, Clone)]
pub(super) struct Server {
    pub(super) revision: u64,
    /// Of the last change.
    changed: u64,
    next_id: u64,
    /// By whole path; the root is "".
    nodes: BTreeMap<String, Node>,
    pub(super) journal: Vec<Value>,
}

type Answer = Result<Value, &'static str>;

impl Server {
    pub(super) fn new() -> Server {
        let root = Node { id: 1, rev: 1, body: Body::Directory, attributes: BTreeMap::new() };
        let nodes = BTreeMap::from([(String::new(), root)]);
        Server { revision: 1, changed: 1, next_id: 2, nodes, journal: Vec::new() }
    }

    /// Answers an operation, with the revision that the answer reflects.
    pub(super) fn call(
        &mut self,
        function: &str,
        input: &Value,
        request: (u64, u64),
    ) -> (Value, u64) {
        let before = (self.nodes.clone(), self.next_id, self.revision);
        let told = self.journal.len();
        self.revision += 1;
        let answer = match function {
            "batch" => self.batch(input),
            "stat" | "lookup" | "list" => self.read(function, input),
            _ => self.step(function, input),
        };
        if answer.is_err() || self.journal.len() == told {
            self.journal.truncate(told);
            (self.nodes, self.next_id, self.revision) = before;
        } else {
            self.changed = self.revision;
        }
        for (ordinal, change) in self.journal[told..].iter_mut().enumerate() {
            change["cursor"] = json!([self.revision, ordinal]);
            change["request"] = json!([request.0, request.1]);
        }
        let answer = answer.unwrap_or_else(|reason| match reason.split_once(' ') {
            Some((reason, step)) => json!({"rejected": reason, "step": step.parse::<u64>().ok()}),
            None => json!({"rejected": reason}),
        });
        (answer, self.revision)
    }

    fn batch(&mut self, input: &Value) -> Answer {
        let mut results = Vec::new();
        for step in input["steps"].as_array().expect("batches have steps") {
            let mut value = step["value"].clone();
            value["ns"] = input["ns"].clone();
            results.push(self.step(step["f"].as_str().expect("steps have names"), &value)?);
        }
        Ok(json!({ "results": results }))
    }

    fn step(&mut self, function: &str, input: &Value) -> Answer {
        match function {
            "mkdir" => self.mkdir(&path_of(self, input, "path")?, input["parents"] == true),
            "commit" => self.commit(&path_of(self, input, "path")?, input),
            "symlink" => {
                self.symlink(&path_of(self, input, "path")?, Body::Symlink(text(input, "to")))
            }
            "copy" => self.copy(&text(input, "from"), &text(input, "to")),
            "set_attributes" => self.set_attributes(&path_of(self, input, "path")?, input),
            "check" => self.check(path_of(self, input, "path"), &input["condition"]),
            "move" => self.rename(&text(input, "from"), &text(input, "to"), input),
            "delete" => self.delete(&path_of(self, input, "path")?, input),
            other => panic!("unknown step {other}"),
        }
    }

    /// The node at a path; a file on the way is no directory.
    fn find(&self, path: &str) -> Result<&Node, &'static str> {
        for (end, _) in path.match_indices('/').skip(1) {
            match self.nodes.get(&path[..end]) {
                None => return Err("NOT_FOUND"),
                Some(node) if node.is_leaf() => return Err("NOT_A_DIRECTORY"),
                Some(_) => {}
            }
        }
        self.nodes.get(path).ok_or("NOT_FOUND")
    }

    fn find_parent(&self, path: &str) -> Result<(), &'static str> {
        match path.rfind('/') {
            None => Ok(()),
            Some(end) if self.find(&path[..end])?.is_leaf() => Err("NOT_A_DIRECTORY"),
            Some(_) => Ok(()),
        }
    }

    fn has_children(&self, path: &str) -> bool {
        self.nodes.keys().any(|other| other.starts_with(&format!("{path}/")))
    }

    fn tell(&mut self, kind: &str, path: &str) {
        let node = self.nodes[path].clone();
        let (parent, name) = path.rsplit_once('/').expect("the root is never told of");
        let mut change = node.describe("node_kind");
        change["kind"] = json!(kind);
        change["parent"] = json!(self.nodes[parent].id);
        change["name"] = json!(name);
        self.journal.push(change);
    }

    fn insert(&mut self, path: &str, body: Body) -> Answer {
        let attributes = BTreeMap::new();
        let node = Node { id: self.next_id, rev: self.revision, body, attributes };
        self.next_id += 1;
        let answer = json!({"id": node.id, "rev": node.rev});
        self.nodes.insert(path.to_string(), node);
        self.tell("created", path);
        Ok(answer)
    }

    fn mkdir(&mut self, path: &str, parents: bool) -> Answer {
        if !parents {
            self.find_parent(path)?;
            return match self.find(path) {
                Ok(_) => Err("ALREADY_EXISTS"),
                Err(_) => self.insert(path, Body::Directory),
            };
        }
        let ends: Vec<usize> = path.match_indices('/').skip(1).map(|(end, _)| end).collect();
        for end in ends {
            match self.nodes.get(&path[..end]) {
                None => {
                    self.insert(&path[..end], Body::Directory)?;
                }
                Some(node) if node.is_leaf() => return Err("NOT_A_DIRECTORY"),
                Some(_) => {}
            }
        }
        match self.nodes.get(path) {
            None => self.insert(path, Body::Directory),
            Some(node) if node.is_leaf() => Err("ALREADY_EXISTS"),
            Some(node) => Ok(json!({"id": node.id, "rev": node.rev})),
        }
    }

    fn rename(&mut self, from: &str, to: &str, input: &Value) -> Answer {
        let node = self.find(from)?.clone();
        if from.is_empty() {
            return Err("CYCLE");
        }
        check_guard(&node, input)?;
        self.find_parent(to)?;
        if to.starts_with(&format!("{from}/")) {
            return Err("CYCLE");
        }
        if from == to {
            return Ok(json!({"id": node.id, "rev": node.rev}));
        }
        if let Some(target) = self.nodes.get(to).cloned() {
            if input["replace"] != true {
                return Err("ALREADY_EXISTS");
            }
            match (node.is_leaf(), target.is_leaf()) {
                (true, false) => return Err("IS_A_DIRECTORY"),
                (false, true) => return Err("NOT_A_DIRECTORY"),
                (false, false) if self.has_children(to) => return Err("NOT_EMPTY"),
                _ => {}
            }
            self.tell("deleted", to);
            self.nodes.remove(to);
        }
        let under = format!("{from}/");
        let moved: Vec<String> = self
            .nodes
            .keys()
            .filter(|path| **path == from || path.starts_with(&under))
            .cloned()
            .collect();
        for path in moved {
            let node = self.nodes.remove(&path).expect("listed above");
            self.nodes.insert(format!("{to}{}", &path[from.len()..]), node);
        }
        self.nodes.get_mut(to).expect("moved here").rev = self.revision;
        self.tell("moved", to);
        Ok(json!({"id": node.id, "rev": self.revision}))
    }

    fn delete(&mut self, path: &str, input: &Value) -> Answer {
        let node = self.find(path)?.clone();
        if path.is_empty() {
            return Err("NAME_INVALID");
        }
        check_guard(&node, input)?;
        if self.has_children(path) && input["recursive"] != true {
            return Err("NOT_EMPTY");
        }
        self.tell("deleted", path);
        let under = format!("{path}/");
        self.nodes.retain(|other, _| other != path && !other.starts_with(&under));
        Ok(json!({"id": node.id, "rev": node.rev}))
    }
}

fn text(input: &Value, field: &str) -> String {
    input[field].as_str().expect("the generator gives texts").to_string()
}

/// The whole path of a target that may begin at a node.
fn path_of(server: &Server, input: &Value, field: &str) -> Result<String, &'static str> {
    let path = text(input, field);
    match input["id"].as_u64() {
        None | Some(0) => Ok(path),
        Some(id) => {
            let start = server.nodes.iter().find(|(_, node)| node.id == id);
            start.map(|(start, _)| format!("{start}{path}")).ok_or("NOT_FOUND")
        }
    }
}

fn check_guard(node: &Node, input: &Value) -> Result<(), &'static str> {
    match input["rev"].as_u64() {
        Some(rev) if rev != 0 && rev != node.rev => Err("CONFLICT"),
        _ => Ok(()),
    }
}
