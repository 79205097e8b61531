//! One session stream to one node: small calls share its messages.
//!
//! Owns the task that carries it, which ends with the last handle, or when the stream breaks.
//! Invariants: each call that was asked is answered or fails; nothing is sent before the node
//! has taken the stream, so that a stream that was never opened has carried nothing.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use metad_proto::{
    limits::SESSION_CALLS_MAX,
    transport::Channel,
    v1::{SessionAnswer, SessionCall, SessionRequest, session_answer::Answer, session_call::Call},
};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep_until},
};
use tonic::{Code, Status, Streaming};

/// Calls that are sent in one message, if so many wait.
const CALLS_MAX: usize = 256;
/// How long a stream that nobody uses any more waits for what is under way.
const LINGER: Duration = Duration::from_secs(2);

/// Where the stream to a node is kept. Clones share it.
#[derive(Clone, Default)]
pub struct Slot(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// The node is of a version that knows no such streams.
    is_foreign: bool,
    calls: Option<mpsc::UnboundedSender<Asked>>,
}

struct Asked {
    call: SessionCall,
    answer: oneshot::Sender<Result<Answer, Status>>,
}

impl Slot {
    fn state<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether calls can be asked here.
    pub fn is_usable(&self) -> bool {
        !self.state(|state| state.is_foreign)
    }

    /// Asks the node, on the stream that there is or on a new one. Whoever stops waiting leaves
    /// the stream: the next call opens another, since this one may hang.
    pub async fn ask(
        &self,
        channel: &Channel,
        call: Call,
        timeout: Duration,
    ) -> Result<Answer, Status> {
        let (answer, answered) = oneshot::channel();
        let timeout_ms = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX).max(1);
        let call = SessionCall { id: 0, timeout_ms, call: Some(call) };
        let calls = self.send(channel, Asked { call, answer });
        let mut waiting = Waiting { slot: self, calls: Some(calls) };
        let answer = answered.await.unwrap_or_else(|_| Err(broken("its task ended")));
        waiting.calls = None;
        answer
    }

    fn send(&self, channel: &Channel, asked: Asked) -> mpsc::UnboundedSender<Asked> {
        self.state(|state| {
            let asked = match &state.calls {
                None => asked,
                Some(calls) => match calls.send(asked) {
                    Ok(()) => return calls.clone(),
                    Err(mpsc::error::SendError(asked)) => asked,
                },
            };
            let (calls, waiting) = mpsc::unbounded_channel();
            calls.send(asked).expect("its receiver is here");
            state.calls = Some(calls.clone());
            tokio::spawn(carry(self.clone(), channel.clone(), waiting));
            calls
        })
    }

    fn leave(&self, calls: &mpsc::UnboundedSender<Asked>) {
        self.state(|state| {
            if state.calls.as_ref().is_some_and(|current| current.same_channel(calls)) {
                state.calls = None;
            }
        });
    }
}

/// Somebody who waits for an answer on a stream, until that is None.
struct Waiting<'a> {
    slot: &'a Slot,
    calls: Option<mpsc::UnboundedSender<Asked>>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(calls) = &self.calls {
            self.slot.leave(calls);
        }
    }
}

/// What was sent may have been done.
fn broken(why: impl std::fmt::Display) -> Status {
    Status::unknown(format!("the session stream broke: {why}"))
}

/// Opens a stream and carries calls, until nobody has any or it breaks.
async fn carry(slot: Slot, channel: Channel, mut calls: mpsc::UnboundedReceiver<Asked>) {
    let (requests, outgoing) = mpsc::unbounded_channel::<SessionRequest>();
    let outgoing = futures::stream::unfold(outgoing, |mut outgoing| async move {
        outgoing.recv().await.map(|request| (request, outgoing))
    });
    let opened = super::files(channel).session(outgoing).await;
    let (status, pending) = match opened {
        Ok(replies) => {
            let mut stream = Stream { requests, pending: BTreeMap::new(), next: 0 };
            let ended = stream.run(replies.into_inner(), &mut calls).await;
            (broken(ended), stream.pending)
        }
        Err(status) => {
            let is_foreign = status.code() == Code::Unimplemented;
            slot.state(|state| state.is_foreign |= is_foreign);
            let status = if is_foreign { broken("the node knows none") } else { status };
            (status, BTreeMap::new())
        }
    };
    // Whoever asks from now on opens another.
    calls.close();
    for answer in pending.into_values() {
        let _ = answer.send(Err(status.clone()));
    }
    while let Some(Asked { answer, .. }) = calls.recv().await {
        let _ = answer.send(Err(status.clone()));
    }
}

/// A stream that is open.
struct Stream {
    requests: mpsc::UnboundedSender<SessionRequest>,
    /// Who waits for the answer to each call under way.
    pending: BTreeMap<u64, oneshot::Sender<Result<Answer, Status>>>,
    next: u64,
}

impl Stream {
    /// Says why it ended.
    async fn run(
        &mut self,
        mut replies: Streaming<metad_proto::v1::SessionReply>,
        calls: &mut mpsc::UnboundedReceiver<Asked>,
    ) -> String {
        let mut asked = Vec::new();
        let mut end = None;
        while end.is_none() || !self.pending.is_empty() {
            // In this order always: a choice by chance would not replay.
            tokio::select! {
                biased;
                reply = replies.message() => match reply {
                    Ok(Some(reply)) => reply.answers.into_iter().for_each(|it| self.answer(it)),
                    Ok(None) => return "the node ended it".to_owned(),
                    Err(status) => return status.message().to_owned(),
                },
                count = calls.recv_many(&mut asked, CALLS_MAX),
                    if end.is_none() && self.pending.len() < SESSION_CALLS_MAX =>
                {
                    match count {
                        0 => end = Some(Instant::now() + LINGER),
                        _ => self.send(asked.drain(..)),
                    }
                }
                () = sleep_until(end.unwrap_or_else(Instant::now)), if end.is_some() => break,
            }
        }
        "nobody uses it".to_owned()
    }

    fn send(&mut self, asked: impl Iterator<Item = Asked>) {
        // Nobody waits any more for what is not wanted any more.
        let wanted = asked.filter(|asked| !asked.answer.is_closed());
        let calls = wanted.map(|Asked { call, answer }| {
            let id = self.next;
            self.next += 1;
            self.pending.insert(id, answer);
            SessionCall { id, ..call }
        });
        let calls: Vec<_> = calls.collect();
        if !calls.is_empty() {
            // That it broke is told by the other direction.
            let _ = self.requests.send(SessionRequest { calls });
        }
    }

    fn answer(&mut self, answer: SessionAnswer) {
        let SessionAnswer { id, answer } = answer;
        let answer = answer.ok_or_else(|| Status::unimplemented("an answer of an unknown kind"));
        if let Some(waiting) = self.pending.remove(&id) {
            // It may have been given up.
            let _ = waiting.send(answer);
        }
    }
}
