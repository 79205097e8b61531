//! Plans that look at a namespace as a whole, or at which there are: where its journal ends,
//! whether there is more of it, who holds its locks.
//!
//! All shares are our interpolation; they are drawn from a stream of their own, so that all else
//! is drawn as it was without them.

use std::collections::BTreeMap;

use metad_client::{Level, v1::Cursor};
use rand::{Rng, RngExt, seq::IndexedRandom};

use super::Plan;
use crate::{operation::Operation, world::World};

const CURSOR: f64 = 0.012;
const LOCKS: f64 = 0.006;
const NAMESPACES: f64 = 0.006;
const WAIT: f64 = 0.006;
/// Some for no longer than it takes to look, some for longer than the others think.
const TIMEOUTS_MS: [u64; 3] = [0, 20, 300];

/// Mostly nothing. The cursors are those that journals were read to, by namespace.
pub fn survey(
    world: &World,
    cursors: &BTreeMap<u64, Cursor>,
    random: &mut impl Rng,
) -> Option<Plan> {
    let tree = world.pick_tree(random);
    let drawn: f64 = random.random();
    let operation = match drawn {
        _ if drawn < CURSOR => Operation::GetCursor,
        _ if drawn < CURSOR + LOCKS => Operation::ListLocks,
        _ if drawn < CURSOR + LOCKS + NAMESPACES => {
            Operation::ListNamespaces { family: world.family().to_owned() }
        }
        _ if drawn < CURSOR + LOCKS + NAMESPACES + WAIT => {
            let cursor = cursors.get(&world.tree(tree).ns()).copied();
            let timeout_ms = *TIMEOUTS_MS.choose(random).expect("not empty");
            let operation = Operation::WaitForChange { cursor, timeout_ms };
            let mut plan = Plan::plain(operation, None).within(world, tree);
            // Any node waits.
            plan.call.level = Some(Level::Any);
            return Some(plan);
        }
        _ => return None,
    };
    Some(Plan::plain(operation, None).within(world, tree))
}
