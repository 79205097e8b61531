//! One member of a team that works in a shared folder: creates, updates, deletes, reads and
//! moves by a measured chain, plus what finds bugs: stale updates, moves that race, a
//! directory and its descendant moved under each other at once, edits made offline, and what
//! the chain does not have: symlinks, copies, attributes, preconditions, conflicted copies.
//!
//! Shares marked [i] are our interpolation, the others are published.

use metad_client::v1::Cursor;
use rand::{Rng, RngExt};

use super::{
    Next, Plan,
    chain::State,
    edits::{
        content, create, current_update, cycle_race, delete, move_race, move_something,
        stale_update, update, with_autorename,
    },
    extras::{attributes, conditional, copy, symlink},
};
use crate::{
    execute::Answer,
    operation::{Mode, Operation, Target},
    world::World,
};

const STALE_UPDATE_SHARE: f64 = 0.02; // [i]
const MOVE_RACE_SHARE: f64 = 0.01; // [i]
const CYCLE_RACE_SHARE: f64 = 0.002; // [i]
const CONFLICTED_UPDATE_SHARE: f64 = 0.015; // [i]
const COPY_SHARE: f64 = 0.012; // [i]
const SYMLINK_SHARE: f64 = 0.01; // [i]
const ATTRIBUTES_SHARE: f64 = 0.02; // [i]
const CONDITIONAL_SHARE: f64 = 0.02; // [i]
/// Of the edits made offline and of the usual updates.
const AUTORENAME_SHARE: f64 = 0.05; // [i]
const JOURNAL_PAGE: u32 = 100; // [i]
const OFFLINE_EDITS_MAX: usize = 8; // [i]
/// Below so many files a member, deletes become creates: the measured chain alone deletes
/// more than it creates, since the folders measured were not empty at first.
const FILES_PER_MEMBER_MIN: usize = 12; // [i]

/// One member's state.
pub struct Team {
    /// The client that conflicted copies are named after.
    name: String,
    state: State,
    cursor: Option<Cursor>,
    /// Files and the revs that were seen before going offline, then edits to make.
    offline: Vec<(u64, u64)>,
    is_back: bool,
    files_min: usize,
}

impl Team {
    /// The `number`th member of a team of this many.
    pub fn new(members: usize, number: u64) -> Self {
        Team {
            name: format!("member {number}"),
            state: State::Start,
            cursor: None,
            offline: Vec::new(),
            is_back: false,
            files_min: members * FILES_PER_MEMBER_MIN,
        }
    }

    /// What this member does next.
    pub fn next(&mut self, world: &mut World, random: &mut impl Rng) -> Next {
        if let Some(plan) = self.offline_edit(world, random) {
            return Next::One(plan);
        }
        let special = self.special(world, random);
        special.unwrap_or_else(|| Next::One(self.usual(world, random)))
    }

    /// What the measured chain does not have; mostly nothing.
    fn special(&self, world: &mut World, random: &mut impl Rng) -> Option<Next> {
        let mut drawn: f64 = random.random();
        let mut is_drawn = |share: f64| {
            let before = drawn;
            drawn -= share;
            (0.0..share).contains(&before)
        };
        if is_drawn(STALE_UPDATE_SHARE) {
            stale_update(world, random).map(Next::One)
        } else if is_drawn(CONFLICTED_UPDATE_SHARE) {
            let stale = stale_update(world, random);
            stale.map(|plan| Next::One(with_autorename(plan, &self.name)))
        } else if is_drawn(MOVE_RACE_SHARE) {
            move_race(world, random)
        } else if is_drawn(CYCLE_RACE_SHARE) {
            cycle_race(world, random)
        } else if is_drawn(COPY_SHARE) {
            copy(world, random).map(Next::One)
        } else if is_drawn(SYMLINK_SHARE) {
            Some(Next::One(symlink(world, random)))
        } else if is_drawn(ATTRIBUTES_SHARE) {
            attributes(world, random).map(Next::One)
        } else if is_drawn(CONDITIONAL_SHARE) {
            conditional(world, random).map(Next::One)
        } else {
            None
        }
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
                let plan = update(id, path, Mode::Update(rev), content(random));
                return Some(self.maybe_autorename(plan, random));
            }
        }
        None
    }

    fn usual(&mut self, world: &mut World, random: &mut impl Rng) -> Plan {
        self.state = self.state.next(random);
        let plan = match self.state {
            State::Start | State::Create => None,
            State::Update => {
                let plan = current_update(world, random);
                plan.map(|plan| self.maybe_autorename(plan, random))
            }
            State::Delete if world.file_count() < self.files_min => None,
            State::Delete => delete(world, random),
            State::Read => Some(self.read(world, random)),
            State::Move => move_something(world, random),
        };
        plan.unwrap_or_else(|| create(world, random))
    }

    fn maybe_autorename(&self, plan: Plan, random: &mut impl Rng) -> Plan {
        match random.random_bool(AUTORENAME_SHARE) {
            true => with_autorename(plan, &self.name),
            false => plan,
        }
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
        let symlink = if random.random_bool(0.05) { world.pick_symlink(random) } else { None };
        let picked = symlink.or_else(|| world.pick_file(random));
        let (id, path) = picked.unwrap_or_else(|| world.pick_parent(random));
        let target = if random.random_bool(0.25) { Target::Id(id) } else { Target::Path(path) };
        if drawn < 0.50 {
            reading(Operation::Lookup(target), Some(id))
        } else {
            reading(Operation::Stat(target), Some(id))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{operation::Step, world::Effect};
    use rand::{SeedableRng, rngs::ChaCha8Rng};

    /// Plays plans against a world that acknowledges all of them.
    fn play(seed: u64, count: usize) -> Vec<Operation> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut world = World::new(1);
        let mut team = Team::new(2, 0);
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
        let names = [
            "mkdir",
            "commit",
            "symlink",
            "copy",
            "move",
            "delete",
            "set_attributes",
            "check",
            "batch",
            "stat",
            "lookup",
            "list",
            "journal",
        ];
        for f in names {
            let count = operations.iter().filter(|operation| operation.f() == f).count();
            assert!(count >= if f == "check" { 1 } else { 10 }, "{f}: {count}");
        }
    }

    #[test]
    fn some_updates_may_become_conflicted_copies_and_some_batches_have_conditions() {
        let operations = play(1, 5_000);
        let share = |is: fn(&Operation) -> bool| {
            operations.iter().filter(|operation| is(operation)).count() as f64 / 5_000.0
        };
        let conflicted = share(|operation| {
            matches!(operation, Operation::Step(Step::Commit { autorename: Some(_), .. }))
        });
        let conditional = share(|operation| match operation {
            Operation::Batch(steps) => matches!(steps.first(), Some(Step::Check { .. })),
            _ => false,
        });
        assert!((0.015..0.06).contains(&conflicted), "{conflicted}");
        assert!((0.01..0.03).contains(&conditional), "{conditional}");
    }
}
