//! What plans rest on: locks and their tokens, how fresh a read must be, which way a path
//! takes and how it is spelled.
//!
//! All shares are our interpolation.

use metad_client::Level;
use rand::{Rng, RngExt, seq::IndexedRandom};

use super::{Plan, by_id::by_id, spaces::through};
use crate::{
    names,
    operation::{LockName, Operation, Target},
    world::World,
};

const FENCED_SHARE: f64 = 0.04;
/// Of reads.
const LEVEL_SHARE: f64 = 0.2;
/// Of plans for a tree that is mounted.
const THROUGH_SHARE: f64 = 0.5;
/// Of plans whose paths lead through no mount.
const BY_ID_SHARE: f64 = 0.12;
/// Of plans for a tree where the spelling of names does not count.
const RESPELLED_SHARE: f64 = 0.15;
/// Few, so that clients meet.
const LOCK_PATHS: u32 = 3;
const LOCK_NAMES: &[&str] = &["", "", "edit"];
const TTL_MS_MIN: u64 = 1_000;
const TTL_MS_MAX: u64 = 6_000;

/// Acquires, renews, releases or looks at a lock.
pub fn lock(world: &mut World, tree: usize, random: &mut impl Rng) -> Plan {
    let ttl_ms = random.random_range(TTL_MS_MIN..=TTL_MS_MAX);
    let drawn: f64 = random.random();
    let grant = world.pick_grant(random).filter(|_| drawn < 0.5).cloned();
    let Some(grant) = grant else {
        let lock = pick_lock(world, tree, random);
        let operation = match random.random_bool(0.75) {
            // Not for long enough, which must be refused.
            true if random.random_bool(0.02) => Operation::AcquireLock { lock, ttl_ms: 10 },
            true => Operation::AcquireLock { lock, ttl_ms },
            false => Operation::GetLock(lock),
        };
        return Plan::plain(operation, None).within(world, tree);
    };
    let (lock, token) = (grant.lock, grant.token);
    let operation = match random.random_range(0..10) {
        0..4 => Operation::RenewLock { lock, token, ttl_ms },
        4..8 => Operation::ReleaseLock { lock, token },
        _ => Operation::GetLock(lock),
    };
    let mut plan = Plan::plain(operation, None);
    plan.call.ns = grant.ns;
    plan
}

fn pick_lock(world: &mut World, tree: usize, random: &mut impl Rng) -> LockName {
    let on_node = random.random_bool(0.3);
    let target = match world.tree_mut(tree).pick_file(random).filter(|_| on_node) {
        Some((id, _)) => Target::Id(id),
        None => Target::Path(format!("/lock-{}", random.random_range(0..LOCK_PATHS))),
    };
    let name = (*LOCK_NAMES.choose(random).expect("not empty")).to_owned();
    LockName { target, name }
}

/// A plan as it is sent: perhaps through a mount, under another spelling, with fences, or at
/// another level of consistency. `seen` is the greatest revision that this client was told.
pub fn guarded(mut plan: Plan, world: &mut World, seen: u64, random: &mut impl Rng) -> Plan {
    // Who deals with replicas looks at what is done in their namespace by that name only.
    let is_polite = world.polite() == Some(plan.tree);
    if plan.tree > 0 && !is_polite && !plan.through_mount && random.random_bool(THROUGH_SHARE) {
        plan = through_mount(plan, world, random);
    }
    let is_named = plan.through_mount || is_polite;
    if !is_named && random.random_bool(BY_ID_SHARE) {
        plan = by_id(plan);
    }
    if world.tree(plan.tree).is_casefold() && random.random_bool(RESPELLED_SHARE) {
        respell(&mut plan, random);
    }
    if plan.call.operation.is_mutation() {
        if !names_a_token(&plan.call.operation) && random.random_bool(FENCED_SHARE) {
            plan.call.fences.extend(world.pick_grant(random).cloned());
        }
    } else if plan.call.level.is_none() && random.random_bool(world.lease_share()) {
        plan.call.level = Some(Level::Lease);
    } else if plan.call.level.is_none() && random.random_bool(LEVEL_SHARE) {
        plan.call.level = Some(match random.random_range(0..10) {
            // A diff answers with its later revision, which may lie before what was seen.
            0..5 if !matches!(plan.call.operation, Operation::Diff { .. }) => Level::AtLeast(seen),
            _ => Level::Any,
        });
    }
    plan
}

/// With fences, nobody could tell which token a refusal calls stale.
fn names_a_token(operation: &Operation) -> bool {
    matches!(operation, Operation::RenewLock { .. } | Operation::ReleaseLock { .. })
}

fn through_mount(mut plan: Plan, world: &mut World, random: &mut impl Rng) -> Plan {
    let ns = world.tree(plan.tree).ns();
    if plan.call.ns != ns || plan.names_an_id() {
        return plan;
    }
    let Some(way) = world.way_to(ns, random) else { return plan };
    let paths = plan.call.operation.paths_mut();
    if paths.is_empty() {
        return plan;
    }
    for path in paths {
        *path = through(&way, path);
    }
    plan.call.ns = world.tree(0).ns();
    plan.through_mount = true;
    plan
}

/// Another spelling of the last name of a path.
fn respell(plan: &mut Plan, random: &mut impl Rng) {
    if let Some(path) = plan.call.operation.paths_mut().into_iter().next()
        && let Some((directory, name)) = path.rsplit_once('/')
    {
        *path = format!("{directory}/{}", names::respelled(random, name));
    }
}
