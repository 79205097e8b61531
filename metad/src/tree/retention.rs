//! How far back the past can be read, and the milestones by which that is decided.
//!
//! Invariants: the bound only moves forward, at one entry of the log, for all replicas at
//! once; removing what is before it is housekeeping ([`super::reclaim`]), which nobody sees.

use metad_proto::planted;

use crate::{
    kv::{KvRead, KvTxn, Result},
    records::{
        key,
        milestone::{self, Milestone},
        system::System,
    },
    types::{Applied, GroupId, Outcome, Revision},
};

/// Between two milestones there is at most so much replicated time …
const MILESTONE_MS: u64 = 5_000;
/// … or so many lines of journals, whichever is reached first.
const MILESTONE_CHANGES: u64 = 1_000;

/// How much of the past is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Milliseconds of replicated time.
    pub age_ms: u64,
    /// Lines of all journals together.
    pub changes: u64,
}

/// What was there before a revision can no longer be read. Snapshots pin what they are of.
pub(super) fn compact(
    txn: &impl KvRead,
    group: GroupId,
    system: &mut System,
    up_to: Revision,
) -> Result<Applied> {
    let bound = oldest_pin(txn, group)?.unwrap_or(system.revision);
    system.compacted = up_to.min(bound).max(system.compacted);
    let outcome = Outcome::Compacted(system.compacted);
    Ok(Applied { revision: system.revision, outcome })
}

/// The revision of the oldest snapshot.
fn oldest_pin(view: &(impl KvRead + ?Sized), group: GroupId) -> Result<Option<Revision>> {
    if planted!(SnapshotNotPinned) {
        return Ok(None);
    }
    let pins = key::pins(group);
    let Some(pair) = view.scan(&pins.start, &pins.end).next() else { return Ok(None) };
    Ok(key::last_id(&pair?.0).map(Revision))
}

/// Notes where history is, from time to time.
pub(super) fn set_milestone(
    txn: &mut impl KvTxn,
    group: GroupId,
    system: &mut System,
) -> Result<()> {
    let (time_ms, changes) = system.milestone;
    let is_due = system.time_ms >= time_ms.saturating_add(MILESTONE_MS)
        || system.changes >= changes + MILESTONE_CHANGES;
    if !is_due {
        return Ok(());
    }
    let range = key::milestones(group);
    let last = txn.last(&range.start, &range.end)?;
    let last = last.map(|(_, value)| milestone::decode(&value)).transpose()?;
    // Not all that changed is told in journals: a namespace that was deleted is not.
    if system.revision > last.map_or(system.compacted, |last| last.revision) {
        system.milestone = (system.time_ms, system.changes);
        let here = Milestone { revision: system.revision, changes: system.changes };
        txn.put(key::milestone(group, system.time_ms), milestone::encode(here));
    }
    Ok(())
}

/// The revision before which a retention no longer keeps the past, if that is later than
/// what is kept now.
pub(super) fn due(
    view: &(impl KvRead + ?Sized),
    group: GroupId,
    system: &System,
    keep: Retention,
    now_ms: u64,
) -> Result<Option<Revision>> {
    let bound = oldest_pin(view, group)?.unwrap_or(system.revision);
    let mut due = None;
    let range = key::milestones(group);
    for pair in view.scan(&range.start, &range.end) {
        let (key, value) = pair?;
        let time_ms = key::last_id(&key).expect("the range holds whole keys");
        let Milestone { revision, changes } = milestone::decode(&value)?;
        let is_old = now_ms.saturating_sub(time_ms) > keep.age_ms;
        if !is_old && system.changes.saturating_sub(changes) <= keep.changes {
            return Ok(due);
        }
        let revision = revision.min(bound);
        due = Some(revision).filter(|revision| *revision > system.compacted);
        // The later ones are no better.
        if revision == bound {
            return Ok(due);
        }
    }
    // Nothing came after the last command: it is a milestone by itself.
    if now_ms.saturating_sub(system.time_ms) > keep.age_ms {
        due = Some(bound).filter(|revision| *revision > system.compacted);
    }
    Ok(due)
}
