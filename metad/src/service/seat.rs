//! Places for those who take a node's time for long, of which there are so many.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// One of the places; given back when dropped.
pub struct Seat(Arc<AtomicUsize>);

impl Seat {
    /// None when all are taken.
    pub fn take(taken: &Arc<AtomicUsize>, count_max: usize) -> Option<Seat> {
        let seat = |count: usize| (count < count_max).then_some(count + 1);
        taken.fetch_update(Ordering::AcqRel, Ordering::Acquire, seat).ok()?;
        Some(Seat(taken.clone()))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
