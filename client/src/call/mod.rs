//! One call: attempts against one node after another until there is an answer or the
//! deadline has passed.
//!
//! Owns what is concluded from a series of failures. Invariant: once an attempt may have
//! been applied, no later failure makes the outcome certain again but an answer.

pub mod backoff;
pub mod endpoints;
pub mod failure;
mod stream;

use std::{sync::PoisonError, time::Duration};

use metad_proto::{
    errors::{self, Info},
    limits::MESSAGE_BYTES_MAX,
    planted,
    transport::Channel,
    v1::{self, files_client::FilesClient, session_answer::Answer, session_call::Call},
};
use prost::Message as _;
use tokio::time::{Instant, sleep, timeout};
use tonic::{Request, Status};

use crate::{Client, Error, level::Aim, stamped::Stamped};
use endpoints::{Endpoints, Target};
use failure::{Failure, Next};

/// When a call must have ended.
#[derive(Clone, Copy)]
pub struct Deadline(Instant);

impl Deadline {
    pub fn after(duration: Duration) -> Self {
        Deadline(Instant::now() + duration)
    }

    /// None once it has passed.
    pub fn remaining(self) -> Option<Duration> {
        let remaining = self.0.saturating_duration_since(Instant::now());
        (!remaining.is_zero()).then_some(remaining)
    }
}

/// One attempt at one node.
pub struct Attempt {
    pub files: FilesClient<Channel>,
    pub timeout: Duration,
    channel: Channel,
    /// For calls that need not be on their own.
    stream: Option<stream::Slot>,
}

/// Larger calls, of so many bytes, go on their own: they would hold up the small ones.
const STREAMED_BYTES_MAX: usize = 8 << 10;

/// Calls that go on a session stream where there is one.
macro_rules! streamed {
    ($($method:ident, $request:ident, $reply:ident, $kind:ident;)+) => {$(
        pub async fn $method(mut self, message: v1::$request) -> Result<v1::$reply, Status> {
            let is_small = message.encoded_len() <= STREAMED_BYTES_MAX;
            let Some(stream) = self.stream.take().filter(|stream| is_small && stream.is_usable())
            else {
                let request = self.request(message);
                return Ok(self.files.$method(request).await?.into_inner());
            };
            match stream.ask(&self.channel, Call::$kind(message), self.timeout).await? {
                Answer::$kind(reply) => Ok(reply),
                Answer::Failure(bytes) => Err(errors::decode(bytes)),
                _ => Err(Status::unimplemented("an answer to another call")),
            }
        }
    )+};
}

impl Attempt {
    fn new(target: &Target, timeout: Duration, is_streamed: bool) -> Self {
        let channel = target.channel.clone();
        let stream = is_streamed.then(|| target.stream.clone());
        Attempt { files: files(channel.clone()), timeout, channel, stream }
    }

    streamed! {
        mutate, MutateRequest, MutateReply, Mutate;
        stat, StatRequest, StatReply, Stat;
        lookup, LookupRequest, LookupReply, Lookup;
    }

    /// A request that tells the server how long anybody waits for it.
    pub fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.set_timeout(self.timeout);
        request
    }
}

/// The service behind a channel, with the limits of the service.
pub fn files(channel: Channel) -> FilesClient<Channel> {
    FilesClient::new(channel)
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_BYTES_MAX)
}

/// How a series of attempts ended without a reply.
#[derive(Debug)]
pub enum Ended {
    Rejected { info: Info, message: String, maybe_applied_before: bool },
    Exhausted { maybe_applied: bool, message: String },
    Foreign { message: String },
}

impl Ended {
    /// The error of a call that changes nothing.
    pub fn of_read(self) -> Error {
        match self {
            Ended::Rejected { info, message, .. } => Error::Rejected { info, message },
            Ended::Exhausted { message, .. } => Error::Unavailable { message },
            Ended::Foreign { message } => Error::Fault { node: 0, message },
        }
    }
}

impl Client {
    /// Attempts a call until it is answered or the deadline has passed.
    pub(crate) async fn call<T, F>(
        &self,
        aim: Aim,
        deadline: Deadline,
        attempt: impl Fn(Attempt) -> F,
    ) -> Result<T, Ended>
    where
        T: Stamped,
        F: Future<Output = Result<T, Status>>,
    {
        let mut maybe_applied = false;
        let mut failures = 0;
        let mut last = "the deadline passed before the first attempt".to_owned();
        let mut has_answered = false;
        while let Some(remaining) = deadline.remaining() {
            let target = self.endpoints(|endpoints| match aim {
                Aim::Leader => endpoints.preferred(),
                Aim::Anyone => endpoints.next_in_turn(),
            });
            let allowed = remaining.min(self.shared.options.attempt_timeout);
            let is_streamed = self.shared.options.session_stream;
            let answer = attempt(Attempt::new(&target, allowed, is_streamed));
            let failure = match timeout(allowed, answer).await {
                Ok(Ok(reply)) => {
                    self.answered(aim, &target, reply.node());
                    return Ok(reply);
                }
                Ok(Err(status)) => failure::of_status(&status),
                Err(_) => failure::of_timeout(&target.address),
            };
            match failure {
                Failure::Rejected { info, message } => {
                    let maybe_applied_before = maybe_applied;
                    return Err(Ended::Rejected { info, message, maybe_applied_before });
                }
                Failure::Foreign { message } => {
                    return Err(Ended::Foreign { message });
                }
                Failure::Unavailable { maybe_applied: maybe, next, node, message } => {
                    maybe_applied |= maybe && !planted!(TimeoutMeansFailed);
                    // What a node said tells more than that another attempt ran out of time.
                    if node.is_some() || !has_answered {
                        (last, has_answered) = (message, node.is_some());
                    }
                    match aim {
                        Aim::Leader => self.turn_to(&target, node, &next),
                        // Its turn is over: the next attempt goes to another one anyway.
                        Aim::Anyone => {}
                    }
                }
            }
            self.wait_after(failures, deadline).await;
            failures += 1;
        }
        Err(Ended::Exhausted { maybe_applied, message: self.in_vain(&last) })
    }

    /// Who answered what only a leader answers is asked first from now on.
    fn answered(&self, aim: Aim, target: &Target, node: u64) {
        self.endpoints(|endpoints| match aim {
            Aim::Leader => endpoints.settle(target.index, node),
            Aim::Anyone => endpoints.identify(target.index, node),
        });
    }

    /// Runs with the endpoints locked; must not block.
    pub(crate) fn endpoints<T>(&self, work: impl FnOnce(&mut Endpoints) -> T) -> T {
        work(&mut self.shared.endpoints.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn turn_to(&self, failed: &Target, node: Option<u64>, next: &Next) {
        self.endpoints(|endpoints| {
            endpoints.identify(failed.index, node.unwrap_or(0));
            match next {
                Next::Same => {}
                Next::Other => endpoints.leave(failed.index),
                Next::Leader(leader) => endpoints.redirect(failed.index, leader),
            }
        });
    }

    /// Waits as long as is due after so many failures, but not beyond the deadline.
    pub(crate) async fn wait_after(&self, failures: u32, deadline: Deadline) {
        let endpoints = self.endpoints(|endpoints| endpoints.count());
        let wait = self.shared.backoff.wait(failures, endpoints);
        if let Some(remaining) = deadline.remaining() {
            sleep(wait.min(remaining)).await;
        }
    }

    /// Says what went wrong, and with whom.
    pub(crate) fn in_vain(&self, last: &str) -> String {
        let asked =
            self.endpoints(|endpoints| endpoints.addresses().collect::<Vec<_>>().join(", "));
        format!("asked {asked}; the last answer was: {last}")
    }
}
