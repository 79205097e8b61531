//! Following a journal over failovers and from node to node.
//!
//! Invariant: `cursor` is that of the last change told, so each change is told once, in
//! order, with no gap. Must not hide that a server repeats or reorders: that is a fault.

use std::collections::VecDeque;

use futures::Stream;
use metad_proto::v1::{Change, Cursor, SubscribeReply, SubscribeRequest};
use tokio::time::timeout;
use tonic::Streaming;

use crate::{
    Client, Error,
    call::{
        self, Deadline,
        endpoints::Target,
        failure::{self, Failure},
    },
    stamped::Stamped,
};

impl Client {
    /// Follows a namespace's journal, from after a cursor or from its start.
    pub fn subscribe(&self, ns: u64, after: Option<Cursor>) -> Subscription {
        Subscription {
            client: self.clone(),
            ns,
            cursor: after,
            stream: None,
            told: VecDeque::new(),
            caught_up_at: None,
            node: 0,
        }
    }
}

/// What a subscription tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The next change.
    Change(Box<Change>),
    /// All changes up to this revision have been told. Comes once after each (re)connection.
    CaughtUp(u64),
}

/// A position in a journal that moves on with each change. After an error it may be asked
/// again, and goes on where it was.
pub struct Subscription {
    client: Client,
    ns: u64,
    cursor: Option<Cursor>,
    stream: Option<Connected>,
    told: VecDeque<Change>,
    caught_up_at: Option<u64>,
    node: u64,
}

struct Connected {
    target: Target,
    messages: Streaming<SubscribeReply>,
}

impl Subscription {
    /// The position after the last change told: where another subscription could go on.
    pub fn cursor(&self) -> Option<Cursor> {
        self.cursor
    }

    /// The node that told last; 0 before anything was told.
    pub fn node(&self) -> u64 {
        self.node
    }

    /// Waits for the next change.
    pub async fn next_change(&mut self) -> Result<Change, Error> {
        loop {
            if let Event::Change(change) = self.next_event().await? {
                return Ok(*change);
            }
        }
    }

    /// Waits for the next event. Ends with [`Error::Unavailable`] if no node serves the
    /// journal for as long as the client's deadline.
    pub async fn next_event(&mut self) -> Result<Event, Error> {
        let mut failures = 0;
        let mut deadline = self.client.deadline();
        loop {
            if let Some(change) = self.told.pop_front() {
                self.cursor = change.cursor;
                return Ok(Event::Change(Box::new(change)));
            }
            if let Some(revision) = self.caught_up_at.take() {
                return Ok(Event::CaughtUp(revision));
            }
            match self.receive().await {
                Ok(()) => (failures, deadline) = (0, self.client.deadline()),
                Err(Interrupted { failure, target }) => {
                    self.stream = None;
                    self.after_failure(*failure, &target, deadline)?;
                    self.client.wait_after(failures, deadline).await;
                    failures += 1;
                }
            }
        }
    }

    /// All changes as a stream, which ends after its first error.
    pub fn into_stream(self) -> impl Stream<Item = Result<Change, Error>> + Send {
        futures::stream::unfold(Some(self), |subscription| async move {
            let mut subscription = subscription?;
            match subscription.next_change().await {
                Ok(change) => Some((Ok(change), Some(subscription))),
                Err(error) => Some((Err(error), None)),
            }
        })
    }

    /// Takes in one message, connecting first where needed. Dropping this loses nothing.
    async fn receive(&mut self) -> Result<(), Interrupted> {
        let connected = match &mut self.stream {
            Some(connected) => connected,
            none => none.insert(connect(&self.client, self.ns, self.cursor).await?),
        };
        let interrupted = |failure| Err(Interrupted::new(&connected.target, failure));
        let message = match connected.messages.message().await {
            Ok(Some(message)) => message,
            Ok(None) => return interrupted(failure::of_timeout("the stream")),
            Err(status) => return interrupted(failure::of_status(&status)),
        };
        if let Some(change) = out_of_order(self.cursor, &message.changes) {
            let message = format!(
                "told the change at {:?} after {:?}: each must come once, in order",
                change.cursor, self.cursor
            );
            return interrupted(Failure::Foreign { message });
        }
        let index = connected.target.index;
        self.node = message.node();
        self.client.endpoints(|endpoints| endpoints.identify(index, message.node()));
        if message.changes.is_empty() {
            self.caught_up_at = Some(message.revision);
        }
        self.told.extend(message.changes);
        Ok(())
    }

    /// Turns to another node, or gives up.
    fn after_failure(
        &self,
        failure: Failure,
        target: &Target,
        deadline: Deadline,
    ) -> Result<(), Error> {
        match failure {
            Failure::Rejected { info, message } => Err(Error::Rejected { info, message }),
            Failure::Foreign { message } => Err(Error::Fault { node: 0, message }),
            Failure::Unavailable { next, node, message, .. } => {
                self.client.turn_to(target, node, &next);
                match deadline.remaining() {
                    Some(_) => Ok(()),
                    None => Err(Error::Unavailable { message }),
                }
            }
        }
    }
}

struct Interrupted {
    failure: Box<Failure>,
    target: Target,
}

impl Interrupted {
    fn new(target: &Target, failure: Failure) -> Self {
        Interrupted { failure: Box::new(failure), target: target.clone() }
    }
}

async fn connect(
    client: &Client,
    ns: u64,
    after: Option<Cursor>,
) -> Result<Connected, Interrupted> {
    let target = client.endpoints(|endpoints| endpoints.preferred());
    let mut files = call::files(target.channel.clone());
    // No deadline in the request: the stream is meant to stay open.
    let opening = files.subscribe(SubscribeRequest { ns, after });
    match timeout(client.shared.options.attempt_timeout, opening).await {
        Ok(Ok(reply)) => Ok(Connected { target, messages: reply.into_inner() }),
        Ok(Err(status)) => Err(Interrupted::new(&target, failure::of_status(&status))),
        Err(_) => Err(Interrupted::new(&target, failure::of_timeout(&target.address))),
    }
}

/// The first change that does not come after the one before it.
fn out_of_order(cursor: Option<Cursor>, changes: &[Change]) -> Option<&Change> {
    let key = |cursor: Option<Cursor>| cursor.map(|cursor| (cursor.revision, cursor.ordinal));
    let mut last = key(cursor);
    changes.iter().find(|change| {
        let next = key(change.cursor);
        let wrong = next <= last;
        last = next;
        wrong
    })
}
