//! Session streams: many calls of one client on one stream, answered as they end.
//!
//! Nearly all that a small call costs is HTTP/2's and gRPC's headers, frames and tasks: here
//! they are shared by whatever is under way. Invariants: each call is answered once, or its
//! stream breaks; what it does is what the unary call does. Must not: read more calls than it
//! may have under way, so that a client that does not read its answers is slowed down.

use std::{pin::pin, time::Duration};

use futures::{FutureExt as _, Stream, StreamExt as _, stream::FuturesUnordered};
use metad_proto::{
    errors,
    limits::SESSION_CALLS_MAX,
    v1::{self, session_answer::Answer, session_call::Call},
};
use prost::Message as _;
use tokio::time::Instant;
use tonic::{Status, Streaming};

use super::files::Files;
use crate::{metrics::Outcome, raft};

/// Answers that are sent in one message, if so many are there, and their bytes, about.
const ANSWERS_MAX: usize = 256;
const ANSWERS_BYTES_MAX: usize = 1 << 20;

/// The answers to the calls of a stream. It ends when the client ends it, or the server stops
/// and has answered what it has read.
pub fn stream(
    files: Files,
    mut calls: Streaming<v1::SessionRequest>,
) -> impl Stream<Item = Result<v1::SessionReply, Status>> + Send {
    async_stream::stream! {
        let mut closed = pin!(files.closing.clone().wait());
        let mut under_way = FuturesUnordered::new();
        let mut is_open = true;
        while is_open || !under_way.is_empty() {
            // In this order always: a choice by chance would not replay.
            let answer = tokio::select! {
                biased;
                Some(answer) = under_way.next() => answer,
                () = &mut closed, if is_open => {
                    is_open = false;
                    continue;
                }
                request = calls.message(), if is_open && under_way.len() < SESSION_CALLS_MAX => {
                    let Ok(request) = request else { return };
                    is_open = request.is_some();
                    let calls = request.unwrap_or_default().calls;
                    under_way.extend(calls.into_iter().map(|call| files.clone().answer(call)));
                    continue;
                }
            };
            let mut bytes = answer.encoded_len();
            let mut answers = vec![answer];
            while answers.len() < ANSWERS_MAX && bytes < ANSWERS_BYTES_MAX {
                let Some(Some(answer)) = under_way.next().now_or_never() else { break };
                bytes += answer.encoded_len();
                answers.push(answer);
            }
            yield Ok(v1::SessionReply { answers });
        }
    }
}

impl Files {
    async fn answer(self, call: v1::SessionCall) -> v1::SessionAnswer {
        let v1::SessionCall { id, timeout_ms, call } = call;
        let (began, name) = (Instant::now(), name(call.as_ref()));
        let answered = async {
            match call {
                Some(Call::Mutate(request)) => self.change(request).await.map(Answer::Mutate),
                Some(Call::Stat(request)) => self.stat_one(request).await.map(Answer::Stat),
                Some(Call::Lookup(request)) => self.look_up(request).await.map(Answer::Lookup),
                None => Err(Status::unimplemented("a call that this node does not know")),
            }
        };
        let answered = match timeout_ms {
            0 => answered.await,
            _ => match raft::time::timeout(Duration::from_millis(timeout_ms), answered).await {
                Some(answered) => answered,
                None => Err(Status::cancelled("the time that the client gave it is over")),
            },
        };
        self.calls.ended(name, Outcome::of(answered.as_ref().err()), began.elapsed());
        let answer = answered.unwrap_or_else(|status| Answer::Failure(errors::encode(&status)));
        v1::SessionAnswer { id, answer: Some(answer) }
    }
}

/// As it is counted.
fn name(call: Option<&Call>) -> &'static str {
    match call {
        Some(Call::Mutate(_)) => "Files/Mutate",
        Some(Call::Stat(_)) => "Files/Stat",
        Some(Call::Lookup(_)) => "Files/Lookup",
        None => "",
    }
}
