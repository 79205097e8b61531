//! What an operation learns of ids and revs that no answer has shown before.

use super::node::Handle;
use super::revisions::{Comparison, Rev};
use super::run::{Fact, Run};

impl Run<'_> {
    pub(super) fn learn(&mut self, fact: Fact) {
        self.facts.push(fact);
        let state = self.state_mut();
        match fact {
            Fact::NodeId(handle, id) => state.bind_node(handle, id),
            Fact::NotNodeId(handle, id) => state.exclude_id(handle, id),
            Fact::NamespaceId(handle, id) => state.bind_namespace(handle, id),
            Fact::Rev(tag, revision) => state.revisions.show(tag, revision),
            Fact::NotRev(tag, revision) => state.revisions.exclude(tag, revision),
            Fact::AtMost(tag, revision) => state.revisions.limit(tag, revision),
            Fact::Above(tag, revision) => state.revisions.raise(tag, revision),
            Fact::Seen(revision) => state.revisions.see(revision),
            Fact::Compacted(namespace, revision) => state.past.compact(namespace, revision),
        }
    }

    /// Whether a node has this id; learns it if the history has not shown the node's yet.
    pub(super) fn has_id(&mut self, handle: Handle, id: u64) -> bool {
        match self.state().id_of(handle) {
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
        !self.state().is_node_id(id) && !self.state().is_excluded(handle, id)
    }

    /// Whether a namespace has this id; learns it if the history has not shown it yet.
    pub(super) fn has_namespace_id(&mut self, handle: Handle, id: u64) -> bool {
        match self.state().id_of_namespace(handle) {
            Some(known) => known == id,
            None if self.state().is_namespace_id(id) => false,
            None => {
                self.learn(Fact::NamespaceId(handle, id));
                true
            }
        }
    }

    /// Whether a rev is this revision; learns it if the history has not shown the rev yet.
    pub(super) fn is_rev(&mut self, rev: Rev, revision: u64) -> bool {
        match self.state().revisions.compare(rev, revision) {
            Comparison::Yes => true,
            Comparison::No => false,
            Comparison::Open(tag) => {
                self.learn(Fact::Rev(tag, revision));
                true
            }
        }
    }

    /// Whether a guard lets the operation pass, where both may be.
    pub(super) fn passes_guard(&mut self, rev: Rev, guard: u64) -> bool {
        match self.state().revisions.compare(rev, guard) {
            Comparison::Yes => true,
            Comparison::No => false,
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

    /// Whether a rev is this revision or an earlier one, where both may be.
    pub(super) fn is_at_most(&mut self, rev: Rev, revision: u64) -> bool {
        // What an answer saw was there by the revision that it claims.
        if self.operation.revision.is_some_and(|claimed| claimed <= revision) {
            return true;
        }
        match self.state().revisions.is_at_most(rev, revision) {
            Comparison::Yes => true,
            Comparison::No => false,
            Comparison::Open(tag) if self.chooser.choose(2) == 0 => {
                self.learn(Fact::AtMost(tag, revision));
                true
            }
            Comparison::Open(tag) => {
                self.learn(Fact::Above(tag, revision));
                false
            }
        }
    }
}
