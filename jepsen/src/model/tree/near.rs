//! What a tree holds where an operation touches it, before and after it, for people to read.

use std::collections::BTreeSet;

use rpds::RedBlackTreeMap;
use serde_json::Value;

use super::matching::describe_node;
use super::node::{Handle, Node};
use super::operation::Name;
use super::path;
use super::state::State;

/// Lines of one directory, around the name that the operation is about.
const LISTED_MAX: usize = 12;
/// Directories that are shown of an operation.
const DIRECTORIES_MAX: usize = 4;

/// The directories that an operation's arguments name, in two states.
pub(super) fn near(before: &State, after: &State, input: &Value) -> [Vec<String>; 2] {
    let mut shown = BTreeSet::new();
    for state in [before, after] {
        for target in targets(input) {
            shown.extend(places(state, &target));
        }
    }
    let shown: Vec<_> = shown.into_iter().take(DIRECTORIES_MAX).collect();
    if shown.is_empty() {
        return [before, after].map(namespaces);
    }
    [before, after].map(|state| {
        let mut lines = Vec::new();
        for (directory, name) in &shown {
            for line in listing(state, *directory, name) {
                if !lines.contains(&line) {
                    lines.push(line);
                }
            }
        }
        lines
    })
}

/// A path in a namespace, or from a node.
struct Target<'a> {
    ns: u64,
    from: u64,
    path: &'a str,
}

fn targets(input: &Value) -> Vec<Target<'_>> {
    let ns = input.get("ns").and_then(Value::as_u64).unwrap_or_default();
    let named = |value: &'_ Value, path: &str, id: &str| {
        let from = value.get(id).and_then(Value::as_u64).unwrap_or_default();
        value.get(path).and_then(Value::as_str).map(|_| from)
    };
    let mut targets = Vec::new();
    let mut add = |value| {
        for (path, id) in [("path", "id"), ("from", "from_id"), ("to", "to_id")] {
            if let Some(from) = named(value, path, id) {
                let path = value[path].as_str().unwrap_or_default();
                targets.push(Target { ns, from, path });
            }
        }
    };
    add(input);
    let list = |name: &str| input.get(name).and_then(Value::as_array).into_iter().flatten();
    list("steps").filter_map(|step| step.get("value")).for_each(&mut add);
    list("paths").filter(|place| place.is_object()).for_each(&mut add);
    for path in list("paths").filter_map(Value::as_str) {
        targets.push(Target { ns, from: 0, path });
    }
    targets
}

/// The last directory on the way with the name that is looked for in it, and the directory
/// that is there, if it is one.
fn places(state: &State, target: &Target<'_>) -> Vec<(Handle, Name)> {
    let start = match target.from {
        0 => state.namespace_by_id(target.ns).map(|it| state.forest.namespace(it).root),
        id => state.node_by_id(id),
    };
    let Some(mut directory) = start else { return Vec::new() };
    let nothing = Name::from("");
    let Ok(names) = path::split(target.path) else { return vec![(directory, nothing)] };
    let mut place = (directory, Name::clone(&nothing));
    for name in names {
        let Some(children) = children(state, directory) else { break };
        let key = state.forest.key(directory, &name);
        place = (directory, Name::clone(&key));
        let Some(child) = children.get(&key) else { return vec![place] };
        directory = *child;
    }
    match children(state, directory) {
        Some(_) if place.0 != directory => vec![place, (directory, nothing)],
        _ => vec![place],
    }
}

/// None of what is no directory, or is gone.
fn children(state: &State, handle: Handle) -> Option<&RedBlackTreeMap<Name, Handle>> {
    state.forest.find_node(handle).and_then(Node::children)
}

/// A directory and what is in it around a name.
fn listing(state: &State, directory: Handle, name: &Name) -> Vec<String> {
    let Some(node) = state.forest.find_node(directory) else { return Vec::new() };
    let mut lines = vec![describe_node(state, directory)];
    let Some(children) = node.children() else { return lines };
    let half = LISTED_MAX / 2;
    let earlier: Vec<_> = children.range(..Name::clone(name)).rev().take(half).collect();
    let shown = earlier.into_iter().rev().chain(children.range(Name::clone(name)..).take(half));
    let shown: Vec<_> = shown.map(|(_, child)| describe_node(state, *child)).collect();
    let left_out = children.size() - shown.len();
    lines.extend(shown);
    if left_out > 0 {
        let path = state.forest.path(directory);
        lines.push(format!("{path} has {left_out} more"));
    }
    lines
}

fn namespaces(state: &State) -> Vec<String> {
    let line = |(handle, namespace): (Handle, &super::forest::Namespace)| {
        let id = state.id_of_namespace(handle).map_or("?".to_string(), |id| id.to_string());
        format!("namespace {id} {:?}", namespace.name)
    };
    state.forest.namespaces().take(LISTED_MAX).map(line).collect()
}
