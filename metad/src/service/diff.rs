//! Differences of two revisions, as messages of one pinned view.

use futures::Stream;
use metad_proto::{limits::PAGE_ENTRIES_MAX, v1};
use tonic::Status;

use super::{encode, reading::Reading};
use crate::{
    tree::query::{self, Difference, Source},
    types::{NamespaceId, Revision},
};

/// Compares, and gives the messages: one at least.
pub fn stream(
    reading: Reading,
    namespace: NamespaceId,
    from: Revision,
    to: Option<Revision>,
) -> Result<impl Stream<Item = Result<v1::DiffReply, Status>> + Send, Status> {
    let compare = |source: Source| query::diff(source, namespace, from, to);
    let (differences, _) = reading.ask(None, compare)?;
    Ok(futures::stream::iter(messages(reading, to, differences)))
}

fn messages(
    reading: Reading,
    to: Option<Revision>,
    differences: Vec<Difference>,
) -> impl Iterator<Item = Result<v1::DiffReply, Status>> + Send {
    let revision = to.unwrap_or(reading.revision);
    let mut rest = Some(differences);
    std::iter::from_fn(move || {
        let mut page = rest.take()?;
        let mut left = page.split_off(page.len().min(PAGE_ENTRIES_MAX));
        let (differences, mut large) = encode::fill(page, encode::difference);
        large.append(&mut left);
        let done = large.is_empty();
        rest = (!done).then_some(large);
        Some(Ok(v1::DiffReply {
            revision: revision.0,
            node: reading.server().0,
            differences,
            done,
            staleness_ms: reading.staleness_ms,
        }))
    })
}
