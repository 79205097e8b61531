//! Plans about more than one namespace, and about how much is in one: mounts, moves and copies
//! from one to another, namespaces that come and go, quotas.
//!
//! All shares are our interpolation.

use metad_client::v1::Quota;
use rand::{Rng, RngExt};

use super::{
    Plan,
    edits::{content, join},
};
use crate::{
    names,
    operation::{Mode, NodeKind, Operation, Policy, Step, Target},
    world::{Effect, World},
};

/// Few names, so that some are taken.
const PASSING_NAMES: u32 = 10;
const TIGHT_NODES_MAX: u64 = 8;
const TIGHT_BYTES_MAX: u64 = 60_000;
/// What the clients mostly work in, and where the others are mounted.
const FIRST_TREE: usize = 0;

// ---------------------------------------------------------------- mounts

/// Makes or removes a mount; sometimes one that would lead back, which must be refused.
pub fn mount(world: &mut World, random: &mut impl Rng) -> Option<Plan> {
    let drawn: f64 = random.random();
    if drawn < 0.25 {
        // Mostly refused: what is picked is mostly another kind of node.
        let (id, path) = match world.pick_mount(random) {
            Some((mount, path)) if random.random_bool(0.5) => (mount.id, path),
            _ => world.tree_mut(FIRST_TREE).pick_file(random)?,
        };
        let effect = Effect::Deleted { id };
        return Some(Plan::one(Step::Unmount { path }, effect, Some(id)).within(world, FIRST_TREE));
    }
    let tree = if drawn < 0.4 { world.tree_count() - 1 } else { FIRST_TREE };
    let other = match drawn {
        ..0.7 => world.tree(random.random_range(0..world.tree_count())).ns(),
        0.7..0.95 => world.pick_passing(random)?,
        _ => world.pick_gone(random)?,
    };
    let (parent, directory) = world.tree_mut(tree).pick_parent(random);
    let name = names::directory(random);
    let step = Step::Mount { path: join(&directory, &name), mount: other };
    let effect = Effect::Made { parent, name, kind: NodeKind::Mount, content: None };
    Some(Plan::one(step, effect, Some(parent)).within(world, tree))
}

/// A look at a mount, or a new name or another end for it.
pub fn on_mount(world: &mut World, random: &mut impl Rng) -> Option<Plan> {
    let (mount, path) = world.pick_mount(random)?;
    let plan = match random.random_range(0..12) {
        0..5 => {
            let target = Target::Path(path);
            Plan::plain(Operation::Stat { target, at: None }, None)
        }
        5..7 => Plan::plain(Operation::Lookup { target: Target::Path(path), at: None }, None),
        7..9 => Plan::plain(Operation::list(&path), None),
        9 => Plan::one(Step::Mkdir { path, parents: true }, Effect::None, None),
        10 => Plan::one(
            Step::Commit {
                path,
                mode: Mode::Overwrite,
                content: content(random),
                autorename: None,
            },
            Effect::None,
            None,
        ),
        _ => {
            let (parent, directory) = world.tree_mut(FIRST_TREE).pick_parent(random);
            let name = names::directory(random);
            let to = join(&directory, &name);
            let step = Step::Move { from: path, to, replace: false, rev: None };
            Plan::one(step, Effect::Moved { id: mount.id, parent, name }, None)
        }
    };
    Some(plan.within(world, FIRST_TREE))
}

// ---------------------------------------------------------------- from one to another

/// A move or a copy between the first tree and one that is mounted in it.
pub fn cross(world: &mut World, random: &mut impl Rng) -> Option<Plan> {
    let other = random.random_range(1..world.tree_count().max(2));
    if other >= world.tree_count() {
        return None;
    }
    let (from, to) =
        if random.random_bool(0.5) { (FIRST_TREE, other) } else { (other, FIRST_TREE) };
    let picked = match random.random_bool(0.3) {
        true => world.tree_mut(from).pick_directory(random),
        false => world.tree_mut(from).pick_file(random),
    };
    let (id, source) = picked?;
    let known = world.tree(from).get(id)?.clone();
    let (parent, directory) = world.tree_mut(to).pick_parent(random);
    let name = match known.kind {
        NodeKind::Directory => names::directory(random),
        _ => names::file(random, None),
    };
    let way = world.way_to(world.tree(other).ns(), random)?;
    let (source, target) = match from == FIRST_TREE {
        true => (source, through(&way, &join(&directory, &name))),
        false => (through(&way, &source), join(&directory, &name)),
    };
    let ns = world.tree(FIRST_TREE).ns();
    let mut plan = if random.random_bool(0.7) {
        let rev = random.random_bool(0.2).then_some(known.rev);
        let replace = random.random_bool(0.1);
        let step = Step::Move { from: source, to: target, replace, rev };
        let moved = Plan::one(step, Effect::Moved { id, parent, name }, Some(id));
        Plan { to_tree: Some(to), ..moved.within(world, from) }
    } else {
        let (kind, content) = (known.kind, known.content);
        let step = Step::Copy { from: source, to: target, at_revision: None };
        Plan::one(step, Effect::Made { parent, name, kind, content }, None).within(world, to)
    };
    (plan.call.ns, plan.through_mount) = (ns, true);
    Some(plan)
}

/// A path under a mount.
pub fn through(way: &str, path: &str) -> String {
    if path == "/" { way.to_owned() } else { format!("{way}{path}") }
}

// ---------------------------------------------------------------- namespaces

/// Makes, uses, changes and deletes namespaces that do not stay.
pub fn passing(world: &World, random: &mut impl Rng) -> Plan {
    let ns = match world.pick_passing(random) {
        Some(ns) if random.random_bool(0.8) => ns,
        passing => match world.pick_gone(random).filter(|_| random.random_bool(0.2)).or(passing) {
            Some(ns) if random.random_bool(0.3) => ns,
            _ => return create(world, random),
        },
    };
    let mut plan = Plan::plain(within_passing(world, random), None);
    plan.call.ns = ns;
    // Its nodes are in no tree.
    plan.effects.clear();
    plan
}

fn passing_name(world: &World, random: &mut impl Rng) -> String {
    format!("{}.passing-{}", world.family(), random.random_range(0..PASSING_NAMES))
}

fn create(world: &World, random: &mut impl Rng) -> Plan {
    let name = passing_name(world, random);
    let policy = if random.random_bool(0.3) { Policy::Casefold } else { Policy::Exact };
    let quota = random.random_bool(0.3).then(|| tight(random));
    Plan::plain(Operation::CreateNamespace { name, policy, quota }, None)
}

fn within_passing(world: &World, random: &mut impl Rng) -> Operation {
    let path = format!("/d/{}", ["a", "A", "b"][random.random_range(0..3)]);
    match random.random_range(0..20) {
        0..6 => {
            let mkdir = Step::Mkdir { path: "/d".to_owned(), parents: true };
            let (mode, content) = (Mode::Overwrite, content(random));
            Operation::Batch(vec![mkdir, Step::Commit { path, mode, content, autorename: None }])
        }
        6..8 => Operation::Stat { target: Target::Path(path), at: None },
        8..10 => Operation::list_all("/"),
        10..12 => Operation::GetNamespace,
        12..14 => {
            Operation::UpdateNamespace { name: Some(passing_name(world, random)), quota: None }
        }
        14 => Operation::UpdateNamespace { name: None, quota: Some(tight(random)) },
        15 => Operation::Journal { cursor: None, limit: 0 },
        16 => Operation::DeleteNamespace { recursive: false },
        _ => Operation::DeleteNamespace { recursive: true },
    }
}

/// How much is in a namespace, and of what kind it is.
pub fn describe(world: &World, tree: usize) -> Plan {
    Plan::plain(Operation::GetNamespace, None).within(world, tree)
}

// ---------------------------------------------------------------- quotas

fn tight(random: &mut impl Rng) -> Quota {
    let nodes = random.random_bool(0.8).then(|| random.random_range(1..=TIGHT_NODES_MAX));
    let bytes = random.random_bool(0.4).then(|| random.random_range(0..TIGHT_BYTES_MAX));
    Quota { nodes, bytes }
}

/// Another quota for a directory; now and then none.
pub fn set_quota(world: &mut World, random: &mut impl Rng) -> Option<Plan> {
    let little = world.pick_tight(random).filter(|_| random.random_bool(0.85));
    let is_tight = little.is_some();
    let (id, path) = match little {
        Some(found) => found,
        // Of a file it must be refused.
        None if random.random_bool(0.2) => world.tree_mut(FIRST_TREE).pick_file(random)?,
        None => world.tree_mut(FIRST_TREE).pick_directory(random)?,
    };
    // A tight quota on what people share would stop them all.
    let quota = match random.random_range(0..10) {
        0..2 => Quota::default(),
        2..4 => Quota { nodes: Some(500), bytes: Some(1 << 50) },
        _ if is_tight => tight(random),
        _ => Quota { nodes: Some(1_000), bytes: None },
    };
    Some(
        Plan::one(Step::SetQuota { path, quota }, Effect::None, Some(id)).within(world, FIRST_TREE),
    )
}

fn make_tight(world: &mut World, random: &mut impl Rng) -> Plan {
    let (parent, directory) = world.tree_mut(FIRST_TREE).pick_parent(random);
    let name = names::directory(random);
    let path = join(&directory, &name);
    let mkdir = Step::Mkdir { path: path.clone(), parents: false };
    let steps = vec![mkdir, Step::SetQuota { path, quota: tight(random) }];
    let made = Effect::Made { parent, name, kind: NodeKind::Directory, content: None };
    Plan::new(Operation::Batch(steps), vec![made, Effect::None], Some(parent))
        .within(world, FIRST_TREE)
}

/// Puts something into a directory that has little room, or looks at it.
pub fn crowd(world: &mut World, random: &mut impl Rng) -> Option<Plan> {
    let Some((parent, directory)) = world.pick_tight(random) else {
        return Some(make_tight(world, random));
    };
    let name = names::file(random, None);
    let path = join(&directory, &name);
    let plan = match random.random_range(0..10) {
        0..5 => {
            let content = content(random);
            let mode = Mode::Overwrite;
            let step = Step::Commit { path, mode, content: content.clone(), autorename: None };
            let kind = NodeKind::File;
            let effect = Effect::Made { parent, name, kind, content: Some(content) };
            Plan::one(step, effect, Some(parent))
        }
        5..7 => {
            let (id, from) = world.tree_mut(FIRST_TREE).pick_any_file(random)?;
            let step = Step::Move { from, to: path, replace: false, rev: None };
            Plan::one(step, Effect::Moved { id, parent, name }, Some(id))
        }
        7 => {
            let (id, from) = world.tree_mut(FIRST_TREE).pick_directory(random)?;
            let step = Step::Copy { from, to: path, at_revision: None };
            Plan::one(step, Effect::None, Some(id))
        }
        _ => {
            let target = Target::Path(directory);
            Plan::plain(Operation::Stat { target, at: None }, Some(parent))
        }
    };
    Some(plan.within(world, FIRST_TREE))
}
