//! Mounts, and moves and copies, which may go over them.

use serde_json::{Value, json};

use super::{Answer, Body, FOLDED_NS, Node, Nodes, Place, Server, check_guard, ns_of, place};

impl Server {
    /// The namespaces that one leads to, itself included.
    fn reached_from(&self, ns: u64) -> Vec<u64> {
        let mut reached = vec![ns];
        let mut next = 0;
        while next < reached.len() {
            for (key, node) in &self.nodes {
                if let Body::Mount(shown) = node.body
                    && ns_of(key) == reached[next]
                    && !reached.contains(&shown)
                {
                    reached.push(shown);
                }
            }
            next += 1;
        }
        reached
    }

    pub(super) fn mount(&mut self, place: &Place, ns: u64) -> Answer {
        self.find_parent(&place.key)?;
        if self.nodes.contains_key(&place.key) {
            return Err("ALREADY_EXISTS");
        }
        if !self.nodes.contains_key(&ns.to_string()) {
            return Err("NOT_FOUND");
        }
        match self.reached_from(ns).contains(&ns_of(&place.key)) {
            true => Err("CYCLE"),
            false => self.insert(place, Body::Mount(ns)),
        }
    }

    pub(super) fn unmount(&mut self, place: &Place) -> Answer {
        match self.find(&place.key)?.body {
            Body::Mount(_) => self.delete(&place.key, &json!({})),
            _ => Err("NOT_FOUND"),
        }
    }

    /// Whether mounts in a tree would lead back to where it goes.
    fn leads_back(&self, nodes: &Nodes, top: &str, receiver: u64) -> bool {
        tree(nodes, top).iter().any(|key| match nodes[key].body {
            Body::Mount(ns) => self.reached_from(ns).contains(&receiver),
            _ => false,
        })
    }

    pub(super) fn rename(&mut self, from: &str, to: &Place, input: &Value) -> Answer {
        let node = self.find(from)?.clone();
        if !from.contains('/') {
            return Err("CYCLE");
        }
        check_guard(&node, input)?;
        self.find_parent(&to.key)?;
        let (left, receiver) = (ns_of(from), ns_of(&to.key));
        if to.key.starts_with(&format!("{from}/")) {
            return Err("CYCLE");
        }
        if left != receiver {
            if (left == FOLDED_NS) != (receiver == FOLDED_NS) {
                return Err("NAME_INVALID");
            }
            if self.leads_back(&self.nodes, from, receiver) {
                return Err("CYCLE");
            }
        }
        if from == to.key && (node.name == to.name || input["to_id"].is_u64()) {
            return Ok(json!({"id": node.id, "rev": node.rev}));
        }
        if from != to.key {
            self.replace(&node, &to.key, input)?;
        }
        self.carry(from, to, left, receiver);
        Ok(json!({"id": node.id, "rev": self.revision}))
    }

    /// Makes room for what is moved.
    fn replace(&mut self, node: &Node, to: &str, input: &Value) -> Result<(), &'static str> {
        let Some(target) = self.nodes.get(to).cloned() else { return Ok(()) };
        if input["replace"] != true {
            return Err("ALREADY_EXISTS");
        }
        let is_file = |node: &Node| matches!(node.body, Body::File(..) | Body::Symlink(_));
        match (is_file(node), is_file(&target)) {
            (true, false) => return Err("IS_A_DIRECTORY"),
            (false, true) => return Err("NOT_A_DIRECTORY"),
            (false, false) if target.body != Body::Directory || self.has_children(to) => {
                return Err("NOT_EMPTY");
            }
            _ => {}
        }
        self.tell("deleted", to);
        self.nodes.remove(to);
        Ok(())
    }

    fn carry(&mut self, from: &str, to: &Place, left: u64, receiver: u64) {
        let came_from = self.came_from(from);
        if left != receiver {
            self.tell_crossing("moved_out", from, receiver);
        }
        for key in tree(&self.nodes, from) {
            let node = self.nodes.remove(&key).expect("listed above");
            self.nodes.insert(format!("{}{}", to.key, &key[from.len()..]), node);
        }
        let moved = self.nodes.get_mut(&to.key).expect("moved here");
        moved.rev = self.revision;
        moved.name = to.name.clone();
        match came_from {
            _ if left != receiver => {
                let id = moved.id;
                self.came_in.insert(id, left);
                self.tell_crossing("moved_in", &to.key, left);
            }
            Some(other) => self.tell_crossing("moved_in", &to.key, other),
            None => self.tell("moved", &to.key),
        }
    }

    /// Where a node, or one that it is under, came from with this mutation.
    fn came_from(&self, key: &str) -> Option<u64> {
        let ends = key.match_indices('/').map(|(end, _)| end).chain([key.len()]);
        ends.filter_map(|end| self.came_in.get(&self.nodes[&key[..end]].id).copied()).next()
    }

    fn tell_crossing(&mut self, kind: &str, key: &str, other: u64) {
        self.tell(kind, key);
        let change = self.journal.last_mut().expect("told above");
        change["other_ns"] = json!(other);
    }

    pub(super) fn copy(&mut self, input: &Value) -> Answer {
        let at = input["at_revision"].as_u64();
        let (nodes, from) = match at {
            None => (self.nodes.clone(), place(self, input, "from", "from_id")?),
            Some(revision) => self.in_past(revision, input, |server| {
                let from = place(server, input, "from", "from_id")?;
                server.find(&from.key)?;
                Ok((server.nodes.clone(), from))
            })?,
        };
        let from = from.key;
        if at.is_none() {
            self.find(&from)?;
        }
        let to = place(self, input, "to", "to_id")?;
        self.find_parent(&to.key)?;
        if at.is_none() && (!from.contains('/') || to.key.starts_with(&format!("{from}/"))) {
            return Err("CYCLE");
        }
        if (ns_of(&from) == FOLDED_NS) != (ns_of(&to.key) == FOLDED_NS) {
            return Err("NAME_INVALID");
        }
        if self.nodes.contains_key(&to.key) {
            return Err("ALREADY_EXISTS");
        }
        self.copy_tree(&nodes, &from, &to)
    }

    pub(super) fn copy_tree(&mut self, nodes: &Nodes, from: &str, to: &Place) -> Answer {
        if self.leads_back(nodes, from, ns_of(&to.key)) {
            return Err("CYCLE");
        }
        // Level by level.
        let mut sources = tree(nodes, from);
        sources.sort_by_key(|key| key.matches('/').count());
        for source in sources {
            let copy = format!("{}{}", to.key, &source[from.len()..]);
            let mut node = Node { id: self.next_id, rev: self.revision, ..nodes[&source].clone() };
            if source == from {
                node.name = to.name.clone();
            }
            self.next_id += 1;
            self.nodes.insert(copy.clone(), node);
            self.tell("created", &copy);
        }
        Ok(json!({"id": self.nodes[&to.key].id, "rev": self.revision}))
    }
}

/// The keys of a node and of all under it, each before what is under it.
pub(super) fn tree(nodes: &Nodes, top: &str) -> Vec<String> {
    let under = format!("{top}/");
    let mut keys: Vec<String> =
        nodes.keys().filter(|key| *key == top || key.starts_with(&under)).cloned().collect();
    keys.sort_by(|left, right| left.split('/').cmp(right.split('/')));
    keys
}
