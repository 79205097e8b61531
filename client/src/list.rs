//! Listings: whole and of one revision, or an error; never a part passed off as the whole.

use metad_proto::v1::{self, ListReply, ListRequest, NodeRef};
use tonic::{Code, Status, Streaming};

use crate::{
    Client, Error, Reply,
    call::{Attempt, Ended},
    stamped::Stamped,
};

impl Client {
    /// A directory's entries in the order of their names.
    pub async fn list(&self, ns: u64, target: NodeRef) -> Result<Reply<Vec<v1::Node>>, Error> {
        self.list_page(ListRequest { ns, target: Some(target), ..ListRequest::default() }).await
    }

    /// The part of a listing that is asked for. Pages of one directory are each of their own
    /// revision.
    pub async fn list_page(&self, page: ListRequest) -> Result<Reply<Vec<v1::Node>>, Error> {
        let sent = self.call(self.deadline(), |attempt: Attempt| {
            let request = attempt.request(page.clone());
            let mut files = attempt.files;
            async move { collect(files.list(request).await?.into_inner()).await }
        });
        let reply = sent.await.map_err(Ended::of_read)?;
        Ok(reply.reply(|(_, entries)| entries))
    }
}

/// Reads the stream to its end. Anything but a complete listing is a status that is retried
/// from the start.
async fn collect(mut stream: Streaming<ListReply>) -> Result<(ListReply, Vec<v1::Node>), Status> {
    let mut entries = Vec::new();
    let mut revision = None;
    while let Some(mut message) = stream.message().await? {
        if *revision.get_or_insert(message.revision) != message.revision {
            return Err(broken("the listing changed its revision on the way"));
        }
        entries.append(&mut message.entries);
        if message.done {
            return Ok((message, entries));
        }
    }
    Err(broken("the listing was cut"))
}

fn broken(message: &str) -> Status {
    Status::new(Code::Unavailable, message)
}
