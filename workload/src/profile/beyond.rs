//! How often a team member does what is beyond one tree at present: the past, other
//! namespaces, quotas, locks.
//!
//! All shares are our interpolation; together they are about a tenth.

use rand::{Rng, RngExt};

use super::{Plan, guards, past, polite::polite, spaces};
use crate::world::World;

const READ_PAST: f64 = 0.02;
const READ_MANY: f64 = 0.015;
const COMPARE: f64 = 0.008;
const SNAPSHOT: f64 = 0.005;
const RESTORE: f64 = 0.006;
const COPY_PAST: f64 = 0.004;
const LOCK: f64 = 0.02;
const CROSS: f64 = 0.012;
const MOUNT: f64 = 0.003;
const ON_MOUNT: f64 = 0.004;
const PASSING: f64 = 0.012;
const DESCRIBE: f64 = 0.004;
const SET_QUOTA: f64 = 0.003;
const CROWD: f64 = 0.008;
/// In the namespace of clients with replicas.
const POLITE: f64 = 0.03;

/// Mostly nothing; None also if there is nothing to do it with.
pub fn beyond(world: &mut World, client: &str, random: &mut impl Rng) -> Option<Plan> {
    let mut drawn: f64 = random.random();
    let mut is_drawn = |share: f64| {
        let before = drawn;
        drawn -= share;
        (0.0..share).contains(&before)
    };
    let tree = world.pick_tree(random);
    let plan = if is_drawn(READ_PAST) {
        past::read_past(world, tree, random)
    } else if is_drawn(READ_MANY) {
        past::read_many(world, tree, random)
    } else if is_drawn(COMPARE) {
        past::compare(world, tree, random)?
    } else if is_drawn(SNAPSHOT) {
        return Some(past::snapshot(world, tree, random));
    } else if is_drawn(RESTORE) {
        past::restore(world, tree, random)?
    } else if is_drawn(COPY_PAST) {
        past::copy_past(world, tree, random)?
    } else if is_drawn(LOCK) {
        return Some(guards::lock(world, tree, random));
    } else if is_drawn(CROSS) {
        return spaces::cross(world, random);
    } else if is_drawn(MOUNT) {
        return spaces::mount(world, random);
    } else if is_drawn(ON_MOUNT) {
        return spaces::on_mount(world, random);
    } else if is_drawn(PASSING) {
        return Some(spaces::passing(world, random));
    } else if is_drawn(DESCRIBE) {
        return Some(spaces::describe(world, tree));
    } else if is_drawn(SET_QUOTA) {
        return spaces::set_quota(world, random);
    } else if is_drawn(CROWD) {
        return spaces::crowd(world, random);
    } else if is_drawn(POLITE) {
        return polite(world, client, random);
    } else {
        return None;
    };
    Some(plan.within(world, tree))
}
