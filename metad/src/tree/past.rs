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
        node::{self, Location, Place},
    },
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

/// All versions of a node that can be read, in no order.
pub(super) fn versions(
    view: &(impl KvRead + ?Sized),
    group: GroupId,
    id: NodeId,
    oldest: Revision,
) -> Result<Vec<Node>> {
    let mut versions = Vec::new();
    let all = key::past_locations_from(group, id, Revision(0));
    let mut places = Vec::new();
    for pair in view.scan(&all.start, &all.end) {
        places.push(node::decode_location(&pair?.1)?);
    }
    if let Some(value) = view.get(&key::location(group, id))? {
        places.push(node::decode_location(&value)?);
    }
    for place in places {
        let Location::In(Place { parent, name, .. }) = place else { continue };
        let past = key::past_nodes_from(group, parent, name.key(), oldest);
        let past = view.scan(&past.start, &past.end).map(|pair| pair.map(|(_, value)| value));
        let now = view.get(&key::node(group, parent, name.key()))?.map(Ok);
        for value in past.chain(now) {
            let version = node::decode(&value?)?;
            // A node may have come back to a place where it was before.
            if version.id == id && !versions.contains(&version) {
                versions.push(version);
            }
        }
    }
    Ok(versions)
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
