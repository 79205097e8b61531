//! Random scripts: few names, few namespaces, so that things meet.

use metad::types::{
    CommitMode, Condition, Content, Fence, LockRef, Mutation, Name, NamespaceId, NodeId, NodeRef,
    Path, Policy, Quota, Revision, Step,
};
use proptest::{collection::vec, prelude::*};

use crate::ask::{Ask, KINDS};

/// One line of a script.
#[derive(Clone, Debug)]
pub enum Line {
    Ask(Ask),
    Wait(u64),
    Reclaim,
}

/// Some namespaces, and what is done in them.
pub fn script() -> impl Strategy<Value = Vec<Line>> {
    let create = |name: &str, policy| {
        let (name, quota) = (Name::new(name).expect("a name"), Quota::default());
        let mutation = Mutation::CreateNamespace { name, policy, quota };
        Line::Ask(Ask::Mutate { mutation, fences: Vec::new() })
    };
    let first =
        [create("x", Policy::Exact), create("y", Policy::Exact), create("z", Policy::Casefold)];
    let first = first.to_vec();
    prop_oneof![
        12 => (Just(first.clone()), vec(line(), 1..60)).prop_map(|(first, lines)| {
            first.into_iter().chain(lines).collect()
        }),
        1 => (Just(first), vec(line(), 1..40)).prop_map(|(first, mut lines)| {
            lines.iter_mut().for_each(deepen);
            first.into_iter().chain(deep()).chain(lines).collect()
        }),
    ]
}

fn line() -> impl Strategy<Value = Line> {
    prop_oneof![
        30 => (mutation(), fences())
            .prop_map(|(mutation, fences)| Line::Ask(Ask::Mutate { mutation, fences })),
        15 => question().prop_map(Line::Ask),
        1 => (1..3_000u64).prop_map(Line::Wait),
        1 => Just(Line::Reclaim),
    ]
}

/// Two chains of directories, as deep as they may be, that make too deep ones once one of them
/// is moved into the other; and a listing that shows their ids.
fn deep() -> impl Iterator<Item = Line> {
    let chain = |name: &str| {
        let path = Path::parse(&vec![name; DEPTH_MAX].join("/")).expect("names");
        let target = NodeRef { start: NodeId::NONE, path };
        let steps = vec![Step::Mkdir { target, parents: true }];
        Ask::Mutate { mutation: Mutation::Steps { namespace: DEEP, steps }, fences: Vec::new() }
    };
    [chain("a"), chain("b"), Ask::list_all(DEEP)].into_iter().map(Line::Ask)
}

/// Directories above a node that is within reach.
const DEPTH_MAX: usize = 256;

/// The namespace of the chains; the nodes in them have ids from this one on.
const DEEP: NamespaceId = NamespaceId(1);
const DEEP_FROM: u64 = 4;

/// Has a line name nodes by their ids near the ends of the chains.
fn deepen(line: &mut Line) {
    const DEPTH: u64 = DEPTH_MAX as u64;
    const NEAR: [u64; 8] =
        [0, 1, DEPTH / 2, DEPTH - 2, DEPTH - 1, DEPTH, 3 * DEPTH / 2, 2 * DEPTH - 1];
    let deepen = |target: &mut NodeRef| {
        if let Some(near) = target.start.0.checked_sub(1) {
            target.start = NodeId(DEEP_FROM + NEAR[near as usize % NEAR.len()]);
        }
    };
    let Line::Ask(ask) = line else { return };
    match ask {
        Ask::Mutate { mutation: Mutation::Steps { namespace, steps }, .. } => {
            *namespace = DEEP;
            steps.iter_mut().flat_map(targets).for_each(deepen);
        }
        Ask::Mutate { mutation: Mutation::AcquireLock { lock, .. }, .. } => {
            deepen(&mut lock.target)
        }
        Ask::Stat { target, .. }
        | Ask::Lookup { target, .. }
        | Ask::List { target, .. }
        | Ask::Versions { target, .. } => deepen(target),
        _ => {}
    }
}

fn namespace() -> impl Strategy<Value = NamespaceId> {
    prop_oneof![8 => 1..4u64, 1 => 4..7u64].prop_map(NamespaceId)
}

/// Two of them differ only in case, two only in form.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just("a".to_owned()),
        4 => Just("b".to_owned()),
        2 => Just("A".to_owned()),
        1 => Just("caf\u{e9}".to_owned()),
        1 => Just("CAFE\u{301}".to_owned()),
        1 => Just("stra\u{df}e".to_owned()),
        1 => Just("STRASSE".to_owned()),
        1 => Just("m".to_owned()),
    ]
}

fn path() -> impl Strategy<Value = Path> {
    vec(name(), 0..4).prop_map(|names| Path::parse(&names.join("/")).expect("names"))
}

fn target() -> impl Strategy<Value = NodeRef> {
    let start = prop_oneof![6 => Just(0u64), 1 => 1..14u64];
    (start, path()).prop_map(|(start, path)| NodeRef { start: NodeId(start), path })
}

fn rev() -> impl Strategy<Value = Option<Revision>> {
    prop_oneof![3 => Just(None), 1 => (1..24u64).prop_map(|rev| Some(Revision(rev)))]
}

fn quota() -> impl Strategy<Value = Quota> {
    // Small numbers bound, large ones do not.
    let bound = || (0..12u64).prop_map(|bound| Some(bound).filter(|bound| *bound < 9));
    (bound(), bound()).prop_map(|(nodes, bytes)| Quota { nodes, bytes })
}

fn content(size: u64) -> Content {
    let mut hash = [0; 32];
    hash[0] = size as u8;
    Content {
        size,
        hash,
        media_type: String::new(),
        mtime_ms: 0,
        manifest: String::new(),
        blocks: Vec::new(),
    }
}

fn lock() -> impl Strategy<Value = LockRef> {
    let target = prop_oneof![
        3 => path().prop_map(|path| NodeRef { start: NodeId::NONE, path }),
        1 => (1..14u64).prop_map(|id| NodeRef { start: NodeId(id), path: Path::default() }),
    ];
    (namespace(), target, any::<bool>()).prop_map(|(namespace, target, named)| LockRef {
        namespace,
        target,
        name: if named { "edit".into() } else { "".into() },
    })
}

fn fence() -> impl Strategy<Value = Fence> {
    (lock(), 1..24u64).prop_map(|(lock, token)| Fence { lock, token: Revision(token) })
}

fn fences() -> impl Strategy<Value = Vec<Fence>> {
    prop_oneof![20 => Just(Vec::new()), 1 => fence().prop_map(|fence| vec![fence])]
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let steps = prop_oneof![
        3 => step().prop_map(|step| vec![step]),
        1 => vec(step().prop_map(from_the_root), 2..5),
    ];
    let free_name = || "[xyzw]".prop_map(|name| Name::new(&name).expect("a name"));
    let policy = prop_oneof![Just(Policy::Exact), Just(Policy::Casefold)];
    prop_oneof![
        30 => (namespace(), steps)
            .prop_map(|(namespace, steps)| Mutation::Steps { namespace, steps }),
        1 => (free_name(), policy, quota())
            .prop_map(|(name, policy, quota)| Mutation::CreateNamespace { name, policy, quota }),
        1 => (namespace(), proptest::option::of(free_name()), proptest::option::of(quota()))
            .prop_map(|(namespace, name, quota)| {
                Mutation::UpdateNamespace { namespace, name, quota }
            }),
        1 => (namespace(), any::<bool>()).prop_map(|(namespace, recursive)| {
            Mutation::DeleteNamespace { namespace, recursive }
        }),
        1 => (namespace(), free_name())
            .prop_map(|(namespace, name)| Mutation::CreateSnapshot { namespace, name }),
        1 => (namespace(), free_name())
            .prop_map(|(namespace, name)| Mutation::DeleteSnapshot { namespace, name }),
        1 => (lock(), 1_000..4_000u64)
            .prop_map(|(lock, ttl_ms)| Mutation::AcquireLock { lock, ttl_ms }),
        1 => (fence(), 1_000..4_000u64)
            .prop_map(|(fence, ttl_ms)| Mutation::RenewLock { fence, ttl_ms }),
        1 => fence().prop_map(Mutation::ReleaseLock),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let mode = prop_oneof![
        Just(CommitMode::Create),
        Just(CommitMode::Overwrite),
        (1..24u64).prop_map(|rev| CommitMode::Update { rev: Revision(rev) }),
    ];
    let commit = (target(), 0..4u64, mode, any::<bool>());
    prop_oneof![
        3 => (target(), any::<bool>())
            .prop_map(|(target, parents)| Step::Mkdir { target, parents }),
        4 => commit.prop_map(|(target, size, mode, renamed)| Step::Commit {
            target,
            content: content(size),
            mode,
            autorename: renamed.then(|| "Ann".into()),
        }),
        1 => target().prop_map(|target| Step::Symlink { target, to: "a/b".into() }),
        2 => (target(), namespace())
            .prop_map(|(target, namespace)| Step::Mount { target, namespace }),
        1 => target().prop_map(|target| Step::Unmount { target }),
        2 => (target(), target(), rev()).prop_map(|(from, to, at)| Step::Copy { from, to, at }),
        1 => (target(), quota()).prop_map(|(target, quota)| Step::SetQuota { target, quota }),
        1 => (target(), 1..24u64).prop_map(|(target, revision)| Step::Restore {
            target,
            revision: Revision(revision),
        }),
        1 => (target(), rev(), 0..3u8).prop_map(|(target, rev, value)| Step::SetAttributes {
            target,
            set: [("colour".to_owned(), vec![value])].into(),
            remove: vec!["size".to_owned()],
            rev,
        }),
        1 => (target(), condition())
            .prop_map(|(target, condition)| Step::Check { target, condition }),
        4 => (target(), target(), any::<bool>(), rev())
            .prop_map(|(from, to, replace, rev)| Step::Move { from, to, replace, rev }),
        2 => (target(), any::<bool>(), rev())
            .prop_map(|(target, recursive, rev)| Step::Delete { target, recursive, rev }),
    ]
}

/// The model is told ids. One that a batch gives away and uses itself may never be told.
fn from_the_root(mut step: Step) -> Step {
    targets(&mut step).into_iter().for_each(|target| target.start = NodeId::NONE);
    step
}

fn targets(step: &mut Step) -> Vec<&mut NodeRef> {
    match step {
        Step::Mkdir { target, .. }
        | Step::Commit { target, .. }
        | Step::Symlink { target, .. }
        | Step::Mount { target, .. }
        | Step::Unmount { target }
        | Step::SetQuota { target, .. }
        | Step::Restore { target, .. }
        | Step::SetAttributes { target, .. }
        | Step::Check { target, .. }
        | Step::Delete { target, .. } => vec![target],
        Step::Copy { from, to, .. } | Step::Move { from, to, .. } => vec![from, to],
    }
}

fn condition() -> impl Strategy<Value = Condition> {
    prop_oneof![
        Just(Condition::Exists),
        Just(Condition::Absent),
        (1..24u64).prop_map(|rev| Condition::Rev(Revision(rev))),
        (0..KINDS.len()).prop_map(|kind| Condition::Kind(KINDS[kind])),
        (1..24u64).prop_map(|revision| Condition::Unchanged(Revision(revision))),
    ]
}

fn question() -> impl Strategy<Value = Ask> {
    let revision = || (1..24u64).prop_map(Revision);
    prop_oneof![
        4 => (namespace(), target(), rev())
            .prop_map(|(ns, target, at)| Ask::Stat { ns, target, at }),
        1 => (namespace(), vec(path(), 1..4), rev())
            .prop_map(|(ns, paths, at)| Ask::Stats { ns, paths, at }),
        2 => (namespace(), target(), rev())
            .prop_map(|(ns, target, at)| Ask::Lookup { ns, target, at }),
        4 => (namespace(), target(), any::<bool>(), rev())
            .prop_map(|(ns, target, recursive, at)| Ask::List { ns, target, recursive, at }),
        1 => (namespace(), target()).prop_map(|(ns, target)| Ask::Versions { ns, target }),
        2 => (namespace(), revision(), revision())
            .prop_map(|(ns, from, to)| Ask::Diff { ns, from, to }),
        1 => namespace().prop_map(Ask::Namespace),
        1 => namespace().prop_map(Ask::Snapshots),
        1 => lock().prop_map(Ask::Lock),
        1 => namespace().prop_map(Ask::Journal),
    ]
}
