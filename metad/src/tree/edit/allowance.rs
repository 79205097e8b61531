//! What the copies and restores of one mutation, and its `mkdir` with parents, may make, all
//! together: it is applied in one go, and nothing else is meanwhile.

use metad_proto::limits;

use crate::types::{Node, Rejection};

/// What is left.
#[derive(Clone, Copy)]
pub struct Allowance {
    nodes: u64,
    bytes: u64,
}

impl Allowance {
    pub fn new() -> Allowance {
        Allowance { nodes: limits::COPY_NODES_MAX, bytes: limits::COPY_BYTES_MAX }
    }

    /// One more node is made.
    pub fn take(&mut self, node: &Node) -> Result<(), Rejection> {
        self.take_nodes(1)?;
        let left = self.bytes.checked_sub(node.weight());
        let (limit, value) = (limits::COPY_BYTES, limits::COPY_BYTES_MAX);
        self.bytes = left.ok_or(Rejection::LimitExceeded { limit, value })?;
        Ok(())
    }

    /// So many more are made, which weigh nothing.
    pub fn take_nodes(&mut self, count: u64) -> Result<(), Rejection> {
        let left = self.nodes.checked_sub(count);
        let (limit, value) = (limits::COPY_NODES, limits::COPY_NODES_MAX);
        self.nodes = left.ok_or(Rejection::LimitExceeded { limit, value })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Attributes, Body, Name, NodeId, Revision};

    fn node(attribute: usize) -> Node {
        Node {
            id: NodeId(2),
            parent: NodeId(1),
            name: Some(Name::new("a").unwrap()),
            rev: Revision(2),
            body: Body::Directory,
            attributes: Attributes::from([("x".to_owned(), vec![0; attribute])]),
        }
    }

    fn made(node: &Node) -> (u64, Rejection) {
        let mut allowance = Allowance::new();
        for made in 0.. {
            if let Err(rejection) = allowance.take(node) {
                return (made, rejection);
            }
        }
        unreachable!("nobody counts so far");
    }

    #[test]
    fn many_nodes_and_heavy_ones_are_too_many() {
        let value = limits::COPY_NODES_MAX;
        let too_many = Rejection::LimitExceeded { limit: limits::COPY_NODES, value };
        assert_eq!(made(&node(100)), (value, too_many));
        let value = limits::COPY_BYTES_MAX;
        let too_heavy = Rejection::LimitExceeded { limit: limits::COPY_BYTES, value };
        assert_eq!(made(&node((1 << 20) - 1)), (32, too_heavy));
    }
}
