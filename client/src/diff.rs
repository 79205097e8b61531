//! Differences: all of them, or an error.

use metad_proto::v1::{DiffReply, DiffRequest, Difference};
use tonic::{Code, Status, Streaming};

use crate::{
    Client, Error, Reply,
    call::{Attempt, Ended},
    level::Aim,
    stamped::Stamped,
};

impl Client {
    /// What differs in a namespace between two revisions, `to` 0 for now: in the order of
    /// the nodes' ids. The reply's revision is `to`.
    pub async fn diff(&self, ns: u64, from: u64, to: u64) -> Result<Reply<Vec<Difference>>, Error> {
        self.diff_with(DiffRequest { ns, from, to, consistency: None }).await
    }

    /// What differs in a namespace between two revisions, with all options.
    pub async fn diff_with(
        &self,
        mut request: DiffRequest,
    ) -> Result<Reply<Vec<Difference>>, Error> {
        request.consistency = self.consistency(request.consistency);
        let aim = Aim::of(request.consistency.as_ref());
        let sent = self.call(aim, self.deadline(), |attempt: Attempt| {
            let request = attempt.request(request);
            let mut files = attempt.files;
            async move { collect(files.diff(request).await?.into_inner()).await }
        });
        Ok(sent.await.map_err(Ended::of_read)?.reply(|(_, differences)| differences))
    }
}

/// Reads the stream to its end. Anything but all of it is a status that is retried from the
/// start.
async fn collect(mut stream: Streaming<DiffReply>) -> Result<(DiffReply, Vec<Difference>), Status> {
    let broken = |message: &str| Status::new(Code::Unavailable, message);
    let mut differences = Vec::new();
    let mut revision = None;
    while let Some(mut message) = stream.message().await? {
        if *revision.get_or_insert(message.revision) != message.revision {
            return Err(broken("the diff changed its revision on the way"));
        }
        differences.append(&mut message.differences);
        if message.done {
            return Ok((message, differences));
        }
    }
    Err(broken("the diff was cut"))
}
