//! What becomes of whole namespaces.

use super::answer::{Answer, NamespaceAnswer};
use super::forest::Namespace;
use super::matching::Mismatch;
use super::mutate::reject;
use super::node::{Handle, Node};
use super::operation::{Name, NamespaceRef, Quota};
use super::path::check_name;
use super::reason::Reason;
use super::run::{Run, Stop};
use crate::names::Policy;

impl Run<'_> {
    pub(super) fn create_namespace(
        &mut self,
        name: &Name,
        policy: Policy,
        quota: Quota,
    ) -> Result<(), Stop> {
        check_name(name).map_err(Stop::Rejected)?;
        if self.state().namespace_by_name(name).is_some() {
            return reject(Reason::AlreadyExists);
        }
        self.begin_effect()?;
        let handle = self.new_handle();
        let root = self.new_handle();
        let rev = self.new_rev();
        let name = Name::clone(name);
        self.state_mut().add_namespace(handle, Namespace { name, policy, root, changed: rev });
        self.state_mut().add_node(root, Node { quota, ..Node::root(handle, rev) });
        self.end_effects();
        self.match_namespace(handle)
    }

    pub(super) fn update_namespace(
        &mut self,
        ns: u64,
        name: Option<&Name>,
        quota: Option<Quota>,
    ) -> Result<(), Stop> {
        if let Some(name) = name {
            check_name(name).map_err(Stop::Rejected)?;
        }
        let handle = self.namespace(ns)?;
        let namespace = self.state().forest.namespace(handle).clone();
        let holder = name.and_then(|name| self.state().namespace_by_name(name));
        if holder.is_some_and(|holder| holder != handle) {
            return reject(Reason::AlreadyExists);
        }
        let root = self.state().node(namespace.root);
        if quota.is_some_and(|quota| root.under.exceeds(quota)) {
            return reject(Reason::QuotaExceeded);
        }
        let name = name.filter(|name| **name != namespace.name);
        let quota = quota.filter(|quota| *quota != root.quota);
        if let Some(name) = name {
            self.begin_effect()?;
            self.state_mut().rename_namespace(handle, name);
        }
        if let Some(quota) = quota {
            self.begin_effect()?;
            self.state_mut().forest.change(namespace.root, |root| root.quota = quota);
        }
        self.end_effects();
        self.match_namespace(handle)
    }

    pub(super) fn delete_namespace(&mut self, ns: u64, recursive: bool) -> Result<(), Stop> {
        let handle = self.namespace(ns)?;
        let root = self.state().forest.namespace(handle).root;
        if !recursive && self.state().node(root).under.nodes > 0 {
            return reject(Reason::NotEmpty);
        }
        self.match_namespace(handle)?;
        self.begin_effect()?;
        self.state_mut().remove_namespace(handle);
        self.end_effects();
        Ok(())
    }

    pub(super) fn get_namespace(&mut self, named: &NamespaceRef) -> Result<(), Stop> {
        let handle = match named {
            NamespaceRef::Id(ns) => self.namespace(*ns)?,
            NamespaceRef::Name(name) => {
                let found = self.state().namespace_by_name(name);
                found.ok_or(Stop::Rejected(Reason::NotFound))?
            }
        };
        self.match_namespace(handle)
    }

    pub(super) fn list_namespaces(&mut self, family: Option<&str>) -> Result<(), Stop> {
        let operation = self.operation;
        let Answer::Namespaces(answers) = &operation.answer else { return Ok(()) };
        let is_asked = |name: &str| family.is_none_or(|family| is_of_family(name, family));
        let namespaces = self.state().forest.namespaces();
        let expected = namespaces.filter(|(_, namespace)| is_asked(&namespace.name)).count();
        if answers.len() != expected {
            return Err(Mismatch::Count { expected }.into());
        }
        if !answers.is_sorted_by(|left, right| left.id < right.id) {
            return Err(Mismatch::NamespaceId.into());
        }
        for answer in answers {
            // As many as there are, each of another id: so none is left out.
            let name = answer.name.clone().unwrap_or_else(|| Name::from(""));
            let found = self.state().namespace_by_name(&name).filter(|_| is_asked(&name));
            let Some(handle) = found else { return Err(Mismatch::NotThere { name }.into()) };
            self.match_told(handle, answer)?;
        }
        Ok(())
    }

    /// Whoever reads on from there is told each later change, and none again.
    pub(super) fn get_cursor(&mut self, ns: u64) -> Result<(), Stop> {
        let handle = self.namespace(ns)?;
        let operation = self.operation;
        let Answer::Cursor(cursor) = operation.answer else { return Ok(()) };
        if operation.revision.is_some_and(|claimed| claimed < cursor) {
            return Err(Mismatch::CursorAhead.into());
        }
        let changed = self.state().forest.namespace(handle).changed;
        match self.is_at_most(changed, cursor) {
            true => Ok(()),
            false => Err(Mismatch::CursorBehind.into()),
        }
    }

    /// Holds what is answered of a namespace against it.
    fn match_namespace(&mut self, handle: Handle) -> Result<(), Stop> {
        let operation = self.operation;
        match &operation.answer {
            Answer::Namespace(answer) => self.match_told(handle, answer),
            _ => Ok(()),
        }
    }

    fn match_told(&mut self, handle: Handle, answer: &NamespaceAnswer) -> Result<(), Stop> {
        let namespace = self.state().forest.namespace(handle).clone();
        match answer.id {
            Some(id) if !self.has_namespace_id(handle, id) => {
                return Err(Mismatch::NamespaceId.into());
            }
            _ => {}
        }
        self.match_id(namespace.root, answer.root)?;
        let root = self.state().node(namespace.root);
        let NamespaceAnswer { name, policy, nodes, bytes, quota, .. } = answer;
        let fits = name.as_ref().is_none_or(|name| *name == namespace.name)
            && policy.is_none_or(|policy| policy == namespace.policy)
            && nodes.is_none_or(|nodes| nodes == root.under.nodes)
            && bytes.is_none_or(|bytes| bytes == root.under.bytes)
            && quota.is_none_or(|quota| quota == root.quota);
        match fits {
            true => Ok(()),
            false => Err(Mismatch::Namespace { handle }.into()),
        }
    }

    pub(super) fn acquire_lock(&mut self, ns: u64, node: Option<u64>) -> Result<(), Stop> {
        let namespace = self.namespace(ns)?;
        self.start(namespace, node)?;
        Ok(self.begin_effect()?)
    }

    // ------------------------------------------------------------ snapshots

    pub(super) fn create_snapshot(&mut self, ns: u64, name: &Name) -> Result<(), Stop> {
        check_name(name).map_err(Stop::Rejected)?;
        let namespace = self.namespace(ns)?;
        if self.state().find_snapshot(namespace, name).is_some() {
            return reject(Reason::AlreadyExists);
        }
        self.begin_effect()?;
        let rev = self.new_rev();
        self.state_mut().add_snapshot(namespace, name, rev);
        self.match_snapshot(namespace, name)
    }

    pub(super) fn delete_snapshot(&mut self, ns: u64, name: &Name) -> Result<(), Stop> {
        let namespace = self.namespace(ns)?;
        if self.state().find_snapshot(namespace, name).is_none() {
            return reject(Reason::NotFound);
        }
        self.match_snapshot(namespace, name)?;
        self.begin_effect()?;
        self.state_mut().remove_snapshot(namespace, name);
        Ok(())
    }

    fn match_snapshot(&mut self, namespace: Handle, name: &Name) -> Result<(), Stop> {
        let operation = self.operation;
        let Answer::Snapshot(answer) = &operation.answer else { return Ok(()) };
        let Some(rev) = self.state().find_snapshot(namespace, name) else { return Ok(()) };
        let fits = answer.name.as_ref().is_none_or(|answered| answered == name)
            && answer.revision.is_none_or(|revision| self.is_rev(rev, revision));
        match fits {
            true => Ok(()),
            false => Err(Mismatch::Snapshot { name: Name::clone(name) }.into()),
        }
    }

    pub(super) fn list_snapshots(&mut self, ns: u64) -> Result<(), Stop> {
        let namespace = self.namespace(ns)?;
        let operation = self.operation;
        let Answer::Snapshots(answers) = &operation.answer else { return Ok(()) };
        let snapshots: Vec<(Name, _)> =
            self.state().snapshots(namespace).map(|(name, rev)| (Name::clone(name), rev)).collect();
        if snapshots.len() != answers.len() {
            return Err(Mismatch::Count { expected: snapshots.len() }.into());
        }
        for (answer, (name, rev)) in answers.iter().zip(snapshots) {
            let fits = answer.name.as_ref() == Some(&name)
                && answer.revision.is_none_or(|revision| self.is_rev(rev, revision));
            if !fits {
                return Err(Mismatch::Snapshot { name }.into());
            }
        }
        Ok(())
    }
}

/// Whether a name is that of a family, or begins with it and a dot.
fn is_of_family(name: &str, family: &str) -> bool {
    name.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
