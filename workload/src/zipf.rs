//! Skewed choice: few things are used much, most are used little.

use rand::Rng;
use rand_distr::{Distribution, Zipf};

/// A position below `count`, where position 0 is the most popular. Panics if there is
/// nothing to choose from.
pub fn position(random: &mut impl Rng, count: usize, exponent: f64) -> usize {
    assert!(count > 0, "nothing to choose from");
    let zipf = Zipf::new(count as f64, exponent).expect("count >= 1 and exponent >= 0");
    // The sample is a rank from 1 to count.
    (zipf.sample(random) as usize).clamp(1, count) - 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng, rngs::ChaCha8Rng};

    #[test]
    fn the_first_are_chosen_most() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let mut counts = [0; 10];
        for _ in 0..10_000 {
            counts[position(&mut random, 10, 0.9)] += 1;
        }
        assert!(counts[0] > 2 * counts[4] && counts[9] > 200, "{counts:?}");
    }
}
