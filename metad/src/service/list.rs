//! Listings: pages of one pinned view, read as the client takes them.

use futures::Stream;
use metad_proto::{limits::PAGE_ENTRIES_MAX, planted, v1};
use tonic::Status;

use super::{
    decode::{self, Decoded},
    encode,
    reading::Reading,
};
use crate::{
    tree::query::{self, Entry, Page, Source},
    types::{NamespaceId, NodeRef, Path, Revision},
};

/// What is still to be listed.
pub struct Listing {
    namespace: NamespaceId,
    target: NodeRef,
    /// One name, unless it is recursive.
    after: Path,
    recursive: bool,
    /// Entries; None for all.
    left: Option<u64>,
    at: Option<Revision>,
}

impl Listing {
    /// From the wire.
    pub fn decode(request: v1::ListRequest) -> Decoded<Listing> {
        let after = match request.recursive {
            true => decode::told_path(&request.after)?,
            false if request.after.is_empty() => Path::default(),
            false => Path::of(vec![decode::name(&request.after)?]),
        };
        Ok(Listing {
            namespace: NamespaceId(request.ns),
            target: decode::node_ref(request.target)?,
            after,
            recursive: request.recursive,
            left: (request.limit > 0).then_some(request.limit),
            at: decode::revision(request.at_revision),
        })
    }

    fn limit(&self) -> usize {
        let page = if planted!(ListMixesRevisions) { 1 } else { PAGE_ENTRIES_MAX };
        let left = self.left.and_then(|left| usize::try_from(left).ok());
        left.map_or(page, |left| left.min(page))
    }

    /// Goes on after these entries. False: nothing is left.
    fn advance(&mut self, entries: &[Entry], more: bool) -> bool {
        if let Some(last) = entries.last() {
            self.after = last.path.clone();
        }
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
        let Listing { namespace, target, after, recursive, .. } = listing;
        let (id, limit) = (*namespace, listing.limit());
        let page = |source: Source| match recursive {
            true => query::list_tree_page(source, id, target, after, limit),
            false => query::list_page(source, id, target, after.names().first(), limit),
        };
        Ok(self.0.ask(listing.at, page)?.0)
    }

    /// All messages, from the first page on.
    pub fn stream(
        mut self,
        mut listing: Listing,
        first: Page,
    ) -> impl Stream<Item = Result<v1::ListReply, Status>> + Send {
        async_stream::try_stream! {
            let mut page = first;
            loop {
                let go_on = listing.advance(&page.entries, page.more);
                let revision = listing.at.unwrap_or(self.0.revision);
                let mut messages = self.messages(page, listing.recursive, revision);
                if let Some(last) = messages.last_mut() {
                    last.done = !go_on;
                }
                for message in messages {
                    yield message;
                }
                if !go_on {
                    break;
                }
                if planted!(ListMixesRevisions) {
                    self.0.refresh().await;
                }
                page = self.read(&listing)?;
            }
        }
    }

    /// A page as messages: one, unless its entries are large. One also for no entries.
    fn messages(&self, page: Page, with_paths: bool, revision: Revision) -> Vec<v1::ListReply> {
        let encode = |Entry { node, path }: Entry| match with_paths {
            true => {
                let path = path.to_string();
                v1::Node { path: path.trim_start_matches('/').to_owned(), ..encode::entry(node) }
            }
            false => encode::entry(node),
        };
        let mut rest = page.entries;
        let mut messages = Vec::new();
        loop {
            let (entries, left) = encode::fill(rest, encode);
            messages.push(v1::ListReply {
                revision: revision.0,
                node: self.0.server().0,
                staleness_ms: self.0.staleness_ms,
                ns: page.namespace.0,
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
