//! What an answer says about the world.

use metad_client::{Reply, v1};

use crate::{
    execute::Answer,
    operation::{Operation, Step},
    profile::Plan,
    world::{Effect, Snapshot, World},
};

/// Takes in the answer to a plan that was carried out.
pub fn learn(world: &mut World, plan: Plan, reply: Reply<Answer>) {
    world.reached(reply.revision);
    let ns = plan.call.ns;
    match (&plan.call.operation, reply.value) {
        (_, Answer::Results(results)) => learn_results(world, plan, results),
        (Operation::List { recursive: false, at: None, .. }, Answer::Entries(entries)) => {
            if let Some(parent) = plan.about {
                world.tree_mut(plan.tree).listed(parent, &entries);
            }
        }
        (Operation::Journal { .. } | Operation::Subscribe { .. }, Answer::Journal(page)) => {
            if let Some(cursor) = page.cursor {
                world.journal_read(ns, cursor);
            }
        }
        (Operation::CreateSnapshot { name }, Answer::Snapshot(snapshot)) => {
            let (name, revision) = (name.clone(), snapshot.revision);
            world.add_snapshot(Snapshot { ns, name, revision });
        }
        (Operation::DeleteSnapshot { name }, _) => world.remove_snapshot(ns, name),
        (Operation::AcquireLock { lock, .. }, Answer::Lock(granted)) => {
            world.granted(ns, lock.clone(), granted.token);
        }
        (Operation::CreateNamespace { .. }, Answer::Namespace(made)) => world.add_passing(made.id),
        (Operation::DeleteNamespace { .. }, _) => world.remove_passing(ns),
        _ => {}
    }
}

/// What a plan was about is not there.
pub fn not_found(world: &mut World, plan: &Plan) {
    // A mount on the way may be what is missing, or it was never there then.
    let tells_nothing = plan.through_mount || !plan.is_about_now();
    let tree = world.tree_mut(plan.tree);
    match plan.about {
        Some(id) if id != tree.root() && !tells_nothing => tree.forget(id),
        _ => {}
    }
}

fn learn_results(world: &mut World, plan: Plan, results: Vec<v1::StepResult>) {
    if let (Operation::Step(Step::Mount { mount, .. }), 0, [result]) =
        (&plan.call.operation, plan.tree, results.as_slice())
    {
        world.mounted(result.id, *mount);
    }
    if let (Operation::Batch(steps), 0) = (&plan.call.operation, plan.tree)
        && let ([Step::Mkdir { .. }, Step::SetQuota { .. }], [made, _]) =
            (steps.as_slice(), results.as_slice())
    {
        world.add_tight(made.id);
    }
    for (effect, result) in plan.effects.into_iter().zip(results) {
        let v1::StepResult { id, rev, renamed } = result;
        match (plan.to_tree, renamed.is_empty()) {
            (Some(to), _) if matches!(effect, Effect::Moved { .. }) => {
                world.crossed((plan.tree, to), effect, id, rev);
            }
            (_, true) => world.tree_mut(plan.tree).acknowledge(effect, id, rev),
            (_, false) => {
                world.tree_mut(plan.tree).acknowledge_copy(effect, renamed, id, rev);
            }
        }
    }
}
