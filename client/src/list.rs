//! Listings: whole and of one revision, or an error; never a part passed off as the whole.
//!
//! A plain one that was cut starts over. A recursive one can be long: it goes on after the
//! last path that came, at the revision of the part that came.

use std::sync::{Mutex, PoisonError};

use metad_proto::{
    errors::{Info, Reason},
    v1::{self, ListReply, ListRequest, NodeRef},
};
use tonic::{Code, Status, Streaming};

use crate::{
    Client, Error, Reply,
    call::{Attempt, Ended},
    level::Aim,
    stamped::Stamped,
};

impl Client {
    /// A directory's entries in the order of their names.
    pub async fn list(&self, ns: u64, target: NodeRef) -> Result<Reply<Vec<v1::Node>>, Error> {
        self.list_page(ListRequest { ns, target: Some(target), ..ListRequest::default() }).await
    }

    /// All that is under a directory, each node before what is under it, with paths from that
    /// directory. What a mount shows is not told. Of directories told after the stream was
    /// cut, counters are missing.
    pub async fn list_all(&self, ns: u64, target: NodeRef) -> Result<Reply<Vec<v1::Node>>, Error> {
        let (target, recursive) = (Some(target), true);
        self.list_page(ListRequest { ns, target, recursive, ..ListRequest::default() }).await
    }

    /// The part of a listing that is asked for. Pages of one directory are each of their own
    /// revision, unless they ask for one.
    pub async fn list_page(&self, page: ListRequest) -> Result<Reply<Vec<v1::Node>>, Error> {
        Ok(self.list_located(page).await?.map(|(entries, _)| entries))
    }

    /// The part of a listing that is asked for, and the namespace that its entries are in:
    /// another one than the request's if the path leads through a mount, or to one.
    pub async fn list_located(
        &self,
        mut page: ListRequest,
    ) -> Result<Reply<(Vec<v1::Node>, u64)>, Error> {
        page.consistency = self.consistency(page.consistency);
        let aim = Aim::of(page.consistency.as_ref());
        let partial = Mutex::new(Partial::default());
        let (page, partial) = (&page, &partial);
        let sent = self.call(aim, self.deadline(), |attempt: Attempt| async move {
            let request = lock(partial).rest_of(page);
            let request = attempt.request(request);
            let mut files = attempt.files;
            match files.list(request).await {
                Ok(reply) => collect(reply.into_inner(), partial).await,
                Err(status) => Err(lock(partial).refused(status)),
            }
        });
        let reply = sent.await.map_err(Ended::of_read)?;
        let mut entries = std::mem::take(&mut lock(partial).entries);
        if page.limit > 0 {
            entries.truncate(usize::try_from(page.limit).unwrap_or(usize::MAX));
        }
        Ok(reply.reply(|last| (entries, last.ns)))
    }
}

/// What came before a recursive listing was cut.
#[derive(Default)]
struct Partial {
    revision: Option<u64>,
    entries: Vec<v1::Node>,
}

fn lock(partial: &Mutex<Partial>) -> std::sync::MutexGuard<'_, Partial> {
    partial.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Partial {
    /// What is still to be asked for.
    fn rest_of(&mut self, page: &ListRequest) -> ListRequest {
        let mut rest = page.clone();
        match (self.entries.last(), self.revision) {
            (Some(last), Some(revision)) if page.recursive => {
                rest.after.clone_from(&last.path);
                rest.at_revision = revision;
                let came = self.entries.len() as u64;
                // All that was asked for may have come, but not the word that it has: then
                // one more does no harm: it is cut off at the end.
                rest.limit =
                    if page.limit == 0 { 0 } else { page.limit.saturating_sub(came).max(1) };
            }
            _ => *self = Partial::default(),
        }
        rest
    }

    /// A revision that is no longer kept is no answer to who did not ask for it.
    fn refused(&mut self, status: Status) -> Status {
        let is_resumed = !self.entries.is_empty();
        let compacted =
            Info::of(&status).is_some_and(|info| info.reason == Reason::RevisionCompacted);
        if !(is_resumed && compacted) {
            return status;
        }
        *self = Partial::default();
        broken("the rest of the listing is gone: it starts over")
    }

    fn add(&mut self, message: &mut ListReply) -> Result<(), Status> {
        if *self.revision.get_or_insert(message.revision) != message.revision {
            *self = Partial::default();
            return Err(broken("the listing changed its revision on the way"));
        }
        self.entries.append(&mut message.entries);
        Ok(())
    }
}

/// Reads the stream to its end. Anything but a complete listing is a status that is retried.
async fn collect(
    mut stream: Streaming<ListReply>,
    partial: &Mutex<Partial>,
) -> Result<ListReply, Status> {
    while let Some(mut message) = stream.message().await? {
        lock(partial).add(&mut message)?;
        if message.done {
            return Ok(message);
        }
    }
    Err(broken("the listing was cut"))
}

fn broken(message: &str) -> Status {
    Status::new(Code::Unavailable, message)
}
