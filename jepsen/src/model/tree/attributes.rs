//! What clients keep with nodes.

use std::sync::Arc;

use super::mutate::{Touched, reject};
use super::node::Handle;
use super::operation::{Name, SetAttributes};
use super::reason::Reason;
use super::run::{Run, Stop};

impl Run<'_> {
    pub(super) fn set_attributes(
        &mut self,
        namespace: Handle,
        change: &SetAttributes,
    ) -> Result<Touched, Stop> {
        let handle = self.resolve(namespace, &change.target)?;
        if self.state().node(handle).parent.is_none() {
            return reject(Reason::NameInvalid);
        }
        self.check_guard(handle, change.guard)?;
        let before = &self.state().node(handle).attributes;
        let mut after = before.as_ref().clone();
        for name in &change.remove {
            after.remove(name);
        }
        for (name, value) in &change.set {
            after.insert(Name::clone(name), Arc::clone(value));
        }
        if after == **before {
            return Ok(Touched::Node(handle));
        }
        let rev = self.effect_rev(self.state().node(handle).namespace)?;
        self.state_mut().forest.change(handle, |node| {
            node.rev = rev;
            node.attributes = Arc::new(after);
        });
        Ok(Touched::Node(handle))
    }
}
