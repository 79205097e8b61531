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
    static CLOCKS: RefCell<BTreeMap<NodeId, Clock>> = const { RefCell::new(BTreeMap::new()) };
}

/// A clock, and what it showed when its rate was last set.
#[derive(Clone, Copy)]
struct Clock {
    rate: f64,
    since: Duration,
    shown: Duration,
}

impl Clock {
    const EXACT: Clock = Clock { rate: 1.0, since: Duration::ZERO, shown: Duration::ZERO };

    fn at(self, elapsed: Duration) -> Duration {
        let span = elapsed - self.since;
        let span = if self.rate == 1.0 { span } else { span.mul_f64(self.rate) };
        self.shown + span
    }
}

fn elapsed() -> Duration {
    madsim::time::TimeHandle::current().elapsed()
}

/// Sets how fast a node's clock runs from now on, 1.0 for exactly.
pub fn set_clock_rate(node: NodeId, rate: f64) {
    assert!(rate.is_finite() && rate > 0.0, "a clock runs forwards");
    let since = elapsed();
    CLOCKS.with_borrow_mut(|clocks| {
        let shown = clocks.get(&node).copied().unwrap_or(Clock::EXACT).at(since);
        clocks.insert(node, Clock { rate, since, shown });
    });
}

fn clock() -> Clock {
    CLOCKS.with_borrow(|clocks| {
        if clocks.is_empty() {
            return Clock::EXACT;
        }
        clocks.get(&madsim::plugin::node()).copied().unwrap_or(Clock::EXACT)
    })
}

/// What the clock of the node that runs now shows, since the beginning.
pub fn local_time() -> Duration {
    clock().at(elapsed())
}

/// How long a span of this node's time lasts in simulated time.
pub(super) fn simulated(local: Duration) -> Duration {
    match clock().rate {
        1.0 => local,
        rate => local.div_f64(rate),
    }
}

/// A point in one node's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(Duration);

impl openraft_rt::Instant for Instant {
    fn now() -> Self {
        Instant(local_time())
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
