//! Random scripts: whatever is asked for, the invariants hold; a rejection leaves the
//! tree alone; and the order in which a batch is cut makes no difference.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::script::{GROUP, Machine, NAMESPACE, content};
use crate::{
    records::{key, system},
    tree::{
        check::check_tree,
        query::{self, Source},
    },
    types::{
        Action, CommitMode, Condition, Node, NodeId, NodeRef, Outcome, Path, Quota, Rejection,
        Revision, Step,
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
        (path(), path(), rev()).prop_map(|(from, to, at)| Step::Copy { from, to, at }),
        (path(), 0..12u64, 0..12u64).prop_map(|(target, nodes, bytes)| {
            // Small numbers bound, large ones do not.
            let bound = |bound: u64| Some(bound).filter(|bound| *bound < 9);
            let quota = Quota { nodes: bound(nodes), bytes: bound(bytes) };
            Step::SetQuota { target, quota }
        }),
        (path(), 1..20u64).prop_map(|(target, revision)| {
            Step::Restore { target, revision: Revision(revision) }
        }),
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

/// Steps, or housekeeping.
fn action() -> impl Strategy<Value = Result<Vec<Step>, Action>> {
    prop_oneof![
        6 => step().prop_map(|step| Ok(vec![step])),
        3 => proptest::collection::vec(step(), 2..5).prop_map(Ok),
        1 => (1..4u32).prop_map(|records_max| Err(Action::Reclaim { records_max })),
        1 => (0..30u64).prop_map(|up_to| Err(Action::Compact { up_to: Revision(up_to) })),
    ]
}

/// All that can be reached from the root, as it is or was.
fn walk(machine: &Machine, at: Option<Revision>) -> Result<Vec<Node>, Rejection> {
    let source = Source { at, ..Source::now(&machine.state, GROUP) };
    let mut nodes = Vec::new();
    let mut queue = vec![NodeId::NONE];
    while let Some(start) = queue.pop() {
        let target = NodeRef { start, path: Path::default() };
        let page = query::list_page(source, NAMESPACE, &target, None, usize::MAX).unwrap()?;
        let names = page.entries.iter().map(|node| node.name.clone());
        assert!(names.is_sorted(), "{:?}", page.entries);
        queue.extend(page.entries.iter().filter(|node| node.is_directory()).map(|node| node.id));
        nodes.extend(page.entries);
    }
    // By its id, each is found where it was.
    for node in &nodes {
        let target = NodeRef { start: node.id, path: Path::default() };
        let found = query::stat(source, NAMESPACE, &target).unwrap().map(|stat| stat.node);
        assert_eq!(found.as_ref(), Ok(node));
    }
    Ok(nodes)
}

/// Reading at a retained revision gives what was read at that revision then.
fn compare_past(machine: &Machine, seen: &BTreeMap<Revision, Result<Vec<Node>, Rejection>>) {
    let system = machine.state.get(&key::system(GROUP)).expect("there is one");
    let oldest = system::decode(system).unwrap().compacted;
    for (revision, then) in seen {
        match walk(machine, Some(*revision)) {
            Err(rejection) => {
                assert_eq!(rejection, Rejection::RevisionCompacted { oldest });
                assert!(*revision < oldest);
            }
            now => assert_eq!(now, *then, "at {revision}"),
        }
    }
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
        let mut seen = BTreeMap::new();
        for action in script {
            let before = visible(&machine);
            let revision = query::revision(&machine.state, GROUP).unwrap();
            let applied = match action {
                Ok(steps) => machine.mutate(steps),
                Err(housekeeping) => machine.apply(housekeeping),
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
            seen.insert(applied.revision, walk(&machine, None));
            compare_past(&machine, &seen);
        }
        // Housekeeping comes to an end, and leaves what can be reached.
        let root = NodeRef::default();
        let before = query::stat(Source::now(&machine.state, GROUP), NAMESPACE, &root).unwrap();
        while (machine.apply(Action::Reclaim { records_max: 2 })).outcome
            == (Outcome::Reclaimed { more: true })
        {}
        compare_past(&machine, &seen);
        prop_assert_eq!(query::stat(Source::now(&machine.state, GROUP), NAMESPACE, &root).unwrap(), before);
        let stored = key::nodes(GROUP);
        let stored = machine.state.range(stored.start..stored.end).count() as u64;
        let root = query::stat(Source::now(&machine.state, GROUP), NAMESPACE, &root).unwrap().unwrap();
        prop_assert_eq!(stored, root.account.usage.nodes);
        // What is no longer kept goes, all of it.
        let up_to = query::revision(&machine.state, GROUP).unwrap();
        machine.apply(Action::Compact { up_to });
        while (machine.apply(Action::Reclaim { records_max: 2 })).outcome
            == (Outcome::Reclaimed { more: true })
        {}
        let violations = check_tree(&machine.state, GROUP).unwrap();
        prop_assert!(violations.is_empty(), "{:?}", violations);
        for past in [key::past_nodes(GROUP), key::past_locations(GROUP)] {
            for key in machine.state.range(past.start..past.end).map(|(key, _)| key) {
                prop_assert_eq!(key::last_id(key), Some(up_to.0));
            }
        }
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
