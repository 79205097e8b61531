//! One member of a team that works in a shared folder: creates, updates, deletes, reads and
//! moves by a measured chain, plus what finds bugs: stale updates, moves that race, a
//! directory and its descendant moved under each other at once, and edits made offline.
//!
//! Shares marked [i] are our interpolation, the others are published.

use metad_client::v1::Cursor;
use rand::{Rng, RngExt};

use super::{Next, Plan, chain::State};
use crate::{
    execute::Answer,
    names,
    operation::{Content, Mode, Operation, Step, Target},
    world::{Effect, World},
};

const STALE_UPDATE_SHARE: f64 = 0.02; // [i]
const MOVE_RACE_SHARE: f64 = 0.01; // [i]
const CYCLE_RACE_SHARE: f64 = 0.002; // [i]
const DIRECTORY_SHARE: f64 = 1.0 / 11.0; // about 10 files a directory
const BATCH_SHARE: f64 = 0.04; // [i]
const BATCH_FILES_MAX: u32 = 8; // [i]
const JOURNAL_PAGE: u32 = 100; // [i]
const OFFLINE_EDITS_MAX: usize = 8; // [i]
/// Below so many files a member, deletes become creates: the measured chain alone deletes
/// more than it creates, since the folders measured were not empty at first.
const FILES_PER_MEMBER_MIN: usize = 12; // [i]

/// One member's state.
pub struct Team {
    state: State,
    cursor: Option<Cursor>,
    /// Files and the revs that were seen before going offline, then edits to make.
    offline: Vec<(u64, u64)>,
    is_back: bool,
    files_min: usize,
}

impl Team {
    /// A member of a team of this many.
    pub fn new(members: usize) -> Self {
        let files_min = members * FILES_PER_MEMBER_MIN;
        Team { state: State::Start, cursor: None, offline: Vec::new(), is_back: false, files_min }
    }

    /// What this member does next.
    pub fn next(&mut self, world: &mut World, random: &mut impl Rng) -> Next {
        if let Some(plan) = self.offline_edit(world, random) {
            return Next::One(plan);
        }
        let drawn: f64 = random.random();
        let special = if drawn < STALE_UPDATE_SHARE {
            stale_update(world, random).map(Next::One)
        } else if drawn < STALE_UPDATE_SHARE + MOVE_RACE_SHARE {
            move_race(world, random)
        } else if drawn < STALE_UPDATE_SHARE + MOVE_RACE_SHARE + CYCLE_RACE_SHARE {
            cycle_race(world, random)
        } else {
            None
        };
        special.unwrap_or_else(|| Next::One(self.usual(world, random)))
    }

    /// Learns from an answer.
    pub fn told(&mut self, answer: &Answer) {
        if let Answer::Journal(page) = answer {
            self.cursor = page.cursor.or(self.cursor);
        }
    }

    /// Remembers what it sees now, to edit it later as if nothing had happened since.
    pub fn go_offline(&mut self, world: &mut World, random: &mut impl Rng) {
        self.is_back = false;
        for _ in 0..OFFLINE_EDITS_MAX {
            if let Some((id, _)) = world.pick_file(random) {
                self.offline.extend(world.get(id).map(|known| (id, known.rev)));
            }
        }
    }

    /// Sends its offline edits next.
    pub fn come_back(&mut self) {
        self.is_back = true;
        self.state = State::Start;
    }

    fn offline_edit(&mut self, world: &World, random: &mut impl Rng) -> Option<Plan> {
        while self.is_back {
            let Some((id, rev)) = self.offline.pop() else {
                self.is_back = false;
                break;
            };
            if let Some(path) = world.path(id) {
                return Some(update(id, path, Mode::Update(rev), content(random)));
            }
        }
        None
    }

    fn usual(&mut self, world: &mut World, random: &mut impl Rng) -> Plan {
        self.state = self.state.next(random);
        let plan = match self.state {
            State::Start | State::Create => None,
            State::Update => current_update(world, random),
            State::Delete if world.file_count() < self.files_min => None,
            State::Delete => delete(world, random),
            State::Read => Some(self.read(world, random)),
            State::Move => move_something(world, random),
        };
        plan.unwrap_or_else(|| create(world, random))
    }

    fn read(&self, world: &mut World, random: &mut impl Rng) -> Plan {
        let reading = |operation, about| Plan { operation, effects: Vec::new(), about };
        let drawn: f64 = random.random();
        if drawn < 0.10 {
            let operation = Operation::Journal { cursor: self.cursor, limit: JOURNAL_PAGE };
            return reading(operation, None);
        }
        if drawn < 0.35 {
            let (id, path) = world.pick_parent(random);
            return reading(Operation::List { path }, Some(id));
        }
        let picked = world.pick_file(random);
        let (id, path) = picked.unwrap_or_else(|| world.pick_parent(random));
        let target = if random.random_bool(0.25) { Target::Id(id) } else { Target::Path(path) };
        if drawn < 0.50 {
            reading(Operation::Lookup(target), Some(id))
        } else {
            reading(Operation::Stat(target), Some(id))
        }
    }
}

fn content(random: &mut impl Rng) -> Content {
    Content { hash: random.random(), size: names::size_bytes(random) }
}

fn join(directory: &str, name: &str) -> String {
    if directory == "/" { format!("/{name}") } else { format!("{directory}/{name}") }
}

fn one(step: Step, effect: Effect, about: Option<u64>) -> Plan {
    Plan { operation: Operation::Step(step), effects: vec![effect], about }
}

// ---------------------------------------------------------------- create

fn create(world: &mut World, random: &mut impl Rng) -> Plan {
    let drawn: f64 = random.random();
    if drawn < BATCH_SHARE {
        create_batch(world, random)
    } else if drawn < BATCH_SHARE + DIRECTORY_SHARE {
        create_directory(world, random)
    } else {
        create_file(world, random)
    }
}

fn create_file(world: &mut World, random: &mut impl Rng) -> Plan {
    let (parent, directory) = world.pick_parent(random);
    let sibling = world.pick_file(random).and_then(|(id, _)| world.get(id));
    let name = names::file(random, sibling.map(|known| known.name.as_str()));
    let mode = if random.random_bool(0.1) { Mode::Overwrite } else { Mode::Create };
    let content = content(random);
    let step = Step::Commit { path: join(&directory, &name), mode, content: content.clone() };
    one(step, Effect::Made { parent, name, content: Some(content) }, Some(parent))
}

fn create_directory(world: &mut World, random: &mut impl Rng) -> Plan {
    let (parent, directory) = world.pick_parent(random);
    let name = names::directory(random);
    let path = join(&directory, &name);
    if random.random_bool(0.1) {
        let path = join(&path, &names::directory(random));
        return one(Step::Mkdir { path, parents: true }, Effect::None, Some(parent));
    }
    let parents = random.random_bool(0.2);
    let effect = Effect::Made { parent, name, content: None };
    one(Step::Mkdir { path, parents }, effect, Some(parent))
}

/// A folder that is dropped in as a whole, sometimes with a file that is moved into it.
fn create_batch(world: &mut World, random: &mut impl Rng) -> Plan {
    let (parent, directory) = world.pick_parent(random);
    let name = names::directory(random);
    let path = join(&directory, &name);
    let mut steps = vec![Step::Mkdir { path: path.clone(), parents: false }];
    let mut effects = vec![Effect::Made { parent, name, content: None }];
    for _ in 0..random.random_range(1..=BATCH_FILES_MAX) {
        let path = join(&path, &names::file(random, None));
        steps.push(Step::Commit { path, mode: Mode::Overwrite, content: content(random) });
        // Their parent's id is not known yet: others will find them by listing.
        effects.push(Effect::None);
    }
    if random.random_bool(0.3)
        && let Some((id, from)) = world.pick_file(random)
    {
        let to = join(&path, "moved-in.txt");
        steps.push(Step::Move { from, to, replace: false, rev: None });
        effects.push(Effect::Deleted { id });
    }
    Plan { operation: Operation::Batch(steps), effects, about: None }
}

// ---------------------------------------------------------------- update

fn update(id: u64, path: String, mode: Mode, content: Content) -> Plan {
    let step = Step::Commit { path, mode, content: content.clone() };
    one(step, Effect::Updated { id, content }, Some(id))
}

fn current_update(world: &mut World, random: &mut impl Rng) -> Option<Plan> {
    let (id, path) = world.pick_file(random)?;
    let rev = world.get(id)?.rev;
    let mode = if random.random_bool(0.7) { Mode::Update(rev) } else { Mode::Overwrite };
    Some(update(id, path, mode, content(random)))
}

/// From a rev that was replaced; sometimes with the content that is there already, which
/// must succeed and change nothing.
fn stale_update(world: &mut World, random: &mut impl Rng) -> Option<Plan> {
    let (id, path) = world.pick_file(random)?;
    let known = world.get(id)?;
    let rev = known.rev_before.unwrap_or(known.rev.saturating_sub(1));
    let equal = known.content.clone().filter(|_| random.random_bool(0.25));
    let content = equal.unwrap_or_else(|| content(random));
    Some(update(id, path, Mode::Update(rev), content))
}

// ---------------------------------------------------------------- delete

fn delete(world: &mut World, random: &mut impl Rng) -> Option<Plan> {
    if random.random_bool(DIRECTORY_SHARE) {
        return delete_directory(world, random);
    }
    // Not the popular ones, or all others would run into that all the time.
    let (id, path) = world.pick_any_file(random)?;
    let rev = world.get(id).map(|known| known.rev).filter(|_| random.random_bool(0.1));
    Some(one(Step::Delete { path, recursive: false, rev }, Effect::Deleted { id }, Some(id)))
}

/// Mostly one without subdirectories, or the tree would never grow.
fn delete_directory(world: &mut World, random: &mut impl Rng) -> Option<Plan> {
    let (id, path) = world.pick_directory(random)?;
    let is_leaf = world.get(id)?.subdirectories == 0;
    let recursive = random.random_bool(if is_leaf { 0.7 } else { 0.1 });
    Some(one(Step::Delete { path, recursive, rev: None }, Effect::Deleted { id }, Some(id)))
}

// ---------------------------------------------------------------- move

fn move_something(world: &mut World, random: &mut impl Rng) -> Option<Plan> {
    let drawn: f64 = random.random();
    let (id, from) =
        if drawn < 0.15 { world.pick_directory(random)? } else { world.pick_file(random)? };
    let known = world.get(id)?;
    let is_file = known.is_file;
    let rev = random.random_bool(0.1).then_some(known.rev);
    let parent = known.parent;
    let (parent, directory) = match world.path(parent).filter(|_| random.random_bool(0.4)) {
        Some(directory) => (parent, directory),
        None => world.pick_parent(random),
    };
    let replace = random.random_bool(0.1);
    let taken = world.pick_file(random).filter(|_| replace && is_file);
    let (parent, name, to) = match taken.and_then(|(id, path)| Some((world.get(id)?, path))) {
        Some((target, path)) => (target.parent, target.name.clone(), path),
        None => {
            let name = if is_file { names::file(random, None) } else { names::directory(random) };
            let path = join(&directory, &name);
            (parent, name, path)
        }
    };
    Some(one(Step::Move { from, to, replace, rev }, Effect::Moved { id, parent, name }, Some(id)))
}

fn plain_move(id: u64, from: String, parent: (u64, &str), name: String) -> Plan {
    let step = Step::Move { from, to: join(parent.1, &name), replace: false, rev: None };
    one(step, Effect::Moved { id, parent: parent.0, name }, Some(id))
}

/// One file to two places, or two files to one place.
fn move_race(world: &mut World, random: &mut impl Rng) -> Option<Next> {
    let (id, from) = world.pick_file(random)?;
    let (parent, directory) = world.pick_parent(random);
    let (other_id, other_from) = world.pick_file(random)?;
    let name = names::file(random, None);
    let first = plain_move(id, from.clone(), (parent, &directory), name.clone());
    let second = if random.random_bool(0.5) {
        plain_move(other_id, other_from, (parent, &directory), name)
    } else {
        let (parent, directory) = world.pick_parent(random);
        plain_move(id, from, (parent, &directory), names::file(random, None))
    };
    Some(Next::Race(first, second))
}

/// Two directories, each into the other: one of the moves must be refused.
fn cycle_race(world: &mut World, random: &mut impl Rng) -> Option<Next> {
    let (a, a_path) = world.pick_directory(random)?;
    let (b, b_path) = world.pick_directory(random)?;
    if a == b {
        return None;
    }
    let first = plain_move(a, a_path.clone(), (b, &b_path), names::directory(random));
    let second = plain_move(b, b_path, (a, &a_path), names::directory(random));
    Some(Next::Race(first, second))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng, rngs::ChaCha8Rng};

    /// Plays plans against a world that acknowledges all of them.
    fn play(seed: u64, count: usize) -> Vec<Operation> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut world = World::new(1);
        let mut team = Team::new(2);
        let mut operations = Vec::new();
        for round in 0..count as u64 {
            let plan = match team.next(&mut world, &mut random) {
                Next::One(plan) | Next::Race(plan, _) => plan,
            };
            for effect in plan.effects {
                let id = plan.about.filter(|_| !matches!(effect, Effect::Made { .. }));
                world.acknowledge(effect, id.unwrap_or(round + 2), round + 2);
            }
            operations.push(plan.operation);
        }
        operations
    }

    #[test]
    fn a_seed_gives_one_plan() {
        assert_eq!(play(5, 2_000), play(5, 2_000));
        assert_ne!(play(5, 100), play(6, 100));
    }

    #[test]
    fn every_operation_occurs() {
        let operations = play(1, 5_000);
        for f in ["mkdir", "commit", "move", "delete", "batch", "stat", "lookup", "list", "journal"]
        {
            let count = operations.iter().filter(|operation| operation.f() == f).count();
            assert!(count >= 10, "{f}: {count}");
        }
    }
}
