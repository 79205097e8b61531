//! What a client of each kind does next. A profile only plans; it must not do I/O.

pub mod chain;
mod edits;
mod extras;
pub mod team;

use crate::{operation::Operation, world::Effect};

/// An operation to carry out, and what it does to the believed tree.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What to do.
    pub operation: Operation,
    /// One for each step, for when it is acknowledged.
    pub effects: Vec<Effect>,
    /// The node that it is about: if it is not found, it is not there.
    pub about: Option<u64>,
}

/// What a client does next.
#[derive(Clone, Debug)]
pub enum Next {
    /// One operation.
    One(Plan),
    /// Two operations that should overlap: the second one is for another client.
    Race(Plan, Plan),
}
