//! Where a linearization stands in what was foreseen ([`crate::model::Foresight`]), and which
//! operations that leaves.
//!
//! An operation is not next if it needs another place than the current one; nor if it leads away
//! from what an answered operation still needs, for good.

use std::collections::BTreeMap;

use crate::model::{Entry, Foresight, Place};

/// See the module. Without foresight, everything is left.
pub(super) struct Ahead<'a> {
    foresight: Option<&'a Foresight>,
    /// The answered operations not yet linearized that need each place.
    missing: Vec<u32>,
    /// Answered operations that do the same as others; empty if there are none.
    twins: Vec<bool>,
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

impl<'a> Ahead<'a> {
    pub(super) fn new<O>(foresight: Option<&'a Foresight>, entries: &[Entry<O>]) -> Ahead<'a> {
        let places = foresight.map_or(0, |foresight| foresight.lost_until.len());
        let twins = if foresight.is_some() { twins(entries) } else { Vec::new() };
        let mut ahead = Ahead { foresight, missing: vec![0; places], twins };
        for (index, _) in entries.iter().enumerate().filter(|(_, entry)| entry.completed.is_some())
        {
            ahead.restore(index);
        }
        ahead
    }

    /// Whether some answered operations do the same as others.
    pub(super) fn has_twins(&self) -> bool {
        !self.twins.is_empty()
    }

    /// Whether this one does.
    pub(super) fn is_twin(&self, entry: usize) -> bool {
        self.twins.get(entry).copied().unwrap_or_default()
    }

    pub(super) fn initial(&self) -> Here {
        self.foresight.map_or(Here::Anywhere, |foresight| Here::at(foresight.initial))
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
        self.foresight?.operations[entry].needs
    }

    /// Where an operation that comes next leads; None: it does not come next. `is_answered` says
    /// whether it counts among those that are missing.
    pub(super) fn after(&self, here: Here, entry: usize, is_answered: bool) -> Option<Here> {
        let Some(foresight) = self.foresight else { return Some(here) };
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
        let foresight = self.foresight;
        foresight.is_some_and(|foresight| foresight.operations[entry].is_unseen())
    }

    /// Whether it does not matter to an operation what was there before it.
    pub(super) fn replaces(&self, entry: usize) -> bool {
        let foresight = self.foresight;
        foresight.is_some_and(|foresight| foresight.operations[entry].replaces())
    }
}

fn twins<O>(entries: &[Entry<O>]) -> Vec<bool> {
    let changes = |entry: &Entry<O>| entry.completed.is_some() && !entry.observes;
    let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| changes(entry)) {
        *counts.entry(entry.class).or_default() += 1;
    }
    if counts.values().all(|count| *count == 1) {
        return Vec::new();
    }
    entries.iter().map(|entry| changes(entry) && counts[&entry.class] > 1).collect()
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
