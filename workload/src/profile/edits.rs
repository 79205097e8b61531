//! Plans for single edits of a shared folder, drawn from what is believed to be there. Each
//! is None if there is nothing to do it with.
//!
//! Shares marked [i] are our interpolation, the others are published.

use rand::{Rng, RngExt};

use super::{Next, Plan};
use crate::{
    names,
    operation::{Content, Mode, NodeKind, Operation, Step},
    world::{Effect, Tree},
};

const DIRECTORY_SHARE: f64 = 1.0 / 11.0; // about 10 files a directory
const BATCH_SHARE: f64 = 0.04; // [i]
const BATCH_FILES_MAX: u32 = 8; // [i]

pub fn content(random: &mut impl Rng) -> Content {
    Content { hash: random.random(), size: names::size_bytes(random) }
}

pub(super) fn join(directory: &str, name: &str) -> String {
    if directory == "/" { format!("/{name}") } else { format!("{directory}/{name}") }
}

// ---------------------------------------------------------------- create

pub fn create(tree: &mut Tree, random: &mut impl Rng) -> Plan {
    let drawn: f64 = random.random();
    if drawn < BATCH_SHARE {
        create_batch(tree, random)
    } else if drawn < BATCH_SHARE + DIRECTORY_SHARE {
        create_directory(tree, random)
    } else {
        create_file(tree, random)
    }
}

fn create_file(tree: &mut Tree, random: &mut impl Rng) -> Plan {
    let (parent, directory) = tree.pick_parent(random);
    let sibling = tree.pick_file(random).and_then(|(id, _)| tree.get(id));
    let name = names::file(random, sibling.map(|known| known.name.as_str()));
    let mode = if random.random_bool(0.1) { Mode::Overwrite } else { Mode::Create };
    let content = content(random);
    let path = join(&directory, &name);
    let step = Step::Commit { path, mode, content: content.clone(), autorename: None };
    let effect = Effect::Made { parent, name, kind: NodeKind::File, content: Some(content) };
    Plan::one(step, effect, Some(parent))
}

fn create_directory(tree: &mut Tree, random: &mut impl Rng) -> Plan {
    let (parent, directory) = tree.pick_parent(random);
    let name = names::directory(random);
    let path = join(&directory, &name);
    if random.random_bool(0.1) {
        let path = join(&path, &names::directory(random));
        return Plan::one(Step::Mkdir { path, parents: true }, Effect::None, Some(parent));
    }
    let parents = random.random_bool(0.2);
    let effect = Effect::Made { parent, name, kind: NodeKind::Directory, content: None };
    Plan::one(Step::Mkdir { path, parents }, effect, Some(parent))
}

/// A folder that is dropped in as a whole, sometimes with a file that is moved into it.
fn create_batch(tree: &mut Tree, random: &mut impl Rng) -> Plan {
    let (parent, directory) = tree.pick_parent(random);
    let name = names::directory(random);
    let path = join(&directory, &name);
    let mut steps = vec![Step::Mkdir { path: path.clone(), parents: false }];
    let mut effects = vec![Effect::Made { parent, name, kind: NodeKind::Directory, content: None }];
    for _ in 0..random.random_range(1..=BATCH_FILES_MAX) {
        let path = join(&path, &names::file(random, None));
        let (mode, content) = (Mode::Overwrite, content(random));
        steps.push(Step::Commit { path, mode, content, autorename: None });
        // Their parent's id is not known yet: others will find them by listing.
        effects.push(Effect::None);
    }
    if random.random_bool(0.3)
        && let Some((id, from)) = tree.pick_file(random)
    {
        let to = join(&path, "moved-in.txt");
        steps.push(Step::Move { from, to, replace: false, rev: None });
        effects.push(Effect::Deleted { id });
    }
    Plan::new(Operation::Batch(steps), effects, None)
}

// ---------------------------------------------------------------- update

pub fn update(id: u64, path: String, mode: Mode, content: Content) -> Plan {
    let step = Step::Commit { path, mode, content: content.clone(), autorename: None };
    Plan::one(step, Effect::Updated { id, content }, Some(id))
}

pub fn current_update(tree: &mut Tree, random: &mut impl Rng) -> Option<Plan> {
    let (id, path) = tree.pick_file(random)?;
    let rev = tree.get(id)?.rev;
    let mode = if random.random_bool(0.7) { Mode::Update(rev) } else { Mode::Overwrite };
    Some(update(id, path, mode, content(random)))
}

/// Lets a commit become a conflicted copy rather than be refused.
pub fn with_autorename(mut plan: Plan, client: &str) -> Plan {
    if let Operation::Step(Step::Commit { autorename, .. }) = &mut plan.call.operation {
        *autorename = Some(client.to_owned());
    }
    plan
}

/// From a rev that was replaced; sometimes with the content that is there already, which
/// must succeed and change nothing.
pub fn stale_update(tree: &mut Tree, random: &mut impl Rng) -> Option<Plan> {
    let (id, path) = tree.pick_file(random)?;
    let known = tree.get(id)?;
    let rev = known.rev_before.unwrap_or(known.rev.saturating_sub(1));
    let equal = known.content.clone().filter(|_| random.random_bool(0.25));
    let content = equal.unwrap_or_else(|| content(random));
    Some(update(id, path, Mode::Update(rev), content))
}

// ---------------------------------------------------------------- delete

pub fn delete(tree: &mut Tree, random: &mut impl Rng) -> Option<Plan> {
    if random.random_bool(DIRECTORY_SHARE) {
        return delete_directory(tree, random);
    }
    // Not the popular ones, or all others would run into that all the time.
    let symlink = if random.random_bool(0.03) { tree.pick_symlink(random) } else { None };
    let (id, path) = symlink.or_else(|| tree.pick_any_file(random))?;
    let rev = tree.get(id).map(|known| known.rev).filter(|_| random.random_bool(0.1));
    Some(Plan::one(Step::Delete { path, recursive: false, rev }, Effect::Deleted { id }, Some(id)))
}

/// Mostly one without subdirectories, or the tree would never grow.
fn delete_directory(tree: &mut Tree, random: &mut impl Rng) -> Option<Plan> {
    let (id, path) = tree.pick_directory(random)?;
    let is_leaf = tree.get(id)?.subdirectories == 0;
    let recursive = random.random_bool(if is_leaf { 0.7 } else { 0.1 });
    Some(Plan::one(Step::Delete { path, recursive, rev: None }, Effect::Deleted { id }, Some(id)))
}

// ---------------------------------------------------------------- move

pub fn move_something(tree: &mut Tree, random: &mut impl Rng) -> Option<Plan> {
    let drawn: f64 = random.random();
    let picked = match drawn {
        ..0.15 => tree.pick_directory(random),
        0.15..0.2 => tree.pick_symlink(random),
        _ => None,
    };
    let (id, from) = picked.or_else(|| tree.pick_file(random))?;
    let known = tree.get(id)?;
    let is_file = known.kind != NodeKind::Directory;
    let rev = random.random_bool(0.1).then_some(known.rev);
    let parent = known.parent;
    let (parent, directory) = match tree.path(parent).filter(|_| random.random_bool(0.4)) {
        Some(directory) => (parent, directory),
        None => tree.pick_parent(random),
    };
    let replace = random.random_bool(0.1);
    let taken = tree.pick_file(random).filter(|_| replace && is_file);
    let (parent, name, to) = match taken.and_then(|(id, path)| Some((tree.get(id)?, path))) {
        Some((target, path)) => (target.parent, target.name.clone(), path),
        None => {
            let name = if is_file { names::file(random, None) } else { names::directory(random) };
            let path = join(&directory, &name);
            (parent, name, path)
        }
    };
    Some(Plan::one(
        Step::Move { from, to, replace, rev },
        Effect::Moved { id, parent, name },
        Some(id),
    ))
}

fn plain_move(id: u64, from: String, parent: (u64, &str), name: String) -> Plan {
    let step = Step::Move { from, to: join(parent.1, &name), replace: false, rev: None };
    Plan::one(step, Effect::Moved { id, parent: parent.0, name }, Some(id))
}

/// One file to two places, or two files to one place.
pub fn move_race(tree: &mut Tree, random: &mut impl Rng) -> Option<Next> {
    let (id, from) = tree.pick_file(random)?;
    let (parent, directory) = tree.pick_parent(random);
    let (other_id, other_from) = tree.pick_file(random)?;
    let name = names::file(random, None);
    let first = plain_move(id, from.clone(), (parent, &directory), name.clone());
    let second = if random.random_bool(0.5) {
        plain_move(other_id, other_from, (parent, &directory), name)
    } else {
        let (parent, directory) = tree.pick_parent(random);
        plain_move(id, from, (parent, &directory), names::file(random, None))
    };
    Some(Next::Race(first, second))
}

/// Two directories, each into the other: one of the moves must be refused.
pub fn cycle_race(tree: &mut Tree, random: &mut impl Rng) -> Option<Next> {
    let (a, a_path) = tree.pick_directory(random)?;
    let (b, b_path) = tree.pick_directory(random)?;
    if a == b {
        return None;
    }
    let first = plain_move(a, a_path.clone(), (b, &b_path), names::directory(random));
    let second = plain_move(b, b_path, (a, &a_path), names::directory(random));
    Some(Next::Race(first, second))
}
