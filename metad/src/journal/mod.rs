//! Following a namespace's journal from a cursor, on any replica.
//!
//! Invariants: a follower of the journal gets every change after its cursor once, in
//! order, with no gap, since each page is read from the store; memory only wakes it up.
//! One that reads slowly is not read ahead for. Must not: keep changes in memory beyond
//! one page.

use futures::Stream;
use metad_proto::planted;

use crate::{
    kv::StorageFault,
    raft::StateReader,
    tree::query::{self, JournalPage},
    types::{Change, Cursor, NamespaceId, Rejection, Revision},
};

/// Part of a journal, as it is told.
#[derive(Debug)]
pub struct Told {
    /// The revision of the view that it was read from.
    pub revision: Revision,
    /// In order. Empty once, when all that was there at the beginning has been told.
    pub changes: Vec<Change>,
    /// Where to read on.
    pub cursor: Cursor,
}

/// Why the telling ends.
#[derive(Debug)]
pub enum End {
    /// There is no such journal, or not from this cursor.
    Rejected {
        /// Why.
        rejection: Rejection,
        /// The revision at which it was refused.
        revision: Revision,
    },
    /// The storage failed.
    Fault(StorageFault),
    /// The replica has stopped.
    Stopped,
}

/// Tells a journal from a cursor on, at most `limit` changes at a time, for as long as the
/// stream is read.
pub fn tail(
    mut state: StateReader,
    namespace: NamespaceId,
    mut after: Option<Cursor>,
    limit: usize,
) -> impl Stream<Item = Result<Told, End>> + Send {
    async_stream::try_stream! {
        let mut caught_up = false;
        let mut skips = planted!(SubscriberOffByOne) && after.is_some();
        loop {
            // Noted before the view is pinned: a change between the two wakes us up.
            state.note_progress();
            let (revision, page) = read(&state, namespace, after, limit)?;
            let JournalPage { mut changes, cursor, end } = page;
            if std::mem::take(&mut skips) && !changes.is_empty() {
                changes.remove(0);
            }
            if !changes.is_empty() {
                after = Some(cursor);
                yield Told { revision, changes, cursor };
            }
            if !end {
                continue;
            }
            if !caught_up {
                caught_up = true;
                yield Told { revision, changes: Vec::new(), cursor };
            }
            if !state.moved_on().await {
                Err(End::Stopped)?;
            }
        }
    }
}

/// One page of a journal, and the revision of the view that it was read from.
pub fn read(
    state: &StateReader,
    namespace: NamespaceId,
    after: Option<Cursor>,
    limit: usize,
) -> Result<(Revision, JournalPage), End> {
    let view = state.view().map_err(End::Fault)?;
    let revision = query::revision(&*view, state.group()).map_err(End::Fault)?;
    match query::journal_page(&*view, state.group(), namespace, after, limit) {
        Ok(Ok(page)) => Ok((revision, page)),
        Ok(Err(rejection)) => Err(End::Rejected { rejection, revision }),
        Err(fault) => Err(End::Fault(fault)),
    }
}
