//! Where a linearization stands in what was foreseen ([`crate::model::Foresight`]), and which
//! operations that leaves.
//!
//! An operation is not next if it needs another place than the current one; nor if it leads away
//! from what an answered operation still needs, for good.

use crate::model::{Entry, Foresight, Place};

/// See the module. Without foresight, everything is left.
pub(super) struct Ahead {
    foresight: Option<Foresight>,
    /// The answered operations not yet linearized that need each place.
    missing: Vec<u32>,
}

/// Where a linearization stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Here {
    /// At a place.
    At(Place),
    /// Nobody sees what is there now.
    Unseen,
    /// Nothing was foreseen.
    Anywhere,
}

impl Ahead {
    pub(super) fn new<O>(foresight: Option<Foresight>, entries: &[Entry<O>]) -> Ahead {
        let places = foresight.as_ref().map_or(0, |foresight| foresight.lost_until.len());
        let mut ahead = Ahead { foresight, missing: vec![0; places] };
        for (index, _) in entries.iter().enumerate().filter(|(_, entry)| entry.completed.is_some())
        {
            ahead.restore(index);
        }
        ahead
    }

    /// Whether anything was foreseen.
    pub(super) fn is_known(&self) -> bool {
        self.foresight.is_some()
    }

    pub(super) fn initial(&self) -> Here {
        self.foresight.as_ref().map_or(Here::Anywhere, |foresight| Here::at(foresight.initial))
    }

    /// An answered operation is linearized.
    pub(super) fn linearize(&mut self, entry: usize) {
        if let Some(needs) = self.needs(entry) {
            self.missing[needs as usize] -= 1;
        }
    }

    /// It no longer is.
    pub(super) fn restore(&mut self, entry: usize) {
        if let Some(needs) = self.needs(entry) {
            self.missing[needs as usize] += 1;
        }
    }

    fn needs(&self, entry: usize) -> Option<Place> {
        self.foresight.as_ref()?.operations[entry].needs
    }

    /// Where an operation that comes next leads; None: it does not come next. `is_answered` says
    /// whether it counts among those that are missing.
    pub(super) fn after(&self, here: Here, entry: usize, is_answered: bool) -> Option<Here> {
        let Some(foresight) = &self.foresight else { return Some(here) };
        let operation = foresight.operations[entry];
        let place = here.place();
        if operation.needs.is_some_and(|needs| place != Some(needs)) {
            return None;
        }
        let next = operation.after(place);
        let Some(place) = place.filter(|place| next != Some(*place)) else {
            return Some(Here::at(next));
        };
        let end = foresight.lost_until[place as usize];
        let end = next.filter(|next| (place..end).contains(next)).unwrap_or(end);
        let lost = &self.missing[place as usize..end as usize];
        // The operation itself may be the one that needs what it leaves.
        let own = u32::from(is_answered && operation.needs.is_some());
        let is_needed = match lost {
            [] => false,
            [left, skipped @ ..] => *left > own || skipped.iter().any(|missing| *missing > 0),
        };
        (!is_needed).then(|| Here::at(next))
    }

    /// Whether nobody ever sees what an operation did.
    pub(super) fn is_unseen(&self, entry: usize) -> bool {
        let foresight = self.foresight.as_ref();
        foresight.is_some_and(|foresight| foresight.operations[entry].is_unseen())
    }

    /// Whether it does not matter to an operation what was there before it.
    pub(super) fn replaces(&self, entry: usize) -> bool {
        let foresight = self.foresight.as_ref();
        foresight.is_some_and(|foresight| foresight.operations[entry].replaces())
    }
}

impl Here {
    fn at(place: Option<Place>) -> Here {
        place.map_or(Here::Unseen, Here::At)
    }

    fn place(self) -> Option<Place> {
        match self {
            Here::At(place) => Some(place),
            Here::Unseen | Here::Anywhere => None,
        }
    }
}
