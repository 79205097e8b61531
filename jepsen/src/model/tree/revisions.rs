//! What is known of revisions: of the tree as a whole, and of changes whose answer was lost.
//!
//! A change of unknown outcome took *some* revision: above those of the changes before it,
//! below those of the changes after it. Nodes that it changed have that revision as their
//! rev, and the first read of one shows which it was. Until then it is a [`Rev::Of`] the
//! operation, and this module keeps the bounds.
//!
//! Invariant: `floor` is the least revision that the last change can have, or the greatest
//! that an answer claimed to see, whichever is more. Where claims are not judged, there are
//! no bounds, the floor stays 0, and only what some answer has said something of is pending.

use std::sync::Arc;

use rpds::RedBlackTreeMap;

use crate::model::{hash_bytes, mix};

/// A node's rev.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rev {
    /// The server's number.
    Known(u64),
    /// That of the change made by the operation with this tag.
    Of(u32),
}

impl Rev {
    pub(super) fn to_parts(self) -> (u8, u64) {
        match self {
            Rev::Known(revision) => (0, revision),
            Rev::Of(tag) => (1, u64::from(tag)),
        }
    }
}

/// A revision that no answer has shown yet: between two others, neither included.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pending {
    tag: u32,
    above: u64,
    below: u64,
    /// What it is known not to be.
    excluded: Vec<u64>,
}

impl Pending {
    fn new(tag: u32, above: u64) -> Pending {
        Pending { tag, above, below: u64::MAX, excluded: Vec::new() }
    }
}

/// The claims that were taken so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Revisions {
    floor: u64,
    /// In the order of the changes.
    pending: Arc<Vec<Pending>>,
    shown: RedBlackTreeMap<u32, u64>,
    shown_fingerprint: u128,
    judged: bool,
}

/// What is known of how a rev relates to a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Yes,
    No,
    /// Both may be, for the change of this tag.
    Open(u32),
}

impl Revisions {
    pub(super) fn new(judged: bool) -> Revisions {
        Revisions { judged, ..Revisions::default() }
    }

    pub(super) fn are_judged(&self) -> bool {
        self.judged
    }

    pub(super) fn floor(&self) -> u64 {
        self.floor
    }

    pub(super) fn fingerprint(&self) -> u128 {
        if self.pending.is_empty() {
            return mix(u128::from(self.floor), self.shown_fingerprint);
        }
        let mut bytes = Vec::new();
        for pending in self.pending.iter() {
            bytes.extend_from_slice(&pending.tag.to_le_bytes());
            bytes.extend_from_slice(&pending.above.to_le_bytes());
            bytes.extend_from_slice(&pending.below.to_le_bytes());
            for excluded in &pending.excluded {
                bytes.extend_from_slice(&excluded.to_le_bytes());
            }
        }
        mix(u128::from(self.floor), mix(self.shown_fingerprint, hash_bytes(&bytes)))
    }

    /// What is known of a rev, for people.
    pub(super) fn describe(&self, rev: Rev) -> String {
        match rev {
            Rev::Known(revision) => revision.to_string(),
            Rev::Of(tag) => match self.shown.get(&tag) {
                Some(revision) => revision.to_string(),
                None => "?".to_string(),
            },
        }
    }

    /// Whether a rev is this revision.
    pub(super) fn compare(&self, rev: Rev, revision: u64) -> Comparison {
        let tag = match rev {
            Rev::Known(known) if known == revision => return Comparison::Yes,
            Rev::Known(_) => return Comparison::No,
            Rev::Of(tag) => tag,
        };
        if let Some(shown) = self.shown.get(&tag) {
            return if *shown == revision { Comparison::Yes } else { Comparison::No };
        }
        let pending = self.pending.iter().find(|pending| pending.tag == tag);
        match pending {
            Some(pending)
                if pending.above < revision
                    && revision < pending.below
                    && !pending.excluded.contains(&revision) =>
            {
                Comparison::Open(tag)
            }
            None if !self.judged && revision > 0 => Comparison::Open(tag),
            _ => Comparison::No,
        }
    }

    /// Whether a rev is this revision or an earlier one.
    pub(super) fn is_at_most(&self, rev: Rev, revision: u64) -> Comparison {
        let decided = |holds| if holds { Comparison::Yes } else { Comparison::No };
        let tag = match rev {
            Rev::Known(known) => return decided(known <= revision),
            Rev::Of(tag) => tag,
        };
        if let Some(shown) = self.shown.get(&tag) {
            return decided(*shown <= revision);
        }
        match self.pending.iter().find(|pending| pending.tag == tag) {
            Some(pending) if pending.below <= revision.saturating_add(1) => Comparison::Yes,
            Some(pending) if pending.above < revision => Comparison::Open(tag),
            None if !self.judged && revision > 0 => Comparison::Open(tag),
            _ => Comparison::No,
        }
    }

    /// Where claims are not judged, what is known of a rev that no answer has shown begins here.
    fn open(&mut self, tag: u32) {
        if !self.judged && !self.pending.iter().any(|pending| pending.tag == tag) {
            Arc::make_mut(&mut self.pending).push(Pending::new(tag, 0));
        }
    }

    /// Learns that the change of this tag, and so each before it, is no later than this.
    pub(super) fn limit(&mut self, tag: u32, revision: u64) {
        self.open(tag);
        let pending = Arc::make_mut(&mut self.pending);
        let Some(slot) = pending.iter().position(|pending| pending.tag == tag) else { return };
        pending[slot].below = pending[slot].below.min(revision.saturating_add(1));
        if self.judged {
            for earlier in &mut pending[..slot] {
                earlier.below = earlier.below.min(revision);
            }
        }
    }

    /// Learns that the change of this tag, and so each after it, is later than this.
    pub(super) fn raise(&mut self, tag: u32, revision: u64) {
        self.open(tag);
        let pending = Arc::make_mut(&mut self.pending);
        let Some(slot) = pending.iter().position(|pending| pending.tag == tag) else { return };
        pending[slot].above = pending[slot].above.max(revision);
        if self.judged {
            let next = revision.saturating_add(1);
            for later in &mut pending[slot + 1..] {
                later.above = later.above.max(next);
            }
            self.floor = self.floor.max(next);
        }
    }

    /// Learns that the change of this tag is not this revision.
    pub(super) fn exclude(&mut self, tag: u32, revision: u64) {
        self.open(tag);
        let pending = Arc::make_mut(&mut self.pending);
        if let Some(pending) = pending.iter_mut().find(|pending| pending.tag == tag)
            && let Err(slot) = pending.excluded.binary_search(&revision)
        {
            pending.excluded.insert(slot, revision);
        }
    }

    /// Learns the revision of a change; the caller has seen that it is open.
    pub(super) fn show(&mut self, tag: u32, revision: u64) {
        let slot = self.pending.iter().position(|pending| pending.tag == tag);
        if let Some(slot) = slot {
            let pending = Arc::make_mut(&mut self.pending);
            pending.remove(slot);
            if self.judged {
                for earlier in &mut pending[..slot] {
                    earlier.below = earlier.below.min(revision);
                }
                for later in &mut pending[slot..] {
                    later.above = later.above.max(revision);
                }
                self.floor = self.floor.max(revision);
            }
        }
        self.shown.insert_mut(tag, revision);
        self.shown_fingerprint ^= mix(u128::from(tag), u128::from(revision));
    }

    /// Takes an answer that changed nothing and claims to reflect this revision. Says
    /// whether that fits and tells something new.
    pub(super) fn sees(&self, revision: u64) -> Sight {
        if revision < self.floor {
            return Sight::TooOld;
        }
        let news = revision > self.floor
            || self.pending.iter().any(|pending| pending.below > revision.saturating_add(1));
        if news { Sight::News } else { Sight::Known }
    }

    /// Takes what [`Revisions::sees`] called news.
    pub(super) fn see(&mut self, revision: u64) {
        self.floor = self.floor.max(revision);
        if !self.pending.is_empty() {
            for pending in Arc::make_mut(&mut self.pending) {
                pending.below = pending.below.min(revision.saturating_add(1));
            }
        }
    }

    /// Takes a change at a claimed revision; false if another change had it or a later one.
    pub(super) fn change_at(&mut self, revision: u64) -> bool {
        if revision <= self.floor {
            return false;
        }
        if !self.pending.is_empty() {
            for pending in Arc::make_mut(&mut self.pending) {
                pending.below = pending.below.min(revision);
            }
        }
        self.floor = revision;
        true
    }

    /// Takes a change whose revision nobody told.
    pub(super) fn change_unseen(&mut self) {
        if self.judged {
            self.floor = self.floor.saturating_add(1);
        }
    }

    /// The rev of what is older than the history; to be called in the order of the changes.
    pub(super) fn rev_of_initial(&mut self, tag: u32) -> Rev {
        if self.judged {
            Arc::make_mut(&mut self.pending).push(Pending::new(tag, 0));
        }
        Rev::Of(tag)
    }

    /// The rev of what the change that was taken last, unseen, changed.
    pub(super) fn rev_of_unseen(&mut self, tag: u32) -> Rev {
        let is_pending = self.pending.last().is_some_and(|last| last.tag == tag);
        if self.judged && !is_pending && self.shown.get(&tag).is_none() {
            let pending = Pending::new(tag, self.floor.saturating_sub(1));
            Arc::make_mut(&mut self.pending).push(pending);
        }
        Rev::Of(tag)
    }
}

/// What a claimed revision says to an answer that changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    TooOld,
    Known,
    News,
}
