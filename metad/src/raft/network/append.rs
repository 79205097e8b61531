//! AppendEntries, the sender's side: pipelined through a stream, or one call at a time.

use futures::{FutureExt as _, Stream, StreamExt as _, future::ready, stream};
use metad_proto::v1::raft_client::RaftClient;
use openraft::{
    base::{BoxFuture, BoxStream},
    errors::RPCError,
    network::{NetStreamAppend, RPCOption},
    raft::{AppendEntriesRequest, StreamAppendResult},
};
use tokio::sync::{mpsc, oneshot};

use super::{Failed, Link, cut, failed, late, wire};
use crate::raft::{time, types::TypeConfig};

/// Requests without entries from one place before a stream is begun anew. Commits alone make
/// some.
const STANDING_MAX: u32 = 8;
/// Requests of one stream that may wait for their replies.
const IN_FLIGHT_MAX: usize = 64;

type Replies<'s> = BoxStream<'s, Result<StreamAppendResult<TypeConfig>, Failed>>;

impl NetStreamAppend<TypeConfig> for Link {
    fn stream_append<'s, S>(
        &'s mut self,
        input: S,
        option: RPCOption,
    ) -> BoxFuture<'s, Result<Replies<'s>, RPCError<TypeConfig>>>
    where
        S: Stream<Item = AppendEntriesRequest<TypeConfig>> + Send + Unpin + 'static,
    {
        if self.streaming {
            Box::pin(self.pipelined(input))
        } else {
            Box::pin(async move { Ok(self.one_by_one(input, option)) })
        }
    }
}

/// The requests, until one without entries has come again and again from the same place.
///
/// A stream that goes on with what a snapshot has meanwhile purged from the log finds nothing
/// to send, for ever; openraft looks for newer work only between two streams.
fn while_advancing<S>(input: S) -> impl Stream<Item = AppendEntriesRequest<TypeConfig>>
where
    S: Stream<Item = AppendEntriesRequest<TypeConfig>>,
{
    let mut last = None;
    let mut standing = 0;
    input.take_while(move |request| {
        let is_same = request.entries.is_empty() && last == Some(request.prev_log_id);
        standing = if is_same { standing + 1 } else { 0 };
        last = Some(request.prev_log_id);
        ready(standing < STANDING_MAX)
    })
}

impl Link {
    async fn pipelined<S>(&mut self, mut input: S) -> Result<Replies<'_>, Failed>
    where
        S: Stream<Item = AppendEntriesRequest<TypeConfig>> + Send + Unpin + 'static,
    {
        let (address, deadline) = (self.address.clone(), self.append_deadline);
        // The first request before the stream: it is where openraft waits after a failure.
        // A peer that refuses connections would be asked without a pause otherwise.
        let Some(first) = input.next().await else {
            return Ok(Box::pin(stream::empty()));
        };
        // Holds one token for each request that is sent: only then is a reply due.
        let (sent, mut due) = mpsc::channel(IN_FLIGHT_MAX);
        // Once nobody waits for replies, openraft has given the stream up and may have purged
        // what it would read next. HTTP/2 alone would go on sending: it keeps a stream open
        // for as long as there is something to send.
        let given_up = {
            let sent = sent.clone();
            async move { sent.closed().await }
        };
        // While the stream is being opened, openraft cannot give it up: until then nothing more
        // may be read from a log that another leader may be truncating.
        let (open, is_open) = oneshot::channel();
        let rest = async move {
            match is_open.await {
                Ok(()) => while_advancing(input).left_stream(),
                Err(_) => stream::empty().right_stream(),
            }
        };
        let input = stream::iter([first]).chain(rest.flatten_stream()).take_until(given_up);
        let requests = input.then(move |request| {
            let (sent, request) = (sent.clone(), wire::append_request(address.clone(), &request));
            async move {
                // Nobody takes tokens any more when the stream is given up.
                let _ = sent.send(()).await;
                request
            }
        });
        let mut client = self.client()?;
        let opened = time::timeout(deadline, client.append_stream(requests)).await;
        let mut replies = opened.ok_or_else(late)?.map_err(|status| failed(&status))?.into_inner();
        // It may have ended already; then nobody is there to be told.
        let _ = open.send(());
        Ok(Box::pin(async_stream::stream! {
            while let Some(()) = due.recv().await {
                let result = match time::timeout(deadline, replies.next()).await {
                    Some(Some(Ok(reply))) => {
                        wire::append_result(reply).map_err(|status| failed(&status))
                    }
                    Some(Some(Err(status))) => Err(failed(&status)),
                    Some(None) => Err(cut()),
                    None => Err(late()),
                };
                let last = result.is_err();
                yield result;
                if last {
                    return;
                }
            }
        }))
    }

    fn one_by_one<S>(&mut self, mut input: S, option: RPCOption) -> Replies<'_>
    where
        S: Stream<Item = AppendEntriesRequest<TypeConfig>> + Send + Unpin + 'static,
    {
        Box::pin(async_stream::stream! {
            while let Some(request) = input.next().await {
                let request = wire::append_request(self.address.clone(), &request);
                let ask = |mut client: RaftClient<_>, request| async move {
                    client.append(request).await
                };
                let reply = self.call(option.hard_ttl(), request, ask).await;
                let result = reply.and_then(|reply| {
                    wire::append_result(reply).map_err(|status| failed(&status))
                });
                let last = result.is_err();
                yield result;
                if last {
                    return;
                }
            }
        })
    }
}
