//! Questions to a pinned view of the state. What they answer is as old as the view: who
//! needs a fresh one waits for the read barrier first.

mod diff;
mod journal;
mod list;
mod locks;
mod namespaces;
mod nodes;

use metad_proto::{limits, state_hash::StateHasher};

pub use self::{
    diff::{Comparison, Difference, Located, comparison},
    journal::{JournalPage, journal_page},
    list::{Entry, Page, list_page, list_tree_page},
    locks::{HeldLock, lock, locks},
    namespaces::{Which, namespace, namespaces, snapshots},
    nodes::{lookup, stat, stats, versions},
};
use super::{Answer, Tried, answer, reader::Reader, reclaim, retention, session};

pub use super::retention::Retention;
use crate::{
    kv::{KvRead, Result},
    records::key,
    types::{Action, ClientRequest, GroupId, Mutation, Rejection, Revision},
};

/// A view of any kind.
type View<'v> = &'v dyn KvRead;

/// What a question is asked of.
#[derive(Clone, Copy)]
pub struct Source<'v> {
    /// A pinned view of the state.
    pub view: View<'v>,
    /// Whose state.
    pub group: GroupId,
    /// The revision to read at; None for what is there now.
    pub at: Option<Revision>,
}

impl<'v> Source<'v> {
    /// What is there now.
    pub fn now(view: View<'v>, group: GroupId) -> Self {
        Source { view, group, at: None }
    }

    fn reader(&self) -> Tried<Reader<'v, dyn KvRead + 'v>> {
        Reader::at(self.view, self.group, self.at)
    }
}

/// The revision that the view reflects.
pub fn revision(view: View, group: GroupId) -> Result<Revision> {
    Ok(Reader::new(view, group).system()?.revision)
}

/// Replicated time, milliseconds since 1970.
pub fn time_ms(view: View, group: GroupId) -> Result<u64> {
    Ok(Reader::new(view, group).system()?.time_ms)
}

/// Refuses what the state has no room for, as apply will, so that it need not go through Raft.
pub fn check_room(view: View, group: GroupId, action: &Action) -> Answer<()> {
    let check = || -> Tried<()> {
        let reader = Reader::new(view, group);
        let (used, limit, value) = match action {
            Action::OpenSession => {
                (reader.system()?.sessions, limits::SESSIONS, limits::SESSIONS_MAX)
            }
            Action::Request(ClientRequest {
                mutation: Mutation::AcquireLock { lock, .. },
                request,
                ..
            }) if reader.lock_at(&reader.lock_key(lock)?)?.is_none()
                // A retry gets its reply.
                && !session::is_answered(view, group, *request)? =>
            {
                (reader.system()?.locks, limits::LOCKS, limits::LOCKS_MAX)
            }
            _ => return Ok(()),
        };
        match used < value {
            true => Ok(()),
            false => Err(Rejection::LimitExceeded { limit, value }.into()),
        }
    };
    answer(check())
}

/// The revision before which the past need no longer be kept at a time (milliseconds since
/// 1970), if it still is.
pub fn compactable(
    view: View,
    group: GroupId,
    keep: Retention,
    now_ms: u64,
) -> Result<Option<Revision>> {
    let system = Reader::new(view, group).system()?;
    retention::due(view, group, &system, keep, now_ms)
}

/// Whether housekeeping has something to do at a time, milliseconds since 1970.
pub fn reclaimable(view: View, group: GroupId, time_ms: u64) -> Result<bool> {
    let system = Reader::new(view, group).system()?;
    reclaim::is_needed(view, group, &system, time_ms)
}

/// A hash over all records of the group in the order of their keys, and their number.
/// Replicas at the same applied index have the same.
pub fn state_hash(view: View, group: GroupId) -> Result<(u128, u64)> {
    let mut hasher = StateHasher::default();
    let range = key::group_range(group);
    for pair in view.scan(&range.start, &range.end) {
        let (key, value) = pair?;
        hasher.add(&key, &value);
    }
    Ok((hasher.hash(), hasher.records()))
}
