//! Work that waits for the disk: on a thread of its own in production, in line in the
//! simulator, whose one thread is all there is.
//!
//! One of the few places where `cfg(madsim)` is allowed.

/// Does the work without holding up other tasks.
#[cfg(not(madsim))]
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        // The runtime is shutting down: nobody waits for an answer any more.
        Err(_) => std::future::pending().await,
    }
}

/// Does the work at once.
#[cfg(madsim)]
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    work()
}
