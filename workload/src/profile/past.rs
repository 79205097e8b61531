//! Plans about the past, and reads of many nodes at once: snapshots, versions, what was there
//! at a revision, what differs since, what can be brought back.
//!
//! All shares are our interpolation.

use rand::{Rng, RngExt};

use super::{Plan, edits::join};
use crate::{
    names,
    operation::{Operation, Step, Target},
    world::{Effect, Snapshot, World},
};

/// Few, so that some are taken.
const SNAPSHOT_NAMES: u32 = 12;
/// How far back a revision is that nobody gave a name.
const BACK_MAX: u64 = 150;
const BATCH_PATHS_MAX: usize = 8;

/// A revision of a namespace, mostly one that is kept.
fn then(world: &World, tree: usize, random: &mut impl Rng) -> u64 {
    let now = world.revision();
    match world.pick_snapshot(world.tree(tree).ns(), random) {
        Some(snapshot) if random.random_bool(0.5) => snapshot.revision,
        // Now and then one that is yet to come.
        _ if random.random_bool(0.02) => now + 1_000,
        _ => now.saturating_sub(random.random_range(0..BACK_MAX)).max(1),
    }
}

/// What was at the place of something that is there now.
pub fn read_past(world: &mut World, tree: usize, random: &mut impl Rng) -> Plan {
    let at = Some(then(world, tree, random));
    let tree = world.tree_mut(tree);
    let (id, path) = match random.random_bool(0.6) {
        true => tree.pick_file(random),
        false => None,
    }
    .unwrap_or_else(|| tree.pick_parent(random));
    let target = if random.random_bool(0.3) { Target::Id(id) } else { Target::Path(path.clone()) };
    let operation = match random.random_range(0..10) {
        0..4 => Operation::Stat { target, at },
        4..6 => Operation::Lookup { target, at },
        6 => Operation::BatchStat { paths: vec![path, "/".to_owned()], at },
        7 => Operation::List { target: directory_of(&path), recursive: true, at },
        _ => Operation::List { target: directory_of(&path), recursive: false, at },
    };
    Plan::plain(operation, Some(id))
}

fn directory_of(path: &str) -> Target {
    Target::Path(match path.rsplit_once('/') {
        Some(("", _)) | None => "/".to_owned(),
        Some((directory, _)) => directory.to_owned(),
    })
}

/// The versions of a file, or what differs in its namespace between two revisions.
pub fn compare(world: &mut World, tree: usize, random: &mut impl Rng) -> Option<Plan> {
    if random.random_bool(0.5) {
        let (id, path) = world.tree_mut(tree).pick_file(random)?;
        let at = random.random_bool(0.3).then(|| then(world, tree, random));
        let target = if random.random_bool(0.3) { Target::Id(id) } else { Target::Path(path) };
        return Some(Plan::plain(Operation::ListRevisions { target, at }, Some(id)));
    }
    let (a, b) = (then(world, tree, random), then(world, tree, random));
    // The wrong way round now and then, which must be refused.
    let (from, to) =
        if random.random_bool(0.05) { (a.max(b), a.min(b)) } else { (a.min(b), a.max(b)) };
    Some(Plan::plain(Operation::Diff { from, to }, None))
}

/// Makes, deletes or lists snapshots.
pub fn snapshot(world: &World, tree: usize, random: &mut impl Rng) -> Plan {
    let name = format!("snapshot-{}", random.random_range(0..SNAPSHOT_NAMES));
    let drawn = random.random_range(0..10);
    let (operation, ns) = match (drawn, world.first_snapshot()) {
        (0..4, _) => (Operation::CreateSnapshot { name }, None),
        // The first one of all: until then, nothing since can be forgotten.
        (4..7, Some(Snapshot { ns, name, .. })) => {
            (Operation::DeleteSnapshot { name: name.clone() }, Some(*ns))
        }
        (4..8, _) => (Operation::DeleteSnapshot { name }, None),
        _ => (Operation::ListSnapshots, None),
    };
    let mut plan = Plan::plain(operation, None).within(world, tree);
    plan.call.ns = ns.unwrap_or(plan.call.ns);
    plan
}

/// Brings back what was deleted, or an earlier content of a file.
pub fn restore(world: &mut World, tree: usize, random: &mut impl Rng) -> Option<Plan> {
    let drawn: f64 = random.random();
    let recent = then(world, tree, random);
    let tree = world.tree_mut(tree);
    if drawn < 0.5
        && let Some((path, revision)) = tree.pick_deleted(random)
    {
        return Some(Plan::one(Step::Restore { path, revision }, Effect::None, None));
    }
    let (id, path) = tree.pick_file(random)?;
    let known = tree.get(id)?;
    let revision = known.rev_before.filter(|_| drawn < 0.8).unwrap_or(recent);
    Some(Plan::one(Step::Restore { path, revision }, Effect::None, Some(id)))
}

/// Copies out of the past.
pub fn copy_past(world: &mut World, tree: usize, random: &mut impl Rng) -> Option<Plan> {
    let at_revision = Some(then(world, tree, random));
    let tree = world.tree_mut(tree);
    let is_file = random.random_bool(0.6);
    let picked = if is_file { tree.pick_any_file(random) } else { tree.pick_directory(random) };
    let (id, from) =
        picked.filter(|(id, _)| tree.get(*id).is_some_and(|n| n.subdirectories == 0))?;
    let (_, directory) = tree.pick_parent(random);
    let to = join(&directory, &names::file(random, None));
    Some(Plan::one(Step::Copy { from, to, at_revision }, Effect::None, Some(id)))
}

/// Many nodes in one read: chosen ones, or all that is under a directory.
pub fn read_many(world: &mut World, tree: usize, random: &mut impl Rng) -> Plan {
    let tree = world.tree_mut(tree);
    if random.random_bool(0.3) {
        let (id, path) = tree.pick_parent(random);
        return Plan::plain(Operation::list_all(&path), Some(id));
    }
    let mut paths = Vec::new();
    for _ in 0..random.random_range(1..=BATCH_PATHS_MAX) {
        let found = if random.random_bool(0.7) { tree.pick_file(random) } else { None };
        paths.push(found.unwrap_or_else(|| tree.pick_parent(random)).1);
    }
    Plan::plain(Operation::BatchStat { paths, at: None }, None)
}
