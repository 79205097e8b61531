//! Plans beside plain edits: symlinks, copies, attributes, and batches that depend on what
//! they find. Each is None if there is nothing to do it with.
//!
//! All shares are our interpolation.

use std::collections::BTreeMap;

use rand::{Rng, RngExt, seq::IndexedRandom};

use super::{
    Plan,
    edits::{content, join},
};
use crate::{
    names,
    operation::{Condition, Mode, NodeKind, Operation, Step},
    world::{Effect, Tree},
};

/// Few names and values, so that some changes change nothing.
const ATTRIBUTE_NAMES: &[&str] = &["color", "tag", "starred"];
const ATTRIBUTE_VALUES: u8 = 6;
/// How far beyond the last revision a condition may look: others are at work meanwhile, and
/// it should not fail each time.
const AHEAD_MAX: u64 = 24;

/// Mostly to a file that is there; sometimes to a path that leads nowhere.
pub fn symlink(tree: &mut Tree, random: &mut impl Rng) -> Plan {
    let (parent, directory) = tree.pick_parent(random);
    let to = match tree.pick_file(random).filter(|_| random.random_bool(0.8)) {
        Some((_, path)) => path,
        None => format!("../{}", names::file(random, None)),
    };
    let name = names::file(random, None);
    let step = Step::Symlink { path: join(&directory, &name), to };
    Plan::one(
        step,
        Effect::Made { parent, name, kind: NodeKind::Symlink, content: None },
        Some(parent),
    )
}

/// A directory without subdirectories, a file or a symlink; sometimes a directory into
/// itself, which must be refused.
pub fn copy(tree: &mut Tree, random: &mut impl Rng) -> Option<Plan> {
    let drawn: f64 = random.random();
    let picked = match drawn {
        ..0.6 => tree.pick_directory(random),
        0.6..0.7 => tree.pick_symlink(random),
        _ => tree.pick_file(random),
    };
    let (id, from) = picked?;
    let known = tree.get(id).filter(|known| known.subdirectories == 0)?;
    let (kind, content) = (known.kind, known.content.clone());
    let into_itself = kind == NodeKind::Directory && random.random_bool(0.05);
    let (parent, directory) =
        if into_itself { (id, from.clone()) } else { tree.pick_parent(random) };
    let name = match kind {
        NodeKind::Directory => names::directory(random),
        NodeKind::File | NodeKind::Symlink | NodeKind::Mount => names::file(random, None),
    };
    let to = join(&directory, &name);
    Some(Plan::one(
        Step::Copy { from, to, at_revision: None },
        Effect::Made { parent, name, kind, content },
        Some(id),
    ))
}

/// Of a file, a directory or a symlink.
pub fn attributes(tree: &mut Tree, random: &mut impl Rng) -> Option<Plan> {
    let drawn: f64 = random.random();
    let picked = match drawn {
        ..0.2 => tree.pick_directory(random),
        0.2..0.3 => tree.pick_symlink(random),
        _ => tree.pick_file(random),
    };
    let (id, path) = picked?;
    let rev = tree.get(id).map(|known| known.rev).filter(|_| random.random_bool(0.2));
    Some(Plan::one(set_attributes(path, rev, random), Effect::None, Some(id)))
}

fn set_attributes(path: String, rev: Option<u64>, random: &mut impl Rng) -> Step {
    let mut set = BTreeMap::new();
    let mut remove = Vec::new();
    for _ in 0..random.random_range(1..=2) {
        let name = (*ATTRIBUTE_NAMES.choose(random).expect("not empty")).to_owned();
        match random.random_bool(0.3) {
            true => remove.push(name),
            false => drop(set.insert(name, vec![random.random_range(0..ATTRIBUTE_VALUES)])),
        }
    }
    Step::SetAttributes { path, set, remove, rev }
}

/// A mutation that depends on what it finds.
pub fn conditional(tree: &mut Tree, revision: u64, random: &mut impl Rng) -> Option<Plan> {
    match random.random_bool(0.3) {
        true => Some(conditional_create(tree, random)),
        false => conditional_edit(tree, revision, random),
    }
}

/// A file where there is none, in a directory that is there.
fn conditional_create(tree: &mut Tree, random: &mut impl Rng) -> Plan {
    let (parent, directory) = tree.pick_parent(random);
    let name = names::file(random, None);
    let path = join(&directory, &name);
    let content = content(random);
    let steps = vec![
        Step::Check { path: directory, condition: Condition::Kind(NodeKind::Directory) },
        Step::Check { path: path.clone(), condition: Condition::Absent },
        Step::Commit { path, mode: Mode::Overwrite, content: content.clone(), autorename: None },
    ];
    let made = Effect::Made { parent, name, kind: NodeKind::File, content: Some(content) };
    let effects = vec![Effect::None, Effect::None, made];
    Plan::new(Operation::Batch(steps), effects, Some(parent))
}

/// A change of a file that is still as it was seen, or in a namespace that is.
fn conditional_edit(tree: &mut Tree, revision: u64, random: &mut impl Rng) -> Option<Plan> {
    let (id, path) = tree.pick_file(random)?;
    let rev = tree.get(id)?.rev;
    let condition = match random.random_range(0..4) {
        0 => Condition::Exists,
        1 => Condition::UnchangedSince(revision + random.random_range(0..AHEAD_MAX)),
        2 => Condition::Kind(NodeKind::File),
        _ => Condition::Rev(rev),
    };
    let check = Step::Check { path: path.clone(), condition };
    if random.random_bool(0.05) {
        return Some(Plan::one(check, Effect::None, Some(id)));
    }
    let (change, effect) = match random.random_bool(0.5) {
        true => (set_attributes(path, None, random), Effect::None),
        false => {
            let content = content(random);
            let mode = Mode::Overwrite;
            let commit = Step::Commit { path, mode, content: content.clone(), autorename: None };
            (commit, Effect::Updated { id, content })
        }
    };
    // Afterwards what it looks at has changed: then nothing of it may have been done.
    let (steps, effects) = match random.random_bool(0.2) {
        true => (vec![change, check], vec![effect, Effect::None]),
        false => (vec![check, change], vec![Effect::None, effect]),
    };
    Some(Plan::new(Operation::Batch(steps), effects, Some(id)))
}
