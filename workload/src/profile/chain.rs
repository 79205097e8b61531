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

/// In thousandths.
fn row(state: State) -> [u32; 5] {
    match state {
        State::Start => [184, 318, 248, 167, 55],
        State::Create => [449, 325, 125, 67, 33],
        State::Update => [58, 743, 110, 74, 14],
        State::Delete => [65, 174, 650, 4, 106],
        State::Read => [32, 180, 26, 756, 5],
        State::Move => [337, 289, 109, 12, 253],
    }
}

impl State {
    /// Draws what comes after this.
    pub fn next(self, random: &mut impl Rng) -> State {
        let row = row(self);
        let mut drawn = random.random_range(0..row.iter().sum::<u32>());
        for (share, state) in row.into_iter().zip(COLUMNS) {
            if drawn < share {
                return state;
            }
            drawn -= share;
        }
        unreachable!("what is drawn is below the sum of the shares")
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
