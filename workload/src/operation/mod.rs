//! One operation, as the history writes it and as the client sends it.

use metad_client::v1::{Cursor, NodeRef};
use serde_json::{Value, json};

pub use crate::step::{Condition, Content, Mode, NodeKind, Step};

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

impl Target {
    /// The target as it is sent.
    pub fn wire(&self) -> NodeRef {
        match self {
            Target::Path(path) => metad_client::steps::at(path),
            Target::Id(id) => metad_client::steps::by_id(*id),
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

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use expect_test::expect;

    use super::*;

    fn lines(operations: &[Operation]) -> String {
        let line = |operation: &Operation| format!("{} {}\n", operation.f(), operation.value(1));
        operations.iter().map(line).collect()
    }

    #[test]
    fn invocations_read_as_the_history_format_says() {
        let content = Content { hash: [0xab; 32], size: 5 };
        let (path, mode) = ("/a".to_owned(), Mode::Update(7));
        let commit = Step::Commit { path, mode, content, autorename: None };
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
        expect![[r#"
            create_namespace {"name":"team"}
            move {"from":"/a","ns":1,"replace":false,"rev":3,"to":"/b"}
            batch {"ns":1,"steps":[{"f":"commit","value":{"hash":"abababababababababababababababababababababababababababababababab","mode":"update","path":"/a","rev":7,"size":5}},{"f":"delete","value":{"path":"/b","recursive":true}}]}
            stat {"id":4,"ns":1}
            journal {"cursor":[9,1],"ns":1}
            journal {"ns":1}
        "#]]
        .assert_eq(&lines(&operations));
    }

    #[test]
    fn so_do_those_of_symlinks_copies_attributes_and_preconditions() {
        let path = || "/a".to_owned();
        let check = |condition| Operation::Step(Step::Check { path: path(), condition });
        let operations = [
            Operation::Step(Step::Commit {
                path: path(),
                mode: Mode::Create,
                content: Content { hash: [0xab; 32], size: 5 },
                autorename: Some("ann".to_owned()),
            }),
            Operation::Step(Step::Symlink { path: path(), to: "../b".to_owned() }),
            Operation::Step(Step::Copy { from: path(), to: "/b".to_owned() }),
            Operation::Step(Step::SetAttributes {
                path: path(),
                set: BTreeMap::from([("color".to_owned(), vec![0x0f, 0xa0])]),
                remove: vec!["tag".to_owned()],
                rev: Some(4),
            }),
            check(Condition::Exists),
            check(Condition::Absent),
            check(Condition::Rev(4)),
            check(Condition::Kind(NodeKind::Symlink)),
            check(Condition::UnchangedSince(9)),
        ];
        expect![[r#"
            commit {"autorename":true,"client":"ann","hash":"abababababababababababababababababababababababababababababababab","mode":"create","ns":1,"path":"/a","size":5}
            symlink {"ns":1,"path":"/a","to":"../b"}
            copy {"from":"/a","ns":1,"to":"/b"}
            set_attributes {"ns":1,"path":"/a","remove":["tag"],"rev":4,"set":{"color":"0fa0"}}
            check {"condition":{"exists":true},"ns":1,"path":"/a"}
            check {"condition":{"absent":true},"ns":1,"path":"/a"}
            check {"condition":{"rev":4},"ns":1,"path":"/a"}
            check {"condition":{"kind":"symlink"},"ns":1,"path":"/a"}
            check {"condition":{"unchanged_since":9},"ns":1,"path":"/a"}
        "#]].assert_eq(&lines(&operations));
    }
}
