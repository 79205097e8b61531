//! Plans for the namespace of the clients that keep replicas: nothing is replaced or deleted
//! but by who names the rev that it has seen, so that whatever is lost there was lost by
//! mistake.
//!
//! All shares are our interpolation.

use rand::{Rng, RngExt};

use super::{
    Plan,
    edits::{content, join, with_autorename},
    spaces::through,
};
use crate::{
    names,
    operation::{Mode, NodeKind, Operation, Step, Target},
    world::{Effect, Tree, World},
};

/// One look or edit, or something of the first tree that is handed in.
pub fn polite(world: &mut World, client: &str, random: &mut impl Rng) -> Option<Plan> {
    let position = world.polite()?;
    let drawn = random.random_range(0..100);
    if drawn < 8 {
        return hand_in(world, position, random);
    }
    let tree = world.tree_mut(position);
    let plan = match drawn {
        8..30 => {
            let (id, path) = tree.pick_parent(random);
            Plan::plain(Operation::list(&path), Some(id))
        }
        30..40 => {
            let (id, path) = tree.pick_file(random)?;
            Plan::plain(Operation::Stat { target: Target::Path(path), at: None }, Some(id))
        }
        40..60 => create(tree, random),
        60..65 => {
            let (parent, directory) = tree.pick_parent(random);
            let name = names::directory(random);
            let path = join(&directory, &name);
            let effect = Effect::Made { parent, name, kind: NodeKind::Directory, content: None };
            Plan::one(Step::Mkdir { path, parents: false }, effect, Some(parent))
        }
        65..82 => {
            let plan = update(tree, random)?;
            if random.random_bool(0.5) { with_autorename(plan, client) } else { plan }
        }
        82..92 => rename(tree, random)?,
        _ => {
            let (id, path) = tree.pick_any_file(random)?;
            let rev = Some(tree.get(id)?.rev);
            let step = Step::Delete { path, recursive: false, rev };
            Plan::one(step, Effect::Deleted { id }, Some(id))
        }
    };
    Some(plan.within(world, position))
}

fn create(tree: &mut Tree, random: &mut impl Rng) -> Plan {
    let (parent, directory) = tree.pick_parent(random);
    let sibling = tree.pick_file(random).and_then(|(id, _)| tree.get(id));
    let name = names::file(random, sibling.map(|known| known.name.as_str()));
    let (path, mode, content) = (join(&directory, &name), Mode::Create, content(random));
    let step = Step::Commit { path, mode, content: content.clone(), autorename: None };
    let effect = Effect::Made { parent, name, kind: NodeKind::File, content: Some(content) };
    Plan::one(step, effect, Some(parent))
}

fn update(tree: &mut Tree, random: &mut impl Rng) -> Option<Plan> {
    let (id, path) = tree.pick_file(random)?;
    let mode = Mode::Update(tree.get(id)?.rev);
    Some(super::edits::update(id, path, mode, content(random)))
}

fn rename(tree: &mut Tree, random: &mut impl Rng) -> Option<Plan> {
    let is_directory = random.random_bool(0.2);
    let picked = if is_directory { tree.pick_directory(random) } else { tree.pick_file(random) };
    let (id, from) = picked?;
    let rev = Some(tree.get(id)?.rev);
    let (parent, directory) = tree.pick_parent(random);
    let name = if is_directory { names::directory(random) } else { names::file(random, None) };
    let step = Step::Move { from, to: join(&directory, &name), replace: false, rev };
    Some(Plan::one(step, Effect::Moved { id, parent, name }, Some(id)))
}

/// A move out of the first tree, which replaces nothing where it goes to.
fn hand_in(world: &mut World, position: usize, random: &mut impl Rng) -> Option<Plan> {
    let way = world.way_to(world.tree(position).ns(), random)?;
    let is_directory = random.random_bool(0.4);
    let main = world.tree_mut(0);
    let picked = if is_directory { main.pick_directory(random) } else { main.pick_file(random) };
    let (id, from) = picked?;
    let (parent, directory) = world.tree_mut(position).pick_parent(random);
    let name = if is_directory { names::directory(random) } else { names::file(random, None) };
    let to = through(&way, &join(&directory, &name));
    let step = Step::Move { from, to, replace: false, rev: None };
    let moved = Plan::one(step, Effect::Moved { id, parent, name }, Some(id)).within(world, 0);
    Some(Plan { to_tree: Some(position), through_mount: true, ..moved })
}
