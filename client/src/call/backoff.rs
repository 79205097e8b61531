//! How long to wait between attempts: doubling, bounded, with seeded jitter so that
//! clients that failed together do not come back together.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

pub struct Backoff {
    min: Duration,
    max: Duration,
    random: Mutex<ChaCha8Rng>,
}

impl Backoff {
    pub fn new(min: Duration, max: Duration, seed: u64) -> Self {
        Backoff { min, max, random: Mutex::new(ChaCha8Rng::seed_from_u64(seed)) }
    }

    /// The wait after so many failures in a row. The first round over all `endpoints` is
    /// quick: most often one of them is the leader and only has to be found.
    pub fn wait(&self, failures: u32, endpoints: usize) -> Duration {
        let first_round = u32::try_from(endpoints).unwrap_or(u32::MAX);
        let doublings = failures.saturating_sub(first_round).min(16);
        let longest = if failures < first_round {
            self.min / 4
        } else {
            self.min.saturating_mul(1 << doublings).min(self.max)
        };
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        longest.mul_f64(random.random_range(0.5..=1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_their_bound() {
        let (min, max) = (Duration::from_millis(8), Duration::from_millis(100));
        let backoff = Backoff::new(min, max, 1);
        assert!(backoff.wait(0, 3) <= min / 4);
        assert!(backoff.wait(4, 3) >= min);
        for failures in [20, u32::MAX] {
            let wait = backoff.wait(failures, 3);
            assert!(wait >= max / 2 && wait <= max, "{wait:?}");
        }
    }
}
