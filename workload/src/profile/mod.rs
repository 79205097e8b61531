//! What a client of each kind does next. A profile only plans; it must not do I/O.

mod beyond;
mod by_id;
pub mod chain;
mod edits;
mod extras;
mod guards;
mod past;
mod polite;
mod spaces;
mod survey;
pub mod team;

use crate::{
    operation::{Call, Operation, Step, Target},
    world::{Effect, World},
};

/// A call to make, and what it does to the believed world.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What to do.
    pub call: Call,
    /// The position of the tree that it is about.
    pub tree: usize,
    /// The position of the tree that a moved node goes to, if that is another one.
    pub to_tree: Option<usize>,
    /// One for each step, for when it is acknowledged.
    pub effects: Vec<Effect>,
    /// The node that it is about: if it is not found, it is not there.
    pub about: Option<u64>,
    /// Its paths lead through a mount of another tree.
    pub through_mount: bool,
}

/// What a client does next.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one of it at a time")]
pub enum Next {
    /// One operation.
    One(Plan),
    /// Two operations that should overlap: the second one is for another client.
    Race(Plan, Plan),
}

impl Plan {
    /// A plan for the first tree; its namespace is filled in by [`Plan::within`].
    fn new(operation: Operation, effects: Vec<Effect>, about: Option<u64>) -> Plan {
        let call = Call::new(0, operation);
        Plan { call, tree: 0, to_tree: None, effects, about, through_mount: false }
    }

    fn one(step: Step, effect: Effect, about: Option<u64>) -> Plan {
        Plan::new(Operation::Step(step), vec![effect], about)
    }

    fn plain(operation: Operation, about: Option<u64>) -> Plan {
        Plan::new(operation, Vec::new(), about)
    }

    /// The plan in the tree at this position.
    fn within(mut self, world: &World, tree: usize) -> Plan {
        (self.tree, self.call.ns) = (tree, world.tree(tree).ns());
        self
    }

    /// Is the present asked for or changed, rather than the past read?
    pub(crate) fn is_about_now(&self) -> bool {
        match &self.call.operation {
            Operation::Stat { at, .. } | Operation::Lookup { at, .. } => at.is_none(),
            Operation::List { at, .. } | Operation::BatchStat { at, .. } => at.is_none(),
            Operation::ListRevisions { at, .. } => at.is_none(),
            Operation::Step(Step::Copy { at_revision, .. }) => at_revision.is_none(),
            Operation::Step(Step::Restore { .. } | Step::Mount { .. }) => false,
            _ => true,
        }
    }

    /// An id says no path, which could lead through a mount.
    fn names_an_id(&self) -> bool {
        matches!(
            &self.call.operation,
            Operation::Stat { target: Target::Id(_), .. }
                | Operation::Lookup { target: Target::Id(_), .. }
                | Operation::List { target: Target::Id(_), .. }
                | Operation::ListRevisions { target: Target::Id(_), .. }
        )
    }
}
