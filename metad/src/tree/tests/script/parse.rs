//! What a line of a script asks for.

use crate::types::{
    CommitMode, Condition, Content, Kind, NamespaceId, NodeId, NodeRef, Path, Quota, Revision, Step,
};

pub fn node_ref(text: &str) -> NodeRef {
    match text.strip_prefix('#') {
        Some(text) => {
            let (id, path) = text.split_once('/').unwrap_or((text, ""));
            NodeRef { start: NodeId(id.parse().unwrap()), path: Path::parse(path).unwrap() }
        }
        None => NodeRef { start: NodeId::NONE, path: Path::parse(text).unwrap() },
    }
}

pub fn content(size: u64) -> Content {
    let mut hash = [0; 32];
    hash[..8].copy_from_slice(&size.to_be_bytes());
    Content {
        size,
        hash,
        media_type: String::new(),
        mtime_ms: 0,
        manifest: String::new(),
        blocks: Vec::new(),
    }
}

/// `VERB[!][@REV] ARGUMENT…`
pub fn step(line: &str) -> Step {
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
        ("mount", [path, shown]) => {
            let namespace = NamespaceId(shown.parse().unwrap());
            Step::Mount { target: node_ref(path), namespace }
        }
        ("unmount", [path]) => Step::Unmount { target: node_ref(path) },
        ("quota", [path, bounds @ ..]) => {
            Step::SetQuota { target: node_ref(path), quota: quota(bounds) }
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

/// `nodes=N`, `bytes=N`.
pub fn quota(bounds: &[&str]) -> Quota {
    let bound = |name: &str| {
        let bound = bounds.iter().find_map(|bound| bound.strip_prefix(name));
        bound.map(|value| value.parse().unwrap())
    };
    Quota { nodes: bound("nodes="), bytes: bound("bytes=") }
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
        Some((_, "mount")) => Condition::Kind(Kind::Mount),
        Some(_) => Condition::Kind(Kind::Symlink),
        None if text == "exists" => Condition::Exists,
        None => Condition::Absent,
    }
}
