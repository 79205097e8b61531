//! Plans beside plain edits: symlinks, copies, attributes, and batches that depend on what
//! they find. Each is None if there is nothing to do it with.
//!
//! All shares are our interpolation.

use std::collections::BTreeMap;

use rand::{Rng, RngExt, seq::IndexedRandom};

use super::{
    Plan,
    edits::{content, join, one},
};
use crate::{
    names,
    operation::{Condition, Mode, NodeKind, Operation, Step},
    world::{Effect, World},
};

/// Few names and values, so that some changes change nothing.
const ATTRIBUTE_NAMES: &[&str] = &["color", "tag", "starred"];
const ATTRIBUTE_VALUES: u8 = 6;
/// How far beyond the last revision a condition may look: others are at work meanwhile, and
/// it should not fail each time.
const AHEAD_MAX: u64 = 24;

/// Mostly to a file that is there; sometimes to a path that leads nowhere.
pub fn symlink(world: &mut World, random: &mut impl Rng) -> Plan {
    let (parent, directory) = world.pick_parent(random);
    let to = match world.pick_file(random).filter(|_| random.random_bool(0.8)) {
        Some((_, path)) => path,
        None => format!("../{}", names::file(random, None)),
    };
    let name = names::file(random, None);
    let step = Step::Symlink { path: join(&directory, &name), to };
    one(step, Effect::Made { parent, name, kind: NodeKind::Symlink, content: None }, Some(parent))
}

/// A directory without subdirectories, a file or a symlink; sometimes a directory into
/// itself, which must be refused.
pub fn copy(world: &mut World, random: &mut impl Rng) -> Option<Plan> {
    let drawn: f64 = random.random();
    let picked = match drawn {
        ..0.6 => world.pick_directory(random),
        0.6..0.7 => world.pick_symlink(random),
        _ => world.pick_file(random),
    };
    let (id, from) = picked?;
    let known = world.get(id).filter(|known| known.subdirectories == 0)?;
    let (kind, content) = (known.kind, known.content.clone());
    let into_itself = kind == NodeKind::Directory && random.random_bool(0.05);
    let (parent, directory) =
        if into_itself { (id, from.clone()) } else { world.pick_parent(random) };
    let name = match kind {
        NodeKind::Directory => names::directory(random),
        NodeKind::File | NodeKind::Symlink => names::file(random, None),
    };
    let to = join(&directory, &name);
    Some(one(Step::Copy { from, to }, Effect::Made { parent, name, kind, content }, Some(id)))
}

/// Of a file, a directory or a symlink.
pub fn attributes(world: &mut World, random: &mut impl Rng) -> Option<Plan> {
    let drawn: f64 = random.random();
    let picked = match drawn {
        ..0.2 => world.pick_directory(random),
        0.2..0.3 => world.pick_symlink(random),
        _ => world.pick_file(random),
    };
    let (id, path) = picked?;
    let rev = world.get(id).map(|known| known.rev).filter(|_| random.random_bool(0.2));
    Some(one(set_attributes(path, rev, random), Effect::None, Some(id)))
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
pub fn conditional(world: &mut World, random: &mut impl Rng) -> Option<Plan> {
    match random.random_bool(0.3) {
        true => Some(conditional_create(world, random)),
        false => conditional_edit(world, random),
    }
}

/// A file where there is none, in a directory that is there.
fn conditional_create(world: &mut World, random: &mut impl Rng) -> Plan {
    let (parent, directory) = world.pick_parent(random);
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
    Plan { operation: Operation::Batch(steps), effects, about: Some(parent) }
}

/// A change of a file that is still as it was seen, or in a namespace that is.
fn conditional_edit(world: &mut World, random: &mut impl Rng) -> Option<Plan> {
    let (id, path) = world.pick_file(random)?;
    let rev = world.get(id)?.rev;
    let condition = match random.random_range(0..4) {
        0 => Condition::Exists,
        1 => Condition::UnchangedSince(world.revision() + random.random_range(0..AHEAD_MAX)),
        2 => Condition::Kind(NodeKind::File),
        _ => Condition::Rev(rev),
    };
    let check = Step::Check { path: path.clone(), condition };
    if random.random_bool(0.05) {
        return Some(one(check, Effect::None, Some(id)));
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
    let effects = vec![Effect::None, effect];
    Some(Plan { operation: Operation::Batch(vec![check, change]), effects, about: Some(id) })
}
