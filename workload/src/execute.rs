//! Carries out one call with a client, and says how it ended in the history's terms.

use std::time::Duration;

use metad_client::{
    Client, Error, Event, Level, Mutation, Reply, Request, Subscription,
    errors::{self, Reason},
    steps::at,
    v1,
};

pub use crate::answer::Answer;
use crate::{
    names::is_of_family,
    operation::{Call, Operation},
};

/// How an operation ended.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one of it at a time")]
pub enum Outcome {
    /// Answered, and done.
    Done(Reply<Answer>),
    /// Answered, and refused.
    Rejected {
        /// Why.
        reason: Reason,
        /// Which step.
        step: Option<u64>,
        /// The revision that it reflects.
        revision: Option<u64>,
        /// Of a refused cursor: where to list instead.
        reset: Option<u64>,
        /// Who refused.
        node: Option<u64>,
    },
    /// Certainly never happened, nor will.
    Failed(String),
    /// May have happened, or may yet.
    Unknown(String),
}

/// Runs a call to its end. A mutation needs the request that the history names.
/// An error is one that no service may answer with: the run must stop and show it.
pub async fn execute(
    client: &Client,
    call: &Call,
    request: Option<&Request>,
) -> Result<Outcome, Error> {
    let reply = match request {
        Some(request) => {
            let fences: Vec<_> = call.fences.iter().map(|fence| fence.wire()).collect();
            mutate(&client.fenced(fences), request, call).await
        }
        None => read(&client.reading(call.level.unwrap_or(Level::Linearizable)), call).await,
    };
    match reply {
        Ok(reply) => Ok(Outcome::Done(reply)),
        Err(error) => outcome_of(error),
    }
}

async fn mutate(client: &Client, request: &Request, call: &Call) -> Result<Reply<Answer>, Error> {
    let ns = call.ns;
    let apply = Apply { client, request };
    match call.operation.clone() {
        Operation::CreateNamespace { name, policy, quota } => {
            let create = v1::CreateNamespace { name, policy: policy.wire().into(), quota };
            apply.to(create, Answer::Namespace).await
        }
        Operation::UpdateNamespace { name, quota } => {
            let update = v1::UpdateNamespace { ns, name: name.unwrap_or_default(), quota };
            apply.to(update, Answer::Namespace).await
        }
        Operation::DeleteNamespace { recursive } => {
            apply.to(v1::DeleteNamespace { ns, recursive }, Answer::Namespace).await
        }
        Operation::CreateSnapshot { name } => {
            apply.to(v1::CreateSnapshot { ns, name }, Answer::Snapshot).await
        }
        Operation::DeleteSnapshot { name } => {
            apply.to(v1::DeleteSnapshot { ns, name }, Answer::Snapshot).await
        }
        Operation::AcquireLock { lock, ttl_ms } => {
            apply.to(v1::AcquireLock { lock: Some(lock.wire(ns)), ttl_ms }, Answer::Lock).await
        }
        Operation::RenewLock { lock, token, ttl_ms } => {
            let renew = v1::RenewLock { lock: Some(lock.wire(ns)), token, ttl_ms };
            apply.to(renew, Answer::Lock).await
        }
        Operation::ReleaseLock { lock, token } => {
            apply.to(v1::ReleaseLock { lock: Some(lock.wire(ns)), token }, Answer::Lock).await
        }
        Operation::Step(step) => apply.steps(ns, vec![step.wire()]).await,
        Operation::Batch(steps) => {
            apply.steps(ns, steps.iter().map(|step| step.wire()).collect()).await
        }
        read => unreachable!("{} is given no request", read.f()),
    }
}

/// Sends mutations under one identity.
struct Apply<'a> {
    client: &'a Client,
    request: &'a Request,
}

impl Apply<'_> {
    async fn to<M: Mutation>(
        &self,
        mutation: M,
        answer: impl FnOnce(M::Answer) -> Answer,
    ) -> Result<Reply<Answer>, Error> {
        Ok(self.client.apply_as(self.request, mutation).await?.map(answer))
    }

    async fn steps(&self, ns: u64, steps: Vec<v1::Step>) -> Result<Reply<Answer>, Error> {
        Ok(self.client.mutate_as(self.request, ns, steps).await?.map(Answer::Results))
    }
}

async fn read(client: &Client, call: &Call) -> Result<Reply<Answer>, Error> {
    let ns = call.ns;
    let revision = |at: &Option<u64>| at.unwrap_or(0);
    Ok(match &call.operation {
        Operation::GetNamespace => client.get_namespace(ns).await?.map(Answer::Described),
        Operation::ListSnapshots => client.list_snapshots(ns).await?.map(Answer::Snapshots),
        Operation::GetLock(lock) => client.get_lock(lock.wire(ns)).await?.map(Answer::Held),
        Operation::ListLocks => client.list_locks(ns).await?.map(Answer::Locks),
        Operation::ListNamespaces { family } => {
            let mut reply = client.list_namespaces().await?;
            // Others may use the cluster, too.
            reply.value.retain(|namespace| is_of_family(&namespace.name, family));
            reply.map(Answer::Namespaces)
        }
        Operation::GetCursor => client.cursor(ns).await?.map(Answer::Cursor),
        Operation::Stat { target, at } => {
            let (target, at_revision) = (Some(target.wire()), revision(at));
            let request = v1::StatRequest { ns, target, at_revision, consistency: None };
            client.stat_located(request).await?.map(|(node, ns)| Answer::Node(node, ns))
        }
        Operation::BatchStat { paths, at: then } => {
            let targets = paths.iter().map(at).collect();
            let at_revision = revision(then);
            let request = v1::BatchStatRequest { ns, targets, at_revision, consistency: None };
            client.batch_stat(request).await?.map(Answer::Nodes)
        }
        Operation::Lookup { target, at } => {
            let (target, at_revision) = (Some(target.wire()), revision(at));
            let request = v1::LookupRequest { ns, target, at_revision, consistency: None };
            client.lookup_with(request).await?.map(Answer::Found)
        }
        Operation::List { target, recursive, at } => {
            let (target, at_revision) = (Some(target.wire()), revision(at));
            let page = v1::ListRequest { ns, target, at_revision, ..v1::ListRequest::default() };
            let page = v1::ListRequest { recursive: *recursive, ..page };
            client.list_page(page).await?.map(Answer::Entries)
        }
        Operation::ListRevisions { target, at } => {
            let (target, at_revision) = (Some(target.wire()), revision(at));
            let request =
                v1::ListRevisionsRequest { ns, target, at_revision, ..Default::default() };
            client.list_revisions(request).await?.map(Answer::Versions)
        }
        Operation::Diff { from, to } => client.diff(ns, *from, *to).await?.map(Answer::Differences),
        Operation::Journal { cursor, limit } => {
            client.read_journal(ns, *cursor, *limit).await?.map(Answer::Journal)
        }
        Operation::Subscribe { cursor } => {
            until_caught_up(client.subscribe(ns, *cursor)).await?.map(Answer::Journal)
        }
        Operation::WaitForChange { cursor, timeout_ms } => {
            let patience = Duration::from_millis(*timeout_ms);
            client.wait_for_change(ns, *cursor, patience).await?.map(Answer::Changed)
        }
        mutation => unreachable!("{} is given a request", mutation.f()),
    })
}

fn outcome_of(error: Error) -> Result<Outcome, Error> {
    match error {
        // Says nothing about the tree: the request was never looked at.
        Error::Rejected { ref info, .. } if info.reason == Reason::SessionExpired => {
            Ok(Outcome::Failed(error.to_string()))
        }
        Error::Rejected { ref info, .. } => Ok(Outcome::Rejected {
            reason: info.reason,
            step: info.number(errors::STEP),
            revision: error.revision(),
            reset: info.number(errors::RESET_REVISION),
            node: error.node(),
        }),
        Error::Unavailable { message } => Ok(Outcome::Failed(message)),
        Error::Unknown { message, .. } => Ok(Outcome::Unknown(message)),
        Error::Invalid(_) | Error::Fault { .. } => Err(error),
    }
}

/// What a subscription tells until it has told all that was there.
async fn until_caught_up(
    mut subscription: Subscription,
) -> Result<Reply<v1::ReadJournalReply>, Error> {
    let mut changes = Vec::new();
    loop {
        match subscription.next_event().await? {
            Event::Change(change) => changes.push(*change),
            Event::CaughtUp(revision) => {
                let (cursor, node) = (subscription.cursor(), subscription.node());
                let value = v1::ReadJournalReply {
                    revision,
                    node,
                    changes,
                    cursor,
                    end: true,
                    ..v1::ReadJournalReply::default()
                };
                return Ok(Reply { revision, node, staleness_ms: 0, value });
            }
        }
    }
}
