//! Clocks that run at different rates on different simulated nodes, as real ones do.
//!
//! A node's time is the simulated time multiplied by the node's rate. Beyond ±20%
//! heartbeats and election timeouts cross, and no leader stays.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    ops::{Add, AddAssign, Sub, SubAssign},
    time::Duration,
};

use madsim::task::NodeId;

thread_local! {
    // One simulation runs on one thread.
    static RATES: RefCell<BTreeMap<NodeId, f64>> = const { RefCell::new(BTreeMap::new()) };
}

/// Sets how fast a node's clock runs, 1.0 for exactly.
pub fn set_clock_rate(node: NodeId, rate: f64) {
    assert!(rate.is_finite() && rate > 0.0, "a clock runs forwards");
    RATES.with_borrow_mut(|rates| rates.insert(node, rate));
}

fn rate() -> f64 {
    RATES.with_borrow(|rates| {
        if rates.is_empty() {
            return 1.0;
        }
        rates.get(&madsim::plugin::node()).copied().unwrap_or(1.0)
    })
}

/// How long a span of this node's time lasts in simulated time.
pub(super) fn simulated(local: Duration) -> Duration {
    match rate() {
        1.0 => local,
        rate => local.div_f64(rate),
    }
}

/// A point in one node's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(Duration);

impl openraft_rt::Instant for Instant {
    fn now() -> Self {
        let elapsed = madsim::time::TimeHandle::current().elapsed();
        match rate() {
            1.0 => Instant(elapsed),
            rate => Instant(elapsed.mul_f64(rate)),
        }
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Instant(self.0 + duration)
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        self.0 += duration;
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;

    // openraft looks back further than the simulation lasts.
    fn sub(self, duration: Duration) -> Self {
        Instant(self.0.saturating_sub(duration))
    }
}

impl SubAssign<Duration> for Instant {
    fn sub_assign(&mut self, duration: Duration) {
        self.0 = self.0.saturating_sub(duration);
    }
}

impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}
