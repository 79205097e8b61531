//! Reading journals, and waiting for them.

use std::time::Duration;

use metad_proto::{limits, v1};
use tonic::Status;

use super::{decode, encode, files::Files, reading::Reading, status, subscribe};
use crate::{
    raft,
    tree::query::{self, Source},
    types::{Cursor, NamespaceId, NodeRef, Rejection},
};

/// How long a reader with a later cursor waits for a node that lags.
const LAG_MAX: Duration = Duration::from_secs(1);

impl Files {
    pub(super) async fn cursor(
        &self,
        request: v1::GetCursorRequest,
    ) -> Result<v1::GetCursorReply, Status> {
        let v1::GetCursorRequest { ns, consistency } = request;
        let reading = self.read(consistency).await?;
        let root = NodeRef::default();
        let (_, revision) =
            reading.ask(None, |source: Source| query::stat(source, NamespaceId(ns), &root))?;
        Ok(v1::GetCursorReply {
            revision: revision.0,
            node: self.server().0,
            cursor: Some(encode::cursor(Cursor::after(revision))),
            staleness_ms: reading.staleness_ms,
        })
    }

    pub(super) async fn wait(
        &self,
        request: v1::WaitForChangeRequest,
    ) -> Result<v1::WaitForChangeReply, Status> {
        let v1::WaitForChangeRequest { ns, after, timeout_ms } = request;
        let _seat = self.seat()?;
        let after = after.map(decode::cursor);
        self.reaches(after).await?;
        let patience = Duration::from_millis(timeout_ms.min(limits::WAIT_MS_MAX));
        let waited = subscribe::wait(&self.replica, NamespaceId(ns), after, &self.closing);
        let (changed, revision) = match raft::time::timeout(patience, waited).await {
            Some(changed) => (true, changed?),
            // One last look, so that the answer and its revision are of one view.
            None => subscribe::look(&self.replica, NamespaceId(ns), after)?,
        };
        Ok(v1::WaitForChangeReply { revision: revision.0, node: self.server().0, changed })
    }

    pub(super) async fn journal(
        &self,
        request: v1::ReadJournalRequest,
    ) -> Result<v1::ReadJournalReply, Status> {
        let v1::ReadJournalRequest { ns, after, limit, consistency } = request;
        let limit = self.decoded(decode::page_limit(limit))?;
        let after = after.map(decode::cursor);
        let page = |source: Source| {
            query::journal_page(source.view, source.group, NamespaceId(ns), after, limit)
        };
        // A node that lags must not take a cursor of the present for one of another history.
        self.reaches(after).await?;
        let reading = self.read(consistency).await?;
        let (page, revision) = reading.ask(None, page)?;
        let (changes, rest) = encode::fill(page.changes, encode::change);
        let cursor = changes.last().and_then(|change| change.cursor);
        Ok(v1::ReadJournalReply {
            revision: revision.0,
            node: self.server().0,
            changes,
            cursor: Some(cursor.unwrap_or(encode::cursor(page.cursor))),
            end: page.end && rest.is_empty(),
            staleness_ms: reading.staleness_ms,
        })
    }

    /// Waits until this node has come as far as a cursor. One that the whole cluster has not
    /// reached is of another history: its reader would miss what comes until then.
    pub(super) async fn reaches(&self, cursor: Option<Cursor>) -> Result<(), Status> {
        let wanted = cursor.unwrap_or_default().revision;
        let mut state = self.replica.state().clone();
        let arrived =
            async { while state.note_progress().revision < wanted && state.moved_on().await {} };
        if raft::time::timeout(LAG_MAX, arrived).await.is_some() {
            return Ok(());
        }
        let Reading { revision, .. } = self.read(None).await?;
        if revision >= wanted {
            return Ok(());
        }
        let rejection = Rejection::CursorReset { revision };
        Err(status::rejected(&rejection, Some(revision), self.server()))
    }
}
