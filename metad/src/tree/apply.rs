//! One entry of the log becomes one change of the state.

use super::{Stop, Tried, edit::Edit, op, reader::Reader, reclaim, retention, session};
use metad_proto::planted;
use xxhash_rust::xxh3::xxh3_64;

use crate::{
    kv::{KvTxn, Result, Txn},
    records::{
        key, outcome,
        session::Session,
        system::{self, System},
    },
    types::{
        Action, Applied, ClientRequest, Command, GroupId, Mutation, NamespaceId, Outcome,
        Rejection, Request, Revision, Step, StepResult,
    },
};

/// Where it is traced how requests are answered.
pub const ANSWERS: &str = "metad::answers";

/// What every change of one command shares.
#[derive(Clone, Copy)]
pub(super) struct Context {
    pub group: GroupId,
    pub request: Request,
    /// Replicated time.
    pub time_ms: u64,
    /// Where the changes take effect, if there are any.
    pub revision: Revision,
}

/// Applies a command: it takes effect at one revision, or changes nothing but what is
/// known of the session. Replicated time never runs backwards, whatever a leader's clock
/// says.
///
/// # Errors
/// Only for a fault of the storage: the replica must stop.
pub fn apply(txn: &mut impl KvTxn, group: GroupId, command: &Command) -> Result<Applied> {
    let mut system = Reader::new(txn, group).system()?;
    system.time_ms = system.time_ms.max(command.time_ms);
    let applied = match &command.action {
        Action::OpenSession => session::open(txn, group, &mut system),
        Action::CloseSession(client) => session::close(txn, group, &mut system, *client)?,
        Action::Compact { up_to } => retention::compact(txn, group, &mut system, *up_to)?,
        Action::Reclaim { records_max } => reclaim::reclaim(txn, group, &mut system, *records_max)?,
        Action::Request(request) => once(txn, group, &mut system, request)?,
    };
    retention::set_milestone(txn, group, &mut system)?;
    txn.put(key::system(group), system::encode(&system));
    Ok(applied)
}

/// Runs a request unless it has been answered, and tells each time what the answer is: who
/// listens to [`ANSWERS`] hears of each replica that it is one and the same.
fn once(
    txn: &mut impl KvTxn,
    group: GroupId,
    system: &mut System,
    asked: &ClientRequest,
) -> Result<Applied> {
    let applied = match session::admit(txn, group, system, asked.request)? {
        session::Admission::Refused(rejection) => {
            let outcome = Outcome::Rejected(rejection);
            return Ok(Applied { revision: system.revision, outcome });
        }
        session::Admission::Answered(applied) => applied,
        session::Admission::New(session) => first(txn, group, (system, session), asked)?,
    };
    let Request { client, sequence } = asked.request;
    let hash = || xxh3_64(&outcome::encode(&applied));
    tracing::trace!(target: ANSWERS, client = client.0, sequence, answer = hash(), "answered");
    Ok(applied)
}

/// Runs a request, and keeps the answer for retries.
fn first(
    txn: &mut impl KvTxn,
    group: GroupId,
    (system, session): (&mut System, Session),
    asked: &ClientRequest,
) -> Result<Applied> {
    let revision = system.revision.next();
    let context = Context { group, request: asked.request, time_ms: system.time_ms, revision };
    let outcome = match run(txn, system, context, asked) {
        Ok((outcome, changed)) => {
            if changed {
                system.revision = revision;
            }
            outcome
        }
        Err(Stop::Rejected(rejection)) => Outcome::Rejected(rejection),
        Err(Stop::Fault(fault)) => return Err(fault),
    };
    let applied = Applied { revision: system.revision, outcome };
    session::record(txn, group, (system, session), asked, &applied);
    Ok(applied)
}

/// The outcome, and whether anything was changed.
fn run(
    txn: &mut impl KvTxn,
    system: &mut System,
    context: Context,
    asked: &ClientRequest,
) -> Tried<(Outcome, bool)> {
    op::check_fences(txn, &context, &asked.fences)?;
    let done = match &asked.mutation {
        Mutation::Steps { namespace, steps } => {
            return mutate(txn, system, context, *namespace, steps);
        }
        Mutation::CreateNamespace { name, policy, quota } => {
            let rules = (*policy, *quota);
            Outcome::Namespace(op::create_namespace(txn, system, &context, name, rules)?)
        }
        Mutation::UpdateNamespace { namespace, name, quota } => {
            let updated = op::update_namespace(txn, &context, *namespace, name.as_ref(), *quota)?;
            return Ok((Outcome::Namespace(updated.0), updated.1));
        }
        Mutation::DeleteNamespace { namespace, recursive } => {
            Outcome::Namespace(op::delete_namespace(txn, &context, *namespace, *recursive)?)
        }
        Mutation::CreateSnapshot { namespace, name } => {
            Outcome::Snapshot(op::create_snapshot(txn, system, &context, *namespace, name)?)
        }
        Mutation::DeleteSnapshot { namespace, name } => {
            Outcome::Snapshot(op::delete_snapshot(txn, &context, *namespace, name)?)
        }
        Mutation::AcquireLock { lock, ttl_ms } => {
            Outcome::Lock(op::acquire_lock(txn, system, &context, (lock, *ttl_ms))?)
        }
        Mutation::RenewLock { fence, ttl_ms } => {
            Outcome::Lock(op::renew_lock(txn, system, &context, (fence, *ttl_ms))?)
        }
        Mutation::ReleaseLock(fence) => {
            Outcome::Lock(op::release_lock(txn, system, &context, fence)?)
        }
    };
    Ok((done, true))
}

/// Runs the steps: all or none.
fn mutate(
    txn: &mut impl KvTxn,
    system: &mut System,
    context: Context,
    namespace: NamespaceId,
    steps: &[Step],
) -> Tried<(Outcome, bool)> {
    let namespace = Reader::new(&*txn, context.group).namespace(namespace)?;
    if let [step] = steps {
        // An operation refuses before its first write: nothing to undo.
        let mut edit = Edit::new(txn, system, context, &namespace);
        let result = op::step(&mut edit, step)?;
        return Ok((Outcome::Steps(vec![result]), edit.has_changed()));
    }
    let mut layer = Txn::new(&*txn);
    let mut counters = *system;
    let mut edit = Edit::new(&mut layer, &mut counters, context, &namespace);
    let run = |(index, step)| op::step(&mut edit, step).map_err(|stop| at_step(index, stop));
    let results = steps.iter().enumerate().map(run).collect::<Tried<Vec<StepResult>>>();
    let results = if planted!(BatchNotAtomic) { results } else { Ok(results?) };
    let changed = edit.has_changed();
    let writes = layer.into_writes().collect::<Vec<_>>();
    *system = counters;
    for (key, value) in writes {
        match value {
            Some(value) => txn.put(key, value),
            None => txn.delete(key),
        }
    }
    Ok((Outcome::Steps(results?), changed))
}

fn at_step(index: usize, stop: Stop) -> Stop {
    match stop {
        Stop::Rejected(rejection) => Stop::Rejected(Rejection::Step {
            index: u32::try_from(index).expect("steps are limited"),
            rejection: Box::new(rejection),
        }),
        fault => fault,
    }
}
