//! Guesses which revision an operation of unknown outcome made, from what others saw.
//!
//! A rev that answers show, and that no answered mutation made, is that of an operation of
//! unknown outcome: probably of one that made a node of that name and content. A guess is
//! no more than that. An order that was found with guesses must hold without them, and where
//! none is found, nothing is decided.

#[path = "gaps.rs"]
mod gaps;
#[path = "sightings.rs"]
mod sightings;

pub use sightings::assume_sightings;

use std::collections::{BTreeMap, BTreeSet};

use super::answer::{Answer, NodeAnswer, StepResult};
use super::operation::{Kind, Mode, Name, Operation, Read, Request, Step, Target};
use crate::model::{Claimed, Entry};

/// A node with a rev that no answered mutation made.
struct Sighting<'a> {
    name: &'a str,
    kind: Option<Kind>,
    hash: Option<&'a str>,
    completed: u32,
}

/// Makes mutations that claim no revision claim the one that they are guessed to have made; then
/// they must be part of a linearization. `order` is one that fits without claims, if any is known.
pub fn assume_guesses(entries: &mut [Entry<Operation>], order: Option<&[usize]>) {
    let mut guesses = guess_by_sight(entries);
    if let Some(order) = order {
        for (index, revision) in &guesses {
            entries[*index].claim = Some(*revision);
        }
        guesses.extend(gaps::guess_by_order(entries, order));
    }
    for (index, revision) in &guesses {
        entries[*index].assume(*revision);
    }
}

/// From revs that were seen.
fn guess_by_sight(entries: &[Entry<Operation>]) -> BTreeMap<usize, u64> {
    let mut guesses: BTreeMap<usize, u64> = BTreeMap::new();
    let mut made: BTreeSet<u64> = entries.iter().flat_map(revisions_made).collect();
    for (index, entry) in entries.iter().enumerate() {
        if entry.claim.is_none()
            && entry.completed.is_some()
            && let Some(rev) = revision_moved(&entry.operation)
            && made.insert(rev)
        {
            guesses.insert(index, rev);
        }
    }
    let unknown: Vec<usize> =
        (0..entries.len()).filter(|index| entries[*index].completed.is_none()).collect();
    for (rev, sightings) in sightings(entries) {
        if made.contains(&rev) {
            continue;
        }
        let may_have_made = |index: &&usize| {
            let entry = &entries[**index];
            !guesses.contains_key(*index)
                && sightings.iter().all(|seen| entry.invoked < seen.completed)
                && sightings.iter().any(|seen| makes(&entry.operation, seen))
        };
        if let Some(index) = unknown.iter().find(may_have_made) {
            guesses.insert(*index, rev);
        }
    }
    guesses
}

/// The rev that a move answered: probably its own.
fn revision_moved(operation: &Operation) -> Option<u64> {
    let (Request::Steps { steps, .. }, Answer::Steps(results)) =
        (&operation.request, &operation.answer)
    else {
        return None;
    };
    let mut moved = steps.iter().zip(results).filter(|(step, _)| matches!(step, Step::Move(_)));
    moved.find_map(|(_, result)| result.rev)
}

impl Operation {
    /// The revision that an answered mutation made, if its results alone tell.
    pub(super) fn revision_made(request: &Request, answer: &Answer) -> Option<u64> {
        let (Request::Steps { steps, .. }, Answer::Steps(results)) = (request, answer) else {
            return None;
        };
        let mut made = steps.iter().zip(results).filter(|(step, _)| step.makes_a_rev());
        made.find_map(|(_, result)| result.rev)
    }
}

fn revisions_made(entry: &Entry<Operation>) -> Vec<u64> {
    let (Request::Steps { steps, .. }, Answer::Steps(results)) =
        (&entry.operation.request, &entry.operation.answer)
    else {
        return entry.claim.filter(|_| entry.claimed == Claimed::Effect).into_iter().collect();
    };
    let keeps =
        |step: &Step| matches!(step, Step::Delete { .. } | Step::Check { .. } | Step::Move(_));
    let of = |(step, result): (&Step, &StepResult)| result.rev.filter(|_| !keeps(step));
    let claimed = entry.claim.filter(|_| entry.claimed == Claimed::Effect);
    steps.iter().zip(results).filter_map(of).chain(claimed).collect()
}

/// By rev.
fn sightings(entries: &[Entry<Operation>]) -> BTreeMap<u64, Vec<Sighting<'_>>> {
    let mut found: BTreeMap<u64, Vec<Sighting<'_>>> = BTreeMap::new();
    for entry in entries {
        let Some(completed) = entry.completed else { continue };
        let Request::Read { read, .. } = &entry.operation.request else { continue };
        match (read, &entry.operation.answer) {
            (Read::Stat(target), Answer::Node(node)) => {
                push(&mut found, last_name(target), node, completed);
            }
            (Read::BatchStat(targets), Answer::Nodes(nodes)) => {
                for (target, node) in targets.iter().zip(nodes) {
                    if let Ok(node) = node {
                        push(&mut found, last_name(target), node, completed);
                    }
                }
            }
            (Read::List { .. }, Answer::List(listed)) => {
                for entry in listed {
                    push(&mut found, entry.name.as_deref(), &entry.node, completed);
                }
            }
            _ => {}
        }
    }
    found
}

fn push<'a>(
    found: &mut BTreeMap<u64, Vec<Sighting<'a>>>,
    name: Option<&'a str>,
    node: &'a NodeAnswer,
    completed: u32,
) {
    if let (Some(name), Some(rev)) = (name, node.rev) {
        let sighting = Sighting { name, kind: node.kind, hash: node.hash.as_deref(), completed };
        found.entry(rev).or_default().push(sighting);
    }
}

fn last_name(target: &Target) -> Option<&str> {
    target.names.as_ref().ok()?.last().map(|name| &**name)
}

/// Whether an operation may have left a node as it was seen.
fn makes(operation: &Operation, seen: &Sighting<'_>) -> bool {
    let Request::Steps { steps, .. } = &operation.request else { return false };
    let is_kind = |kind| seen.kind.is_none_or(|seen| seen == kind);
    steps.iter().any(|step| match step {
        Step::Mkdir { target, .. } => {
            let names: &[Name] = target.names.as_deref().unwrap_or_default();
            is_kind(Kind::Directory) && names.iter().any(|name| **name == *seen.name)
        }
        Step::Commit(commit) => {
            is_kind(Kind::File)
                && (commit.autorename.is_some() || last_name(&commit.target) == Some(seen.name))
                && seen.hash.is_none_or(|hash| *hash == *commit.content.hash)
        }
        Step::Symlink { target, .. } => {
            is_kind(Kind::Symlink) && last_name(target) == Some(seen.name)
        }
        Step::Mount { target, .. } => is_kind(Kind::Mount) && last_name(target) == Some(seen.name),
        Step::Move(step) => last_name(&step.to) == Some(seen.name),
        Step::Copy { .. } | Step::Restore { .. } => true,
        Step::SetAttributes(change) => last_name(&change.target) == Some(seen.name),
        Step::Delete { .. } | Step::SetQuota { .. } | Step::Unmount { .. } | Step::Check { .. } => {
            false
        }
    })
}

impl Step {
    /// Whether its result's rev is the revision of the change, wherever it is not refused.
    fn makes_a_rev(&self) -> bool {
        match self {
            Step::Mkdir { parents, .. } => !parents,
            Step::Commit(commit) => !matches!(commit.mode, Mode::Update(_)),
            Step::Symlink { .. } | Step::Copy { .. } | Step::Mount { .. } => true,
            _ => false,
        }
    }
}
