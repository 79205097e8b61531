//! Subscriptions: a journal told for as long as the client listens.

use futures::{Stream, StreamExt as _, future::Either};
use metad_proto::{limits::PAGE_ENTRIES_MAX, v1};
use tonic::Status;

use super::{closing::Closing, encode, seat::Seat, status};
use crate::{
    journal::{self, End, Told},
    raft::{Replica, Unavailable},
    types::{Cursor, NamespaceId, Revision, ServerId},
};

/// The messages of a subscription.
pub fn stream(
    replica: &Replica,
    namespace: NamespaceId,
    after: Option<Cursor>,
    closing: &Closing,
    seat: Seat,
) -> impl Stream<Item = Result<v1::SubscribeReply, Status>> + Send + use<> {
    let (server, replica) = (replica.member().server, replica.clone());
    let told = journal::tail(replica.state().clone(), namespace, after, PAGE_ENTRIES_MAX);
    let closing = closing.clone();
    async_stream::stream! {
        let _seat = seat;
        let mut told = std::pin::pin!(told);
        let mut closed = std::pin::pin!(closing.wait());
        loop {
            let end = match futures::future::select(&mut closed, told.next()).await {
                Either::Left(((), _)) => End::Stopped,
                Either::Right((Some(Ok(told)), _)) => {
                    for message in messages(told, server) {
                        yield Ok(message);
                    }
                    continue;
                }
                Either::Right((Some(Err(end)), _)) => end,
                Either::Right((None, _)) => unreachable!("a journal is told without end"),
            };
            yield Err(ended(end, &replica));
            return;
        }
    }
}

/// Waits for the first change after a cursor, and gives the revision that it was seen at.
pub async fn wait(
    replica: &Replica,
    namespace: NamespaceId,
    after: Option<Cursor>,
    closing: &Closing,
) -> Result<Revision, Status> {
    let told = journal::tail(replica.state().clone(), namespace, after, 1);
    let mut told = std::pin::pin!(told);
    let mut closed = std::pin::pin!(closing.clone().wait());
    loop {
        match futures::future::select(&mut closed, told.next()).await {
            Either::Left(((), _)) => return Err(ended(End::Stopped, replica)),
            Either::Right((Some(Ok(told)), _)) if told.changes.is_empty() => {}
            Either::Right((Some(Ok(told)), _)) => return Ok(told.revision),
            Either::Right((Some(Err(end)), _)) => return Err(ended(end, replica)),
            Either::Right((None, _)) => unreachable!("a journal is told without end"),
        }
    }
}

/// Whether there is a change after a cursor now, and the revision that was looked at.
pub fn look(
    replica: &Replica,
    namespace: NamespaceId,
    after: Option<Cursor>,
) -> Result<(bool, Revision), Status> {
    let page = journal::read(replica.state(), namespace, after, 1);
    let (revision, page) = page.map_err(|end| ended(end, replica))?;
    Ok((!page.changes.is_empty(), revision))
}

/// What was told, as messages: one, unless the changes are large. One also for no changes.
fn messages(told: Told, server: ServerId) -> Vec<v1::SubscribeReply> {
    let reply = |changes, cursor| v1::SubscribeReply {
        revision: told.revision.0,
        node: server.0,
        changes,
        cursor: Some(cursor),
    };
    let mut rest = told.changes;
    let mut messages = Vec::new();
    loop {
        let (changes, left) = encode::fill(rest, encode::change);
        let cursor = changes.last().and_then(|change| change.cursor);
        messages.push(reply(changes, cursor.unwrap_or(encode::cursor(told.cursor))));
        if left.is_empty() {
            return messages;
        }
        rest = left;
    }
}

fn ended(end: End, replica: &Replica) -> Status {
    let server = replica.member().server;
    match end {
        End::Rejected { rejection, revision } => {
            status::rejected(&rejection, Some(revision), server)
        }
        End::Fault(fault) => status::fault(&fault, replica),
        End::Stopped => status::unavailable(&Unavailable::shutting_down(), server),
    }
}
