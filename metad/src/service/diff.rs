//! Differences of two revisions, as messages of one pinned view.

use futures::Stream;
use metad_proto::{limits::PAGE_ENTRIES_MAX, v1};
use tonic::Status;

use super::{encode, parts, reading::Reading};
use crate::{
    tree::query::{self, Comparison, Source},
    types::{NamespaceId, Revision},
};

/// Nodes that are compared for one message: most may turn out to be the same.
const COMPARED_MAX: usize = 10 * PAGE_ENTRIES_MAX;

/// Compares, and gives the messages: one at least.
pub async fn stream(
    reading: Reading,
    namespace: NamespaceId,
    from: Revision,
    to: Option<Revision>,
) -> Result<impl Stream<Item = Result<v1::DiffReply, Status>> + Send, Status> {
    // That goes through all changes in between.
    let compare = move |source: Source| query::comparison(source, namespace, from, to);
    let (reading, comparison, _) = reading.ask_apart(None, compare).await?;
    parts::stream(reading, 0, move |reading, start| message(reading, &comparison, start))
}

/// The differences among the nodes from a position on, and where the next message goes on.
fn message(
    reading: &Reading,
    comparison: &Comparison,
    start: usize,
) -> Result<(v1::DiffReply, Option<usize>), Status> {
    let nodes = &comparison.nodes()[start..];
    let (mut compared, mut part) = (0, encode::Part::default());
    for node in nodes.iter().take(COMPARED_MAX) {
        if part.is_full() {
            break;
        }
        compared += 1;
        let find = |source: Source| comparison.difference(source, *node);
        if let (Some(difference), _) = reading.ask(None, find)? {
            part.add(encode::difference(difference));
        }
    }
    let done = compared == nodes.len();
    let message = v1::DiffReply {
        revision: comparison.to().0,
        node: reading.server().0,
        differences: part.items,
        done,
        staleness_ms: reading.staleness_ms,
    };
    Ok((message, (!done).then_some(start + compared)))
}
