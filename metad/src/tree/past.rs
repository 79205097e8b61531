//! What was there at a revision.
//!
//! What a change replaces is kept under the revision that ended it. So at a revision R
//! there was the version that ended first after R, if it had begun by then. Reads of the
//! present never come here.

use std::iter::Peekable;

use crate::{
    kv::{KvRead, Result},
    records::{
        key,
        node::{self, Location},
    },
    tree::reader::Reader,
    types::{GroupId, Node, NodeId, Revision},
};

/// The node that had this name in this directory.
pub(super) fn child(
    view: &(impl KvRead + ?Sized),
    group: GroupId,
    parent: NodeId,
    name: &str,
    at: Revision,
) -> Result<Option<Node>> {
    let range = key::past_nodes_from(group, parent, name, at);
    let Some(pair) = view.scan(&range.start, &range.end).next() else { return Ok(None) };
    let node = node::decode(&pair?.1)?;
    Ok(Some(node).filter(|node| node.rev <= at))
}

/// Where a node was.
pub(super) enum Was {
    There(Location),
    /// Nowhere, or it was not there yet.
    Elsewhere,
    /// The present location is at least as old as the revision that was asked for, or newer
    /// than it.
    AsNow,
}

pub(super) fn location(
    view: &(impl KvRead + ?Sized),
    group: GroupId,
    id: NodeId,
    at: Revision,
) -> Result<Was> {
    let range = key::past_locations_from(group, id, at);
    let Some(pair) = view.scan(&range.start, &range.end).next() else { return Ok(Was::AsNow) };
    let location = node::decode_location(&pair?.1)?;
    Ok(match &location {
        Location::In(place) if place.since > at => Was::Elsewhere,
        _ => Was::There(location),
    })
}

/// The version of a node that another one ended, if it can still be read: one more seek,
/// however many there are.
pub(super) fn version_before(
    view: &(impl KvRead + ?Sized),
    group: GroupId,
    version: &Node,
    oldest: Revision,
) -> Result<Option<Node>> {
    if version.rev <= oldest {
        return Ok(None);
    }
    let reader = Reader { at: Some(Revision(version.rev.0 - 1)), ..Reader::new(view, group) };
    let Some(Location::In(place)) = reader.location(version.id)? else { return Ok(None) };
    let ended = key::past_node(group, place.parent, place.name.key(), version.rev);
    let before = view.get(&ended)?.map(|value| node::decode(&value)).transpose()?;
    Ok(before.filter(|before| before.id == version.id))
}

/// The last version of a node, which is there no longer, perhaps.
pub(super) fn last_version(
    view: &(impl KvRead + ?Sized),
    group: GroupId,
    id: NodeId,
) -> Result<Option<Node>> {
    if let Some(value) = view.get(&key::location(group, id))? {
        let Location::In(place) = node::decode_location(&value)? else { return Ok(None) };
        let node = view.get(&key::node(group, place.parent, place.name.key()))?;
        let node = node.map(|value| node::decode(&value)).transpose()?;
        return Ok(node.filter(|node| node.id == id));
    }
    let all = key::past_locations_from(group, id, Revision(0));
    let Some((key, value)) = view.last(&all.start, &all.end)? else { return Ok(None) };
    let until = Revision(key::last_id(&key).expect("the range holds whole keys"));
    let Location::In(place) = node::decode_location(&value)? else { return Ok(None) };
    let node = view.get(&key::past_node(group, place.parent, place.name.key(), until))?;
    let node = node.map(|value| node::decode(&value)).transpose()?;
    Ok(node.filter(|node| node.id == id))
}

/// Entries of a directory that are no longer there as they were, in the order of names, for
/// as long as it may go on.
pub(super) fn entries<'v>(
    view: &'v (impl KvRead + ?Sized),
    group: GroupId,
    (directory, after): (NodeId, Option<&str>),
    at: Revision,
    go_on: impl Fn() -> bool + 'v,
) -> impl Iterator<Item = Result<Node>> + 'v {
    let range = key::past_entries(group, directory, after);
    view.scan(&range.start, &range.end).take_while(move |_| go_on()).filter_map(move |pair| {
        let read = || -> Result<Option<Node>> {
            let (key, value) = pair?;
            let until = key::last_id(&key).expect("the range holds whole keys");
            if until <= at.0 {
                return Ok(None);
            }
            let node = node::decode(&value)?;
            Ok(Some(node).filter(|node| node.rev <= at))
        };
        read().transpose()
    })
}

/// Two sequences in the order of names as one. A name is in one of them at most.
pub(super) fn merge<'v>(
    one: impl Iterator<Item = Result<Node>> + 'v,
    other: impl Iterator<Item = Result<Node>> + 'v,
) -> impl Iterator<Item = Result<Node>> + 'v {
    Merge { one: one.peekable(), other: other.peekable() }
}

struct Merge<A: Iterator, B: Iterator> {
    one: Peekable<A>,
    other: Peekable<B>,
}

impl<A, B> Iterator for Merge<A, B>
where
    A: Iterator<Item = Result<Node>>,
    B: Iterator<Item = Result<Node>>,
{
    type Item = Result<Node>;

    fn next(&mut self) -> Option<Result<Node>> {
        match (self.one.peek(), self.other.peek()) {
            (Some(Ok(one)), Some(Ok(other))) if other.name < one.name => self.other.next(),
            (Some(_), _) => self.one.next(),
            (None, _) => self.other.next(),
        }
    }
}
