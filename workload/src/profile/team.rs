//! One member of a team that works in a shared folder: creates, updates, deletes, reads and
//! moves by a measured chain, plus what finds bugs: stale updates, moves that race, a
//! directory and its descendant moved under each other at once, edits made offline, and what
//! the chain does not have: symlinks, copies, attributes, preconditions, conflicted copies, the
//! past, other namespaces, quotas and locks.
//!
//! Shares marked [i] are our interpolation, the others are published.

use std::collections::BTreeMap;

use metad_client::{Level, errors::Reason, v1::Cursor};
use rand::{Rng, RngExt, seq::IndexedRandom};

use super::{
    Next, Plan,
    beyond::beyond,
    chain::State,
    edits::{
        content, create, current_update, cycle_race, delete, move_race, move_something,
        stale_update, update, with_autorename,
    },
    extras::{attributes, conditional, copy, symlink},
    guards::guarded,
    survey::survey,
};
use crate::{
    execute::Answer,
    operation::{Call, Mode, Operation, Target},
    world::{Tree, World},
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
/// Short ones end within a mutation, and fall behind.
const JOURNAL_PAGES: [u32; 3] = [2, 12, 100]; // [i]
const OFFLINE_EDITS_MAX: usize = 8; // [i]
/// Below so many files a member, deletes become creates: the measured chain alone deletes
/// more than it creates, since the folders measured were not empty at first.
const FILES_PER_MEMBER_MIN: usize = 12; // [i]

#[cfg(test)]
mod tests;

/// One member's state.
pub struct Team {
    /// The client that conflicted copies are named after.
    name: String,
    state: State,
    /// Of each namespace whose journal it has read.
    cursors: BTreeMap<u64, Cursor>,
    /// A namespace to list, at a revision if there is one, since its cursor was too old.
    listing: Option<(u64, Option<u64>)>,
    /// The greatest revision that it was told.
    seen: u64,
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
            cursors: BTreeMap::new(),
            listing: None,
            seen: 0,
            offline: Vec::new(),
            is_back: false,
            files_min: members * FILES_PER_MEMBER_MIN,
        }
    }

    /// What this member does next.
    pub fn next(&mut self, world: &mut World, random: &mut impl Rng) -> Next {
        if let Some((ns, at)) = self.listing {
            let target = Target::Path("/".to_owned());
            let mut plan = Plan::plain(Operation::List { target, recursive: true, at }, None);
            plan.call.ns = ns;
            return Next::One(plan);
        }
        match self.planned(world, random) {
            Next::One(plan) => Next::One(guarded(plan, world, self.seen, random)),
            Next::Race(first, second) => Next::Race(
                guarded(first, world, self.seen, random),
                guarded(second, world, self.seen, random),
            ),
        }
    }

    /// What it looks at beside its work; mostly nothing. The randomness is not that of its work.
    pub fn beside(&self, world: &mut World, random: &mut impl Rng) -> Option<Plan> {
        let plan = survey(world, &self.cursors, random)?;
        Some(guarded(plan, world, self.seen, random))
    }

    fn planned(&mut self, world: &mut World, random: &mut impl Rng) -> Next {
        if let Some(plan) = self.offline_edit(world.tree(0), random) {
            return Next::One(plan.within(world, 0));
        }
        if let Some(plan) = beyond(world, &self.name, random) {
            return Next::One(plan);
        }
        let position = world.pick_tree(random);
        let revision = world.revision();
        let tree = world.tree_mut(position);
        let next = self.special(tree, revision, random);
        let next = next.unwrap_or_else(|| Next::One(self.usual(tree, random)));
        match next {
            Next::One(plan) => Next::One(plan.within(world, position)),
            Next::Race(first, second) => {
                Next::Race(first.within(world, position), second.within(world, position))
            }
        }
    }

    /// What the measured chain does not have; mostly nothing.
    fn special(&self, tree: &mut Tree, revision: u64, random: &mut impl Rng) -> Option<Next> {
        let mut drawn: f64 = random.random();
        let mut is_drawn = |share: f64| {
            let before = drawn;
            drawn -= share;
            (0.0..share).contains(&before)
        };
        if is_drawn(STALE_UPDATE_SHARE) {
            stale_update(tree, random).map(Next::One)
        } else if is_drawn(CONFLICTED_UPDATE_SHARE) {
            let stale = stale_update(tree, random);
            stale.map(|plan| Next::One(with_autorename(plan, &self.name)))
        } else if is_drawn(MOVE_RACE_SHARE) {
            move_race(tree, random)
        } else if is_drawn(CYCLE_RACE_SHARE) {
            cycle_race(tree, random)
        } else if is_drawn(COPY_SHARE) {
            copy(tree, random).map(Next::One)
        } else if is_drawn(SYMLINK_SHARE) {
            Some(Next::One(symlink(tree, random)))
        } else if is_drawn(ATTRIBUTES_SHARE) {
            attributes(tree, random).map(Next::One)
        } else if is_drawn(CONDITIONAL_SHARE) {
            conditional(tree, revision, random).map(Next::One)
        } else {
            None
        }
    }

    /// Learns from an answer.
    pub fn told(&mut self, call: &Call, answer: &Answer, revision: u64) {
        if let Answer::Journal(page) = answer
            && let Some(cursor) = page.cursor
        {
            self.cursors.insert(call.ns, cursor);
        }
        if self.is_listing(call) {
            // After whatever else that revision may hold.
            self.cursors.insert(call.ns, Cursor { revision, ordinal: u32::MAX });
            self.listing = None;
        }
    }

    /// An answer or a refusal told of this revision.
    pub fn reached(&mut self, revision: u64) {
        self.seen = self.seen.max(revision);
    }

    /// The cursor that it read a journal with is too old: it lists what is there instead.
    pub fn reset(&mut self, ns: u64, revision: u64) {
        self.cursors.remove(&ns);
        self.listing = Some((ns, Some(revision)));
    }

    /// Where it should have listed is no longer kept: it lists what is there now.
    pub fn refused(&mut self, call: &Call, reason: Reason) {
        if self.is_listing(call) {
            self.listing = (reason == Reason::RevisionCompacted).then_some((call.ns, None));
        }
    }

    fn is_listing(&self, call: &Call) -> bool {
        matches!(&call.operation, Operation::List { target: Target::Path(path), recursive: true, at }
            if path == "/" && self.listing == Some((call.ns, *at)))
    }

    /// Remembers what it sees now, to edit it later as if nothing had happened since.
    pub fn go_offline(&mut self, tree: &mut Tree, random: &mut impl Rng) {
        self.is_back = false;
        for _ in 0..OFFLINE_EDITS_MAX {
            if let Some((id, _)) = tree.pick_file(random) {
                self.offline.extend(tree.get(id).map(|known| (id, known.rev)));
            }
        }
    }

    /// Sends its offline edits next.
    pub fn come_back(&mut self) {
        self.is_back = true;
        self.state = State::Start;
    }

    fn offline_edit(&mut self, tree: &Tree, random: &mut impl Rng) -> Option<Plan> {
        while self.is_back {
            let Some((id, rev)) = self.offline.pop() else {
                self.is_back = false;
                break;
            };
            if let Some(path) = tree.path(id) {
                let plan = update(id, path, Mode::Update(rev), content(random));
                return Some(self.maybe_autorename(plan, random));
            }
        }
        None
    }

    fn usual(&mut self, tree: &mut Tree, random: &mut impl Rng) -> Plan {
        self.state = self.state.next(random);
        let plan = match self.state {
            State::Start | State::Create => None,
            State::Update => {
                let plan = current_update(tree, random);
                plan.map(|plan| self.maybe_autorename(plan, random))
            }
            State::Delete if tree.file_count() < self.files_min => None,
            State::Delete => delete(tree, random),
            State::Read => Some(self.read(tree, random)),
            State::Move => move_something(tree, random),
        };
        plan.unwrap_or_else(|| create(tree, random))
    }

    fn maybe_autorename(&self, plan: Plan, random: &mut impl Rng) -> Plan {
        match random.random_bool(AUTORENAME_SHARE) {
            true => with_autorename(plan, &self.name),
            false => plan,
        }
    }

    fn read(&self, tree: &mut Tree, random: &mut impl Rng) -> Plan {
        let drawn: f64 = random.random();
        if drawn < 0.10 {
            let cursor = self.cursors.get(&tree.ns()).copied();
            if random.random_bool(0.4) {
                let mut plan = Plan::plain(Operation::Subscribe { cursor }, None);
                // Any node tells what it has.
                plan.call.level = Some(Level::Any);
                return plan;
            }
            let limit = *JOURNAL_PAGES.choose(random).expect("not empty");
            let operation = Operation::Journal { cursor, limit };
            return Plan::plain(operation, None);
        }
        if drawn < 0.35 {
            let (id, path) = tree.pick_parent(random);
            return Plan::plain(Operation::list(&path), Some(id));
        }
        let symlink = if random.random_bool(0.05) { tree.pick_symlink(random) } else { None };
        let picked = symlink.or_else(|| tree.pick_file(random));
        let (id, path) = picked.unwrap_or_else(|| tree.pick_parent(random));
        let target = if random.random_bool(0.25) { Target::Id(id) } else { Target::Path(path) };
        if drawn < 0.50 {
            Plan::plain(Operation::Lookup { target, at: None }, Some(id))
        } else {
            Plan::plain(Operation::Stat { target, at: None }, Some(id))
        }
    }
}
