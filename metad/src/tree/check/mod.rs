//! The invariants of the tree, checked by reading all of the state: for tests, for the
//! simulator and for audits. It shares the record codecs with apply and nothing else.
//!
//! | invariant | file |
//! |---|---|
//! | one parent, one entry, a way to the root, no orphan | structure.rs |
//! | counters equal a recount, none exceeds its quota | structure.rs |
//! | names are unique under the policy | structure.rs |
//! | the mount graph has no cycle | mounts.rs |
//! | one holder of each lock, tokens only grow | locks.rs |
//! | what is kept of the past does not overlap | past.rs |
//! | the past is what it was | history.rs |
//! | the journal replays from the oldest tree that is kept to the tree, without a gap | history.rs |
//! | one effect for each request | history.rs |
//! | revisions and ids only grow, no id is used twice | structure.rs, history.rs |

mod history;
mod locks;
mod mounts;
mod past;
mod structure;

use std::{collections::BTreeMap, fmt};

use crate::{
    kv::{KvRead, Result},
    records::{
        key, namespace,
        system::{self, System},
    },
    types::{GroupId, Namespace, Node, NodeId},
};

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which, in a few words.
    pub invariant: &'static str,
    /// Where, and what was found.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.detail)
    }
}

/// Gathers violations.
#[derive(Default)]
struct Findings(Vec<Violation>);

impl Findings {
    fn expect(&mut self, holds: bool, invariant: &'static str, detail: impl FnOnce() -> String) {
        if !holds {
            self.0.push(Violation { invariant, detail: detail() });
        }
    }
}

/// Checks all invariants of a group's state; empty if they hold. Reads everything, and
/// holds all nodes in memory.
///
/// # Errors
/// If a record cannot be read or decoded.
pub fn check_tree(view: &dyn KvRead, group: GroupId) -> Result<Vec<Violation>> {
    let mut findings = Findings::default();
    let system = match view.get(&key::system(group))? {
        Some(value) => system::decode(&value)?,
        None => System::default(),
    };
    let range = key::namespaces(group);
    let namespaces = view.scan(&range.start, &range.end);
    let namespaces =
        namespaces.map(|pair| namespace::decode(&pair?.1)).collect::<Result<Vec<Namespace>>>()?;
    let past = past::Past::read(view, group, &system, &mut findings)?;
    let trees = structure::check(view, group, &system, &namespaces, &mut findings)?;
    for namespace in &namespaces {
        let tree = trees.get(&namespace.root).expect("structure gives a tree for each root");
        history::check(view, group, &system, namespace, (&past, tree), &mut findings)?;
    }
    mounts::check(view, group, &namespaces, &trees, &mut findings)?;
    locks::check(view, group, &system, &mut findings)?;
    history::check_requests(view, group, &system, &namespaces, &mut findings)?;
    Ok(findings.0)
}

/// The nodes of one tree that can be reached from its root, without the root.
type Tree = BTreeMap<NodeId, Node>;
