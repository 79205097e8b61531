//! Mutations: retried under one request id, and never called failed unless that is certain.

use metad_proto::{
    errors::Reason,
    limits::{MESSAGE_BYTES_MAX, STEPS_MAX},
    planted,
    v1::{self, MutateReply, MutateRequest, Step, mutate_request::Mutation as Wire},
};
use prost::Message;

use crate::{
    Client, Error, Mutation, Reply, Request,
    call::{Attempt, Deadline, Ended, failure},
    level::Aim,
    stamped::Stamped,
    steps,
};

/// Locks that one mutation may depend on.
const FENCES_MAX: usize = 16;
/// Requests that one mutation may use: the session of the first may have expired unnoticed.
const REQUESTS_MAX: u32 = 2;

impl Client {
    /// Carries out a mutation of any kind.
    pub async fn apply<M: Mutation>(&self, mutation: M) -> Result<Reply<M::Answer>, Error> {
        answer_of::<M>(self.send(mutation.wire()).await?)
    }

    /// Carries out a mutation of any kind under an identity from
    /// [`next_request`](Client::next_request). After [`Error::Unknown`] the same call may be made
    /// again with the same request.
    pub async fn apply_as<M: Mutation>(
        &self,
        request: &Request,
        mutation: M,
    ) -> Result<Reply<M::Answer>, Error> {
        answer_of::<M>(self.send_as(request, mutation.wire(), self.deadline()).await?)
    }

    /// Carries out steps, all or none, at one revision.
    pub async fn mutate(
        &self,
        ns: u64,
        steps: Vec<Step>,
    ) -> Result<Reply<Vec<v1::StepResult>>, Error> {
        let count = steps.len();
        results_of(self.apply(v1::Steps { ns, steps }).await?, count)
    }

    /// Carries out steps under an identity; see [`apply_as`](Client::apply_as).
    pub async fn mutate_as(
        &self,
        request: &Request,
        ns: u64,
        steps: Vec<Step>,
    ) -> Result<Reply<Vec<v1::StepResult>>, Error> {
        let count = steps.len();
        results_of(self.apply_as(request, v1::Steps { ns, steps }).await?, count)
    }

    /// Makes a directory.
    pub async fn mkdir(&self, ns: u64, path: &str) -> Result<Reply<v1::StepResult>, Error> {
        self.one_step(ns, steps::mkdir(steps::at(path))).await
    }

    /// Makes a file, or replaces its content.
    pub async fn commit(
        &self,
        ns: u64,
        path: &str,
        content: v1::Content,
    ) -> Result<Reply<v1::StepResult>, Error> {
        self.one_step(ns, steps::overwrite(steps::at(path), content)).await
    }

    /// Moves or renames.
    pub async fn move_node(
        &self,
        ns: u64,
        from: &str,
        to: &str,
    ) -> Result<Reply<v1::StepResult>, Error> {
        self.one_step(ns, steps::rename(steps::at(from), steps::at(to))).await
    }

    /// Deletes a file or an empty directory.
    pub async fn delete(&self, ns: u64, path: &str) -> Result<Reply<v1::StepResult>, Error> {
        self.one_step(ns, steps::delete(steps::at(path))).await
    }

    /// Carries out one step.
    pub async fn one_step(&self, ns: u64, step: Step) -> Result<Reply<v1::StepResult>, Error> {
        let reply = self.mutate(ns, vec![step]).await?;
        Ok(reply.map(|results| results.into_iter().next().expect("one result a step, checked")))
    }

    async fn send(&self, mutation: Wire) -> Result<Reply<MutateReply>, Error> {
        let deadline = self.deadline();
        for _ in 1..REQUESTS_MAX {
            let request = self.begin_request(deadline).await?;
            let reply = self.send_as(&request, mutation.clone(), deadline).await;
            // Nothing was applied under the expired session, and nothing will be: a new
            // request cannot be a second effect.
            let renew =
                matches!(&reply, Err(error) if error.reason() == Some(Reason::SessionExpired));
            if !renew {
                return reply;
            }
        }
        let request = self.begin_request(deadline).await?;
        self.send_as(&request, mutation, deadline).await
    }

    async fn send_as(
        &self,
        request: &Request,
        mutation: Wire,
        deadline: Deadline,
    ) -> Result<Reply<MutateReply>, Error> {
        let message = MutateRequest {
            request: Some(request.id()),
            first_pending: 0,
            mutation: Some(mutation),
            fences: self.fences.to_vec(),
        };
        check(&message)?;
        #[allow(unused_variables, reason = "a planted bug uses it")]
        let is_retry = std::sync::atomic::AtomicBool::new(false);
        let sent = self.call(Aim::Leader, deadline, |attempt: Attempt| {
            let first_pending = request.first_pending();
            #[allow(unused_mut, reason = "a planted bug changes it")]
            let mut message = MutateRequest { first_pending, ..message.clone() };
            planted!(RetryWithFreshSequence => {
                if is_retry.swap(true, std::sync::atomic::Ordering::Relaxed) {
                    message.request = Some(request.afresh());
                }
            });
            attempt.mutate(message)
        });
        match sent.await {
            Ok(reply) => Ok(reply.reply(|reply| reply)),
            Err(ended) => Err(self.conclude(request, ended)),
        }
    }

    /// What an end without a reply says about the mutation.
    fn conclude(&self, request: &Request, ended: Ended) -> Error {
        match ended {
            Ended::Rejected { info, message, maybe_applied_before } => {
                if info.reason == Reason::SessionExpired {
                    self.forget_session(request);
                }
                let before = maybe_applied_before || request.maybe_applied();
                if before && !failure::answers_retry(info.reason) {
                    request.set_maybe_applied();
                    return Error::Unknown { request: request.id(), message };
                }
                Error::Rejected { info, message }
            }
            Ended::Exhausted { maybe_applied, message } => {
                if maybe_applied || request.maybe_applied() {
                    request.set_maybe_applied();
                    return Error::Unknown { request: request.id(), message };
                }
                Error::Unavailable { message }
            }
            // The server did not understand the request, or we did not understand a reply:
            // then it was applied.
            Ended::Foreign { message } => {
                request.set_maybe_applied();
                Error::Unknown { request: request.id(), message }
            }
        }
    }
}

/// Refuses what the server would not even read: retries could not tell that from an
/// unavailable server.
fn check(message: &MutateRequest) -> Result<(), Error> {
    if let Some(Wire::Steps(steps)) = &message.mutation {
        let count = steps.steps.len();
        if count == 0 || count > STEPS_MAX {
            return Err(Error::Invalid(format!("{count} steps: expected 1 to {STEPS_MAX}")));
        }
    }
    let fences = message.fences.len();
    if fences > FENCES_MAX {
        return Err(Error::Invalid(format!("{fences} fences: at most {FENCES_MAX}")));
    }
    // Room for first_pending, which is filled in later.
    let size = message.encoded_len() + 16;
    if size > MESSAGE_BYTES_MAX {
        return Err(Error::Invalid(format!(
            "a mutation of {size} bytes: at most {MESSAGE_BYTES_MAX} fit, send fewer steps at a time"
        )));
    }
    Ok(())
}

fn answer_of<M: Mutation>(mut reply: Reply<MutateReply>) -> Result<Reply<M::Answer>, Error> {
    match reply.value.result.take().and_then(M::answer) {
        Some(answer) => Ok(reply.map(|_| answer)),
        None => Err(misanswered(reply.node, "the reply to a mutation is of another kind")),
    }
}

fn results_of(
    reply: Reply<v1::StepResults>,
    count: usize,
) -> Result<Reply<Vec<v1::StepResult>>, Error> {
    match reply.value.results.len() == count {
        true => Ok(reply.map(|steps| steps.results)),
        false => Err(misanswered(reply.node, "not one result for each step")),
    }
}

fn misanswered(node: u64, message: &str) -> Error {
    Error::Fault { node, message: message.to_owned() }
}
