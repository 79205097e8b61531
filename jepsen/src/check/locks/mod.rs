//! Locks: no two holders at once, tokens only grow, a stale token never writes.
//!
//! A grant is named by its token, the revision at which it was made. It ends when a release
//! of it takes effect, or by replicated time, which the history knows only from the answers:
//! a grant or renewal says when the lock would end, and so, with the time to live that was
//! asked for, when it was made. From that order the following is judged:
//!
//! - A token is the revision of its grant, and no two grants have the same.
//! - A lock is granted only if the grant before it was released or had come to its end.
//! - Once a later grant was made, or the lock was released, its token renews, releases and
//!   fences nothing at a later revision; and a token that was called stale stays so.
//! - Whoever asks for the holder is told the last grant, unless it was released; `LOCK_HELD`
//!   is told only of a lock that somebody has.
//! - A lock is told to be free, or left out of a list, only if its last token is not good later.
//!
//! An operation of unknown outcome may have done what it was asked to do.

mod claims;
mod events;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::journal::finish;
use super::verdict::Check;
use crate::history::History;
use crate::model::BadOperation;
use events::{Event, Grant, Key, Told, read_events};

/// Checks the locks; none if the history has none.
pub(super) fn check(history: &History) -> Result<Option<Check>, BadOperation> {
    let (grants, events) = read_events(history)?;
    if grants.is_empty() && events.is_empty() {
        return Ok(None);
    }
    let mut findings = Vec::new();
    check_tokens(&grants, &mut findings);
    let mut locks: BTreeMap<&Key, Lock<'_>> = BTreeMap::new();
    for grant in &grants {
        locks.entry(&grant.key).or_default().grants.push(grant);
    }
    for event in &events {
        locks.entry(&event.key).or_default().events.push(event);
    }
    for lock in locks.values_mut() {
        lock.grants.sort_by_key(|grant| grant.token);
        lock.check(&mut findings);
    }
    let detail = format!(
        "{} grants of {} locks, {} uses of their tokens",
        grants.len(),
        locks.len(),
        events.len()
    );
    Ok(Some(finish("locks", detail, findings)))
}

/// What is known of one lock.
#[derive(Default)]
struct Lock<'h> {
    /// In the order of their tokens.
    grants: Vec<&'h Grant>,
    events: Vec<&'h Event>,
}

impl Lock<'_> {
    fn check(&self, findings: &mut Vec<String>) {
        for pair in self.grants.windows(2) {
            self.check_handover(pair[0], pair[1], findings);
        }
        for event in &self.events {
            self.check_event(event, findings);
        }
    }
}

/// Tokens are the revisions of their grants, each of one grant.
fn check_tokens(grants: &[Grant], findings: &mut Vec<String>) {
    let mut lines: BTreeMap<u64, u32> = BTreeMap::new();
    for grant in grants {
        if grant.revision.is_some_and(|revision| revision != grant.token) {
            findings.push(format!(
                "line {}: the token {} is not the revision of its grant",
                grant.line, grant.token
            ));
        }
        if let Some(other) = lines.insert(grant.token, grant.line) {
            findings.push(format!(
                "line {}: the token {} was granted on line {other} before",
                grant.line, grant.token
            ));
        }
    }
}

impl Told {
    /// Whether it shows that the token was good.
    fn is_success(self) -> bool {
        matches!(self, Told::Renewed { .. } | Told::Released | Told::Fenced { .. })
    }
}
