//! One operation, as the history writes it and as the client sends it.

use metad_client::{
    steps,
    v1::{self, Cursor, NodeRef},
};
use serde_json::{Value, json};

/// What a file holds, as far as histories tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Content hash.
    pub hash: [u8; 32],
    /// Bytes.
    pub size: u64,
}

impl Content {
    fn wire(&self) -> v1::Content {
        v1::Content { size: self.size, hash: self.hash.to_vec().into(), ..v1::Content::default() }
    }
}

/// How a commit treats what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Refuse.
    Create,
    /// Replace.
    Overwrite,
    /// Replace this revision of it.
    Update(u64),
}

/// A step of a mutation; paths are from the namespace's root.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // The fields are those of the API.
pub enum Step {
    Mkdir { path: String, parents: bool },
    Commit { path: String, mode: Mode, content: Content },
    Move { from: String, to: String, replace: bool, rev: Option<u64> },
    Delete { path: String, recursive: bool, rev: Option<u64> },
}

/// How a read names a node.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Target {
    Path(String),
    Id(u64),
}

/// Something that a client does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Operation {
    CreateNamespace { name: String },
    Step(Step),
    Batch(Vec<Step>),
    Stat(Target),
    Lookup(Target),
    List { path: String },
    Journal { cursor: Option<Cursor>, limit: u32 },
}

impl Step {
    /// Its name in histories.
    pub fn f(&self) -> &'static str {
        match self {
            Step::Mkdir { .. } => "mkdir",
            Step::Commit { .. } => "commit",
            Step::Move { .. } => "move",
            Step::Delete { .. } => "delete",
        }
    }

    fn value(&self) -> Value {
        match self {
            Step::Mkdir { path, parents } => json!({"path": path, "parents": parents}),
            Step::Commit { path, mode, content } => {
                let mut value = json!({
                    "path": path, "hash": hex(&content.hash), "size": content.size,
                });
                match mode {
                    Mode::Create => value["mode"] = json!("create"),
                    Mode::Overwrite => value["mode"] = json!("overwrite"),
                    Mode::Update(rev) => {
                        value["mode"] = json!("update");
                        value["rev"] = json!(rev);
                    }
                }
                value
            }
            Step::Move { from, to, replace, rev } => {
                with_rev(json!({"from": from, "to": to, "replace": replace}), *rev)
            }
            Step::Delete { path, recursive, rev } => {
                with_rev(json!({"path": path, "recursive": recursive}), *rev)
            }
        }
    }

    /// The step as it is sent.
    pub fn wire(&self) -> v1::Step {
        match self {
            Step::Mkdir { path, parents: false } => steps::mkdir(steps::at(path)),
            Step::Mkdir { path, parents: true } => steps::mkdir_all(steps::at(path)),
            Step::Commit { path, mode, content } => match mode {
                Mode::Create => steps::create(steps::at(path), content.wire()),
                Mode::Overwrite => steps::overwrite(steps::at(path), content.wire()),
                Mode::Update(rev) => steps::update(steps::at(path), content.wire(), *rev),
            },
            Step::Move { from, to, replace, rev } => steps::move_with(v1::Move {
                from: Some(steps::at(from)),
                to: Some(steps::at(to)),
                replace: *replace,
                rev: rev.unwrap_or(0),
            }),
            Step::Delete { path, recursive, rev } => steps::delete_with(v1::Delete {
                target: Some(steps::at(path)),
                recursive: *recursive,
                rev: rev.unwrap_or(0),
            }),
        }
    }
}

impl Target {
    /// The target as it is sent.
    pub fn wire(&self) -> NodeRef {
        match self {
            Target::Path(path) => steps::at(path),
            Target::Id(id) => steps::by_id(*id),
        }
    }

    fn value(&self) -> Value {
        match self {
            Target::Path(path) => json!({"path": path}),
            Target::Id(id) => json!({"id": id}),
        }
    }
}

impl Operation {
    /// Its name in histories.
    pub fn f(&self) -> &'static str {
        match self {
            Operation::CreateNamespace { .. } => "create_namespace",
            Operation::Step(step) => step.f(),
            Operation::Batch(_) => "batch",
            Operation::Stat(_) => "stat",
            Operation::Lookup(_) => "lookup",
            Operation::List { .. } => "list",
            Operation::Journal { .. } => "journal",
        }
    }

    /// Does it need a request id?
    pub fn is_mutation(&self) -> bool {
        use Operation::{Batch, CreateNamespace, Step};
        matches!(self, CreateNamespace { .. } | Step(_) | Batch(_))
    }

    /// What an invocation in the history says.
    pub fn value(&self, ns: u64) -> Value {
        let mut value = match self {
            Operation::CreateNamespace { name } => return json!({"name": name}),
            Operation::Step(step) => step.value(),
            Operation::Batch(steps) => {
                let step = |step: &Step| json!({"f": step.f(), "value": step.value()});
                json!({"steps": steps.iter().map(step).collect::<Vec<_>>()})
            }
            Operation::Stat(target) | Operation::Lookup(target) => target.value(),
            Operation::List { path } => json!({"path": path}),
            Operation::Journal { cursor: None, .. } => json!({}),
            Operation::Journal { cursor: Some(after), .. } => {
                json!({"cursor": [after.revision, after.ordinal]})
            }
        };
        value["ns"] = json!(ns);
        value
    }
}

fn with_rev(mut value: Value, rev: Option<u64>) -> Value {
    if let Some(rev) = rev {
        value["rev"] = json!(rev);
    }
    value
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn invocations_read_as_the_history_format_says() {
        let content = Content { hash: [0xab; 32], size: 5 };
        let commit = Step::Commit { path: "/a".to_owned(), mode: Mode::Update(7), content };
        let delete = Step::Delete { path: "/b".to_owned(), recursive: true, rev: None };
        let move_node = Operation::Step(Step::Move {
            from: "/a".to_owned(),
            to: "/b".to_owned(),
            replace: false,
            rev: Some(3),
        });
        let cursor = Some(Cursor { revision: 9, ordinal: 1 });
        let operations = [
            Operation::CreateNamespace { name: "team".to_owned() },
            move_node,
            Operation::Batch(vec![commit, delete]),
            Operation::Stat(Target::Id(4)),
            Operation::Journal { cursor, limit: 10 },
            Operation::Journal { cursor: None, limit: 10 },
        ];
        let lines =
            operations.map(|operation| format!("{} {}\n", operation.f(), operation.value(1)));
        expect![[r#"
            create_namespace {"name":"team"}
            move {"from":"/a","ns":1,"replace":false,"rev":3,"to":"/b"}
            batch {"ns":1,"steps":[{"f":"commit","value":{"hash":"abababababababababababababababababababababababababababababababab","mode":"update","path":"/a","rev":7,"size":5}},{"f":"delete","value":{"path":"/b","recursive":true}}]}
            stat {"id":4,"ns":1}
            journal {"cursor":[9,1],"ns":1}
            journal {"ns":1}
        "#]]
        .assert_eq(&lines.concat());
    }
}
