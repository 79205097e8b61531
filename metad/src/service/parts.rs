//! Answers in several messages of one pinned view: each is read when the one before has been
//! taken, so that an answer takes no more memory than a message does.

use futures::{Stream, StreamExt as _, stream};
use tonic::Status;

use super::reading::Reading;

/// Gives the messages. Each says where the next one goes on, unless it is the last. The first
/// is read now: a rejection is then the call's own status.
pub fn stream<M: Send, P: Send>(
    reading: Reading,
    first: P,
    read: impl Fn(&Reading, P) -> Result<(M, Option<P>), Status> + Send,
) -> Result<impl Stream<Item = Result<M, Status>> + Send, Status> {
    let (message, next) = read(&reading, first)?;
    let rest = stream::try_unfold((reading, read, next), |(reading, read, place)| async move {
        let Some(place) = place else { return Ok(None) };
        let (message, next) = read(&reading, place)?;
        Ok(Some((message, (reading, read, next))))
    });
    Ok(stream::iter([Ok(message)]).chain(rest))
}
