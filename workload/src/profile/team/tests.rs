//! Plans repeat by seed, and all that there is occurs.

use metad_client::{Level, Reply, v1};
use rand::{SeedableRng, rngs::ChaCha8Rng};

use super::*;
use crate::{
    learn::learn,
    operation::{NodeKind, Policy, Step},
    world::Effect,
};

/// A world of three namespaces, two of them mounted in the first.
fn world() -> World {
    let mut world = World::new("t", 1, 1);
    for (ns, policy) in [(2, Policy::Exact), (3, Policy::Casefold)] {
        world.add_tree(ns, ns, policy);
        let (parent, kind, name) = (1, NodeKind::Mount, format!("mount-{ns}"));
        let made = Effect::Made { parent, name, kind, content: None };
        world.tree_mut(0).acknowledge(made, 10 + ns, 1);
        world.mounted(10 + ns, ns);
    }
    world.add_polite_tree(4, 4);
    world.mounted(12, 4);
    let (parent, kind, name) = (1, NodeKind::Directory, "tight".to_owned());
    world.tree_mut(0).acknowledge(Effect::Made { parent, name, kind, content: None }, 20, 1);
    world.add_tight(20);
    world
}

/// As if all had been done.
fn answer(plan: &Plan, revision: u64) -> Answer {
    let result = |effect: &Effect| {
        let id = plan.about.filter(|_| !matches!(effect, Effect::Made { .. }));
        v1::StepResult { id: id.unwrap_or(revision), rev: revision, renamed: String::new() }
    };
    match &plan.call.operation {
        Operation::CreateNamespace { .. } | Operation::DeleteNamespace { .. } => {
            Answer::Namespace(v1::Namespace { id: revision, ..v1::Namespace::default() })
        }
        Operation::CreateSnapshot { name } => {
            let name = name.clone();
            Answer::Snapshot(v1::Snapshot { name, revision, ..v1::Snapshot::default() })
        }
        Operation::AcquireLock { .. } => {
            Answer::Lock(v1::Lock { token: revision, ..v1::Lock::default() })
        }
        _ => Answer::Results(plan.effects.iter().map(result).collect()),
    }
}

/// Plays plans against a world that acknowledges all of them.
fn play(seed: u64, count: usize) -> Vec<Call> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut world = world();
    let mut team = Team::new(2, 0);
    let mut calls = Vec::new();
    for revision in 30..30 + count as u64 {
        let plan = match team.next(&mut world, &mut random) {
            Next::One(plan) | Next::Race(plan, _) => plan,
        };
        calls.push(plan.call.clone());
        let value = answer(&plan, revision);
        team.reached(revision);
        learn(&mut world, plan, Reply { revision, node: 1, staleness_ms: 0, value });
    }
    calls
}

#[test]
fn a_seed_gives_one_plan() {
    assert_eq!(play(5, 2_000), play(5, 2_000));
    assert_ne!(play(5, 100), play(6, 100));
}

#[test]
fn every_operation_occurs() {
    let calls = play(1, 30_000);
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
        "create_namespace",
        "update_namespace",
        "delete_namespace",
        "get_namespace",
        "create_snapshot",
        "delete_snapshot",
        "list_snapshots",
        "list_revisions",
        "batch_stat",
        "diff",
        "restore",
        "set_quota",
        "mount",
        "unmount",
        "acquire_lock",
        "renew_lock",
        "release_lock",
        "get_lock",
    ];
    for f in names {
        let count = calls.iter().filter(|call| call.operation.f() == f).count();
        assert!(count >= if f == "check" { 1 } else { 10 }, "{f}: {count}");
    }
}

#[test]
fn some_updates_may_become_conflicted_copies_and_some_batches_have_conditions() {
    let calls = play(1, 5_000);
    let share = |is: fn(&Operation) -> bool| {
        calls.iter().filter(|call| is(&call.operation)).count() as f64 / 5_000.0
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

#[test]
fn what_is_beyond_one_tree_is_a_tenth() {
    let calls = play(2, 10_000);
    let share =
        |is: fn(&Call) -> bool| calls.iter().filter(|call| is(call)).count() as f64 / 10_000.0;
    let in_others = share(|call| call.ns != 1);
    assert!((0.08..0.25).contains(&in_others), "{in_others}");
    let at_revision = share(|call| call.value().get("at_revision").is_some());
    assert!((0.01..0.04).contains(&at_revision), "{at_revision}");
    let fenced = share(|call| !call.fences.is_empty());
    assert!((0.005..0.05).contains(&fenced), "{fenced}");
    for level in [Level::Any, Level::Lease] {
        assert!(calls.iter().any(|call| call.level == Some(level)), "{level:?}");
    }
    assert!(calls.iter().any(|call| matches!(call.level, Some(Level::AtLeast(1..)))));
    let crossing = share(|call| {
        let value = call.value().to_string();
        call.operation.f() == "move" && value.contains("/mount-2/")
    });
    assert!(crossing > 0.001, "{crossing}");
}

#[test]
fn nobody_is_careless_where_replicas_are() {
    for call in play(3, 20_000).iter().filter(|call| call.ns == 4) {
        match &call.operation {
            Operation::Step(Step::Commit { mode, .. }) => assert_ne!(*mode, Mode::Overwrite),
            Operation::Step(Step::Delete { recursive, rev, .. }) => {
                assert!(!recursive && rev.is_some());
            }
            Operation::Step(Step::Move { replace, rev, .. }) => assert!(!replace && rev.is_some()),
            Operation::Step(Step::Mkdir { .. }) => {}
            other => assert!(!other.is_mutation(), "{other:?}"),
        }
    }
}
