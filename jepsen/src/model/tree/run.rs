//! One operation on one state: what it does, and whether the recorded answer fits.
//!
//! Owns the state as the operation leaves it and what was learned on the way. Invariants:
//! a rejection undoes every effect but keeps what was learned; an operation has effects at
//! one revision, or none.

use super::chooser::Chooser;
use super::matching::Mismatch;
use super::operation::{Answer, Name, Operation, Reason, Request, Target};
use super::revisions::{Comparison, Rev, Sight};
use super::state::{Handle, State};

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
enum Fact {
    NodeId(Handle, u64),
    NotNodeId(Handle, u64),
    NamespaceId(Handle, u64),
    Rev(u32, u64),
    NotRev(u32, u64),
}

pub(super) struct Run<'a> {
    pub(super) operation: &'a Operation,
    base: &'a State,
    /// None as long as nothing was changed or learned.
    next: Option<State>,
    chooser: &'a mut Chooser,
    facts: Vec<Fact>,
    has_effect: bool,
    made_count: u32,
    /// The step of a batch that is under way.
    step: usize,
}

impl<'a> Run<'a> {
    pub(super) fn new(base: &'a State, operation: &'a Operation, chooser: &'a mut Chooser) -> Self {
        Run {
            operation,
            base,
            next: None,
            chooser,
            facts: Vec::new(),
            has_effect: false,
            made_count: 0,
            step: 0,
        }
    }

    /// The state afterwards, or none if it stays as it is.
    pub(super) fn execute(mut self) -> Result<Option<State>, Mismatch> {
        let operation = self.operation;
        let done = match &operation.request {
            Request::CreateNamespace { name, name_is_good } => {
                self.create_namespace(name, *name_is_good)
            }
            Request::Steps { ns, steps } => self.steps(*ns, steps),
            Request::Stat { ns, target } => self.stat(*ns, target),
            Request::Lookup { ns, target } => self.lookup(*ns, target),
            Request::List { ns, target } => self.list(*ns, target),
        };
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
        match self.change_revision() {
            Some(revision) => {
                let floor = self.state().revisions.floor();
                if !self.state_mut().revisions.change_at(revision) {
                    return Err(Mismatch::ChangesOld { floor });
                }
            }
            None => self.state_mut().revisions.change_unseen(),
        }
        Ok(())
    }

    /// The revision of the operation's effect. That of a refusal is not one: what the first
    /// steps of a refused batch do is undone.
    fn change_revision(&self) -> Option<u64> {
        match self.operation.answer {
            Answer::Rejected { .. } => None,
            _ => self.operation.revision,
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
        self.next = None;
        let tag = self.operation.tag;
        for fact in std::mem::take(&mut self.facts) {
            match fact {
                Fact::NodeId(handle, _) | Fact::NotNodeId(handle, _) if handle.tag == tag => {}
                Fact::Rev(of, _) | Fact::NotRev(of, _) if of == tag => {}
                _ => self.learn(fact),
            }
        }
    }

    // ------------------------------------------------------------ what is learned

    fn learn(&mut self, fact: Fact) {
        self.facts.push(fact);
        let state = self.state_mut();
        match fact {
            Fact::NodeId(handle, id) => state.bind_node(handle, id),
            Fact::NotNodeId(handle, id) => state.exclude_id(handle, id),
            Fact::NamespaceId(handle, id) => state.bind_namespace(handle, id),
            Fact::Rev(tag, revision) => state.revisions.show(tag, revision),
            Fact::NotRev(tag, revision) => state.revisions.exclude(tag, revision),
        }
    }

    /// Whether a node has this id; learns it if the history has not shown the node's yet.
    pub(super) fn has_id(&mut self, handle: Handle, id: u64) -> bool {
        match self.state().node(handle).id {
            Some(known) => known == id,
            None if self.may_have_id(handle, id) => {
                self.learn(Fact::NodeId(handle, id));
                true
            }
            None => false,
        }
    }

    /// Whether a node of unseen id may have this one.
    pub(super) fn may_have_id(&self, handle: Handle, id: u64) -> bool {
        self.state().node_by_id(id).is_none() && !self.state().is_excluded(handle, id)
    }

    /// Whether a rev is this revision; learns it if the history has not shown the rev yet.
    pub(super) fn is_rev(&mut self, rev: Rev, revision: u64) -> bool {
        match self.state().revisions.compare(rev, revision) {
            Comparison::Equal => true,
            Comparison::Different => false,
            Comparison::Open(tag) => {
                self.learn(Fact::Rev(tag, revision));
                true
            }
        }
    }

    /// Whether a guard lets the operation pass, where both may be.
    pub(super) fn passes_guard(&mut self, rev: Rev, guard: u64) -> bool {
        match self.state().revisions.compare(rev, guard) {
            Comparison::Equal => true,
            Comparison::Different => false,
            Comparison::Open(tag) if self.chooser.choose(2) == 0 => {
                self.learn(Fact::Rev(tag, guard));
                true
            }
            Comparison::Open(tag) => {
                self.learn(Fact::NotRev(tag, guard));
                false
            }
        }
    }

    // ------------------------------------------------------------ finding nodes

    pub(super) fn namespace(&mut self, ns: u64) -> Result<Handle, Stop> {
        if let Some(handle) = self.state().namespace_by_id(ns) {
            return Ok(handle);
        }
        let unseen: Vec<Handle> = self
            .state()
            .namespaces()
            .filter(|(_, namespace)| namespace.id.is_none())
            .map(|(handle, _)| handle)
            .collect();
        match unseen.get(self.chooser.choose(unseen.len() + 1)) {
            Some(handle) => {
                self.learn(Fact::NamespaceId(*handle, ns));
                Ok(*handle)
            }
            None => Err(Stop::Rejected(Reason::NotFound)),
        }
    }

    /// The node where a target's path begins.
    pub(super) fn start(&mut self, namespace: Handle, start: Option<u64>) -> Result<Handle, Stop> {
        let Some(id) = start else { return Ok(self.state().namespace(namespace).root) };
        let found = match self.state().node_by_id(id) {
            Some(known) => known,
            None => self.choose_unseen(id),
        };
        found
            .filter(|handle| self.state().node(*handle).namespace == namespace)
            .ok_or(Stop::Rejected(Reason::NotFound))
    }

    fn choose_unseen(&mut self, id: u64) -> Option<Handle> {
        let mut candidates = self.state().unseen_candidates(id);
        candidates.retain(|handle| handle.tag != self.operation.tag);
        if candidates.is_empty() {
            return None;
        }
        let chosen = candidates.get(self.chooser.choose(candidates.len() + 1)).copied();
        match chosen {
            Some(handle) => self.learn(Fact::NodeId(handle, id)),
            None => {
                for handle in candidates {
                    self.learn(Fact::NotNodeId(handle, id));
                }
            }
        }
        chosen
    }

    /// The child of that name; a file has none and is no directory.
    pub(super) fn child(&self, parent: Handle, name: &Name) -> Result<Option<Handle>, Stop> {
        match self.state().node(parent).children() {
            Some(children) => Ok(children.get(name).copied()),
            None => Err(Stop::Rejected(Reason::NotADirectory)),
        }
    }

    pub(super) fn names_of<'t>(&self, target: &'t Target) -> Result<&'t [Name], Stop> {
        target.names.as_deref().ok_or(Stop::Rejected(Reason::NameInvalid))
    }

    /// The node that a target names.
    pub(super) fn resolve(&mut self, namespace: Handle, target: &Target) -> Result<Handle, Stop> {
        let names = self.names_of(target)?;
        let mut current = self.start(namespace, target.start)?;
        for name in names {
            let child = self.child(current, name)?;
            current = child.ok_or(Stop::Rejected(Reason::NotFound))?;
        }
        Ok(current)
    }

    /// The place that a target names: its parent must be there.
    pub(super) fn resolve_place(
        &mut self,
        namespace: Handle,
        target: &Target,
    ) -> Result<Place, Stop> {
        let names = self.names_of(target)?;
        let mut current = self.start(namespace, target.start)?;
        let Some((last, ancestors)) = names.split_last() else { return Ok(Place::Taken(current)) };
        for name in ancestors {
            let child = self.child(current, name)?;
            current = child.ok_or(Stop::Rejected(Reason::NotFound))?;
        }
        Ok(match self.child(current, last)? {
            Some(node) => Place::Taken(node),
            None => Place::Free { parent: current, name: Name::clone(last) },
        })
    }
}

/// Where a node is or may be made.
#[derive(Debug, Clone)]
pub(super) enum Place {
    Taken(Handle),
    Free { parent: Handle, name: Name },
}
