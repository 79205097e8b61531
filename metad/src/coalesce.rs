//! One operation for many callers: those that come while it runs share the next run.
//!
//! Invariant: a caller gets the result of a run that began after it came, so that a sync
//! covers what the caller wrote, and a read barrier what was acknowledged to it.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Mutex;

/// See the module.
pub struct Coalesce<T> {
    begun: AtomicU64,
    // The queue of callers: tokio's mutex is fair, and a caller that is dropped while it
    // runs the operation leaves the next one to run its own.
    last: Mutex<Option<Run<T>>>,
}

struct Run<T> {
    number: u64,
    result: T,
}

impl<T> Default for Coalesce<T> {
    fn default() -> Self {
        Coalesce { begun: AtomicU64::new(0), last: Mutex::new(None) }
    }
}

impl<T: Clone> Coalesce<T> {
    /// Runs the operation, or waits for the result of another caller's that began after
    /// this call.
    pub async fn run<F: Future<Output = T>>(&self, operation: impl FnOnce() -> F) -> T {
        let begun_before = self.begun.load(Ordering::SeqCst);
        let mut last = self.last.lock().await;
        if let Some(run) = last.as_ref().filter(|run| run.number > begun_before) {
            return run.result.clone();
        }
        let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let result = operation().await;
        *last = Some(Run { number, result: result.clone() });
        result
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures::future::join_all;

    use super::*;

    #[tokio::test]
    async fn those_that_come_meanwhile_share_the_next_run() {
        let coalesce = Coalesce::default();
        let runs = Cell::new(0);
        let call = || {
            coalesce.run(|| async {
                runs.set(runs.get() + 1);
                let number = runs.get();
                tokio::task::yield_now().await;
                number
            })
        };
        let results = join_all((0..5).map(|_| call())).await;
        assert_eq!(results, [1, 2, 2, 2, 2]);
        assert_eq!(call().await, 3);
    }
}
