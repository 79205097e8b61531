//! One operation on one state: what it does, and whether the recorded answer fits.
//!
//! Owns the state as the operation leaves it and what was learned on the way. Invariants:
//! a rejection undoes every effect but keeps what was learned; an operation has effects at
//! one revision, or none.

use std::collections::BTreeSet;

use super::answer::Answer;
use super::chooser::Chooser;
use super::forest::Forest;
use super::matching::Mismatch;
use super::node::Handle;
use super::operation::{Operation, Request};
use super::reason::Reason;
use super::revisions::{Rev, Sight};
use super::state::State;

/// Why an operation ends early.
#[derive(Debug, Clone)]
pub(super) enum Stop {
    /// The model refuses it.
    Rejected(Reason),
    /// The answer does not fit.
    Mismatch(Mismatch),
}

impl From<Mismatch> for Stop {
    fn from(mismatch: Mismatch) -> Stop {
        Stop::Mismatch(mismatch)
    }
}

/// Something learned about what the server chose, true whatever the operation does.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fact {
    NodeId(Handle, u64),
    NotNodeId(Handle, u64),
    NamespaceId(Handle, u64),
    Rev(u32, u64),
    NotRev(u32, u64),
    AtMost(u32, u64),
    Above(u32, u64),
    /// The state had come so far.
    Seen(u64),
    /// The past of a namespace is gone up to this revision.
    Compacted(Handle, u64),
}

pub(super) struct Run<'a> {
    pub(super) operation: &'a Operation,
    base: &'a State,
    /// None as long as nothing was changed or learned.
    next: Option<State>,
    /// What is looked at instead of the forest of now.
    pub(super) view: Option<Forest>,
    pub(super) chooser: &'a mut Chooser,
    pub(super) facts: Vec<Fact>,
    pub(super) has_effect: bool,
    /// The revision that the state had come to, at least, before the effect.
    floor_before: Option<u64>,
    /// The namespaces whose journals tell of it.
    told: BTreeSet<Handle>,
    made_count: u32,
    /// The step of a batch that is under way.
    pub(super) step: usize,
}

impl<'a> Run<'a> {
    pub(super) fn new(base: &'a State, operation: &'a Operation, chooser: &'a mut Chooser) -> Self {
        Run {
            operation,
            base,
            next: None,
            view: None,
            chooser,
            facts: Vec::new(),
            has_effect: false,
            floor_before: None,
            told: BTreeSet::new(),
            made_count: 0,
            step: 0,
        }
    }

    /// The state afterwards, or none if it stays as it is.
    pub(super) fn execute(mut self) -> Result<Option<State>, Mismatch> {
        let operation = self.operation;
        let done = self.answer(&operation.request);
        match (done, &operation.answer) {
            (Ok(()), Answer::Unknown) if !self.has_effect => return Err(Mismatch::NoEffect),
            (Ok(()), Answer::Rejected { .. }) => return Err(Mismatch::Succeeds),
            (Ok(()), _) => {}
            (Err(Stop::Mismatch(mismatch)), _) => return Err(mismatch),
            (Err(Stop::Rejected(_)), Answer::Unknown) => return Err(Mismatch::NoEffect),
            (Err(Stop::Rejected(reason)), Answer::Rejected { reason: answered, step }) => {
                if reason != *answered || step.is_some_and(|step| step != self.step) {
                    return Err(Mismatch::Refused { reason, step: self.step });
                }
                self.undo_effects();
            }
            (Err(Stop::Rejected(reason)), _) => {
                return Err(Mismatch::Refused { reason, step: self.step });
            }
        }
        self.check_sight()?;
        Ok(self.next)
    }

    fn answer(&mut self, request: &Request) -> Result<(), Stop> {
        match request {
            Request::CreateNamespace { name, policy, quota } => {
                self.create_namespace(name, *policy, *quota)
            }
            Request::UpdateNamespace { ns, name, quota } => {
                self.update_namespace(*ns, name.as_ref(), *quota)
            }
            Request::DeleteNamespace { ns, recursive } => self.delete_namespace(*ns, *recursive),
            Request::GetNamespace(namespace) => self.get_namespace(namespace),
            Request::Steps { ns, steps } => self.steps(*ns, steps),
            Request::Read { ns, at, read } => self.read(*ns, *at, read),
            Request::Diff { ns, from, to } => self.diff(*ns, *from, *to),
            Request::CreateSnapshot { ns, name } => self.create_snapshot(*ns, name),
            Request::DeleteSnapshot { ns, name } => self.delete_snapshot(*ns, name),
            Request::ListSnapshots { ns } => self.list_snapshots(*ns),
            Request::ListNamespaces { family } => self.list_namespaces(family.as_deref()),
            Request::GetCursor { ns } => self.get_cursor(*ns),
            Request::AcquireLock { ns, node } => self.acquire_lock(*ns, *node),
            // Who may is judged elsewhere.
            Request::KeepLock => Ok(self.begin_effect()?),
        }
    }

    /// An answer without an effect must reflect the revision that it claims.
    fn check_sight(&mut self) -> Result<(), Mismatch> {
        let (false, Some(revision)) = (self.has_effect, self.operation.revision) else {
            return Ok(());
        };
        match self.state().revisions.sees(revision) {
            Sight::TooOld => Err(Mismatch::SeesOld { floor: self.state().revisions.floor() }),
            Sight::Known => Ok(()),
            Sight::News => {
                self.state_mut().revisions.see(revision);
                Ok(())
            }
        }
    }

    // ------------------------------------------------------------ the state

    pub(super) fn state(&self) -> &State {
        self.next.as_ref().unwrap_or(self.base)
    }

    /// What is looked at: the forest of now, unless the past is asked for.
    pub(super) fn forest(&self) -> &Forest {
        self.view.as_ref().unwrap_or(&self.state().forest)
    }

    pub(super) fn state_mut(&mut self) -> &mut State {
        self.next.get_or_insert_with(|| self.base.clone())
    }

    pub(super) fn begin_step(&mut self, step: usize) {
        self.step = step;
    }

    /// Takes the operation's revision; to be called before each effect.
    pub(super) fn begin_effect(&mut self) -> Result<(), Mismatch> {
        if self.has_effect {
            return Ok(());
        }
        self.has_effect = true;
        let floor = self.state().revisions.floor();
        self.floor_before = Some(floor);
        match self.change_revision() {
            Some(revision) => {
                if !self.state_mut().revisions.change_at(revision) {
                    return Err(Mismatch::ChangesOld { floor });
                }
            }
            None => self.state_mut().revisions.change_unseen(),
        }
        Ok(())
    }

    /// The revision that the state had come to, at least, when the operation began.
    pub(super) fn floor(&self) -> u64 {
        self.floor_before.unwrap_or_else(|| self.state().revisions.floor())
    }

    /// The revision of the operation's effect. That of a refusal is not one: what the first
    /// steps of a refused batch do is undone.
    pub(super) fn change_revision(&self) -> Option<u64> {
        match self.operation.answer {
            Answer::Rejected { .. } => None,
            _ => self.operation.revision,
        }
    }

    /// Takes the operation's revision for a change that this namespace's journal tells.
    pub(super) fn effect_rev(&mut self, namespace: Handle) -> Result<Rev, Stop> {
        self.tell(namespace)?;
        Ok(self.new_rev())
    }

    /// Likewise, where no node gets the revision for its rev: nothing then waits to be shown it.
    pub(super) fn tell(&mut self, namespace: Handle) -> Result<(), Stop> {
        self.begin_effect()?;
        self.told.insert(namespace);
        Ok(())
    }

    /// Notes what has changed, if something has; to be called after all effects.
    pub(super) fn end_effects(&mut self) {
        if !self.has_effect {
            return;
        }
        let tracked = self.state().tracked;
        if tracked.changes {
            for namespace in self.told.clone() {
                let rev = self.new_rev();
                self.state_mut().set_changed(namespace, rev);
            }
        }
        if tracked.past {
            let rev = self.new_rev();
            self.state_mut().remember(rev);
        }
    }

    /// The rev of what the operation changes; an effect has begun.
    pub(super) fn new_rev(&mut self) -> Rev {
        debug_assert!(self.has_effect, "a rev belongs to an effect");
        match self.change_revision() {
            Some(revision) => Rev::Known(revision),
            None => {
                let tag = self.operation.tag;
                self.state_mut().revisions.rev_of_unseen(tag)
            }
        }
    }

    /// A name for a node or namespace that the operation makes.
    pub(super) fn new_handle(&mut self) -> Handle {
        let handle = Handle { tag: self.operation.tag, ordinal: self.made_count };
        self.made_count += 1;
        handle
    }

    fn undo_effects(&mut self) {
        if !self.has_effect {
            return;
        }
        self.has_effect = false;
        self.floor_before = None;
        self.told.clear();
        self.view = None;
        self.next = None;
        let tag = self.operation.tag;
        for fact in std::mem::take(&mut self.facts) {
            match fact {
                Fact::NodeId(handle, _) | Fact::NotNodeId(handle, _) if handle.tag == tag => {}
                Fact::Rev(of, _)
                | Fact::NotRev(of, _)
                | Fact::AtMost(of, _)
                | Fact::Above(of, _)
                    if of == tag => {}
                _ => self.learn(fact),
            }
        }
    }
}
