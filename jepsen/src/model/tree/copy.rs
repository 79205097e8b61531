//! Copies of whole trees.

use std::collections::VecDeque;

use super::finding::Place;
use super::mutate::{Touched, reject};
use super::node::{Handle, Node};
use super::operation::{Name, Target};
use super::reason::Reason;
use super::run::{Run, Stop};

/// Nodes that one copy makes, its top included.
const NODES_MAX: usize = 10_000;

/// A node to be copied, and where to.
struct Planned {
    from: Handle,
    parent: Handle,
    name: Name,
}

impl Run<'_> {
    pub(super) fn copy(
        &mut self,
        namespace: Handle,
        from: &Target,
        to: &Target,
    ) -> Result<Touched, Stop> {
        let top = self.resolve(namespace, from)?;
        let place = self.resolve_place(namespace, to)?;
        let lies_under = match place {
            Place::Taken(node) => node != top && self.state().is_within(node, top),
            Place::Free { parent, .. } => self.state().is_within(parent, top),
        };
        if self.state().node(top).parent.is_none() || lies_under {
            return reject(Reason::Cycle);
        }
        let Place::Free { parent, name } = place else { return reject(Reason::AlreadyExists) };
        if self.counts_more(top, NODES_MAX) {
            return reject(Reason::LimitExceeded);
        }
        self.copy_tree(Planned { from: top, parent, name })
    }

    /// Whether there are more nodes than this under and with the top.
    fn counts_more(&self, top: Handle, limit: usize) -> bool {
        let mut count = 0;
        let mut stack = vec![top];
        while let Some(handle) = stack.pop() {
            count += 1;
            if count > limit {
                return true;
            }
            stack.extend(self.state().node(handle).children().into_iter().flat_map(|c| c.values()));
        }
        false
    }

    /// Level by level: a parent is made before its children.
    fn copy_tree(&mut self, top: Planned) -> Result<Touched, Stop> {
        let rev = self.effect_rev()?;
        let mut made = None;
        let mut planned = VecDeque::from([top]);
        while let Some(Planned { from, parent, name }) = planned.pop_front() {
            let handle = self.new_handle();
            let source = self.state().node(from);
            let parent = Some(parent);
            let body = source.body.without_children();
            let node = Node { parent, name, id: None, rev, body, ..source.clone() };
            let children = source.children().into_iter().flatten();
            let child = |(name, from): (&Name, &Handle)| Planned {
                from: *from,
                parent: handle,
                name: Name::clone(name),
            };
            planned.extend(children.map(child));
            self.state_mut().add_node(handle, node);
            made.get_or_insert(handle);
        }
        Ok(Touched::Node(made.expect("the top is copied first")))
    }
}
