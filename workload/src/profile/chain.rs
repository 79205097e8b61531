//! The Markov chain of what people do in a shared folder, as measured in "Dissecting
//! UbuntuOne" (IMC 2015). Rows are renormalised: their sums are below 1.

use rand::{Rng, RngExt};

/// What a client did last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum State {
    Start,
    Create,
    Update,
    Delete,
    Read,
    Move,
}

/// Columns: create, update, delete, read, move.
const COLUMNS: [State; 5] = [State::Create, State::Update, State::Delete, State::Read, State::Move];

fn row(state: State) -> [f64; 5] {
    match state {
        State::Start => [0.184, 0.318, 0.248, 0.167, 0.055],
        State::Create => [0.449, 0.325, 0.125, 0.067, 0.033],
        State::Update => [0.058, 0.743, 0.110, 0.074, 0.014],
        State::Delete => [0.065, 0.174, 0.650, 0.004, 0.106],
        State::Read => [0.032, 0.180, 0.026, 0.756, 0.005],
        State::Move => [0.337, 0.289, 0.109, 0.012, 0.253],
    }
}

impl State {
    /// Draws what comes after this.
    pub fn next(self, random: &mut impl Rng) -> State {
        let row = row(self);
        let mut drawn = random.random_range(0.0..row.iter().sum::<f64>());
        for (share, state) in row.into_iter().zip(COLUMNS) {
            if drawn < share {
                return state;
            }
            drawn -= share;
        }
        // Rounding let the last share slip.
        State::Move
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng, rngs::ChaCha8Rng};

    #[test]
    fn the_chain_visits_every_state() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let mut counts = [0u32; 5];
        let mut state = State::Start;
        for _ in 0..20_000 {
            state = state.next(&mut random);
            counts[COLUMNS.iter().position(|column| *column == state).expect("a column")] += 1;
        }
        assert!(counts.iter().all(|count| *count > 500), "{counts:?}");
    }
}
