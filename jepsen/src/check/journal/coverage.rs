//! Which parts of a journal its pages tell.
//!
//! A service forgets the beginning of its journals some day. A reader who comes too late for
//! some part is told to list instead, and reads on from there: so between what it has read
//! there may be gaps, which others may have read or nobody.

use super::pages::{Cursor, Page};

/// What is told from one cursor to another, without a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::check) struct Stretch {
    pub(super) after: Cursor,
    pub(super) to: Cursor,
}

/// Stretches with gaps between them, in order.
#[derive(Debug, Default)]
pub(in crate::check) struct Coverage {
    stretches: Vec<Stretch>,
}

impl Coverage {
    /// What all these pages tell together.
    pub(super) fn of(pages: &[Page]) -> Coverage {
        let mut told: Vec<Stretch> =
            pages.iter().map(|page| Stretch { after: page.after, to: page.reach() }).collect();
        told.sort_unstable();
        let mut stretches: Vec<Stretch> = Vec::new();
        for stretch in told {
            match stretches.last_mut() {
                Some(last) if stretch.after <= last.to => last.to = last.to.max(stretch.to),
                _ => stretches.push(stretch),
            }
        }
        Coverage { stretches }
    }

    pub(super) fn stretches(&self) -> &[Stretch] {
        &self.stretches
    }

    /// Whether every change of a revision is told.
    pub(in crate::check) fn covers(&self, revision: u64) -> bool {
        let first = Cursor { revision, ordinal: 0 };
        let holds = |stretch: &Stretch| stretch.after < first && stretch.reaches(revision);
        self.stretches.iter().any(holds)
    }

    /// Whether everything between two cursors is told.
    pub(super) fn is_told(&self, after: Cursor, to: Cursor) -> bool {
        self.stretches.iter().any(|stretch| stretch.after <= after && to <= stretch.to)
    }

    /// Whether everything after a revision is told, until all comes to an end.
    pub(in crate::check) fn is_complete_after(&self, revision: u64) -> bool {
        let last = self.stretches.last();
        last.is_some_and(|last| {
            last.after <= Cursor::end_of(revision) && last.to.ordinal == u64::MAX
        })
    }

    /// Whether a revision is later than all that is told.
    pub(in crate::check) fn ends_before(&self, revision: u64) -> bool {
        self.stretches.last().is_none_or(|last| !last.reaches(revision))
    }
}

impl Stretch {
    fn reaches(&self, revision: u64) -> bool {
        self.to >= Cursor::end_of(revision)
    }

    /// Whether a tree that is known at the beginning is known after this revision.
    pub(super) fn leads_to(&self, revision: u64) -> bool {
        self.after <= Cursor::end_of(revision) && self.reaches(revision)
    }

    pub(super) fn holds(&self, cursor: Cursor) -> bool {
        self.after < cursor && cursor <= self.to
    }
}
