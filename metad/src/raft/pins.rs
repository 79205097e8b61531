//! Views of the state as it is after a given entry, for whoever compares replicas.
//!
//! Invariant: a view that is handed out reflects that entry, and none after it. Apply ends a batch
//! there for it; who comes too late gets nothing. Must not: hold up apply otherwise.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::oneshot;

use crate::kv::View;

/// See the module.
#[derive(Debug)]
pub struct Pins {
    /// The first entry that somebody waits for.
    first: AtomicU64,
    waiting: Mutex<BTreeMap<u64, Vec<Waiter>>>,
}

/// Somebody who waits.
struct Waiter(oneshot::Sender<View>);

impl std::fmt::Debug for Waiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Waiter")
    }
}

impl Default for Pins {
    fn default() -> Pins {
        Pins { first: AtomicU64::new(u64::MAX), waiting: Mutex::default() }
    }
}

impl Pins {
    /// Waits for the state after an entry. It fails if the state has gone on past it.
    pub fn wait(&self, index: u64) -> oneshot::Receiver<View> {
        let (sender, receiver) = oneshot::channel();
        let mut waiting = self.lock();
        waiting.entry(index).or_default().push(Waiter(sender));
        self.note_first(&waiting);
        receiver
    }

    /// Whether a batch must end with this entry.
    pub fn is_wanted(&self, index: u64) -> bool {
        index >= self.first.load(Ordering::Acquire)
    }

    /// The state reflects an entry now, and none after it.
    pub fn reached<E>(&self, index: u64, view: impl Fn() -> Result<View, E>) -> Result<(), E> {
        if !self.is_wanted(index) {
            return Ok(());
        }
        let mut waiting = self.lock();
        while let Some(entry) = waiting.first_entry().filter(|entry| *entry.key() <= index) {
            let is_now = *entry.key() == index;
            for Waiter(sender) in entry.remove() {
                if is_now && !sender.is_closed() {
                    // It may have been given up meanwhile.
                    let _ = sender.send(view()?);
                }
            }
        }
        self.note_first(&waiting);
        Ok(())
    }

    fn note_first(&self, waiting: &BTreeMap<u64, Vec<Waiter>>) {
        let first = waiting.first_key_value().map_or(u64::MAX, |(index, _)| *index);
        self.first.store(first, Ordering::Release);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Vec<Waiter>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, sync::Arc};

    use super::*;

    #[test]
    fn a_view_is_of_the_entry_that_was_asked_for() {
        let pins = Pins::default();
        let (mut late, mut there, mut later) = (pins.wait(3), pins.wait(5), pins.wait(9));
        assert!(!pins.is_wanted(2) && pins.is_wanted(3) && pins.is_wanted(5));
        let view = || -> Result<View, Infallible> { Ok(Arc::new(BTreeMap::new())) };
        pins.reached(5, view).expect("a view");
        assert!(late.try_recv().is_err() && there.try_recv().is_ok());
        assert!(!pins.is_wanted(8) && pins.is_wanted(9));
        assert_eq!(later.try_recv().err(), Some(oneshot::error::TryRecvError::Empty));
    }
}
