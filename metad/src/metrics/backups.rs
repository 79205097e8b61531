//! Backups: how many are under way, and when the last one was told to its end.

use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

/// See the module. Clones count together.
#[derive(Clone, Default)]
pub struct Backups {
    under_way: Arc<AtomicUsize>,
    /// Milliseconds since 1970; 0 for none.
    last_ms: Arc<AtomicU64>,
}

impl Backups {
    /// Places that are taken.
    pub fn under_way(&self) -> &Arc<AtomicUsize> {
        &self.under_way
    }

    /// One was told to its end.
    pub fn ended(&self, now_ms: u64) {
        self.last_ms.store(now_ms, Ordering::Relaxed);
    }

    pub(super) fn count(&self) -> usize {
        self.under_way.load(Ordering::Relaxed)
    }

    pub(super) fn last_seconds(&self) -> u64 {
        self.last_ms.load(Ordering::Relaxed) / 1_000
    }
}
