//! Which revision an operation of unknown outcome made, where its path and content were seen.
//!
//! Surer than a guess by name ([`super`]): somebody saw a node at a path, with a rev that no
//! answered mutation made, and one operation alone may have left it there. It may be wrong all
//! the same, as the directories above may have moved.

use std::collections::{BTreeMap, BTreeSet};

use super::gaps::Times;
use super::{Answer, Entry, Kind, Name, Operation, Read, Request, Step, Target, revisions_made};
use crate::model::Claimed;

/// A node at a path of a namespace.
struct Sighting<'a> {
    ns: u64,
    path: Vec<&'a str>,
    kind: Option<Kind>,
    hash: Option<&'a str>,
}

/// Makes operations of unknown outcome claim the revision that was seen of them.
pub fn assume_sightings(entries: &mut [Entry<Operation>]) {
    let mut found: BTreeMap<usize, u64> = BTreeMap::new();
    let made: BTreeSet<u64> = entries.iter().flat_map(revisions_surely_made).collect();
    let times = Times::new(entries);
    let is_unknown =
        |index: &usize| entries[*index].completed.is_none() && entries[*index].claim.is_none();
    let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for index in (0..entries.len()).filter(is_unknown) {
        for name in names_made(&entries[index].operation) {
            by_name.entry(name).or_default().push(index);
        }
    }
    for (rev, (sightings, first_seen)) in sightings(entries) {
        if made.contains(&rev) {
            continue;
        }
        let names = sightings.iter().filter_map(|seen| seen.path.last());
        let named = names.flat_map(|name| by_name.get(name).into_iter().flatten());
        let may_have_made = |index: &&usize| {
            let entry = &entries[**index];
            entry.invoked < first_seen
                && times.claimed_before(entry.invoked) < rev
                && sightings.iter().all(|seen| seen.may_be_of(&entry.operation))
        };
        let makers: BTreeSet<usize> = named.filter(may_have_made).copied().collect();
        if let (1, Some(maker)) = (makers.len(), makers.first()) {
            found.entry(*maker).or_insert(rev);
        }
    }
    for (index, revision) in found {
        entries[index].assume(revision);
    }
}

impl Entry<Operation> {
    /// Makes it claim a revision, and so be part of every linearization.
    pub(super) fn assume(&mut self, revision: u64) {
        self.operation.revision = Some(revision);
        self.claim = Some(revision);
        self.claimed = Claimed::Effect;
        self.completed = self.completed.or(Some(u32::MAX));
    }
}

/// A move that answers the revision that it claims has made that.
fn revisions_surely_made(entry: &Entry<Operation>) -> Vec<u64> {
    let mut made = revisions_made(entry);
    if let Answer::Steps(results) = &entry.operation.answer {
        made.extend(
            results.iter().filter_map(|result| result.rev).filter(|rev| {
                entry.claim == Some(*rev) && entry.claimed == Claimed::PossibleEffect
            }),
        );
    }
    made
}

/// By rev, and when the first was answered.
fn sightings(entries: &[Entry<Operation>]) -> BTreeMap<u64, (Vec<Sighting<'_>>, u32)> {
    let mut found: BTreeMap<u64, (Vec<Sighting<'_>>, u32)> = BTreeMap::new();
    for entry in entries {
        let Some(completed) = entry.completed else { continue };
        for (rev, sighting) in seen_by(&entry.operation) {
            let (sightings, first) = found.entry(rev).or_insert((Vec::new(), completed));
            *first = completed.min(*first);
            sightings.push(sighting);
        }
    }
    found
}

fn seen_by(operation: &Operation) -> Vec<(u64, Sighting<'_>)> {
    match (&operation.request, &operation.answer) {
        (Request::Read { ns, at: None, read: Read::Stat(target) }, Answer::Node(node)) => {
            let (kind, hash) = (node.kind, node.hash.as_deref());
            let seen = path_of(target).zip(node.rev);
            let sighting = |(path, rev)| (rev, Sighting { ns: *ns, path, kind, hash });
            seen.map(sighting).into_iter().collect()
        }
        (
            Request::Read { ns, at: None, read: Read::List { target, recursive: false } },
            Answer::List(listed),
        ) => {
            let Some(above) = path_of(target) else { return Vec::new() };
            let entries = listed.iter().filter_map(|entry| {
                let path = above.iter().copied().chain(entry.name.as_deref()).collect();
                let (kind, hash) = (entry.node.kind, entry.node.hash.as_deref());
                Some((entry.node.rev?, Sighting { ns: *ns, path, kind, hash }))
            });
            entries.collect()
        }
        (Request::Steps { ns, steps }, Answer::Steps(results)) => {
            let deleted = steps.iter().zip(results).filter_map(|(step, result)| {
                let Step::Delete { target, .. } = step else { return None };
                let (path, rev) = path_of(target).zip(result.rev)?;
                Some((rev, Sighting { ns: *ns, path, kind: None, hash: None }))
            });
            deleted.collect()
        }
        _ => Vec::new(),
    }
}

fn path_of(target: &Target) -> Option<Vec<&str>> {
    let names: &[Name] = target.names.as_deref().ok().filter(|_| target.start.is_none())?;
    Some(names.iter().map(|name| &**name).collect())
}

/// The last names of what it makes or changes.
fn names_made(operation: &Operation) -> Vec<&str> {
    let Request::Steps { steps, .. } = &operation.request else { return Vec::new() };
    let targets = steps.iter().filter_map(Step::target_made);
    targets.filter_map(|(target, _)| path_of(target)?.pop()).collect()
}

impl Step {
    /// The one node that has the revision for its rev afterwards, and what it is.
    fn target_made(&self) -> Option<(&Target, Option<Kind>)> {
        match self {
            Step::Mkdir { target, .. } => Some((target, Some(Kind::Directory))),
            Step::Commit(commit) if commit.autorename.is_none() => {
                Some((&commit.target, Some(Kind::File)))
            }
            Step::Symlink { target, .. } => Some((target, Some(Kind::Symlink))),
            Step::Mount { target, .. } => Some((target, Some(Kind::Mount))),
            Step::Move(step) => Some((&step.to, None)),
            Step::Copy { to, .. } => Some((to, None)),
            Step::SetAttributes(change) => Some((&change.target, None)),
            _ => None,
        }
    }
}

impl Sighting<'_> {
    fn may_be_of(&self, operation: &Operation) -> bool {
        let Request::Steps { ns, steps } = &operation.request else { return false };
        let may_be_of = |step: &Step| {
            let Some((target, kind)) = step.target_made() else { return false };
            let is_content = match step {
                Step::Commit(commit) => self.hash.is_none_or(|hash| *hash == *commit.content.hash),
                _ => true,
            };
            let is_kind = self.kind.is_none() || kind.is_none() || self.kind == kind;
            is_kind && is_content && path_of(target).as_ref() == Some(&self.path)
        };
        *ns == self.ns && steps.iter().any(may_be_of)
    }
}
