//! Random scripts: whatever is asked for, the invariants hold; a rejection leaves the
//! tree alone; and the order in which a batch is cut makes no difference.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::script::{GROUP, Machine, content};
use crate::{
    records::{key, system},
    tree::{
        check::check_tree,
        query::{self, Source},
    },
    types::{
        Action, CommitMode, Condition, Fence, LockRef, Mutation, Name, NamespaceId, Node, NodeId,
        NodeRef, Outcome, Path, Policy, Quota, Rejection, Revision, Step,
    },
};

fn path() -> impl Strategy<Value = NodeRef> {
    let names = proptest::collection::vec("[abcA]", 0..4);
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
        (path(), namespace()).prop_map(|(target, namespace)| Step::Mount { target, namespace }),
        path().prop_map(|target| Step::Unmount { target }),
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

/// One that does not ask what was there at a revision.
fn present_step() -> impl Strategy<Value = Step> {
    step().prop_filter("of the past", |step| {
        !matches!(step, Step::Restore { .. } | Step::Copy { at: Some(_), .. })
    })
}

fn namespace() -> impl Strategy<Value = NamespaceId> {
    prop_oneof![4 => 1..4u64, 1 => 1..6u64].prop_map(NamespaceId)
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let steps = prop_oneof![
        2 => step().prop_map(|step| vec![step]),
        1 => proptest::collection::vec(step(), 2..5),
    ];
    let lock = || {
        let target = (path(), namespace());
        target.prop_map(|(target, namespace)| LockRef { namespace, target, name: "".into() })
    };
    let fence =
        || (lock(), 1..20u64).prop_map(|(lock, token)| Fence { lock, token: Revision(token) });
    let name = || "[abc]".prop_map(|name| Name::new(&name).unwrap());
    prop_oneof![
        30 => (namespace(), steps)
            .prop_map(|(namespace, steps)| Mutation::Steps { namespace, steps }),
        1 => (name(), any::<bool>()).prop_map(|(name, casefold)| {
            let policy = if casefold { Policy::Casefold } else { Policy::Exact };
            Mutation::CreateNamespace { name, policy, quota: Quota::default() }
        }),
        1 => (namespace(), name()).prop_map(|(namespace, name)| Mutation::UpdateNamespace {
            namespace,
            name: Some(name),
            quota: None
        }),
        1 => (namespace(), any::<bool>()).prop_map(|(namespace, recursive)| {
            Mutation::DeleteNamespace { namespace, recursive }
        }),
        1 => (namespace(), name())
            .prop_map(|(namespace, name)| Mutation::CreateSnapshot { namespace, name }),
        1 => (namespace(), name())
            .prop_map(|(namespace, name)| Mutation::DeleteSnapshot { namespace, name }),
        1 => (lock(), 0..4u64).prop_map(|(lock, ttl_ms)| Mutation::AcquireLock { lock, ttl_ms }),
        1 => (fence(), 0..4u64)
            .prop_map(|(fence, ttl_ms)| Mutation::RenewLock { fence, ttl_ms }),
        1 => fence().prop_map(Mutation::ReleaseLock),
    ]
}

#[derive(Clone, Debug)]
enum Act {
    Ask(Mutation),
    Reclaim { records_max: u32 },
    Compact { up_to: Revision },
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        9 => mutation().prop_map(Act::Ask),
        1 => (1..4u32).prop_map(|records_max| Act::Reclaim { records_max }),
        1 => (0..30u64).prop_map(|up_to| Act::Compact { up_to: Revision(up_to) }),
    ]
}

/// One tree of each policy, and one more.
fn machine() -> Machine {
    let mut machine = Machine::new();
    machine.create_namespace("shared", Policy::Exact);
    machine.create_namespace("folded", Policy::Casefold);
    machine
}

fn namespaces(machine: &Machine) -> Vec<NamespaceId> {
    let namespaces = query::namespaces(&machine.state, GROUP, None, usize::MAX).unwrap();
    namespaces.into_iter().map(|namespace| namespace.id).collect()
}

/// All that can be reached from the root, as it is or was.
fn walk(
    machine: &Machine,
    namespace: NamespaceId,
    at: Option<Revision>,
) -> Result<Vec<Node>, Rejection> {
    let source = Source { at, ..Source::now(&machine.state, GROUP) };
    let mut nodes = Vec::new();
    let mut queue = vec![NodeId::NONE];
    while let Some(start) = queue.pop() {
        let target = NodeRef { start, path: Path::default() };
        let page = query::list_page(source, namespace, &target, None, usize::MAX).unwrap()?;
        let page = page.entries.into_iter().map(|entry| entry.node).collect::<Vec<_>>();
        let names = page.iter().map(|node| node.name.clone());
        assert!(names.is_sorted(), "{page:?}");
        queue.extend(page.iter().filter(|node| node.is_directory()).map(|node| node.id));
        nodes.extend(page);
    }
    // One after the other, in one go.
    let root = NodeRef::default();
    let listed = query::list_tree_page(source, namespace, &root, &Path::default(), usize::MAX);
    assert_eq!(listed.unwrap()?.entries.len(), nodes.len());
    // By its id, each is found where it was.
    for node in &nodes {
        let target = NodeRef { start: node.id, path: Path::default() };
        let found = query::stat(source, namespace, &target).unwrap().map(|stat| stat.node);
        assert_eq!(found.as_ref(), Ok(node));
    }
    Ok(nodes)
}

/// What was there at revisions.
type Seen = BTreeMap<(NamespaceId, Revision), Result<Vec<Node>, Rejection>>;

/// Reading at a retained revision gives what was read at that revision then.
fn compare_past(machine: &Machine, seen: &Seen) {
    let system = machine.state.get(&key::system(GROUP)).expect("there is one");
    let oldest = system::decode(system).unwrap().compacted;
    let present = namespaces(machine);
    for ((namespace, revision), then) in seen {
        match walk(machine, *namespace, Some(*revision)) {
            Err(Rejection::NotFound | Rejection::NoRevision) => {
                assert!(!present.contains(namespace))
            }
            Err(rejection) => {
                assert_eq!(rejection, Rejection::RevisionCompacted { oldest });
                assert!(*revision < oldest);
            }
            now => assert_eq!(now, *then, "namespace {namespace} at {revision}"),
        }
    }
}

/// What differs between two revisions is what two listings show.
fn compare_diff(machine: &Machine, from: Revision, to: Revision) {
    for namespace in namespaces(machine) {
        let source = Source::now(&machine.state, GROUP);
        let Ok(compared) = query::comparison(source, namespace, from, Some(to)).unwrap() else {
            continue;
        };
        let told = compared.differences(source).unwrap().unwrap();
        let by_id = |at| -> BTreeMap<NodeId, Node> {
            let nodes = walk(machine, namespace, Some(at)).unwrap();
            nodes.into_iter().map(|node| (node.id, node)).collect()
        };
        let (before, after) = (by_id(from), by_id(to));
        let touched = |id: &NodeId| match (before.get(id), after.get(id)) {
            (Some(was), None) => {
                !before.contains_key(&was.parent) || after.contains_key(&was.parent)
            }
            (None, Some(is)) => !after.contains_key(&is.parent) || before.contains_key(&is.parent),
            (Some(was), Some(is)) => Node { rev: is.rev, ..was.clone() } != *is,
            (None, None) => false,
        };
        let ids: BTreeSet<NodeId> = before.keys().chain(after.keys()).copied().collect();
        let expected = ids.into_iter().filter(touched).collect::<Vec<_>>();
        let node = |side: &Option<query::Located>| side.as_ref().map(|side| side.node.clone());
        let found = told.iter().map(|told| {
            let (was, is) = (node(&told.before), node(&told.after));
            let id = was.as_ref().or(is.as_ref()).expect("one of them").id;
            assert_eq!((was.as_ref(), is.as_ref()), (before.get(&id), after.get(&id)));
            id
        });
        assert_eq!(found.collect::<Vec<_>>(), expected, "namespace {namespace}, {from} to {to}");
    }
}

fn reclaim_all(machine: &mut Machine) {
    while machine.apply(Action::Reclaim { records_max: 2 }).outcome
        == (Outcome::Reclaimed { more: true })
    {}
}

fn check_invariants(machine: &Machine) {
    let violations = check_tree(&machine.state, GROUP).unwrap();
    assert!(violations.is_empty(), "{violations:?}");
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
    fn the_invariants_hold(script in proptest::collection::vec(act(), 1..40)) {
        let mut machine = machine();
        let mut seen = Seen::new();
        for act in script {
            let before = visible(&machine);
            let revision = query::revision(&machine.state, GROUP).unwrap();
            let is_mutation = matches!(act, Act::Ask(_));
            let applied = match act {
                Act::Ask(mutation) => machine.ask_for(mutation),
                Act::Reclaim { records_max } => machine.apply(Action::Reclaim { records_max }),
                Act::Compact { up_to } => machine.apply(Action::Compact { up_to }),
            };
            match applied.outcome {
                Outcome::Rejected(_) => {
                    prop_assert_eq!(applied.revision, revision);
                    prop_assert_eq!(visible(&machine), before);
                }
                _ if is_mutation => prop_assert!(applied.revision >= revision),
                _ => prop_assert_eq!(applied.revision, revision),
            }
            check_invariants(&machine);
            for namespace in namespaces(&machine) {
                seen.insert((namespace, applied.revision), walk(&machine, namespace, None));
            }
            compare_past(&machine, &seen);
        }
        let now = query::revision(&machine.state, GROUP).unwrap();
        for part in 1..4 {
            compare_diff(&machine, Revision(now.0 * part / 4), Revision(now.0 * (part + 1) / 4));
        }
        // Housekeeping comes to an end, and leaves what can be reached.
        let under = |machine: &Machine| -> Vec<u64> {
            let root = NodeRef::default();
            let source = Source::now(&machine.state, GROUP);
            let stat = |id| query::stat(source, id, &root).unwrap().unwrap().account.usage.nodes;
            namespaces(machine).into_iter().map(stat).collect()
        };
        let before = under(&machine);
        reclaim_all(&mut machine);
        check_invariants(&machine);
        compare_past(&machine, &seen);
        prop_assert_eq!(under(&machine), before.clone());
        let stored = key::nodes(GROUP);
        let stored = machine.state.range(stored.start..stored.end).count() as u64;
        prop_assert_eq!(stored, before.into_iter().sum::<u64>());
        // What is no longer kept goes, all of it.
        for namespace in namespaces(&machine) {
            for name in ["a", "b", "c"] {
                let name = Name::new(name).unwrap();
                machine.ask_for(Mutation::DeleteSnapshot { namespace, name });
            }
        }
        let up_to = query::revision(&machine.state, GROUP).unwrap();
        machine.apply(Action::Compact { up_to });
        reclaim_all(&mut machine);
        check_invariants(&machine);
        for past in [key::past_nodes(GROUP), key::past_locations(GROUP)] {
            for key in machine.state.range(past.start..past.end).map(|(key, _)| key) {
                prop_assert_eq!(key::last_id(key), Some(up_to.0));
            }
        }
        let gone = key::deleted_namespaces(GROUP);
        prop_assert_eq!(machine.state.range(gone.start..gone.end).count(), 0);
    }

    #[test]
    fn single_steps_and_batches_agree(
        steps in proptest::collection::vec(present_step(), 2..6),
    ) {
        let (mut one, mut other) = (machine(), machine());
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
