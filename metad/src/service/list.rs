//! Listings: pages of one pinned view, read as the client takes them.

use futures::Stream;
use metad_proto::{limits::PAGE_ENTRIES_MAX, v1};
use tonic::Status;

use super::{
    decode::{self, Decoded},
    encode,
    reading::Reading,
};
use crate::{
    tree::query::{self, Page, Source},
    types::{Name, NamespaceId, Node, NodeRef, Revision},
};

/// What is still to be listed.
pub struct Listing {
    namespace: NamespaceId,
    target: NodeRef,
    after: Option<Name>,
    /// Entries; None for all.
    left: Option<u64>,
    at: Option<Revision>,
}

impl Listing {
    /// From the wire.
    pub fn decode(request: v1::ListRequest) -> Decoded<Listing> {
        Ok(Listing {
            namespace: NamespaceId(request.ns),
            target: decode::node_ref(request.target)?,
            after: match request.after.as_str() {
                "" => None,
                name => Some(decode::name(name)?),
            },
            left: (request.limit > 0).then_some(request.limit),
            at: decode::revision(request.at_revision),
        })
    }

    fn limit(&self) -> usize {
        let left = self.left.and_then(|left| usize::try_from(left).ok());
        left.map_or(PAGE_ENTRIES_MAX, |left| left.min(PAGE_ENTRIES_MAX))
    }

    /// Goes on after these entries. False: nothing is left.
    fn advance(&mut self, entries: &[Node], more: bool) -> bool {
        self.after = entries.last().and_then(|node| node.name.clone()).or(self.after.take());
        if let Some(left) = &mut self.left {
            *left -= entries.len() as u64;
        }
        more && self.left != Some(0)
    }
}

/// Reads pages of one view.
pub struct Pages(pub Reading);

impl Pages {
    /// The next page.
    pub fn read(&self, listing: &Listing) -> Result<Page, Status> {
        let Listing { namespace, target, after, .. } = listing;
        let page = |source: Source| {
            query::list_page(source, *namespace, target, after.as_ref(), listing.limit())
        };
        Ok(self.0.ask(listing.at, page)?.0)
    }

    /// All messages, from the first page on.
    pub fn stream(
        self,
        mut listing: Listing,
        first: Page,
    ) -> impl Stream<Item = Result<v1::ListReply, Status>> + Send {
        async_stream::try_stream! {
            let mut page = first;
            loop {
                let go_on = listing.advance(&page.entries, page.more);
                let revision = listing.at.unwrap_or(self.0.revision);
                let mut messages = self.messages(page.entries, revision);
                if let Some(last) = messages.last_mut() {
                    last.done = !go_on;
                }
                for message in messages {
                    yield message;
                }
                if !go_on {
                    break;
                }
                page = self.read(&listing)?;
            }
        }
    }

    /// A page as messages: one, unless its entries are large. One also for no entries.
    fn messages(&self, entries: Vec<Node>, revision: Revision) -> Vec<v1::ListReply> {
        let mut rest = entries;
        let mut messages = Vec::new();
        loop {
            let (entries, left) = encode::fill(rest, encode::entry);
            messages.push(v1::ListReply {
                revision: revision.0,
                node: self.0.server().0,
                staleness_ms: self.0.staleness_ms,
                entries,
                done: false,
            });
            if left.is_empty() {
                return messages;
            }
            rest = left;
        }
    }
}
