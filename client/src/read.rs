//! Reads: retried freely, since they change nothing. Linearizable unless the handle or the
//! request says otherwise.

use std::time::Duration;

use metad_proto::v1::{
    self, ListNamespacesRequest, LookupReply, LookupRequest, NodeRef, ReadJournalReply,
    ReadJournalRequest, StatRequest,
};

use crate::{
    Client, Error, Reply,
    call::{Attempt, Ended},
    level::Aim,
    parts::whole,
    stamped::Stamped,
};

/// Nodes that one call asks for.
const STATS_MAX: usize = 1_000;
/// Versions that one call asks for.
const PAGE: u32 = 1_000;

/// One message, one answer, from whoever can give it.
macro_rules! unary {
    ($client:expr, $method:ident, $message:expr) => {{
        let mut message = $message;
        message.consistency = $client.consistency(message.consistency);
        let aim = $crate::level::Aim::of(message.consistency.as_ref());
        let sent = $client.call(aim, $client.deadline(), |attempt: $crate::call::Attempt| {
            let request = attempt.request(message.clone());
            let mut files = attempt.files;
            async move { Ok(files.$method(request).await?.into_inner()) }
        });
        sent.await.map_err($crate::call::Ended::of_read)?
    }};
}
pub(crate) use unary;

/// The same for calls that go on a session stream where there is one.
macro_rules! streamed {
    ($client:expr, $method:ident, $message:expr) => {{
        let mut message = $message;
        message.consistency = $client.consistency(message.consistency);
        let aim = $crate::level::Aim::of(message.consistency.as_ref());
        let sent =
            $client.call(aim, $client.deadline(), |attempt| attempt.$method(message.clone()));
        sent.await.map_err($crate::call::Ended::of_read)?
    }};
}

impl Client {
    /// All namespaces, in the order of their ids.
    pub async fn list_namespaces(&self) -> Result<Reply<Vec<v1::Namespace>>, Error> {
        Ok(whole!(self, list_namespaces, ListNamespacesRequest::default()))
    }

    /// The namespace of this name, if there is one.
    pub async fn find_namespace(&self, name: &str) -> Result<Reply<Option<v1::Namespace>>, Error> {
        let reply = self.list_namespaces().await?;
        Ok(reply.map(|all| all.into_iter().find(|namespace| namespace.name == name)))
    }

    /// Attributes of a node.
    pub async fn stat(&self, ns: u64, target: NodeRef) -> Result<Reply<v1::Node>, Error> {
        self.stat_with(StatRequest { ns, target: Some(target), ..StatRequest::default() }).await
    }

    /// Attributes of a node, with all options: as it was at a revision.
    pub async fn stat_with(&self, request: StatRequest) -> Result<Reply<v1::Node>, Error> {
        Ok(self.stat_located(request).await?.map(|(node, _)| node))
    }

    /// Attributes of a node, and the namespace that it is in: another one than the request's
    /// if the path leads through a mount.
    pub async fn stat_located(
        &self,
        request: StatRequest,
    ) -> Result<Reply<(v1::Node, u64)>, Error> {
        let reply = streamed!(self, stat, request);
        match reply.stat.clone() {
            Some(stat) => Ok(reply.reply(|reply| (stat, reply.ns))),
            None => Err(Error::Fault { node: reply.node, message: "a stat of nothing".to_owned() }),
        }
    }

    /// Attributes of up to 1,000 nodes, all of one revision; one result for each target.
    pub async fn batch_stat(
        &self,
        request: v1::BatchStatRequest,
    ) -> Result<Reply<Vec<v1::StatResult>>, Error> {
        let count = request.targets.len();
        if count > STATS_MAX {
            return Err(Error::Invalid(format!("{count} targets: at most {STATS_MAX}")));
        }
        let reply = unary!(self, batch_stat, request);
        if reply.results.len() != count {
            let message = "not one result for each target".to_owned();
            return Err(Error::Fault { node: reply.node, message });
        }
        Ok(reply.reply(|reply| reply.results))
    }

    /// The id, kind and whole path of a node.
    pub async fn lookup(&self, ns: u64, target: NodeRef) -> Result<Reply<LookupReply>, Error> {
        self.lookup_with(LookupRequest { ns, target: Some(target), ..LookupRequest::default() })
            .await
    }

    /// The id, kind and whole path of a node, with all options: as it was at a revision.
    pub async fn lookup_with(&self, request: LookupRequest) -> Result<Reply<LookupReply>, Error> {
        let reply = streamed!(self, lookup, request);
        Ok(reply.reply(|reply| reply))
    }

    /// One page of a namespace's journal, after a cursor or from the start; `limit` 0 is
    /// as much as fits.
    pub async fn read_journal(
        &self,
        ns: u64,
        after: Option<v1::Cursor>,
        limit: u32,
    ) -> Result<Reply<ReadJournalReply>, Error> {
        let reply = unary!(
            self,
            read_journal,
            ReadJournalRequest { ns, after, limit, ..ReadJournalRequest::default() }
        );
        Ok(reply.reply(|reply| reply))
    }

    /// The snapshots of a namespace, in the order of their names.
    pub async fn list_snapshots(&self, ns: u64) -> Result<Reply<Vec<v1::Snapshot>>, Error> {
        let request = v1::ListSnapshotsRequest { ns, ..Default::default() };
        let reply = unary!(self, list_snapshots, request);
        Ok(reply.reply(|reply| reply.snapshots))
    }

    /// The versions of a node that are kept, the latest first: as many as are asked for, all with
    /// a limit of 0, in as many calls as they take. What the first one said of the present counts:
    /// earlier versions do not change.
    pub async fn list_revisions(
        &self,
        mut request: v1::ListRevisionsRequest,
    ) -> Result<Reply<Vec<v1::Node>>, Error> {
        let wanted = request.limit;
        request.limit = wanted.min(PAGE);
        let mut first = unary!(self, list_revisions, request.clone());
        let mut versions = std::mem::take(&mut first.versions);
        let mut done = first.done;
        while !done
            && let Some(last) = versions.last()
            && (wanted == 0 || versions.len() < wanted as usize)
        {
            request.before = last.rev;
            let came = u32::try_from(versions.len()).unwrap_or(u32::MAX);
            request.limit = wanted.saturating_sub(came).min(PAGE);
            let more = unary!(self, list_revisions, request.clone());
            // An empty page is an end, too: earlier servers say no other.
            done = more.done || more.versions.is_empty();
            versions.extend(more.versions);
        }
        Ok(first.reply(|_| versions))
    }

    /// Where the journal of a namespace ends now.
    pub async fn cursor(&self, ns: u64) -> Result<Reply<v1::Cursor>, Error> {
        let request = v1::GetCursorRequest { ns, ..Default::default() };
        let reply = unary!(self, get_cursor, request);
        let cursor = reply.cursor.unwrap_or_default();
        Ok(reply.reply(|_| cursor))
    }

    /// Waits, on any node, until there is a change after a cursor, or for this long, but for no
    /// more than half the time of an attempt. True: read the journal.
    pub async fn wait_for_change(
        &self,
        ns: u64,
        after: Option<v1::Cursor>,
        timeout: Duration,
    ) -> Result<Reply<bool>, Error> {
        // An attempt that waits as long as it may would be taken for one that hangs.
        let half = self.shared.options.attempt_timeout / 2;
        let timeout_ms = timeout.min(half).as_millis() as u64;
        let sent = self.call(Aim::Anyone, self.deadline(), |attempt: Attempt| {
            let request = attempt.request(v1::WaitForChangeRequest { ns, after, timeout_ms });
            let mut files = attempt.files;
            async move { Ok(files.wait_for_change(request).await?.into_inner()) }
        });
        Ok(sent.await.map_err(Ended::of_read)?.reply(|reply| reply.changed))
    }
}
