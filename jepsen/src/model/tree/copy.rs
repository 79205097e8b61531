//! Copies of whole trees, of what is there and of what was.

use std::collections::{BTreeMap, VecDeque};

use super::finding::{Place, check_depth};
use super::forest::Forest;
use super::mounts::MOUNTS_MAX;
use super::mutate::{Touched, reject};
use super::node::{Body, Handle, Node};
use super::operation::{Name, Quota, Target};
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
        at: Option<u64>,
    ) -> Result<Touched, Stop> {
        let (source, top) = self.resolve_source(namespace, from, at)?;
        let place = self.resolve_place(namespace, to)?;
        let now = &self.state().forest;
        let lies_under = match place {
            Place::Taken(node, _) => node != top && now.is_within(node, top),
            Place::Free { parent, .. } => now.is_within(parent, top),
        };
        if at.is_none() && (source.node(top).parent.is_none() || lies_under) {
            return reject(Reason::Cycle);
        }
        let receiver = self.receiver(&place);
        let policy = |forest: &Forest, namespace| forest.namespace(namespace).policy;
        if policy(&source, source.node(top).namespace) != policy(now, receiver) {
            return reject(Reason::NameInvalid);
        }
        let Place::Free { parent, name } = place else { return reject(Reason::AlreadyExists) };
        self.copy_tree(&source, Planned { from: top, parent, name })
    }

    /// Gives a file its content back, or makes again what is gone. Whether content that is
    /// equal counts as a change is left open.
    pub(super) fn restore(
        &mut self,
        namespace: Handle,
        target: &Target,
        revision: u64,
    ) -> Result<Touched, Stop> {
        let (source, top) = self.resolve_source(namespace, target, Some(revision))?;
        let node = match self.place_to_restore(namespace, target, (&source, top))? {
            Place::Free { parent, name } => {
                return self.copy_tree(&source, Planned { from: top, parent, name });
            }
            Place::Taken(node, _) => node,
        };
        let Body::File(content) = &source.node(top).body else {
            return reject(Reason::AlreadyExists);
        };
        if node != top {
            return reject(Reason::AlreadyExists);
        }
        let now = self.state().node(node);
        let is_equal = matches!(&now.body, Body::File(current) if current == content);
        if is_equal && self.chooser.choose(2) == 1 {
            return Ok(Touched::Node(node));
        }
        let rev = self.effect_rev(self.state().node(node).namespace)?;
        self.state_mut().forest.set_content(node, content.clone(), rev);
        Ok(Touched::Node(node))
    }

    /// The place that a target names; of what is gone and named by its id, the one that it had.
    fn place_to_restore(
        &mut self,
        namespace: Handle,
        target: &Target,
        (source, top): (&Forest, Handle),
    ) -> Result<Place, Stop> {
        let place = self.resolve_place(namespace, target);
        let is_id = target.names.as_ref().is_ok_and(|names| names.is_empty());
        match (place, source.node(top).parent) {
            (Err(Stop::Rejected(Reason::NotFound)), Some(parent)) if is_id => {
                let name = Name::clone(&source.node(top).name);
                self.place_in(namespace, parent, &name)
            }
            (place, _) => place,
        }
    }

    /// The node that is copied, and the forest that it is in.
    fn resolve_source(
        &mut self,
        namespace: Handle,
        target: &Target,
        at: Option<u64>,
    ) -> Result<(Forest, Handle), Stop> {
        if let Some(revision) = at {
            self.view = Some(self.forest_at(namespace, revision)?);
        }
        let top = self.resolve(namespace, target);
        let forest = self.forest().clone();
        self.view = None;
        Ok((forest, top?))
    }

    /// The namespace that a place is in.
    pub(super) fn receiver(&self, place: &Place) -> Handle {
        match place {
            Place::Taken(node, _) | Place::Free { parent: node, .. } => {
                self.state().node(*node).namespace
            }
        }
    }

    /// Whether a mount in a tree shows a namespace, or one that leads to it.
    pub(super) fn would_lead_back(&self, forest: &Forest, top: Handle, receiver: Handle) -> bool {
        forest.walk(top).any(|handle| match forest.node(handle).body {
            Body::Mount(_, shown) => self.state().leads_to(shown, receiver),
            _ => false,
        })
    }

    /// Whether a copy has room: neither too many nodes, nor too deep, nor with more mounts of
    /// one namespace than there may be.
    fn check_size(&self, source: &Forest, top: &Planned) -> Result<(), Stop> {
        if source.walk(top.from).nth(NODES_MAX).is_some() {
            return reject(Reason::LimitExceeded);
        }
        let lift = self.state().forest.depth(top.parent) + 1;
        let above = source.depth(top.from);
        let mut shown: BTreeMap<Handle, usize> = BTreeMap::new();
        for handle in source.walk(top.from) {
            check_depth(source.depth(handle) - above + lift)?;
            if let Body::Mount(_, of) = source.node(handle).body {
                *shown.entry(of).or_default() += 1;
            }
        }
        let mounts = |of: Handle| self.state().mounts().filter(|(_, shown)| *shown == of).count();
        match shown.into_iter().any(|(of, more)| mounts(of) + more > MOUNTS_MAX) {
            true => reject(Reason::LimitExceeded),
            false => Ok(()),
        }
    }

    /// Level by level: a parent is made before its children.
    fn copy_tree(&mut self, source: &Forest, top: Planned) -> Result<Touched, Stop> {
        let namespace = self.state().node(top.parent).namespace;
        self.check_size(source, &top)?;
        if self.would_lead_back(source, top.from, namespace) {
            return reject(Reason::Cycle);
        }
        let rev = self.effect_rev(namespace)?;
        let mut made = None;
        let mut planned = VecDeque::from([top]);
        while let Some(Planned { from, parent, name }) = planned.pop_front() {
            let handle = self.new_handle();
            let from = source.node(from);
            let body = from.body.without_children();
            let children = from.children().into_iter().flat_map(|children| children.values());
            planned.extend(children.map(|child| Planned {
                from: *child,
                parent: handle,
                name: Name::clone(&source.node(*child).name),
            }));
            let mut node = Node::new(namespace, Some((parent, name)), rev, body);
            node.attributes = from.attributes.clone();
            node.quota = Quota::default();
            self.state_mut().add_node(handle, node);
            made.get_or_insert(handle);
        }
        Ok(Touched::Node(made.expect("the top is copied first")))
    }
}
