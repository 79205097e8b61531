//! Waiting, on the clock of the runtime: a node of the simulator may have a fast or slow one.

use std::time::Duration;

use openraft::{AsyncRuntime, Instant as _};

use super::runtime::Runtime;

/// Waits.
pub async fn sleep(duration: Duration) {
    Runtime::sleep(duration).await;
}

/// The result of the future, or None if it takes longer.
pub async fn timeout<F>(duration: Duration, future: F) -> Option<F::Output>
where
    F: Future + Send,
    F::Output: Send,
{
    Runtime::timeout(duration, future).await.ok()
}

/// The result of the future, and how long it took.
pub async fn timed<F: Future>(future: F) -> (F::Output, Duration) {
    let begun = <Runtime as AsyncRuntime>::Instant::now();
    let output = future.await;
    (output, begun.elapsed())
}
