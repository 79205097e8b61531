//! The mutations, rule for rule as semantics.md and docs/HISTORY.md have them.

use super::finding::{Place, check_depth};
use super::node::{Body, Handle, Node};
use super::operation::{Kind, Move, Name, Step, Target};
use super::reason::Reason;
use super::run::{Run, Stop};

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
    pub(super) fn steps(&mut self, ns: u64, steps: &[Step]) -> Result<(), Stop> {
        let namespace = self.namespace(ns)?;
        for (index, step) in steps.iter().enumerate() {
            self.begin_step(index);
            let touched = self.run_step(namespace, step)?;
            self.check_quotas(touched)?;
            self.match_step(index, touched)?;
            if let Touched::Doomed(handle) = touched {
                self.state_mut().remove_tree(handle);
            }
        }
        self.end_effects();
        Ok(())
    }

    fn run_step(&mut self, namespace: Handle, step: &Step) -> Result<Touched, Stop> {
        match step {
            Step::Mkdir { target, parents } => self.mkdir(namespace, target, *parents),
            Step::Commit(commit) => self.commit(namespace, commit),
            Step::Symlink { target, to } => self.symlink(namespace, target, to),
            Step::Copy { from, to, at } => self.copy(namespace, from, to, *at),
            Step::Restore { target, revision } => self.restore(namespace, target, *revision),
            Step::Move(step) => self.move_node(namespace, step),
            Step::Delete { target, recursive, guard } => {
                self.delete(namespace, target, *recursive, *guard)
            }
            Step::SetAttributes(change) => self.set_attributes(namespace, change),
            Step::SetQuota { target, quota } => self.set_quota(namespace, target, *quota),
            Step::Mount { target, ns } => self.mount(namespace, target, *ns),
            Step::Unmount { target } => self.unmount(namespace, target),
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
                Place::Taken(..) => reject(Reason::AlreadyExists),
                Place::Free { parent, name } => {
                    Ok(Touched::Node(self.make(parent, name, Body::empty_directory())?))
                }
            };
        }
        let names = self.names_of(target)?;
        let mut current = self.start(namespace, target.start)?;
        for name in names {
            let parent = self.enter(current)?;
            current = match self.child(parent, name)? {
                Some(child) => child,
                None => self.make(parent, Name::clone(name), Body::empty_directory())?,
            };
        }
        check_depth(self.state().forest.depth(current))?;
        match self.state().node(current).kind() {
            Kind::Directory | Kind::Mount => Ok(Touched::Node(current)),
            Kind::File | Kind::Symlink => reject(Reason::AlreadyExists),
        }
    }

    fn symlink(&mut self, namespace: Handle, target: &Target, to: &Name) -> Result<Touched, Stop> {
        match self.resolve_place(namespace, target)? {
            Place::Taken(..) => reject(Reason::AlreadyExists),
            Place::Free { parent, name } => {
                Ok(Touched::Node(self.make(parent, name, Body::Symlink(Name::clone(to)))?))
            }
        }
    }

    fn move_node(&mut self, namespace: Handle, step: &Move) -> Result<Touched, Stop> {
        let moved = self.resolve(namespace, &step.from)?;
        let Some(old_parent) = self.state().node(moved).parent else {
            return reject(Reason::Cycle);
        };
        self.check_guard(moved, step.guard)?;
        let place = self.resolve_place(namespace, &step.to)?;
        let (left, receiver) = (self.state().node(moved).namespace, self.receiver(&place));
        self.check_way(moved, &place, left, receiver)?;
        let (parent, name) = match &place {
            Place::Free { parent, name } => (*parent, Name::clone(name)),
            Place::Taken(node, given) if *node == moved => {
                let spelled = &self.state().node(moved).name;
                match given {
                    Some(given) if given != spelled => (old_parent, Name::clone(given)),
                    _ => return Ok(Touched::Node(moved)),
                }
            }
            Place::Taken(..) if !step.replace => return reject(Reason::AlreadyExists),
            Place::Taken(node, given) => {
                let (parent, spelled) = self.replaceable(moved, *node)?;
                (parent, given.clone().unwrap_or(spelled))
            }
        };
        self.tell(left)?;
        let rev = self.effect_rev(receiver)?;
        if let Place::Taken(replaced, _) = place
            && replaced != moved
        {
            self.state_mut().remove_tree(replaced);
        }
        self.state_mut().forest.relink(moved, parent, &name);
        self.state_mut().forest.change(moved, |node| node.rev = rev);
        Ok(Touched::Node(moved))
    }

    /// Whether a node may go there at all: not under itself, not to a namespace that has other
    /// rules for names, and not to one that it shows.
    fn check_way(
        &self,
        moved: Handle,
        place: &Place,
        left: Handle,
        receiver: Handle,
    ) -> Result<(), Stop> {
        let forest = &self.state().forest;
        let goes_under_itself = match place {
            Place::Taken(node, _) => *node != moved && forest.is_within(*node, moved),
            Place::Free { parent, .. } => forest.is_within(*parent, moved),
        };
        if goes_under_itself {
            return reject(Reason::Cycle);
        }
        if left == receiver {
            return Ok(());
        }
        if forest.namespace(left).policy != forest.namespace(receiver).policy {
            return reject(Reason::NameInvalid);
        }
        match self.would_lead_back(forest, moved, receiver) {
            true => reject(Reason::Cycle),
            false => Ok(()),
        }
    }

    /// The place of a node that another may replace. What is no directory replaces whatever
    /// is none, but for mounts: they are never replaced.
    fn replaceable(&self, moved: Handle, replaced: Handle) -> Result<(Handle, Name), Stop> {
        let target = self.state().node(replaced);
        let is_leaf = matches!(self.state().node(moved).kind(), Kind::File | Kind::Symlink);
        match (target.kind(), is_leaf) {
            (Kind::Directory | Kind::Mount, true) => return reject(Reason::IsADirectory),
            (Kind::File | Kind::Symlink, false) => return reject(Reason::NotADirectory),
            (Kind::Mount, false) => return reject(Reason::NotEmpty),
            (Kind::Directory, false) if target.under.nodes > 0 => return reject(Reason::NotEmpty),
            _ => {}
        }
        match target.parent {
            Some(parent) => Ok((parent, Name::clone(&target.name))),
            None => reject(Reason::NotEmpty),
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
        self.tell(self.state().node(doomed).namespace)?;
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
        let namespace = self.state().node(parent).namespace;
        let rev = self.effect_rev(namespace)?;
        let handle = self.new_handle();
        let node = Node::new(namespace, Some((parent, name)), rev, body);
        self.state_mut().add_node(handle, node);
        Ok(handle)
    }
}
