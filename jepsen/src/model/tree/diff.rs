//! The versions of a node, and what differs between two revisions.

use std::collections::BTreeMap;

use super::answer::{Answer, Difference, ListedEntry};
use super::finding::check_depth;
use super::forest::Forest;
use super::matching::Mismatch;
use super::mutate::reject;
use super::node::{Body, Handle, Node};
use super::operation::Target;
use super::reason::Reason;
use super::run::{Run, Stop};

impl Run<'_> {
    /// The latest first. The service forgets the earliest ones some day, but never the last.
    pub(super) fn versions(&mut self, namespace: Handle, target: &Target) -> Result<(), Stop> {
        let node = self.resolve(namespace, target)?;
        let operation = self.operation;
        let Answer::Versions(answers) = &operation.answer else { return Ok(()) };
        let mut versions: Vec<Forest> = Vec::new();
        for forest in self.state().past.forests() {
            let Some(version) = forest.find_node(node) else { continue };
            if versions.last().is_none_or(|later| later.node(node).rev != version.rev) {
                versions.push(forest.clone());
            }
        }
        if answers.is_empty() || answers.len() > versions.len() {
            return Err(Mismatch::Count { expected: versions.len() }.into());
        }
        for (answer, version) in answers.iter().zip(versions) {
            self.view = Some(version);
            self.match_entry(node, answer)?;
        }
        Ok(())
    }

    pub(super) fn diff(&mut self, ns: u64, from: u64, to: Option<u64>) -> Result<(), Stop> {
        let namespace = self.namespace(ns)?;
        // Of one that is gone and one that is yet to come, the answer may be about either.
        if let (Answer::Rejected { reason: Reason::NotFound, .. }, Some(to)) =
            (&self.operation.answer, to)
        {
            self.forest_at(namespace, to)?;
        }
        // If one of them is gone, the earlier one is.
        self.check_kept(namespace, to.map_or(from, |to| from.min(to)))?;
        let before = self.forest_at(namespace, from)?;
        let after = match to {
            Some(to) => self.forest_at(namespace, to)?,
            None => self.state().forest.clone(),
        };
        if to.is_some_and(|to| from > to) {
            return reject(Reason::NameInvalid);
        }
        let operation = self.operation;
        let mut expected = differences(namespace, &before, &after);
        // A node that was too deep at some time in between may stop it as well.
        if let Answer::Rejected { reason: Reason::LimitExceeded, .. } = operation.answer {
            return reject(Reason::LimitExceeded);
        }
        for node in expected.keys() {
            let sides = [&before, &after].into_iter().filter(|side| side.is_live(*node));
            sides.map(|side| side.depth(*node)).try_for_each(check_depth)?;
        }
        let Answer::Diff(answers) = &operation.answer else { return Ok(()) };
        if answers.len() != expected.len() {
            return Err(Mismatch::Count { expected: expected.len() }.into());
        }
        let mut last_id = None;
        for answer in answers {
            let told = answer.after.as_ref().or(answer.before.as_ref());
            let id = told.and_then(|told| told.node.id);
            if id.is_some() && id <= last_id {
                return Err(Mismatch::Order.into());
            }
            last_id = id;
            let node = self.find_told(&expected, answer, &before, &after);
            let Some((node, (was, is))) = node.and_then(|node| expected.remove_entry(&node)) else {
                return Err(Mismatch::Order.into());
            };
            self.match_side(node, was.then_some(&before), answer.before.as_ref())?;
            self.match_side(node, is.then_some(&after), answer.after.as_ref())?;
        }
        Ok(())
    }

    /// The node that a difference tells of: by its id, or, if that was never shown, by where
    /// it is or was.
    fn find_told(
        &self,
        expected: &BTreeMap<Handle, (bool, bool)>,
        answer: &Difference,
        before: &Forest,
        after: &Forest,
    ) -> Option<Handle> {
        let sides = [(answer.after.as_ref(), after), (answer.before.as_ref(), before)];
        let (told, forest) = sides.into_iter().find_map(|(told, forest)| Some((told?, forest)))?;
        if let Some(known) = told.node.id.and_then(|id| self.state().node_by_id(id)) {
            return Some(known);
        }
        let path = told.path.as_deref()?.trim_start_matches('/');
        let is_at = |node: &&Handle| {
            forest.find_node(**node).is_some() && forest.path_from(None, **node) == path
        };
        expected.keys().find(is_at).copied()
    }

    fn match_side(
        &mut self,
        node: Handle,
        forest: Option<&Forest>,
        answer: Option<&ListedEntry>,
    ) -> Result<(), Stop> {
        let (forest, answer) = match (forest, answer) {
            (None, None) => return Ok(()),
            (Some(forest), Some(answer)) => (forest, answer),
            _ => return Err(Mismatch::Difference { handle: node }.into()),
        };
        let path = answer.path.as_deref().map(|path| path.trim_start_matches('/'));
        if path.is_some_and(|path| path != forest.path_from(None, node)) {
            return Err(Mismatch::Difference { handle: node }.into());
        }
        self.view = Some(forest.clone());
        self.match_entry(node, answer)?;
        self.view = None;
        Ok(())
    }
}

/// The nodes of a namespace that differ, and whether each was and is there. What was added
/// under what was added is left out, and so it is with what was removed.
fn differences(
    namespace: Handle,
    before: &Forest,
    after: &Forest,
) -> BTreeMap<Handle, (bool, bool)> {
    let find = |forest: &'_ Forest, handle: Handle| {
        forest.find_node(handle).filter(|node| node.namespace == namespace).cloned()
    };
    let all = before.nodes().chain(after.nodes());
    let all = all.filter(|(_, node)| node.namespace == namespace && node.parent.is_some());
    let mut differences = BTreeMap::new();
    for (handle, _) in all {
        let is_new = |node: &Node, elsewhere: &Forest| {
            node.parent.is_some_and(|parent| find(elsewhere, parent).is_some())
        };
        let sides = (find(before, handle), find(after, handle));
        let differs = match &sides {
            (Some(was), Some(is)) => {
                was.parent != is.parent
                    || was.name != is.name
                    || was.attributes != is.attributes
                    || !holds_the_same(&was.body, &is.body)
            }
            (Some(was), None) => is_new(was, after),
            (None, Some(is)) => is_new(is, before),
            (None, None) => false,
        };
        if differs {
            differences.insert(handle, (sides.0.is_some(), sides.1.is_some()));
        }
    }
    differences
}

fn holds_the_same(was: &Body, is: &Body) -> bool {
    match (was, is) {
        (Body::File(was), Body::File(is)) => was == is,
        (Body::Symlink(was), Body::Symlink(is)) => was == is,
        (Body::Mount(_, was), Body::Mount(_, is)) => was == is,
        (Body::Directory(_), Body::Directory(_)) => true,
        _ => false,
    }
}
