//! Clients that keep a replica of a namespace: they follow its journal, go offline, edit what
//! they have there, come back, and merge.
//!
//! - [`replica`]: what is known of the server's tree at a cursor
//! - [`local`]: edits made offline
//! - [`pending`]: how they are merged
//!
//! Those three do no I/O. Here the journal is read and the edits are pushed, and each call is
//! in the history. At the end of the run each such client catches up and records what it has:
//! an operation `replica`. What mounts show is not part of a replica.
//!
//! They work in a namespace of their own, where all others are polite, too: content that is
//! gone there without a trace was lost.

mod local;
mod pending;
mod replica;
#[cfg(test)]
mod tests;

use metad_client::{
    errors::Reason,
    v1::{self, Cursor},
};
use rand::{Rng, RngExt};
use serde_json::{Value, json};

use self::{
    local::Local,
    pending::{Next, Pending},
    replica::{Arrived, Replica},
};
use crate::{
    execute::{Answer, Outcome},
    operation::{Call, Operation, Target},
    process::Process,
    run::{Error, Run},
};

/// Changes in one page of the journal.
const JOURNAL_PAGE: u32 = 200;
/// Pages that are read in one go; more wait for the next one.
const PAGES_MAX: usize = 1_000;
/// Edits made while offline once.
const EDITS_MAX: usize = 10;
/// Attempts to push one edit at the end of a run.
const FINAL_TRIES_MAX: usize = 20;
/// Fewer clients have nobody to spare.
const PROCESSES_MIN: usize = 4;
/// So many can have two that keep replicas.
const PROCESSES_FOR_TWO: usize = 8;

/// How many of a run's clients keep a replica.
pub(crate) fn count(processes: usize, share: f64) -> usize {
    let at_least = match processes {
        ..PROCESSES_MIN => return 0,
        PROCESSES_MIN..PROCESSES_FOR_TWO => 1,
        _ => 2,
    };
    if share <= 0.0 { 0 } else { at_least.max((processes as f64 * share).round() as usize) }
}

/// One such client. Between its calls it is only data.
#[derive(Debug)]
pub struct Syncer {
    name: String,
    ns: u64,
    replica: Replica,
    pending: Pending,
    /// None: it has read nothing yet.
    cursor: Option<Cursor>,
    /// What its cursor cannot tell any more must be listed, at this revision if there is one.
    reset: Option<Option<u64>>,
    /// It shows what was there at this revision.
    revision: u64,
}

/// Makes the calls of a client with a replica.
pub(crate) trait Caller: Send {
    /// None if the run is over.
    fn call(&mut self, call: &Call) -> impl Future<Output = Result<Option<Outcome>, Error>> + Send;
}

/// The run is over, or nobody answers: what is left is for later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Later;

type Progress<T> = Result<Result<T, Later>, Error>;

/// Passes on what is for later.
macro_rules! now {
    ($progress:expr) => {
        match $progress {
            Ok(value) => value,
            Err(Later) => return Ok(Err(Later)),
        }
    };
}

impl Syncer {
    /// The `number`th client of a run, with a replica of a namespace of which it knows the root.
    pub(crate) fn new(number: u64, ns: u64, root: u64) -> Self {
        Syncer {
            name: format!("replica {number}"),
            ns,
            replica: Replica::new(root),
            pending: Pending::default(),
            cursor: None,
            // Every other one begins with the journal.
            reset: number.is_multiple_of(2).then_some(None),
            revision: 0,
        }
    }

    /// Works online: catches up, and pushes what it has.
    pub(crate) async fn online(&mut self, caller: &mut impl Caller) -> Result<(), Error> {
        if self.pull(caller).await?.is_err() {
            return Ok(());
        }
        while self.pending.count() > 0 {
            if self.push(caller).await?.is_err() || self.pull(caller).await?.is_err() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Edits what it has, without a word to anybody.
    pub(crate) fn offline(&mut self, random: &mut impl Rng) {
        // Earlier edits first: the replica does not show them.
        if self.pending.count() > 0 {
            return;
        }
        let mut local = Local::new(&self.replica, &self.pending);
        for _ in 0..random.random_range(1..=EDITS_MAX) {
            local.edit(&mut self.pending, random);
        }
    }

    // -------------------------------------------------------------- pull

    async fn pull(&mut self, caller: &mut impl Caller) -> Progress<()> {
        for _ in 0..PAGES_MAX {
            if let Some(at) = self.reset {
                now!(self.list(caller, at).await?);
            }
            let journal = Operation::Journal { cursor: self.cursor, limit: JOURNAL_PAGE };
            match now!(self.call(caller, journal).await?) {
                Outcome::Done(reply) => {
                    let Answer::Journal(page) = reply.value else {
                        unreachable!("a journal is answered with a page")
                    };
                    let end = page.end || page.changes.is_empty();
                    now!(self.take_in(caller, page).await?);
                    if end && self.reset.is_none() {
                        self.revision = reply.revision;
                        return Ok(Ok(()));
                    }
                }
                Outcome::Rejected { reason: Reason::CursorReset, reset, .. } => {
                    self.reset = Some(reset);
                }
                _ => return Ok(Err(Later)),
            }
        }
        Ok(Err(Later))
    }

    async fn take_in(
        &mut self,
        caller: &mut impl Caller,
        page: v1::ReadJournalReply,
    ) -> Progress<()> {
        for change in &page.changes {
            let arrived = self.replica.apply(change);
            if let Some(arrived) = arrived {
                now!(self.look_at(caller, arrived).await?);
            }
            // Here, not at the end of the page: it may be left in between.
            self.cursor = change.cursor.or(self.cursor);
        }
        self.cursor = page.cursor.or(self.cursor);
        Ok(Ok(()))
    }

    /// Lists what came from another namespace.
    async fn look_at(&mut self, caller: &mut impl Caller, arrived: Arrived) -> Progress<()> {
        let Arrived { id, revision } = arrived;
        let target = Target::Id(id);
        let list = Operation::List { target, recursive: true, at: Some(revision) };
        match now!(self.call(caller, list).await?) {
            Outcome::Done(reply) => {
                let Answer::Entries(entries) = reply.value else {
                    unreachable!("a listing is answered with entries")
                };
                self.replica.graft(id, &entries);
            }
            // It went on at the same revision: the changes that come say where to.
            Outcome::Rejected { reason: Reason::NotFound | Reason::NotADirectory, .. } => {}
            // What was there then is no longer kept: begin with what is there now.
            Outcome::Rejected { .. } => self.reset = Some(None),
            Outcome::Failed(_) | Outcome::Unknown(_) => return Ok(Err(Later)),
        }
        Ok(Ok(()))
    }

    /// Begins again with a listing of everything.
    async fn list(&mut self, caller: &mut impl Caller, at: Option<u64>) -> Progress<()> {
        let target = Target::Path("/".to_owned());
        let list = Operation::List { target, recursive: true, at };
        match now!(self.call(caller, list).await?) {
            Outcome::Done(reply) => {
                let Answer::Entries(entries) = reply.value else {
                    unreachable!("a listing is answered with entries")
                };
                let root = self.replica.root();
                self.replica.graft(root, &entries);
                // After whatever else that revision may hold.
                self.cursor = Some(Cursor { revision: reply.revision, ordinal: u32::MAX });
                self.reset = None;
                Ok(Ok(()))
            }
            Outcome::Rejected { .. } => {
                self.reset = Some(None);
                Ok(Err(Later))
            }
            Outcome::Failed(_) | Outcome::Unknown(_) => Ok(Err(Later)),
        }
    }

    // -------------------------------------------------------------- push

    /// Pushes one edit. What becomes of the next one depends on what the journal then tells.
    async fn push(&mut self, caller: &mut impl Caller) -> Progress<()> {
        let operation = match self.pending.next(&self.replica, &self.name) {
            None => return Ok(Ok(())),
            Some(Next::Done(id)) => {
                let rev = self.replica.get(id).map(|entry| entry.rev);
                self.pending.settled(id, rev);
                return Ok(Ok(()));
            }
            Some(Next::Drop) => {
                self.pending.drop_first();
                return Ok(Ok(()));
            }
            Some(Next::Send(operation)) => operation,
        };
        match now!(self.call(caller, operation).await?) {
            Outcome::Done(reply) => {
                let Answer::Results(results) = reply.value else {
                    unreachable!("steps are answered with results")
                };
                // Of a batch the last step is the edit.
                let result = results.last().expect("one for each step");
                self.pending.done(result);
            }
            Outcome::Rejected { reason, .. } => self.pending.refused(reason, &self.replica),
            // The journal will tell whether it was done, or else it is done again: twice is
            // a conflicted copy, never a loss.
            Outcome::Failed(_) | Outcome::Unknown(_) => return Ok(Err(Later)),
        }
        Ok(Ok(()))
    }

    async fn call(&self, caller: &mut impl Caller, operation: Operation) -> Progress<Outcome> {
        let outcome = caller.call(&Call::new(self.ns, operation)).await?;
        Ok(outcome.ok_or(Later))
    }

    // -------------------------------------------------------------- the end

    /// Writes what it has into the history.
    fn record(&self, process: &Process<'_>) -> Result<(), Error> {
        let asked = json!({"ns": self.ns, "client": self.name});
        let answer = json!({"entries": self.entries(), "revision": self.revision});
        process.record("replica", asked, answer, self.revision)
    }

    /// All that it has, by the paths.
    fn entries(&self) -> Vec<Value> {
        let path = |id| self.replica.path(id);
        let mut found: Vec<_> =
            self.replica.nodes().filter_map(|(id, entry)| Some((path(id)?, entry))).collect();
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        let value = |(path, entry): (String, &replica::Entry)| {
            let mut value = json!({"path": path, "kind": entry.kind.name()});
            if let Some(hash) = &entry.hash {
                value["hash"] = json!(hash);
            }
            value
        };
        found.into_iter().map(value).collect()
    }
}

/// Lets all clients with a replica push what they have, then catch up, and records what each
/// then has. To be called when the cluster is whole.
pub(crate) async fn finish(run: &Run, process: &mut Process<'_>) -> Result<(), Error> {
    let mut syncers = std::mem::take(&mut run.shared().syncers);
    syncers.sort_by(|a, b| a.name.cmp(&b.name));
    for syncer in &mut syncers {
        for _ in 0..FINAL_TRIES_MAX {
            syncer.online(process).await?;
            if syncer.pending.count() == 0 {
                break;
            }
        }
        // Never acknowledged: nobody relies on it.
        syncer.pending.clear();
    }
    for syncer in &mut syncers {
        for _ in 0..FINAL_TRIES_MAX {
            if syncer.pull(process).await?.is_ok() {
                syncer.record(process)?;
                break;
            }
        }
    }
    Ok(())
}
