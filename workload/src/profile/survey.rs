//! Plans that look at a namespace as a whole, or at which there are: where its journal ends, who
//! holds its locks.
//!
//! All shares are our interpolation; they are drawn from a stream of their own, so that all else
//! is drawn as it was without them.

use rand::{Rng, RngExt};

use super::Plan;
use crate::{operation::Operation, world::World};

const CURSOR: f64 = 0.012;
const LOCKS: f64 = 0.006;
const NAMESPACES: f64 = 0.006;

/// Mostly nothing.
pub fn survey(world: &World, random: &mut impl Rng) -> Option<Plan> {
    let tree = world.pick_tree(random);
    let drawn: f64 = random.random();
    let operation = match drawn {
        _ if drawn < CURSOR => Operation::GetCursor,
        _ if drawn < CURSOR + LOCKS => Operation::ListLocks,
        _ if drawn < CURSOR + LOCKS + NAMESPACES => {
            Operation::ListNamespaces { family: world.family().to_owned() }
        }
        _ => return None,
    };
    Some(Plan::plain(operation, None).within(world, tree))
}
