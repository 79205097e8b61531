//! Mutations: retried under one request id, and never called failed unless that is certain.

use metad_proto::{
    errors::Reason,
    limits::{MESSAGE_BYTES_MAX, STEPS_MAX},
    v1::{self, MutateReply, MutateRequest, Step, mutate_reply, mutate_request::Mutation},
};
use prost::Message;

use crate::{
    Client, Error, Reply, Request,
    call::{Attempt, Deadline, Ended, failure},
    stamped::Stamped,
    steps,
};

/// Requests that one mutation may use: the session of the first may have expired unnoticed.
const REQUESTS_MAX: u32 = 2;

impl Client {
    /// Makes a namespace.
    pub async fn create_namespace(&self, name: &str) -> Result<Reply<v1::Namespace>, Error> {
        self.apply(create_namespace(name)).await.and_then(namespace_of)
    }

    /// Makes a namespace, under an identity from [`next_request`](Client::next_request).
    pub async fn create_namespace_as(
        &self,
        request: &Request,
        name: &str,
    ) -> Result<Reply<v1::Namespace>, Error> {
        let reply = self.apply_as(request, create_namespace(name), self.deadline()).await;
        reply.and_then(namespace_of)
    }

    /// Gives the present revision of a namespace a name, which keeps what is there.
    pub async fn create_snapshot(&self, ns: u64, name: &str) -> Result<Reply<v1::Snapshot>, Error> {
        let create = v1::CreateSnapshot { ns, name: name.to_owned() };
        self.apply(Mutation::CreateSnapshot(create)).await.and_then(snapshot_of)
    }

    /// Forgets a snapshot.
    pub async fn delete_snapshot(&self, ns: u64, name: &str) -> Result<Reply<v1::Snapshot>, Error> {
        let delete = v1::DeleteSnapshot { ns, name: name.to_owned() };
        self.apply(Mutation::DeleteSnapshot(delete)).await.and_then(snapshot_of)
    }

    /// Carries out steps, all or none, at one revision.
    pub async fn mutate(
        &self,
        ns: u64,
        steps: Vec<Step>,
    ) -> Result<Reply<Vec<v1::StepResult>>, Error> {
        let count = steps.len();
        let reply = self.apply(Mutation::Steps(v1::Steps { ns, steps })).await?;
        results_of(reply, count)
    }

    /// Carries out steps under an identity from [`next_request`](Client::next_request). After
    /// [`Error::Unknown`] the same call may be made again with the same request.
    pub async fn mutate_as(
        &self,
        request: &Request,
        ns: u64,
        steps: Vec<Step>,
    ) -> Result<Reply<Vec<v1::StepResult>>, Error> {
        let count = steps.len();
        let mutation = Mutation::Steps(v1::Steps { ns, steps });
        results_of(self.apply_as(request, mutation, self.deadline()).await?, count)
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

    async fn apply(&self, mutation: Mutation) -> Result<Reply<MutateReply>, Error> {
        let deadline = self.deadline();
        for _ in 1..REQUESTS_MAX {
            let request = self.begin_request(deadline).await?;
            let reply = self.apply_as(&request, mutation.clone(), deadline).await;
            // Nothing was applied under the expired session, and nothing will be: a new
            // request cannot be a second effect.
            let renew =
                matches!(&reply, Err(error) if error.reason() == Some(Reason::SessionExpired));
            if !renew {
                return reply;
            }
        }
        let request = self.begin_request(deadline).await?;
        self.apply_as(&request, mutation, deadline).await
    }

    async fn apply_as(
        &self,
        request: &Request,
        mutation: Mutation,
        deadline: Deadline,
    ) -> Result<Reply<MutateReply>, Error> {
        let message = MutateRequest {
            request: Some(request.id()),
            first_pending: 0,
            mutation: Some(mutation),
        };
        check(&message)?;
        let sent = self.call(deadline, |attempt: Attempt| {
            let first_pending = request.first_pending();
            let message = MutateRequest { first_pending, ..message.clone() };
            async move {
                let request = attempt.request(message);
                let mut files = attempt.files;
                Ok(files.mutate(request).await?.into_inner())
            }
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

fn create_namespace(name: &str) -> Mutation {
    Mutation::CreateNamespace(v1::CreateNamespace { name: name.to_owned() })
}

/// Refuses what the server would not even read: retries could not tell that from an
/// unavailable server.
fn check(message: &MutateRequest) -> Result<(), Error> {
    if let Some(Mutation::Steps(steps)) = &message.mutation {
        let count = steps.steps.len();
        if count == 0 || count > STEPS_MAX {
            return Err(Error::Invalid(format!("{count} steps: expected 1 to {STEPS_MAX}")));
        }
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

fn namespace_of(reply: Reply<MutateReply>) -> Result<Reply<v1::Namespace>, Error> {
    match reply.value.result.clone() {
        Some(mutate_reply::Result::Namespace(namespace)) => Ok(reply.map(|_| namespace)),
        _ => Err(misanswered(&reply, "no namespace in the reply to create_namespace")),
    }
}

fn snapshot_of(reply: Reply<MutateReply>) -> Result<Reply<v1::Snapshot>, Error> {
    match reply.value.result.clone() {
        Some(mutate_reply::Result::Snapshot(snapshot)) => Ok(reply.map(|_| snapshot)),
        _ => Err(misanswered(&reply, "no snapshot in the reply")),
    }
}

fn results_of(
    reply: Reply<MutateReply>,
    count: usize,
) -> Result<Reply<Vec<v1::StepResult>>, Error> {
    match &reply.value.result {
        Some(mutate_reply::Result::Steps(steps)) if steps.results.len() == count => {
            let results = steps.results.clone();
            Ok(reply.map(|_| results))
        }
        _ => Err(misanswered(&reply, "not one result for each step")),
    }
}

fn misanswered(reply: &Reply<MutateReply>, message: &str) -> Error {
    Error::Fault { node: reply.node, message: message.to_owned() }
}
