//! Finding what an operation names: namespaces, nodes, and places for nodes.

use super::answer::Answer;
use super::node::{Body, Handle};
use super::operation::{Name, Request, Target};
use super::path::DEPTH_MAX;
use super::reason::Reason;
use super::run::{Fact, Run, Stop};

/// Where a node is or may be made.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// With the name as it was given, unless no name was.
    Taken(Handle, Option<Name>),
    Free {
        parent: Handle,
        name: Name,
    },
}

impl Run<'_> {
    pub(super) fn namespace(&mut self, ns: u64) -> Result<Handle, Stop> {
        if self.state().is_namespace_id(ns) {
            let found = self.state().namespace_by_id(ns);
            return found.ok_or(Stop::Rejected(Reason::NotFound));
        }
        let is_unseen = |handle: &Handle| self.state().id_of_namespace(*handle).is_none();
        let namespaces = self.state().forest.namespaces().map(|(handle, _)| handle);
        let unseen: Vec<Handle> = namespaces.filter(is_unseen).collect();
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
        let Some(id) = start else { return Ok(self.forest().namespace(namespace).root) };
        let is_shown = self.state().is_node_id(id);
        let found = match is_shown {
            true => self.state().node_by_id(id),
            false => self.choose_unseen(id),
        };
        let live = found.filter(|handle| self.forest().is_live(*handle));
        // The service does not look where a deep one was until its space has been reclaimed.
        let is_said_to_be_deep =
            matches!(self.operation.answer, Answer::Rejected { reason: Reason::LimitExceeded, .. });
        match live {
            None if is_said_to_be_deep && (is_shown || found.is_some()) => {
                Err(Stop::Rejected(Reason::LimitExceeded))
            }
            None => Err(Stop::Rejected(Reason::NotFound)),
            Some(handle) => {
                check_depth(self.forest().depth(handle))?;
                let is_here = self.forest().node(handle).namespace == namespace;
                is_here.then_some(handle).ok_or(Stop::Rejected(Reason::NotFound))
            }
        }
    }

    /// Refuses a step to what is too deep. Reads go on as far as a path leads.
    fn check_reach(&self, place: &Place) -> Result<(), Stop> {
        match (&self.operation.request, place) {
            (Request::Steps { .. }, Place::Taken(node, _)) => {
                check_depth(self.forest().depth(*node))
            }
            (Request::Steps { .. }, Place::Free { parent, .. }) => {
                check_depth(self.forest().depth(*parent) + 1)
            }
            _ => Ok(()),
        }
    }

    fn choose_unseen(&mut self, id: u64) -> Option<Handle> {
        let is_now = self.view.is_none();
        let mut candidates = self.state().unseen_candidates(self.forest(), is_now, id);
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

    /// Where a path goes on from a node: a mount leads to the root of what it shows.
    pub(super) fn enter(&self, node: Handle) -> Result<Handle, Stop> {
        let Body::Mount(_, shown) = self.forest().node(node).body else { return Ok(node) };
        // What is deleted now cannot be read in the past either.
        match self.forest().find_namespace(shown).filter(|_| self.state().has_namespace(shown)) {
            Some(namespace) => Ok(namespace.root),
            None => Err(Stop::Rejected(Reason::NotFound)),
        }
    }

    /// The child of that name; a file has none and is no directory.
    pub(super) fn child(&self, parent: Handle, name: &Name) -> Result<Option<Handle>, Stop> {
        match self.forest().node(parent).children() {
            Some(children) => Ok(children.get(&self.forest().key(parent, name)).copied()),
            None => Err(Stop::Rejected(Reason::NotADirectory)),
        }
    }

    pub(super) fn names_of<'t>(&self, target: &'t Target) -> Result<&'t [Name], Stop> {
        target.names.as_deref().map_err(|reason| Stop::Rejected(*reason))
    }

    /// The node that a target names.
    pub(super) fn resolve(&mut self, namespace: Handle, target: &Target) -> Result<Handle, Stop> {
        let place = self.place(namespace, target)?;
        let Place::Taken(node, _) = place else { return Err(Stop::Rejected(Reason::NotFound)) };
        self.check_reach(&place)?;
        Ok(node)
    }

    /// The place that a target names: its parent must be there.
    pub(super) fn resolve_place(
        &mut self,
        namespace: Handle,
        target: &Target,
    ) -> Result<Place, Stop> {
        let place = self.place(namespace, target)?;
        self.check_reach(&place)?;
        Ok(place)
    }

    /// The place of that name in a directory, which may be gone.
    pub(super) fn place_in(
        &self,
        namespace: Handle,
        parent: Handle,
        name: &Name,
    ) -> Result<Place, Stop> {
        let found = self.forest().find_node(parent);
        if found.is_none_or(|parent| parent.namespace != namespace) {
            return Err(Stop::Rejected(Reason::NotFound));
        }
        let place = self.place_named(parent, name)?;
        self.check_reach(&place)?;
        Ok(place)
    }

    fn place_named(&self, parent: Handle, name: &Name) -> Result<Place, Stop> {
        let name = Name::clone(name);
        Ok(match self.child(parent, &name)? {
            Some(node) => Place::Taken(node, Some(name)),
            None => Place::Free { parent, name },
        })
    }

    fn place(&mut self, namespace: Handle, target: &Target) -> Result<Place, Stop> {
        let names = self.names_of(target)?;
        let mut current = self.start(namespace, target.start)?;
        let Some((last, ancestors)) = names.split_last() else {
            return Ok(Place::Taken(current, None));
        };
        for name in ancestors {
            let child = self.child(self.enter(current)?, name)?;
            current = child.ok_or(Stop::Rejected(Reason::NotFound))?;
        }
        let parent = self.enter(current)?;
        self.place_named(parent, last)
    }
}

/// Refuses what has too many directories above it.
pub(super) fn check_depth(depth: usize) -> Result<(), Stop> {
    match depth > DEPTH_MAX {
        true => Err(Stop::Rejected(Reason::LimitExceeded)),
        false => Ok(()),
    }
}
