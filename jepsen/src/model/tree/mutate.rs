//! The mutations, rule for rule as semantics.md and docs/HISTORY.md have them.

use std::sync::Arc;

use rpds::RedBlackTreeMap;

use super::finding::Place;
use super::matching::Mismatch;
use super::node::{Body, Handle, Node};
use super::operation::{Answer, Kind, Name, Step, Target};
use super::reason::Reason;
use super::revisions::Rev;
use super::run::{Run, Stop};
use super::state::Namespace;

/// What a step answers with.
#[derive(Debug, Clone, Copy)]
pub(super) enum Touched {
    /// A node that is there.
    Node(Handle),
    /// A node that got another name than it was to have; the answer says which.
    Renamed(Handle),
    /// Nothing is there.
    Absent,
    /// A node that the step deletes when the answer has been looked at.
    Doomed(Handle),
}

pub(super) fn reject<T>(reason: Reason) -> Result<T, Stop> {
    Err(Stop::Rejected(reason))
}

impl Run<'_> {
    pub(super) fn create_namespace(
        &mut self,
        name: &Name,
        fault: Option<Reason>,
    ) -> Result<(), Stop> {
        if let Some(reason) = fault {
            return reject(reason);
        }
        if self.state().namespace_by_name(name).is_some() {
            return reject(Reason::AlreadyExists);
        }
        self.begin_effect()?;
        let (id, root_id) = match self.operation.answer {
            Answer::Namespace { id, root } => (id, root),
            _ => (None, None),
        };
        if id.is_some_and(|id| self.state().namespace_by_id(id).is_some()) {
            return Err(Mismatch::NamespaceIdUsed.into());
        }
        let namespace = self.new_handle();
        let root = self.new_handle();
        let rev = self.new_rev();
        let name = Name::clone(name);
        self.state_mut().add_namespace(namespace, Namespace { name, id, root, changed: rev });
        self.state_mut().add_node(root, Node::root(namespace, None, rev));
        match root_id {
            Some(id) if !self.has_id(root, id) => Err(Mismatch::IdUsed { id }.into()),
            _ => Ok(()),
        }
    }

    pub(super) fn steps(&mut self, ns: u64, steps: &[Step]) -> Result<(), Stop> {
        let namespace = self.namespace(ns)?;
        for (index, step) in steps.iter().enumerate() {
            self.begin_step(index);
            let touched = self.run_step(namespace, step)?;
            self.match_step(index, touched)?;
            if let Touched::Doomed(handle) = touched {
                self.state_mut().remove_tree(handle);
            }
        }
        self.end_steps(namespace);
        Ok(())
    }

    fn run_step(&mut self, namespace: Handle, step: &Step) -> Result<Touched, Stop> {
        match step {
            Step::Mkdir { target, parents } => self.mkdir(namespace, target, *parents),
            Step::Commit(commit) => self.commit(namespace, commit),
            Step::Symlink { target, to } => self.symlink(namespace, target, to),
            Step::Copy { from, to } => self.copy(namespace, from, to),
            Step::Move { from, to, replace, guard } => {
                self.move_node(namespace, from, to, *replace, *guard)
            }
            Step::Delete { target, recursive, guard } => {
                self.delete(namespace, target, *recursive, *guard)
            }
            Step::SetAttributes(change) => self.set_attributes(namespace, change),
            Step::Check { target, condition } => self.check(namespace, target, *condition),
        }
    }

    fn mkdir(
        &mut self,
        namespace: Handle,
        target: &Target,
        parents: bool,
    ) -> Result<Touched, Stop> {
        if !parents {
            return match self.resolve_place(namespace, target)? {
                Place::Taken(_) => reject(Reason::AlreadyExists),
                Place::Free { parent, name } => {
                    Ok(Touched::Node(self.make(parent, name, Body::empty_directory())?))
                }
            };
        }
        let names = self.names_of(target)?;
        let mut current = self.start(namespace, target.start)?;
        for name in names {
            current = match self.child(current, name)? {
                Some(child) => child,
                None => self.make(current, Name::clone(name), Body::empty_directory())?,
            };
        }
        match self.state().node(current).kind() {
            Kind::Directory => Ok(Touched::Node(current)),
            Kind::File | Kind::Symlink => reject(Reason::AlreadyExists),
        }
    }

    fn symlink(&mut self, namespace: Handle, target: &Target, to: &Name) -> Result<Touched, Stop> {
        match self.resolve_place(namespace, target)? {
            Place::Taken(_) => reject(Reason::AlreadyExists),
            Place::Free { parent, name } => {
                Ok(Touched::Node(self.make(parent, name, Body::Symlink(Name::clone(to)))?))
            }
        }
    }

    fn move_node(
        &mut self,
        namespace: Handle,
        from: &Target,
        to: &Target,
        replace: bool,
        guard: Option<u64>,
    ) -> Result<Touched, Stop> {
        let moved = self.resolve(namespace, from)?;
        if self.state().node(moved).parent.is_none() {
            return reject(Reason::Cycle);
        }
        self.check_guard(moved, guard)?;
        let place = self.resolve_place(namespace, to)?;
        let (parent, name) = match &place {
            Place::Taken(node) if *node == moved => return Ok(Touched::Node(moved)),
            Place::Taken(node) if self.state().is_within(*node, moved) => {
                return reject(Reason::Cycle);
            }
            Place::Free { parent, .. } if self.state().is_within(*parent, moved) => {
                return reject(Reason::Cycle);
            }
            Place::Taken(_) if !replace => return reject(Reason::AlreadyExists),
            Place::Taken(node) => self.replaceable(moved, *node)?,
            Place::Free { parent, name } => (*parent, Name::clone(name)),
        };
        let rev = self.effect_rev()?;
        if let Place::Taken(replaced) = place {
            self.state_mut().remove_tree(replaced);
        }
        self.state_mut().relink(moved, parent, &name);
        self.state_mut().change(moved, |node| node.rev = rev);
        Ok(Touched::Node(moved))
    }

    /// The place of a node that another may replace. What is no directory replaces whatever
    /// is none.
    fn replaceable(&self, moved: Handle, replaced: Handle) -> Result<(Handle, Name), Stop> {
        let target = self.state().node(replaced);
        match (self.state().node(moved).kind(), target.children().map(RedBlackTreeMap::is_empty)) {
            (Kind::File | Kind::Symlink, Some(_)) => reject(Reason::IsADirectory),
            (Kind::Directory, None) => reject(Reason::NotADirectory),
            (Kind::Directory, Some(false)) => reject(Reason::NotEmpty),
            (Kind::File | Kind::Symlink, None) | (Kind::Directory, Some(true)) => {
                match target.parent {
                    Some(parent) => Ok((parent, Name::clone(&target.name))),
                    // The root is over every node that can be moved, so it is not empty.
                    None => reject(Reason::NotEmpty),
                }
            }
        }
    }

    fn delete(
        &mut self,
        namespace: Handle,
        target: &Target,
        recursive: bool,
        guard: Option<u64>,
    ) -> Result<Touched, Stop> {
        let doomed = self.resolve(namespace, target)?;
        if self.state().node(doomed).parent.is_none() {
            return reject(Reason::NameInvalid);
        }
        self.check_guard(doomed, guard)?;
        let children = self.state().node(doomed).children();
        if !recursive && children.is_some_and(|children| !children.is_empty()) {
            return reject(Reason::NotEmpty);
        }
        self.begin_effect()?;
        Ok(Touched::Doomed(doomed))
    }

    pub(super) fn check_guard(&mut self, handle: Handle, guard: Option<u64>) -> Result<(), Stop> {
        let rev = self.state().node(handle).rev;
        match guard {
            Some(guard) if !self.passes_guard(rev, guard) => reject(Reason::Conflict),
            _ => Ok(()),
        }
    }

    pub(super) fn make(&mut self, parent: Handle, name: Name, body: Body) -> Result<Handle, Stop> {
        let rev = self.effect_rev()?;
        let handle = self.new_handle();
        let namespace = self.state().node(parent).namespace;
        let attributes = Arc::default();
        let node = Node { namespace, parent: Some(parent), name, id: None, rev, body, attributes };
        self.state_mut().add_node(handle, node);
        Ok(handle)
    }

    pub(super) fn effect_rev(&mut self) -> Result<Rev, Stop> {
        self.begin_effect()?;
        Ok(self.new_rev())
    }
}
