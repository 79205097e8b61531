//! Makes a second tree like the one at a place: new ids, shared content, one revision.

use metad_proto::limits;

use crate::{
    kv::{KvTxn, Result},
    records::{key, node},
    tree::{
        Tried,
        edit::{Edit, Place, check_depth},
    },
    types::{Node, NodeRef, Rejection, StepResult, Usage},
};

pub(super) fn copy(edit: &mut Edit<impl KvTxn>, from: &NodeRef, to: &NodeRef) -> Tried<StepResult> {
    let found = edit.reader().find(edit.namespace(), from)?;
    let slot = edit.reader().slot(edit.namespace(), to)?;
    // Its end would be where it begins.
    if found.above.is_empty() || slot.above.contains(&found.node.id) {
        return Err(Rejection::Cycle.into());
    }
    let (None, Some(name)) = (&slot.taken, &slot.name) else {
        return Err(Rejection::AlreadyExists.into());
    };
    let place = Place::new(&slot.above, name)?;
    let under = usage(edit, &found.node)?.nodes;
    if under >= limits::COPY_NODES_MAX {
        let (limit, value) = (limits::COPY_NODES, limits::COPY_NODES_MAX);
        return Err(Rejection::LimitExceeded { limit, value }.into());
    }
    let nodes = gather(edit, found.node, slot.above.len())?;
    edit.create_like(place, nodes)
}

/// A node and all that is under it, level by level.
fn gather(edit: &Edit<impl KvTxn>, top: Node, depth: usize) -> Tried<Vec<(Node, Usage)>> {
    let size = usage(edit, &top)?;
    let mut nodes = vec![(top, size)];
    let (mut level, mut depth) = (0..1, depth);
    while !level.is_empty() {
        let end = nodes.len();
        depth += 1;
        for index in level {
            if nodes[index].1.nodes == 0 {
                continue;
            }
            check_depth(depth)?;
            let children = children(edit, &nodes[index].0)?;
            for child in children {
                let size = usage(edit, &child)?;
                nodes.push((child, size));
            }
        }
        level = end..nodes.len();
    }
    Ok(nodes)
}

fn children(edit: &Edit<impl KvTxn>, directory: &Node) -> Result<Vec<Node>> {
    let reader = edit.reader();
    let range = key::entries(reader.group, directory.id, None);
    reader.view.scan(&range.start, &range.end).map(|pair| node::decode(&pair?.1)).collect()
}

fn usage(edit: &Edit<impl KvTxn>, node: &Node) -> Result<Usage> {
    if node.is_directory() { edit.reader().usage(node.id) } else { Ok(Usage::default()) }
}
