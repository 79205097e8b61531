//! What becomes of packets on their way.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

/// A node's id, or [`CLIENTS`].
pub type Port = u8;

/// The port of this process, where all clients are.
pub const CLIENTS: Port = 254;

/// How a link is disturbed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Trouble {
    /// Each packet takes so long…
    pub delay: Duration,
    /// …and up to so much longer.
    pub jitter: Duration,
    /// The share of the packets that are lost.
    pub loss: f64,
}

/// What becomes of one packet.
pub enum Fate {
    /// It arrives.
    Arrives,
    /// It arrives late.
    Late(Duration),
    /// It does not arrive.
    Lost,
}

/// The rules of the moment, for each way from one port to another.
pub struct Rules {
    cut: BTreeSet<(Port, Port)>,
    troubles: BTreeMap<(Port, Port), Trouble>,
    random: ChaCha8Rng,
}

impl Rules {
    /// A network on which all is well.
    pub fn new(seed: u64) -> Rules {
        let random = ChaCha8Rng::seed_from_u64(seed);
        Rules { cut: BTreeSet::new(), troubles: BTreeMap::new(), random }
    }

    /// From now on nothing arrives on these ways.
    pub fn cut(&mut self, ways: impl IntoIterator<Item = (Port, Port)>) {
        self.cut.extend(ways);
    }

    /// Disturbs these ways.
    pub fn disturb(&mut self, ways: impl IntoIterator<Item = (Port, Port)>, trouble: Trouble) {
        self.troubles.extend(ways.into_iter().map(|way| (way, trouble)));
    }

    /// All is well again.
    pub fn heal(&mut self) {
        self.cut.clear();
        self.troubles.clear();
    }

    /// Decides over one packet.
    pub fn fate(&mut self, from: Port, to: Port) -> Fate {
        if self.cut.contains(&(from, to)) {
            return Fate::Lost;
        }
        let Some(Trouble { delay, jitter, loss }) = self.troubles.get(&(from, to)).copied() else {
            return Fate::Arrives;
        };
        if self.random.random_bool(loss) {
            return Fate::Lost;
        }
        match delay + jitter.mul_f64(self.random.random_range(0.0..1.0)) {
            Duration::ZERO => Fate::Arrives,
            late => Fate::Late(late),
        }
    }
}
