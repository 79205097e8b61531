//! Plans that name nodes by their ids rather than by paths: whoever moves them meanwhile, they
//! are found.

use super::Plan;
use crate::{
    operation::{Operation, Step},
    step::from_node,
    world::Effect,
};

/// The plan with ids for the nodes that it is known to be about; as it is if there are none.
pub fn by_id(mut plan: Plan) -> Plan {
    let Operation::Step(step) = &mut plan.call.operation else { return plan };
    match (step, plan.effects.first(), plan.about) {
        (Step::Move { from, to, .. }, Some(Effect::Moved { id, parent, name }), _) => {
            (*from, *to) = (from_node(*id, ""), from_node(*parent, name));
        }
        (Step::Copy { from, to, .. }, Some(Effect::Made { parent, name, .. }), Some(id)) => {
            (*from, *to) = (from_node(id, ""), from_node(*parent, name));
        }
        (
            Step::Mkdir { path, .. } | Step::Commit { path, .. } | Step::Symlink { path, .. },
            Some(Effect::Made { parent, name, .. }),
            _,
        ) => *path = from_node(*parent, name),
        (
            Step::Commit { path, .. } | Step::Delete { path, .. },
            Some(Effect::Updated { id, .. } | Effect::Deleted { id }),
            _,
        ) => *path = from_node(*id, ""),
        (
            Step::SetAttributes { path, .. }
            | Step::Check { path, .. }
            | Step::Restore { path, .. },
            Some(Effect::None),
            Some(id),
        ) => *path = from_node(id, ""),
        _ => {}
    }
    plan
}
