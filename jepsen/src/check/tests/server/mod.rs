//! A file tree service in the plainest way: whole paths as keys, everything copied. A key is
//! the number of a namespace and the folded names: `2/a/b`. It forgets its past soon.
//!
//! Written apart from the model, to hold the two against each other.

mod commit;
mod crossing;
mod extras;
mod past;
mod quotas;
mod reads;

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

#[derive(Debug, Clone)]
struct Node {
    id: u64,
    /// As it is spelled.
    name: String,
    rev: u64,
    body: Body,
    attributes: BTreeMap<String, Value>,
}

#[derive(Debug, Clone, PartialEq)]
enum Body {
    Directory,
    File(String, u64),
    Symlink(String),
    Mount(u64),
}

type Nodes = BTreeMap<String, Node>;
/// Nodes and bytes, by the ids of directories.
type Quotas = BTreeMap<u64, (Option<u64>, Option<u64>)>;

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
            Body::Mount(ns) => {
                value[kind_field] = json!("mount");
                value["mount"] = json!(ns);
            }
        }
        if !self.attributes.is_empty() {
            value["attributes"] = json!(self.attributes);
        }
        value
    }
}

/// One namespace, number 1, whose root is node 1; or three of them, the second of which
/// folds names.
#[derive(Debug, Clone)]
pub(super) struct Server {
    pub(super) revision: u64,
    /// Of the last change, by namespace.
    changed: BTreeMap<u64, u64>,
    next_id: u64,
    nodes: Nodes,
    /// What was there at the last revisions.
    past: VecDeque<(u64, Nodes, Quotas)>,
    quotas: Quotas,
    /// What came in with the mutation that is under way, and from where.
    came_in: BTreeMap<u64, u64>,
    pub(super) journal: Vec<Value>,
}

/// The namespace whose names are folded.
const FOLDED_NS: u64 = 2;

type Answer = Result<Value, &'static str>;

impl Server {
    pub(super) fn new(namespaces_count: u64) -> Server {
        let mut server = Server {
            revision: 0,
            changed: BTreeMap::new(),
            next_id: 1,
            nodes: Nodes::new(),
            past: VecDeque::new(),
            quotas: BTreeMap::new(),
            came_in: BTreeMap::new(),
            journal: Vec::new(),
        };
        for ns in 1..=namespaces_count {
            server.revision = ns;
            let (name, attributes) = (String::new(), BTreeMap::new());
            let root = Node { id: ns, name, rev: ns, body: Body::Directory, attributes };
            server.nodes.insert(ns.to_string(), root);
            server.changed.insert(ns, ns);
            server.remember();
        }
        server.next_id = namespaces_count + 1;
        server
    }

    /// Answers an operation, with the revision that the answer reflects.
    pub(super) fn call(
        &mut self,
        function: &str,
        input: &Value,
        request: (u64, u64),
    ) -> (Value, u64) {
        let before = (self.nodes.clone(), self.quotas.clone(), self.next_id, self.revision);
        let told = self.journal.len();
        self.revision += 1;
        self.came_in.clear();
        let answer = match function {
            "batch" => self.batch(input),
            "stat" | "lookup" | "list" | "batch_stat" | "list_revisions" | "diff"
            | "get_namespace" => {
                let revision = self.revision - 1;
                return (self.read_at(function, input), revision);
            }
            _ => self.step(function, input),
        };
        let changes_quotas = self.quotas != before.1;
        if answer.is_err() || (self.journal.len() == told && !changes_quotas) {
            self.journal.truncate(told);
            (self.nodes, self.quotas, self.next_id, self.revision) = before;
        } else {
            self.remember();
        }
        let mut ordinals: BTreeMap<u64, u64> = BTreeMap::new();
        for change in &mut self.journal[told..] {
            let ns = change["ns"].as_u64().expect("changes have a namespace");
            let ordinal = ordinals.entry(ns).or_default();
            change["cursor"] = json!([self.revision, *ordinal]);
            change["request"] = json!([request.0, request.1]);
            *ordinal += 1;
        }
        self.changed.extend(ordinals.keys().map(|ns| (*ns, self.revision)));
        (refused(answer), self.revision)
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
        let answer = self.do_step(function, input)?;
        let exceeds = |(id, (nodes, bytes)): (&u64, &(Option<u64>, Option<u64>))| {
            let under = self.under(*id);
            nodes.is_some_and(|nodes| under.0 > nodes) || bytes.is_some_and(|bytes| under.1 > bytes)
        };
        match self.quotas.iter().any(exceeds) {
            true => Err("QUOTA_EXCEEDED"),
            false => Ok(answer),
        }
    }

    fn do_step(&mut self, function: &str, input: &Value) -> Answer {
        let path = || place(self, input, "path", "id");
        match function {
            "mkdir" if input["parents"] == true => {
                let names = text(input, "path");
                self.mkdir_all(start(self, input, "id")?, &names)
            }
            "mkdir" => {
                let place = path()?;
                self.make(&place, Body::Directory)
            }
            "commit" => {
                let place = path()?;
                self.commit(&place, input)
            }
            "symlink" => {
                let place = path()?;
                self.make(&place, Body::Symlink(text(input, "to")))
            }
            "mount" => {
                let place = path()?;
                self.mount(&place, input["mount"].as_u64().expect("a namespace"))
            }
            "unmount" => {
                let place = path()?;
                self.unmount(&place)
            }
            "set_quota" => {
                let place = path()?;
                self.set_quota(&place.key, &input["quota"])
            }
            "copy" => self.copy(input),
            "restore" => self.restore(input),
            "set_attributes" => {
                let place = path()?;
                self.set_attributes(&place.key, input)
            }
            "check" => self.check(path().map(|place| place.key), input),
            "move" => {
                let (from, to) =
                    (place(self, input, "from", "from_id")?, place(self, input, "to", "to_id")?);
                self.rename(&from.key, &to, input)
            }
            "delete" => {
                let place = path()?;
                self.delete(&place.key, input)
            }
            other => panic!("unknown step {other}"),
        }
    }

    /// The node at a path; a file on the way is no directory.
    fn find(&self, path: &str) -> Result<&Node, &'static str> {
        for (end, _) in path.match_indices('/') {
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
        let (parent, _) = path.rsplit_once('/').expect("the root is never told of");
        let mut change = node.describe("node_kind");
        change["kind"] = json!(kind);
        change["parent"] = json!(self.nodes[parent].id);
        change["name"] = json!(node.name);
        change["ns"] = json!(ns_of(path));
        self.journal.push(change);
    }

    fn insert(&mut self, place: &Place, body: Body) -> Answer {
        let (id, name, attributes) = (self.next_id, place.name.clone(), BTreeMap::new());
        let node = Node { id, name, rev: self.revision, body, attributes };
        self.next_id += 1;
        let answer = json!({"id": node.id, "rev": node.rev});
        self.nodes.insert(place.key.clone(), node);
        self.tell("created", &place.key);
        Ok(answer)
    }

    fn make(&mut self, place: &Place, body: Body) -> Answer {
        self.find_parent(&place.key)?;
        match self.nodes.contains_key(&place.key) {
            true => Err("ALREADY_EXISTS"),
            false => self.insert(place, body),
        }
    }

    fn mkdir_all(&mut self, start: String, names: &str) -> Answer {
        let mut key = start;
        for name in names.split('/').filter(|name| !name.is_empty()) {
            if let Body::Mount(ns) = self.find(&key)?.body {
                key = ns.to_string();
            }
            if self.nodes[&key].is_leaf() {
                return Err("NOT_A_DIRECTORY");
            }
            let place = Place::under(&key, name);
            if !self.nodes.contains_key(&place.key) {
                self.insert(&place, Body::Directory)?;
            }
            key = place.key;
        }
        match self.find(&key)? {
            Node { body: Body::File(..) | Body::Symlink(_), .. } => Err("ALREADY_EXISTS"),
            node => Ok(json!({"id": node.id, "rev": node.rev})),
        }
    }

    fn delete(&mut self, path: &str, input: &Value) -> Answer {
        let node = self.find(path)?.clone();
        if !path.contains('/') {
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

fn refused(answer: Answer) -> Value {
    answer.unwrap_or_else(|reason| match reason.split_once(' ') {
        Some((reason, step)) => json!({"rejected": reason, "step": step.parse::<u64>().ok()}),
        None => json!({"rejected": reason}),
    })
}

/// Where a node is or may be.
#[derive(Debug, Clone)]
struct Place {
    key: String,
    name: String,
}

impl Place {
    fn under(directory: &str, name: &str) -> Place {
        // Names are ASCII here, so that lower case is as good as folding.
        let folded = match ns_of(directory) {
            FOLDED_NS => name.to_lowercase(),
            _ => name.to_string(),
        };
        Place { key: format!("{directory}/{folded}"), name: name.to_string() }
    }
}

fn ns_of(key: &str) -> u64 {
    let end = key.find('/').unwrap_or(key.len());
    key[..end].parse().expect("keys begin with a namespace")
}

/// The key where a target's path begins.
fn start(server: &Server, input: &Value, id_field: &str) -> Result<String, &'static str> {
    let ns = input["ns"].as_u64().expect("a namespace");
    match input[id_field].as_u64() {
        None | Some(0) => Ok(ns.to_string()),
        Some(id) => {
            let is_it = |(key, node): &(&String, &Node)| node.id == id && ns_of(key) == ns;
            server.nodes.iter().find(is_it).map(|(key, _)| key.clone()).ok_or("NOT_FOUND")
        }
    }
}

/// The place of a target: through mounts, as far as there are any on the way.
fn place(
    server: &Server,
    input: &Value,
    field: &str,
    id_field: &str,
) -> Result<Place, &'static str> {
    let start = start(server, input, id_field)?;
    if !server.nodes.contains_key(&start) {
        return Err("NOT_FOUND");
    }
    let name = server.nodes[&start].name.clone();
    let mut place = Place { key: start, name };
    for name in text(input, field).split('/').filter(|name| !name.is_empty()) {
        if let Some(Node { body: Body::Mount(ns), .. }) = server.nodes.get(&place.key) {
            place.key = ns.to_string();
        }
        place = Place::under(&place.key, name);
    }
    Ok(place)
}

fn check_guard(node: &Node, input: &Value) -> Result<(), &'static str> {
    match input["rev"].as_u64() {
        Some(rev) if rev != 0 && rev != node.rev => Err("CONFLICT"),
        _ => Ok(()),
    }
}
