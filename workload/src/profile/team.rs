//! One member of a team that works in a shared folder: creates, updates, deletes, reads and
//! moves by a measured chain, plus what finds bugs: stale updates, moves that race, a
//! directory and its descendant moved under each other at once, and edits made offline.
//!
//! Shares marked [i] are our interpolation, the others are published.

use metad_client::v1::Cursor;
use rand::{Rng, RngExt};

use super::{
    Next, Plan,
    chain::State,
    edits::{
        content, create, current_update, cycle_race, delete, move_race, move_something,
        stale_update, update,
    },
};
use crate::{
    execute::Answer,
    operation::{Mode, Operation, Target},
    world::World,
};

const STALE_UPDATE_SHARE: f64 = 0.02; // [i]
const MOVE_RACE_SHARE: f64 = 0.01; // [i]
const CYCLE_RACE_SHARE: f64 = 0.002; // [i]
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Effect;
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
