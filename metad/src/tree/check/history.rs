//! The journals and what is known of requests.

use std::collections::{BTreeMap, btree_map::Entry};

use super::{Findings, Tree};
use crate::{
    kv::{KvRead, Result},
    records::{change, key, session, system::System},
    types::{
        Change, ChangeKind, ClientId, Cursor, GroupId, Namespace, Node, NodeId, Request, Revision,
    },
};

/// Replays a namespace's journal over the oldest tree that is kept: it must give the tree.
pub(super) fn check(
    view: &dyn KvRead,
    group: GroupId,
    system: &System,
    namespace: &Namespace,
    (oldest, tree): (&Tree, &Tree),
    findings: &mut Findings,
) -> Result<()> {
    let mut replay = Replay { namespace, nodes: oldest.clone(), last: None, findings };
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
        replay.change(change);
    }
    let replayed = replay.reachable();
    let Replay { findings, .. } = replay;
    findings.expect(replayed == *tree, "the journal replays to the tree", || {
        let missing = tree.iter().find(|(id, node)| replayed.get(id) != Some(node));
        let extra = replayed.iter().find(|(id, _)| !tree.contains_key(id));
        format!("namespace {}: tree has {missing:?}, journal has {extra:?}", namespace.id)
    });
    Ok(())
}

struct Replay<'a> {
    namespace: &'a Namespace,
    nodes: Tree,
    last: Option<Cursor>,
    findings: &'a mut Findings,
}

impl Replay<'_> {
    fn expect(&mut self, holds: bool, invariant: &'static str, change: &Change) {
        let namespace = self.namespace.id;
        self.findings.expect(holds, invariant, || format!("namespace {namespace}: {change:?}"));
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
        let node = change.node.clone();
        let parent = node.parent;
        let has_parent = parent == self.namespace.root || self.nodes.contains_key(&parent);
        self.expect(has_parent, "a parent is told before its children", &change);
        let before = match change.kind {
            ChangeKind::Deleted => self.nodes.remove(&node.id),
            _ => self.nodes.insert(node.id, node),
        };
        let expected = change.kind != ChangeKind::Created;
        self.expect(before.is_some() == expected, "no id is used twice", &change);
        let rev = Revision(change.cursor.revision.0);
        let current = change.kind == ChangeKind::Deleted || change.node.rev == rev;
        self.expect(current, "a rev is the revision of the last change", &change);
    }

    /// Deleting a directory deletes what is under it without a word.
    fn reachable(&self) -> Tree {
        let mut children = BTreeMap::<NodeId, Vec<&Node>>::new();
        for node in self.nodes.values() {
            children.entry(node.parent).or_default().push(node);
        }
        let mut reached = Tree::new();
        let mut queue = vec![self.namespace.root];
        while let Some(directory) = queue.pop() {
            for node in children.remove(&directory).into_iter().flatten() {
                reached.insert(node.id, node.clone());
                queue.push(node.id);
            }
        }
        reached
    }
}

/// A request is in the journals at one revision at most, and replies belong to sessions.
pub(super) fn check_requests(
    view: &dyn KvRead,
    group: GroupId,
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
        let pending = session.is_some_and(|session| sequence >= session.first_pending);
        findings.expect(pending, "a reply belongs to a session that may ask for it", || {
            format!("client {client}, sequence {sequence}")
        });
    }
    Ok(())
}
