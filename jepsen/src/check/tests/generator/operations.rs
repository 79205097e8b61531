//! What clients ask for: few names, ids and revs, so that they get in each other's way.

use serde_json::{Value, json};

use super::Generator;

impl Generator {
    fn path(&mut self) -> String {
        let depth = 1 + self.random.below(3);
        (0..depth).map(|_| format!("/{}", self.name())).collect()
    }

    /// One that many choose; the second one has an extension.
    fn name(&mut self) -> String {
        if self.random.one_in(12) {
            return self.random.pick(&self.seen_names).clone();
        }
        let name = match self.random.below(self.shape.names) {
            1 => "b.c".to_string(),
            number => ((b'a' + number as u8) as char).to_string(),
        };
        match self.shape.wide && self.random.one_in(3) {
            true => name.to_uppercase(),
            false => name,
        }
    }

    pub(super) fn ns(&mut self) -> u64 {
        match self.shape.wide {
            true => *self.random.pick(&[1, 1, 1, 2, 3]),
            false => 1,
        }
    }

    /// Not so early that nobody knows which namespaces were there.
    fn past(&mut self) -> u64 {
        let back = self.random.below(70);
        (self.server.revision + 2).saturating_sub(back).max(4)
    }

    fn step(&mut self) -> (String, Value) {
        let path = self.path();
        let rev = *self.random.pick(&self.seen_revs);
        if self.shape.wide && self.random.one_in(4) {
            return self.wide_step(path);
        }
        let (function, mut value) = match self.random.below(14) {
            0 | 1 => ("mkdir", json!({"path": path, "parents": self.random.one_in(2)})),
            2..6 => ("commit", self.commit(path, rev)),
            6 | 7 => {
                let to = self.path();
                ("move", json!({"from": path, "to": to, "replace": self.random.one_in(2)}))
            }
            8 | 9 => ("delete", json!({"path": path, "recursive": self.random.one_in(2)})),
            10 => ("symlink", json!({"path": path, "to": self.name()})),
            11 => ("copy", json!({"from": path, "to": self.path()})),
            12 => ("set_attributes", self.attributes(path)),
            _ => ("check", json!({"path": path, "condition": self.condition(rev)})),
        };
        if matches!(function, "move" | "delete" | "set_attributes") && self.random.one_in(4) {
            value["rev"] = json!(rev);
        }
        (function.to_string(), value)
    }

    fn wide_step(&mut self, path: String) -> (String, Value) {
        let (function, value) = match self.random.below(7) {
            6 => {
                let quota = match self.random.below(3) {
                    0 => json!({}),
                    1 => json!({"nodes": self.random.below(9)}),
                    _ => json!({"bytes": self.random.below(5)}),
                };
                let path = if self.random.one_in(3) { String::new() } else { path };
                ("set_quota", json!({"path": path, "quota": quota}))
            }
            0..2 => ("mount", json!({"path": path, "mount": *self.random.pick(&[1, 2, 3, 3])})),
            2 => ("unmount", json!({"path": path})),
            3 => {
                let to = self.path();
                ("copy", json!({"from": path, "to": to, "at_revision": self.past()}))
            }
            4 => ("restore", json!({"path": path, "revision": self.past()})),
            _ => {
                let to = self.path();
                ("move", json!({"from": path, "to": to, "replace": self.random.one_in(2)}))
            }
        };
        (function.to_string(), value)
    }

    fn wide_read(&mut self) -> (String, Value) {
        let path = if self.random.one_in(3) { String::new() } else { self.path() };
        let (function, mut value) = match self.random.below(7) {
            6 => return ("get_namespace".to_string(), json!({})),
            0 => ("list", json!({"path": path, "recursive": true})),
            1 => ("batch_stat", json!({"paths": [path, self.path(), self.path()]})),
            2 => ("list_revisions", json!({"path": path})),
            3 => ("diff", json!({"from": self.past()})),
            4 => (
                *self.random.pick(&["stat", "lookup"]),
                json!({"path": path, "id": *self.random.pick(&self.seen_ids)}),
            ),
            _ => (*self.random.pick(&["stat", "lookup", "list"]), json!({"path": path})),
        };
        match function {
            "diff" if self.random.one_in(2) => value["to"] = json!(self.past()),
            "diff" | "list_revisions" => {}
            _ if self.random.one_in(2) => value["at_revision"] = json!(self.past()),
            _ => {}
        }
        (function.to_string(), value)
    }

    fn commit(&mut self, path: String, rev: u64) -> Value {
        let hash = format!("{:02x}", self.random.below(4));
        let mut value = json!({"path": path, "hash": hash, "size": 1});
        value["mode"] = json!(*self.random.pick(&["create", "overwrite", "update", "update"]));
        if value["mode"] == "update" {
            value["rev"] = json!(rev);
        }
        if self.random.one_in(3) {
            value["autorename"] = json!(true);
            value["client"] = json!(*self.random.pick(&["ann", "bob"]));
        }
        value
    }

    fn attributes(&mut self, path: String) -> Value {
        let mut value = json!({"path": path, "set": {}});
        if self.random.one_in(3) {
            value["remove"] = json!([*self.random.pick(&["color", "tag"])]);
        }
        for name in ["color", "tag"] {
            if self.random.one_in(2) {
                value["set"][name] = json!(format!("{:02x}", self.random.below(2)));
            }
        }
        value
    }

    fn condition(&mut self, rev: u64) -> Value {
        match self.random.below(5) {
            0 => json!({"exists": true}),
            1 => json!({"absent": true}),
            2 => json!({"rev": rev}),
            3 => json!({"kind": *self.random.pick(&["file", "directory", "symlink", "mount"])}),
            _ => json!({"unchanged_since": rev}),
        }
    }

    pub(super) fn draw(&mut self) -> (String, Value) {
        if self.shape.wide && self.random.one_in(4) {
            let (function, mut value) = self.wide_read();
            value["ns"] = json!(self.ns());
            return (function, value);
        }
        let (function, mut value) = match self.random.below(10) {
            0..5 => self.step(),
            5 => {
                let count = 1 + self.random.below(3);
                let steps: Vec<Value> = (0..count)
                    .map(|_| {
                        let (function, value) = self.step();
                        json!({"f": function, "value": value})
                    })
                    .collect();
                ("batch".to_string(), json!({ "steps": steps }))
            }
            6 => (
                "list".to_string(),
                json!({"path": if self.random.one_in(2) { String::new() } else { self.path() }}),
            ),
            7 => {
                let id = *self.random.pick(&self.seen_ids);
                let path = if self.random.one_in(2) { String::new() } else { self.path() };
                (self.random.pick(&["stat", "lookup"]).to_string(), json!({"id": id, "path": path}))
            }
            _ => (self.random.pick(&["stat", "lookup"]).to_string(), json!({"path": self.path()})),
        };
        value["ns"] = json!(self.ns());
        (function, value)
    }
}
