//! Runs a script of operations, a line each, and prints what each answers. The invariants
//! are checked after every line.

use std::{collections::BTreeMap, fmt::Write as _};

use expect_test::Expect;

use crate::{
    kv::{Txn, Write},
    tree::{
        apply,
        check::check_tree,
        query::{self, Source},
    },
    types::{
        Action, Applied, ClientId, Command, CommitMode, Condition, Content, GroupId, Kind, Name,
        NamespaceId, Node, NodeId, NodeRef, Outcome, Path, Quota, Request, Revision, Step,
    },
};

pub const GROUP: GroupId = GroupId(1);
pub const NAMESPACE: NamespaceId = NamespaceId(1);
const CLIENT: ClientId = ClientId(1);

/// A state machine in memory.
pub struct Machine {
    pub state: BTreeMap<Vec<u8>, Vec<u8>>,
    time_ms: u64,
    sequence: u64,
    /// The revision that questions are asked at.
    at: Option<Revision>,
}

impl Machine {
    /// With one session and one namespace.
    pub fn new() -> Machine {
        let mut machine =
            Machine { state: BTreeMap::new(), time_ms: 1_000, sequence: 1_000, at: None };
        machine.apply(Action::OpenSession);
        let name = Name::new("main").unwrap();
        let request = machine.next_request();
        machine.apply(Action::CreateNamespace { request, first_pending: 1, name });
        machine
    }

    fn source(&self) -> Source<'_> {
        Source { at: self.at, ..Source::now(&self.state, GROUP) }
    }

    pub fn next_request(&mut self) -> Request {
        self.sequence += 1;
        Request { client: CLIENT, sequence: self.sequence }
    }

    pub fn apply(&mut self, action: Action) -> Applied {
        let mut txn = Txn::new(&self.state);
        let command = Command { time_ms: self.time_ms, action };
        let applied = apply(&mut txn, GROUP, &command).unwrap();
        for write in txn.into_batch() {
            match write {
                Write::Put(key, value) => drop(self.state.insert(key, value)),
                Write::Delete(key) => drop(self.state.remove(&key)),
                Write::DeleteRange(..) => unreachable!("apply deletes key by key"),
            }
        }
        applied
    }

    pub fn mutate(&mut self, steps: Vec<Step>) -> Applied {
        let request = self.next_request();
        self.apply(Action::Mutate { request, first_pending: 1, namespace: NAMESPACE, steps })
    }

    fn line(&mut self, line: &str) -> String {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb {
            "stat" => match query::stat(self.source(), NAMESPACE, &node_ref(rest)).unwrap() {
                Ok(stat) => {
                    let (node, usage) = (stat.node, stat.account.usage);
                    let size = node.bytes() + usage.bytes;
                    let kept: String = node.attributes.iter().map(shown).collect();
                    format!(
                        "{:?} #{} rev {} nodes {} bytes {size}{kept}",
                        node.kind(),
                        node.id,
                        node.rev,
                        usage.nodes
                    )
                }
                Err(rejection) => rejection.to_string(),
            },
            "lookup" => match query::lookup(self.source(), NAMESPACE, &node_ref(rest)).unwrap() {
                Ok((node, path)) => format!("#{} {path}", node.id),
                Err(rejection) => rejection.to_string(),
            },
            "list" => self.list(&node_ref(rest)),
            "at" => {
                let (revision, question) = rest.split_once(' ').unwrap();
                self.at = Some(Revision(revision.parse().unwrap()));
                let answer = self.line(question);
                self.at = None;
                answer
            }
            "snapshot" | "unsnapshot" => {
                let (request, name) = (self.next_request(), Name::new(rest).unwrap());
                let (first_pending, namespace) = (1, NAMESPACE);
                show(&self.apply(match verb {
                    "snapshot" => {
                        Action::CreateSnapshot { request, first_pending, namespace, name }
                    }
                    _ => Action::DeleteSnapshot { request, first_pending, namespace, name },
                }))
            }
            "versions" => {
                let target = node_ref(rest);
                let found = query::versions(self.source(), NAMESPACE, &target, None, 100).unwrap();
                match found {
                    Ok(versions) => {
                        let version = |node: &Node| {
                            let name = node.name.clone().unwrap();
                            format!("rev {} {name} {}", node.rev, node.bytes())
                        };
                        versions.iter().map(version).collect::<Vec<_>>().join(", ")
                    }
                    Err(rejection) => rejection.to_string(),
                }
            }
            "compact" => {
                show(&self.apply(Action::Compact { up_to: Revision(rest.parse().unwrap()) }))
            }
            "journal" => self.journal(),
            "wait" => {
                self.time_ms += rest.parse::<u64>().unwrap();
                String::new()
            }
            "reclaim" => show(&self.apply(Action::Reclaim { records_max: rest.parse().unwrap() })),
            "batch" => show(&self.mutate(rest.split("; ").map(step).collect())),
            "request" => {
                let (sequence, mut rest) = rest.split_once(' ').unwrap();
                let mut first_pending = 1;
                if let Some(more) = rest.strip_prefix("acknowledging ") {
                    let (pending, step) = more.split_once(' ').unwrap();
                    (first_pending, rest) = (pending.parse().unwrap(), step);
                }
                let request = Request { client: CLIENT, sequence: sequence.parse().unwrap() };
                let (namespace, steps) = (NAMESPACE, vec![step(rest)]);
                show(&self.apply(Action::Mutate { request, first_pending, namespace, steps }))
            }
            _ => show(&self.mutate(vec![step(line)])),
        }
    }

    fn list(&self, target: &NodeRef) -> String {
        let page = query::list_page(self.source(), NAMESPACE, target, None, 100).unwrap();
        match page {
            Ok(page) => {
                let entries = page.entries.iter();
                entries
                    .map(|node| {
                        format!("{} #{} rev {}", node.name.clone().unwrap(), node.id, node.rev)
                    })
                    .collect::<Vec<_>>()
                    .join(", ")
            }
            Err(rejection) => rejection.to_string(),
        }
    }

    fn journal(&self) -> String {
        let page = match query::journal_page(&self.state, GROUP, NAMESPACE, None, 100).unwrap() {
            Ok(page) => page,
            Err(rejection) => return rejection.to_string(),
        };
        let changes = page.changes.iter().map(|change| {
            let (cursor, node) = (change.cursor, &change.node);
            let name = node.name.clone().unwrap();
            let (kind, parent) = (change.kind, node.parent);
            let at = format!("{}.{}", cursor.revision, cursor.ordinal);
            let from = change.from.as_ref();
            let from = from.map(|(parent, name)| format!(", was {name} in #{parent}"));
            let from = from.unwrap_or_default();
            format!("\n    {at} {kind:?} #{} {name} in #{parent}{from}", node.id)
        });
        changes.collect()
    }
}

fn shown((name, value): (&String, &Vec<u8>)) -> String {
    format!(" {name}={}", String::from_utf8_lossy(value))
}

fn show(applied: &Applied) -> String {
    let answer = match &applied.outcome {
        Outcome::Rejected(rejection) => rejection.to_string(),
        Outcome::Steps(results) => {
            let results = results.iter().map(|result| {
                let renamed = result.renamed.as_ref().map(|name| format!(" {name:?}"));
                format!("#{} rev {}{}", result.id, result.rev, renamed.unwrap_or_default())
            });
            results.collect::<Vec<_>>().join(", ")
        }
        other => format!("{other:?}"),
    };
    format!("@{} {answer}", applied.revision)
}

fn node_ref(text: &str) -> NodeRef {
    match text.strip_prefix('#') {
        Some(id) => NodeRef { start: NodeId(id.parse().unwrap()), path: Path::default() },
        None => NodeRef { start: NodeId::NONE, path: Path::parse(text).unwrap() },
    }
}

pub fn content(size: u64) -> Content {
    let mut hash = [0; 32];
    hash[..8].copy_from_slice(&size.to_be_bytes());
    Content { size, hash, media_type: String::new(), mtime_ms: 0, blocks: Vec::new() }
}

/// `VERB[!][@REV] ARGUMENT…`
fn step(line: &str) -> Step {
    let words = line.split(' ').collect::<Vec<_>>();
    let (verb, rev) = match words[0].split_once('@') {
        Some((verb, rev)) => (verb, Some(Revision(rev.parse().unwrap()))),
        None => (words[0], None),
    };
    match (verb, &words[1..]) {
        ("mkdir", ["-p", path]) => Step::Mkdir { target: node_ref(path), parents: true },
        ("mkdir", [path]) => Step::Mkdir { target: node_ref(path), parents: false },
        ("commit" | "commit+rename", [mode, path, size]) => Step::Commit {
            target: node_ref(path),
            autorename: (verb == "commit+rename").then(|| "Ann".into()),
            content: content(size.parse().unwrap()),
            mode: match mode.split_once('@') {
                Some((_, rev)) => CommitMode::Update { rev: Revision(rev.parse().unwrap()) },
                None if *mode == "create" => CommitMode::Create,
                None => CommitMode::Overwrite,
            },
        },
        ("move" | "move!", [from, to]) => {
            Step::Move { from: node_ref(from), to: node_ref(to), replace: verb == "move!", rev }
        }
        ("symlink", [path, to]) => Step::Symlink { target: node_ref(path), to: (*to).into() },
        ("copy", [from, to]) => Step::Copy { from: node_ref(from), to: node_ref(to), at: rev },
        ("quota", [path, bounds @ ..]) => {
            let bound = |name: &str| {
                let bound = bounds.iter().find_map(|bound| bound.strip_prefix(name));
                bound.map(|value| value.parse().unwrap())
            };
            let quota = Quota { nodes: bound("nodes="), bytes: bound("bytes=") };
            Step::SetQuota { target: node_ref(path), quota }
        }
        ("restore", [path]) => {
            Step::Restore { target: node_ref(path), revision: rev.expect("a revision") }
        }
        ("set", [path, changes @ ..]) => set_attributes(node_ref(path), changes, rev),
        ("check", [path, condition]) => {
            Step::Check { target: node_ref(path), condition: self::condition(condition) }
        }
        ("delete", ["-r", path]) => Step::Delete { target: node_ref(path), recursive: true, rev },
        ("delete", [path]) => Step::Delete { target: node_ref(path), recursive: false, rev },
        _ => panic!("unknown line {line:?}"),
    }
}

/// `name=value` sets, `-name` removes.
fn set_attributes(target: NodeRef, changes: &[&str], rev: Option<Revision>) -> Step {
    let set = changes.iter().filter_map(|change| change.split_once('='));
    let remove = changes.iter().filter_map(|change| change.strip_prefix('-'));
    Step::SetAttributes {
        target,
        set: set.map(|(name, value)| (name.to_owned(), value.into())).collect(),
        remove: remove.map(str::to_owned).collect(),
        rev,
    }
}

fn condition(text: &str) -> Condition {
    let number = |text: &str| Revision(text.parse().unwrap());
    match text.split_once('=') {
        Some(("rev", rev)) => Condition::Rev(number(rev)),
        Some(("unchanged", revision)) => Condition::Unchanged(number(revision)),
        Some((_, "directory")) => Condition::Kind(Kind::Directory),
        Some((_, "file")) => Condition::Kind(Kind::File),
        Some(_) => Condition::Kind(Kind::Symlink),
        None if text == "exists" => Condition::Exists,
        None => Condition::Absent,
    }
}

/// Runs a script and compares all that it prints.
pub fn check(script: &str, expected: Expect) {
    let mut machine = Machine::new();
    let mut printed = String::new();
    for line in script.lines().map(str::trim) {
        let answer = machine.line(line);
        writeln!(printed, "{line}: {answer}").unwrap();
        let violations = check_tree(&machine.state, GROUP).unwrap();
        assert!(violations.is_empty(), "after {line}: {violations:?}");
    }
    expected.assert_eq(&printed);
}
