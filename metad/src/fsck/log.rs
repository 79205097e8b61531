//! The log: whole, in order, and reaching what the state has applied.

use crate::{
    kv::{KvRead, Result},
    records::{
        applied::Applied,
        entry::{self, Position},
        key, vote,
    },
    tree::check::Violation,
    types::GroupId,
};

/// Checks the log of a group.
pub(super) fn check(log: &dyn KvRead, group: GroupId, applied: &Applied) -> Result<Vec<Violation>> {
    let mut findings = Vec::new();
    let mut expect = |holds: bool, invariant: &'static str, detail: String| {
        if !holds {
            findings.push(Violation { invariant, detail });
        }
    };
    let position = |key: Vec<u8>| -> Result<Option<Position>> {
        let value = log.get(&key)?;
        Ok(value.map(|value| entry::decode_position(&value)).transpose()?.flatten())
    };
    let purged = position(key::purged(group))?;
    let mut last = purged;
    let range = key::log_range(group, 0..u64::MAX);
    for pair in log.scan(&range.start, &range.end) {
        let (key, value) = pair?;
        let index = key::last_id(&key).expect("the range holds whole keys");
        let here = Position { term: entry::decode(&value, index)?.term, index };
        let next = last.map_or(index, |last| last.index + 1);
        expect(index == next, "the log has no hole", format!("{index} comes after {last:?}"));
        let grows = last.is_none_or(|last| last.term <= here.term);
        expect(grows, "terms only grow", format!("{here:?} comes after {last:?}"));
        last = Some(here);
    }
    let reached = last.map(|last| last.index) >= applied.last.map(|applied| applied.index);
    let ends = format!("it ends at {last:?}, the state is at {:?}", applied.last);
    expect(reached, "the log reaches what was applied", ends);
    let is_kept = purged.map(|purged| purged.index) <= applied.last.map(|applied| applied.index);
    let kept = format!("purged up to {purged:?}, the state is at {:?}", applied.last);
    expect(is_kept, "only what was applied is purged", kept);
    if let Some(value) = log.get(&key::vote(group))? {
        let vote = vote::decode(&value)?;
        let voted = last.is_none_or(|last| last.term <= vote.term);
        expect(voted, "terms only grow", format!("the vote is of term {}", vote.term));
    }
    Ok(findings)
}
