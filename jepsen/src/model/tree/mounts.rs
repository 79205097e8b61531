//! Mounts: nodes that show another namespace.

use super::finding::Place;
use super::mutate::{Touched, reject};
use super::node::{Body, Handle};
use super::operation::{Kind, Quota, Target};
use super::reason::Reason;
use super::run::{Run, Stop};

/// Mounts of one namespace.
pub(super) const MOUNTS_MAX: usize = 1_000;

impl Run<'_> {
    pub(super) fn mount(
        &mut self,
        namespace: Handle,
        target: &Target,
        ns: u64,
    ) -> Result<Touched, Stop> {
        let Place::Free { parent, name } = self.resolve_place(namespace, target)? else {
            return reject(Reason::AlreadyExists);
        };
        let shown = self.namespace(ns)?;
        if self.state().leads_to(shown, self.state().node(parent).namespace) {
            return reject(Reason::Cycle);
        }
        if self.state().mounts().filter(|(_, other)| *other == shown).count() >= MOUNTS_MAX {
            return reject(Reason::LimitExceeded);
        }
        Ok(Touched::Node(self.make(parent, name, Body::Mount(ns, shown))?))
    }

    pub(super) fn unmount(&mut self, namespace: Handle, target: &Target) -> Result<Touched, Stop> {
        let node = self.resolve(namespace, target)?;
        if self.state().node(node).kind() != Kind::Mount {
            return reject(Reason::NotFound);
        }
        self.effect_rev(self.state().node(node).namespace)?;
        Ok(Touched::Doomed(node))
    }

    /// Takes a revision, but is told in no journal and gives no node another rev.
    pub(super) fn set_quota(
        &mut self,
        namespace: Handle,
        target: &Target,
        quota: Quota,
    ) -> Result<Touched, Stop> {
        let handle = self.resolve(namespace, target)?;
        let node = self.state().node(handle);
        if node.kind() != Kind::Directory {
            return reject(Reason::NotADirectory);
        }
        if node.under.exceeds(quota) {
            return reject(Reason::QuotaExceeded);
        }
        if node.quota != quota {
            self.begin_effect()?;
            self.state_mut().forest.change(handle, |node| node.quota = quota);
        }
        Ok(Touched::Node(handle))
    }

    /// Nothing may go beyond a quota, whatever a step did.
    pub(super) fn check_quotas(&self, touched: Touched) -> Result<(), Stop> {
        let (Touched::Node(handle) | Touched::Renamed(handle)) = touched else { return Ok(()) };
        let forest = &self.state().forest;
        let exceeds = |handle: Handle| {
            let node = forest.node(handle);
            node.under.exceeds(node.quota)
        };
        match self.has_effect && forest.chain(handle).any(exceeds) {
            true => reject(Reason::QuotaExceeded),
            false => Ok(()),
        }
    }
}
