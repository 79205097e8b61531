//! Finding what an operation names: namespaces, nodes, and places for nodes.

use super::node::Handle;
use super::operation::{Name, Target};
use super::reason::Reason;
use super::run::{Fact, Run, Stop};

/// Where a node is or may be made.
#[derive(Debug, Clone)]
pub(super) enum Place {
    Taken(Handle),
    Free { parent: Handle, name: Name },
}

impl Run<'_> {
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
        target.names.as_deref().map_err(|reason| Stop::Rejected(*reason))
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
