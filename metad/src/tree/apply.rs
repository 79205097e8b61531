//! One entry of the log becomes one change of the state.

use super::{Stop, Tried, edit::Edit, op, reader::Reader, reclaim, retention, session};
use crate::{
    kv::{KvTxn, Result, Txn},
    records::{
        key,
        system::{self, System},
    },
    types::{
        Action, Applied, Command, GroupId, NamespaceId, Outcome, Rejection, Request, Revision,
        Step, StepResult,
    },
};

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
        Action::Compact { up_to } => retention::compact(txn, group, &mut system, *up_to)?,
        Action::Reclaim { records_max } => reclaim::reclaim(txn, group, &mut system, *records_max)?,
        Action::CreateNamespace { request, first_pending, name } => {
            let make = |txn: &mut _, system: &mut _, context| {
                let namespace = op::create_namespace(txn, system, &context, name)?;
                Ok((Outcome::Namespace(namespace), true))
            };
            once(txn, group, &mut system, *request, *first_pending, make)?
        }
        Action::CreateSnapshot { request, first_pending, namespace, name } => {
            let make = |txn: &mut _, system: &mut _, context| {
                let made = op::create_snapshot(txn, system, &context, *namespace, name)?;
                Ok((Outcome::Snapshot(made), true))
            };
            once(txn, group, &mut system, *request, *first_pending, make)?
        }
        Action::DeleteSnapshot { request, first_pending, namespace, name } => {
            let delete = |txn: &mut _, _: &mut _, context| {
                let deleted = op::delete_snapshot(txn, &context, *namespace, name)?;
                Ok((Outcome::Snapshot(deleted), true))
            };
            once(txn, group, &mut system, *request, *first_pending, delete)?
        }
        Action::Mutate { request, first_pending, namespace, steps } => {
            let change = |txn: &mut _, system: &mut _, context| {
                mutate(txn, system, context, *namespace, steps)
            };
            once(txn, group, &mut system, *request, *first_pending, change)?
        }
    };
    retention::set_milestone(txn, group, &mut system);
    txn.put(key::system(group), system::encode(&system));
    Ok(applied)
}

/// Runs a request unless it has been answered, and keeps the answer for retries.
fn once<T: KvTxn>(
    txn: &mut T,
    group: GroupId,
    system: &mut System,
    request: Request,
    first_pending: u64,
    run: impl FnOnce(&mut T, &mut System, Context) -> Tried<(Outcome, bool)>,
) -> Result<Applied> {
    let answer = |system: &System, outcome| Applied { revision: system.revision, outcome };
    match session::admit(txn, group, system, request)? {
        session::Admission::Answered(applied) => return Ok(applied),
        session::Admission::Refused(rejection) => {
            return Ok(answer(system, Outcome::Rejected(rejection)));
        }
        session::Admission::New => {}
    }
    let revision = system.revision.next();
    let context = Context { group, request, time_ms: system.time_ms, revision };
    let outcome = match run(txn, system, context) {
        Ok((outcome, changed)) => {
            if changed {
                system.revision = revision;
            }
            outcome
        }
        Err(Stop::Rejected(rejection)) => Outcome::Rejected(rejection),
        Err(Stop::Fault(fault)) => return Err(fault),
    };
    let applied = answer(system, outcome);
    session::record(txn, group, system, request, first_pending, &applied)?;
    Ok(applied)
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
    let results = steps.iter().enumerate().map(run).collect::<Tried<Vec<StepResult>>>()?;
    let changed = edit.has_changed();
    let writes = layer.into_writes().collect::<Vec<_>>();
    *system = counters;
    for (key, value) in writes {
        match value {
            Some(value) => txn.put(key, value),
            None => txn.delete(key),
        }
    }
    Ok((Outcome::Steps(results), changed))
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
