//! The journals and what is known of requests.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use super::{Findings, Tree, past::Past};
use crate::{
    kv::{KvRead, Result},
    records::{change, key, session, snapshot, system::System},
    types::{
        Change, ChangeKind, ClientId, Cursor, GroupId, Namespace, Node, NodeId, Request, Revision,
    },
};

/// How many revisions of a namespace are compared with what the journal says of them.
const COMPARED: u64 = 8;

/// Replays a namespace's journal over the oldest tree that is kept: it must give the tree,
/// and on the way what is kept of the past.
pub(super) fn check(
    view: &dyn KvRead,
    group: GroupId,
    system: &System,
    namespace: &Namespace,
    (past, tree): (&Past, &Tree),
    findings: &mut Findings,
) -> Result<()> {
    let oldest = past.tree(namespace.root, system.compacted);
    let compared = compared(view, group, system, namespace)?;
    let mut replay =
        Replay { namespace, past, nodes: oldest, last: None, arrived: None, compared, findings };
    let range = key::journal_after(group, namespace.id, None);
    for pair in view.scan(&range.start, &range.end) {
        let (key, value) = pair?;
        let change = change::decode(&value)?;
        let place = key::journal(group, namespace.id, change.cursor);
        replay.expect(key == place, "a change is where it says", &change);
        // Not trimmed yet, but no longer kept.
        if change.cursor.revision <= system.compacted {
            continue;
        }
        let known = change.cursor.revision <= system.revision;
        replay.expect(known, "revisions only grow", &change);
        replay.compare(change.cursor.revision);
        replay.change(change);
    }
    replay.compare(system.revision.next());
    let replayed = replay.reachable();
    let Replay { findings, .. } = replay;
    findings.expect(replayed == *tree, "the journal replays to the tree", || {
        let missing = tree.iter().find(|(id, node)| replayed.get(id) != Some(node));
        let extra = replayed.iter().find(|(id, _)| !tree.contains_key(id));
        format!("namespace {}: tree has {missing:?}, journal has {extra:?}", namespace.id)
    });
    Ok(())
}

/// Some revisions that can be read, the earliest last: those of snapshots, and others between
/// the oldest one and now.
fn compared(
    view: &dyn KvRead,
    group: GroupId,
    system: &System,
    namespace: &Namespace,
) -> Result<Vec<Revision>> {
    let oldest = system.compacted.max(namespace.created).0;
    let span = system.revision.0.saturating_sub(oldest);
    let mut compared: BTreeSet<Revision> =
        (0..COMPARED).map(|part| Revision(oldest + span * part / COMPARED)).collect();
    let range = key::snapshots(group, namespace.id);
    for pair in view.scan(&range.start, &range.end).take(COMPARED as usize) {
        compared.insert(snapshot::decode(&pair?.1)?.revision);
    }
    Ok(compared.into_iter().rev().collect())
}

struct Replay<'a> {
    namespace: &'a Namespace,
    past: &'a Past,
    nodes: Tree,
    last: Option<Cursor>,
    /// The revision at which something came from another namespace.
    arrived: Option<Revision>,
    compared: Vec<Revision>,
    findings: &'a mut Findings,
}

impl Replay<'_> {
    fn expect(&mut self, holds: bool, invariant: &'static str, change: &Change) {
        let namespace = self.namespace.id;
        self.findings.expect(holds, invariant, || format!("namespace {namespace}: {change:?}"));
    }

    /// Compares what was there before a revision, where that is due.
    fn compare(&mut self, next: Revision) {
        while let Some(at) = self.compared.pop_if(|at| *at < next) {
            let (told, kept) = (self.reachable(), self.past.tree(self.namespace.root, at));
            self.findings.expect(told == kept, "the past is what it was", || {
                let missing = told.iter().find(|(id, node)| kept.get(id) != Some(node));
                let extra = kept.iter().find(|(id, _)| !told.contains_key(id));
                let namespace = self.namespace.id;
                format!("namespace {namespace} at {at}: journal has {missing:?}, kept is {extra:?}")
            });
        }
    }

    fn change(&mut self, change: Change) {
        let follows = match self.last {
            Some(last) if last.revision == change.cursor.revision => {
                change.cursor.ordinal == last.ordinal + 1
            }
            Some(last) => change.cursor.revision > last.revision && change.cursor.ordinal == 0,
            None => change.cursor.ordinal == 0,
        };
        self.expect(follows, "a journal has no gap", &change);
        self.last = Some(change.cursor);
        let revision = change.cursor.revision;
        if matches!(change.kind, ChangeKind::MovedIn { .. }) {
            self.arrived = Some(revision);
        }
        // A listing at this revision may have shown what is told now.
        if self.arrived != Some(revision) {
            self.judge(&change);
        }
        let is_gone = matches!(change.kind, ChangeKind::Deleted | ChangeKind::MovedOut { .. });
        let current = is_gone || change.node.rev == revision;
        self.expect(current, "a rev is the revision of the last change", &change);
        self.take(change);
    }

    fn judge(&mut self, change: &Change) {
        let parent = change.node.parent;
        let has_parent = parent == self.namespace.root || self.nodes.contains_key(&parent);
        self.expect(has_parent, "a parent is told before its children", change);
        let was_there = self.nodes.contains_key(&change.node.id);
        let expected = change.kind != ChangeKind::Created;
        self.expect(was_there == expected, "no id is used twice", change);
    }

    fn take(&mut self, change: Change) {
        let node = change.node;
        match change.kind {
            ChangeKind::Created | ChangeKind::Updated | ChangeKind::Moved => {
                self.nodes.insert(node.id, node);
            }
            ChangeKind::Deleted => drop(self.nodes.remove(&node.id)),
            ChangeKind::MovedOut { .. } => {
                // It may come back without what was under it, even within another directory.
                self.forget_under(node.id);
                self.nodes.remove(&node.id);
            }
            ChangeKind::MovedIn { .. } => {
                self.forget_under(node.id);
                self.nodes.extend(self.past.tree(node.id, change.cursor.revision));
                self.nodes.insert(node.id, node);
            }
        }
    }

    fn forget_under(&mut self, directory: NodeId) {
        for stale in under(&self.nodes, directory).into_keys() {
            self.nodes.remove(&stale);
        }
    }

    /// Deleting a directory deletes what is under it without a word.
    fn reachable(&self) -> Tree {
        under(&self.nodes, self.namespace.root)
    }
}

/// The nodes under a directory.
fn under(nodes: &Tree, top: NodeId) -> Tree {
    let mut children = BTreeMap::<NodeId, Vec<&Node>>::new();
    for node in nodes.values() {
        children.entry(node.parent).or_default().push(node);
    }
    let mut reached = Tree::new();
    let mut queue = vec![top];
    while let Some(directory) = queue.pop() {
        for node in children.remove(&directory).into_iter().flatten() {
            reached.insert(node.id, node.clone());
            queue.push(node.id);
        }
    }
    reached
}

/// A request is in the journals at one revision at most, and replies belong to sessions.
pub(super) fn check_requests(
    view: &dyn KvRead,
    group: GroupId,
    system: &System,
    namespaces: &[Namespace],
    findings: &mut Findings,
) -> Result<()> {
    let mut effects = BTreeMap::<Request, Revision>::new();
    for namespace in namespaces {
        let range = key::journal_after(group, namespace.id, None);
        for pair in view.scan(&range.start, &range.end) {
            let change = change::decode(&pair?.1)?;
            let revision = change.cursor.revision;
            match effects.entry(change.request) {
                Entry::Vacant(entry) => drop(entry.insert(revision)),
                Entry::Occupied(entry) => {
                    let one = *entry.get() == revision;
                    findings.expect(one, "one effect for each request", || {
                        format!("{:?} at {} and {revision}", change.request, entry.get())
                    });
                }
            }
        }
    }
    let range = key::sessions(group);
    let mut sessions = 0;
    for pair in view.scan(&range.start, &range.end) {
        let session = session::decode(&pair?.1)?;
        sessions += 1;
        let pending = session.kept.iter().all(|(sequence, _)| *sequence >= session.first_pending);
        findings.expect(pending, "a reply belongs to a session that may ask for it", || {
            format!("{session:?}")
        });
    }
    findings.expect(sessions == system.sessions, "counters equal a recount", || {
        format!("{} sessions counted, {sessions} stored", system.sessions)
    });
    check_replies(view, group, findings)
}

fn check_replies(view: &dyn KvRead, group: GroupId, findings: &mut Findings) -> Result<()> {
    let range = key::all_replies(group);
    for pair in view.scan(&range.start, &range.end) {
        let key = pair?.0;
        let sequence = key::last_id(&key).expect("the range holds whole keys");
        let client = key::last_id(&key[..key.len() - 8]).expect("the range holds whole keys");
        let session = view.get(&key::session(group, ClientId(client)))?;
        let session = session.map(|value| session::decode(&value)).transpose()?;
        let pending = session
            .is_some_and(|session| (session.first_pending..session.spilled).contains(&sequence));
        findings.expect(pending, "a reply belongs to a session that may ask for it", || {
            format!("client {client}, sequence {sequence}")
        });
    }
    Ok(())
}
