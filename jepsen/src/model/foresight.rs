//! What the operations of a whole history tell of the order of those on one cell, whatever the
//! order of time allows.
//!
//! Where each value has one way of coming about, who reads it tells what was there before it;
//! a value is there once and never again; and what nobody ever sees may as well be overwritten
//! at once. The search ([`crate::check`]) leaves out what goes against that.
//!
//! The idea that unique values make an order easy to find is that of Gibbons and Korach, *Testing
//! Shared Memories*, 1997; here it prunes a search, since not all histories have them.

/// A value of the cell that is of use to somebody, by its number.
pub type Place = u32;

/// What is known of the operations of a history, all on one cell.
#[derive(Debug, Clone)]
pub struct Foresight {
    /// What the cell holds at first; none if nobody sees it.
    pub initial: Option<Place>,
    /// What is known of each operation.
    pub operations: Vec<Foreseen>,
    /// For each place, the first one behind it that can still be come to when the places between
    /// were not: the end of what is lost where the cell's value is replaced.
    pub lost_until: Vec<Place>,
}

/// What is known of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Foreseen {
    /// It fits at this place alone.
    pub needs: Option<Place>,
    /// Where it leads.
    pub leads: Leads,
}

/// Where an operation leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leads {
    /// It changes nothing.
    Nowhere,
    /// To a place, from the one that it needs.
    On(Option<Place>),
    /// To a place, from wherever it is; None: what it leaves nobody ever sees.
    Over(Option<Place>),
    /// It adds what nobody ever sees.
    Astray,
}

impl Foresight {
    /// Nothing known of so many operations.
    pub fn new(operations: usize) -> Foresight {
        let nothing = Foreseen { needs: None, leads: Leads::Nowhere };
        Foresight { initial: None, operations: vec![nothing; operations], lost_until: Vec::new() }
    }
}

impl Foreseen {
    /// The place afterwards.
    pub fn after(self, here: Option<Place>) -> Option<Place> {
        match self.leads {
            Leads::Nowhere => here,
            Leads::On(place) | Leads::Over(place) => place,
            Leads::Astray => None,
        }
    }

    /// Whether nobody ever sees what it did.
    pub fn is_unseen(self) -> bool {
        self.needs.is_none() && matches!(self.leads, Leads::Over(None) | Leads::Astray)
    }

    /// Whether it does not matter to it what was there before.
    pub fn replaces(self) -> bool {
        matches!(self.leads, Leads::Over(_))
    }
}
