//! Where operations of unknown outcome alone lead from one configuration.
//!
//! Owns the order in which they are tried: chains of fewer operations first. A longer chain
//! that leads to the same state is then known to be no better ([`super::memo`]). Depth
//! first, the long ones would come first, and of n operations all n! orders.

use std::collections::VecDeque;

use super::{ahead::Here, memo};

/// Some operations of unknown outcome, one after the other.
pub(super) struct Chain<S> {
    pub(super) entries: Vec<usize>,
    /// These and all others that are part of the linearization.
    pub(super) used: Vec<u64>,
    /// The state after them.
    pub(super) state: S,
    /// Where they lead.
    pub(super) here: Here,
}

impl<S> Chain<S> {
    /// One operation longer.
    pub(super) fn with(&self, entry: usize, ordinal: usize, state: S, here: Here) -> Chain<S> {
        let mut entries = self.entries.clone();
        entries.push(entry);
        let mut used = self.used.clone();
        memo::set(&mut used, ordinal);
        Chain { entries, used, state, here }
    }
}

/// See the module.
pub(super) struct Closure<S> {
    /// To be visited, shorter ones first.
    waiting: VecDeque<Chain<S>>,
    /// The last one visited, which may still be extended.
    visited: Option<Chain<S>>,
}

impl<S> Closure<S> {
    /// Of a configuration, which has been visited itself.
    pub(super) fn new(used: &[u64], state: S, here: Here) -> Closure<S> {
        let empty = Chain { entries: Vec::new(), used: used.to_vec(), state, here };
        Closure { waiting: VecDeque::new(), visited: Some(empty) }
    }

    pub(super) fn add(&mut self, chain: Chain<S>) {
        self.waiting.push_back(chain);
    }

    /// The chain visited last, once.
    pub(super) fn visited(&mut self) -> Option<Chain<S>> {
        self.visited.take()
    }

    /// The next chain to visit.
    pub(super) fn visit(&mut self) -> Option<&Chain<S>> {
        self.visited = self.waiting.pop_front();
        self.visited.as_ref()
    }
}
