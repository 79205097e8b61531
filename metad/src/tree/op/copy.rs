//! Makes a second tree like the one at a place: new ids, shared content, one revision.

use metad_proto::{limits, planted};

use super::check_policies;
use crate::{
    kv::{KvRead, KvTxn},
    tree::{
        Tried,
        edit::{Allowance, Edit, Place},
        reader::{Reader, check_depth},
    },
    types::{Node, NodeRef, Rejection, Revision, StepResult, Usage},
};

pub(super) fn copy(
    edit: &mut Edit<impl KvTxn>,
    from: &NodeRef,
    to: &NodeRef,
    at: Option<Revision>,
) -> Tried<StepResult> {
    let found = edit.find_at(at, from)?;
    let slot = edit.slot(to)?;
    // It would have no end. What was there in the past has one.
    if at.is_none() && (found.is_root() || slot.way.above.contains(&found.node.id)) {
        return Err(Rejection::Cycle.into());
    }
    check_policies(&found.way, &slot.way)?;
    let (None, Some(name)) = (&slot.taken, &slot.name) else {
        return Err(Rejection::AlreadyExists.into());
    };
    let place = Place::new(&slot.way, name)?;
    let nodes = gather_at(edit, at, found.node, slot.way.above.len())?;
    edit.check_mounts(&nodes, slot.way.namespace.id)?;
    edit.create_like(place, nodes)
}

/// What [`gather`] gives, within what this mutation may still read and make.
pub(super) fn gather_at(
    edit: &mut Edit<impl KvTxn>,
    at: Option<Revision>,
    top: Node,
    depth: usize,
) -> Tried<Vec<(Node, Usage)>> {
    let reader = edit.reader_at(at)?;
    reader.budget.set(edit.past_left());
    let mut copies_left = edit.copies_left;
    let nodes = gather(&reader, top, depth, &mut copies_left)?;
    let past_left = reader.budget.get();
    edit.spend_past(past_left);
    edit.copies_left = copies_left;
    Ok(nodes)
}

/// A node and all that is under it, level by level, and what is under each: what is left to be
/// copied at most.
fn gather(
    reader: &Reader<impl KvRead>,
    top: Node,
    depth: usize,
    left: &mut Allowance,
) -> Tried<Vec<(Node, Usage)>> {
    left.take(&top)?;
    let mut nodes = vec![(top, Usage::default())];
    // Of each node but the top, the position of its parent.
    let mut parents = vec![0];
    let (mut level, mut depth) = (0..1, depth);
    while !level.is_empty() {
        let end = nodes.len();
        depth += 1;
        for parent in level {
            for child in reader.entries(nodes[parent].0.id, None) {
                let child = child?;
                check_depth(depth)?;
                left.take(&child)?;
                nodes.push((child, Usage::default()));
                parents.push(parent);
            }
            check_budget(reader)?;
        }
        level = end..nodes.len();
    }
    if planted!(CopyMissesLast) && nodes.len() > 1 {
        nodes.pop();
    }
    for child in (1..nodes.len()).rev() {
        let (node, under) = &nodes[child];
        let size = Usage { nodes: under.nodes + 1, bytes: under.bytes + node.bytes() };
        let above = &mut nodes[parents[child]].1;
        *above = Usage { nodes: above.nodes + size.nodes, bytes: above.bytes + size.bytes };
    }
    Ok(nodes)
}

/// Refuses to go through too much of the past.
fn check_budget(reader: &Reader<impl KvRead>) -> Result<(), Rejection> {
    if reader.budget.get() == 0 {
        let (limit, value) = (limits::PAST_RECORDS, limits::PAST_RECORDS_MAX);
        return Err(Rejection::LimitExceeded { limit, value });
    }
    Ok(())
}
