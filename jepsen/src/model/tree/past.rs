//! What was there at earlier revisions, as far as the history asks for it.
//!
//! The forest of a revision is the one that the last change up to it left. Invariant: the
//! forests are in the order of the changes that left them. How long the service keeps its past
//! is not known: it says so by `REVISION_COMPACTED`, and what it once has compacted stays gone.

use rpds::{RedBlackTreeMap, Vector};

use super::answer::Answer;
use super::forest::Forest;
use super::node::Handle;
use super::reason::Reason;
use super::revisions::{Comparison, Rev};
use super::run::{Fact, Run, Stop};
use crate::model::mix;

#[derive(Debug, Clone, Default)]
pub(super) struct Past {
    forests: Vector<(Rev, Forest)>,
    /// By namespace: a revision that was said to be gone, and all before it.
    compacted: RedBlackTreeMap<Handle, u64>,
    fingerprint: u128,
}

impl Past {
    pub(super) fn fingerprint(&self) -> u128 {
        self.fingerprint
    }

    pub(super) fn push(&mut self, rev: Rev, forest: Forest) {
        let (kind, number) = rev.to_parts();
        let rev_hash = mix(u128::from(kind), u128::from(number));
        self.fingerprint = mix(mix(self.fingerprint, rev_hash), forest.fingerprint());
        self.forests.push_back_mut((rev, forest));
    }

    /// The latest first.
    pub(super) fn forests(&self) -> impl Iterator<Item = &Forest> {
        self.forests.iter().rev().map(|(_, forest)| forest)
    }

    pub(super) fn compact(&mut self, namespace: Handle, revision: u64) {
        let before = self.compacted.get(&namespace).copied().unwrap_or_default();
        if revision > before {
            self.fingerprint = mix(self.fingerprint, mix(namespace.to_number(), revision.into()));
            self.compacted.insert_mut(namespace, revision);
        }
    }

    fn is_compacted(&self, namespace: Handle, revision: u64) -> bool {
        self.compacted.get(&namespace).is_some_and(|compacted| revision <= *compacted)
    }

    /// How many forests, from the first on, one may pass through as long as this holds.
    fn count_while(&self, holds: impl Fn(Rev) -> bool) -> usize {
        let (mut from, mut to) = (0, self.forests.len());
        while from < to {
            let middle = (from + to) / 2;
            match self.forests.get(middle).is_some_and(|(rev, _)| holds(*rev)) {
                true => from = middle + 1,
                false => to = middle,
            }
        }
        from
    }
}

impl Run<'_> {
    /// What was there at a revision, where the namespace was there then.
    pub(super) fn forest_at(&mut self, namespace: Handle, revision: u64) -> Result<Forest, Stop> {
        self.check_kept(namespace, revision)?;
        if self.is_later_than_now(revision) {
            return Err(Stop::Rejected(Reason::NotFound));
        }
        let forest = self.find_forest(revision).ok_or(Stop::Rejected(Reason::NotFound))?;
        match forest.find_namespace(namespace) {
            Some(_) => Ok(forest),
            None => Err(Stop::Rejected(Reason::NotFound)),
        }
    }

    /// Refuses what is no longer kept. The answer may say so of any revision before the present
    /// one, unless a snapshot keeps it.
    pub(super) fn check_kept(&mut self, namespace: Handle, revision: u64) -> Result<(), Stop> {
        if self.state().past.is_compacted(namespace, revision) {
            return Err(Stop::Rejected(Reason::RevisionCompacted));
        }
        let says_so = match self.operation.answer {
            Answer::Rejected { reason: Reason::RevisionCompacted, step: Some(step) } => {
                step == self.step
            }
            // Of several steps, it may be of each.
            Answer::Rejected { reason: Reason::RevisionCompacted, step: None } => {
                !self.operation.request.has_several_steps() || self.chooser.choose(2) == 0
            }
            _ => false,
        };
        let revisions = &self.state().revisions;
        let is_kept = |rev: Rev| revisions.is_at_most(rev, revision) == Comparison::Yes;
        let is_pinned = self.state().snapshots(namespace).any(|(_, rev)| is_kept(rev));
        if says_so && !is_pinned && (!revisions.are_judged() || revision < self.floor()) {
            self.learn(Fact::Compacted(namespace, revision));
            return Err(Stop::Rejected(Reason::RevisionCompacted));
        }
        Ok(())
    }

    /// Changes outside of the history may have gone further than it tells: past what it
    /// tells, the answer decides.
    fn is_later_than_now(&mut self, revision: u64) -> bool {
        if let Some(made) = self.change_revision()
            && (revision > made || (revision == made && self.operation.request.always_changes()))
        {
            return true;
        }
        let revisions = &self.state().revisions;
        if revisions.are_judged() && revision <= self.floor() {
            return false;
        }
        let step = self.step;
        if let Answer::Rejected { reason: Reason::NotFound, step: answered } = self.operation.answer
            && answered.is_none_or(|answered| answered == step)
        {
            return true;
        }
        if self.state().revisions.are_judged() {
            self.learn(Fact::Seen(revision));
        }
        false
    }

    fn find_forest(&mut self, revision: u64) -> Option<Forest> {
        let state = self.state();
        let compare = |rev| state.revisions.is_at_most(rev, revision);
        let certain = state.past.count_while(|rev| compare(rev) == Comparison::Yes);
        let possible = state.past.count_while(|rev| compare(rev) != Comparison::No);
        for index in (certain..possible).rev() {
            let (rev, forest) = self.state().past.forests.get(index)?.clone();
            if self.is_at_most(rev, revision) {
                return Some(forest);
            }
        }
        let last = certain.checked_sub(1)?;
        self.state().past.forests.get(last).map(|(_, forest)| forest.clone())
    }
}
