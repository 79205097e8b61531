//! Random scripts: whatever is asked for, the invariants hold; a rejection leaves the
//! tree alone; and the order in which a batch is cut makes no difference.

use proptest::prelude::*;

use super::script::{GROUP, Machine, NAMESPACE, content};
use crate::{
    records::key,
    tree::{check::check_tree, query},
    types::{
        Action, CommitMode, Condition, NodeId, NodeRef, Outcome, Path, Rejection, Revision, Step,
    },
};

fn path() -> impl Strategy<Value = NodeRef> {
    let names = proptest::collection::vec("[abc]", 0..4);
    let path = names.prop_map(|names| Path::parse(&names.join("/")).unwrap());
    let start = prop_oneof![4 => Just(0u64), 1 => 1..12u64];
    (start, path).prop_map(|(start, path)| NodeRef { start: NodeId(start), path })
}

fn rev() -> impl Strategy<Value = Option<Revision>> {
    prop_oneof![3 => Just(None), 1 => (1..20u64).prop_map(|rev| Some(Revision(rev)))]
}

fn step() -> impl Strategy<Value = Step> {
    let mode = prop_oneof![
        Just(CommitMode::Create),
        Just(CommitMode::Overwrite),
        (1..20u64).prop_map(|rev| CommitMode::Update { rev: Revision(rev) }),
    ];
    prop_oneof![
        (path(), any::<bool>()).prop_map(|(target, parents)| Step::Mkdir { target, parents }),
        (path(), 0..3u64, mode).prop_map(|(target, size, mode)| Step::Commit {
            target,
            content: content(size),
            mode,
            autorename: (size == 2).then(|| "Ann".into()),
        }),
        (path(), path()).prop_map(|(from, to)| Step::Copy { from, to }),
        path().prop_map(|target| Step::Symlink { target, to: "a".into() }),
        (path(), rev()).prop_map(|(target, rev)| {
            let set = [("colour".to_owned(), vec![7])].into();
            Step::SetAttributes { target, set, remove: vec!["size".to_owned()], rev }
        }),
        (path(), any::<bool>()).prop_map(|(target, exists)| {
            let condition = if exists { Condition::Exists } else { Condition::Absent };
            Step::Check { target, condition }
        }),
        (path(), path(), any::<bool>(), rev()).prop_map(|(from, to, replace, rev)| Step::Move {
            from,
            to,
            replace,
            rev
        }),
        (path(), any::<bool>(), rev()).prop_map(|(target, recursive, rev)| Step::Delete {
            target,
            recursive,
            rev
        }),
    ]
}

fn action() -> impl Strategy<Value = Result<Vec<Step>, u32>> {
    prop_oneof![
        6 => step().prop_map(|step| Ok(vec![step])),
        3 => proptest::collection::vec(step(), 2..5).prop_map(Ok),
        1 => (1..4u32).prop_map(Err),
    ]
}

/// The reachable tree, without what is known of sessions.
fn visible(machine: &Machine) -> Vec<(Vec<u8>, Vec<u8>)> {
    let sessions = key::sessions(GROUP).start..key::all_replies(GROUP).end;
    let system = key::system(GROUP);
    let pairs = machine.state.iter();
    let pairs = pairs.filter(|(key, _)| !sessions.contains(*key) && **key != system);
    pairs.map(|(key, value)| (key.clone(), value.clone())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_invariants_hold(script in proptest::collection::vec(action(), 1..40)) {
        let mut machine = Machine::new();
        for action in script {
            let before = visible(&machine);
            let revision = query::revision(&machine.state, GROUP).unwrap();
            let applied = match action {
                Ok(steps) => machine.mutate(steps),
                Err(records_max) => machine.apply(Action::Reclaim { records_max }),
            };
            match applied.outcome {
                Outcome::Rejected(_) => {
                    prop_assert_eq!(applied.revision, revision);
                    prop_assert_eq!(visible(&machine), before);
                }
                Outcome::Steps(_) => prop_assert!(applied.revision >= revision),
                _ => prop_assert_eq!(applied.revision, revision),
            }
            let violations = check_tree(&machine.state, GROUP).unwrap();
            prop_assert!(violations.is_empty(), "{:?}", violations);
        }
        // Housekeeping comes to an end, and leaves what can be reached.
        let root = NodeRef::default();
        let before = query::stat(&machine.state, GROUP, NAMESPACE, &root).unwrap();
        while (machine.apply(Action::Reclaim { records_max: 2 })).outcome
            == (Outcome::Reclaimed { more: true })
        {}
        prop_assert_eq!(query::stat(&machine.state, GROUP, NAMESPACE, &root).unwrap(), before);
        let stored = key::nodes(GROUP);
        let stored = machine.state.range(stored.start..stored.end).count() as u64;
        let root = query::stat(&machine.state, GROUP, NAMESPACE, &root).unwrap().unwrap();
        prop_assert_eq!(stored, root.usage.nodes);
    }

    #[test]
    fn single_steps_and_batches_agree(steps in proptest::collection::vec(step(), 2..6)) {
        let (mut one, mut other) = (Machine::new(), Machine::new());
        let batch = one.mutate(steps.clone());
        let singles = steps.into_iter().map(|step| other.mutate(vec![step]).outcome);
        let refused = singles.enumerate().find_map(|(index, outcome)| match outcome {
            Outcome::Rejected(rejection) => Some((index, rejection)),
            _ => None,
        });
        match (batch.outcome, refused) {
            (Outcome::Steps(_), None) => {}
            (Outcome::Rejected(Rejection::Step { index, rejection }), Some(expected)) => {
                // Revs differ between the two, so a guard may refuse one of them alone.
                let conflict = matches!(*rejection, Rejection::Conflict { .. })
                    || matches!(expected.1, Rejection::Conflict { .. });
                prop_assert!(conflict || (index as usize, *rejection) == expected);
            }
            (outcome, refused) => {
                let conflict = format!("{outcome:?}{refused:?}").contains("Conflict");
                prop_assert!(conflict, "{:?} against {:?}", outcome, refused);
            }
        }
    }
}
