//! When which fault comes, drawn from the seed alone.

use std::{fmt, ops::Range, time::Duration};

use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng, seq::SliceRandom};

use super::fault::Fault;

/// Time without a fault of the same kind.
const GAP_MS: Range<u64> = 1_000..5_000;
/// How long a fault is on.
const LENGTH_MS: Range<u64> = 500..5_000;
/// No fault is on in the last part of a run.
const QUIET_END: Duration = Duration::from_millis(500);

/// Who is hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Victim {
    /// Whoever leads then.
    Leader,
    /// A node's id.
    Node(u8),
}

/// A fault that will come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// When, since the clients began.
    pub at: Duration,
    /// For how long.
    pub length: Duration,
    /// Which.
    pub fault: Fault,
    /// Who is hit, if it hits one node.
    pub victim: Victim,
    /// Seeds all else that is to be drawn.
    pub draw: u64,
}

/// What a plan is drawn for.
pub struct Frame {
    /// Where it is drawn from.
    pub seed: u64,
    /// Nodes of the cluster.
    pub nodes: u8,
    /// How long clients are at work.
    pub time: Duration,
    /// How many times as fast as usual faults follow one another.
    pub pace: f64,
}

/// The faults of a run, those of nodes and those of links each one after the other.
pub fn plan(frame: &Frame, faults: &[Fault]) -> Vec<Step> {
    let (links, others): (Vec<_>, Vec<_>) = faults.iter().partition(|fault| fault.is_of_links());
    let mut steps = frame.strand(1, others);
    steps.extend(frame.strand(2, links));
    steps.sort_by_key(|step| step.at);
    steps
}

impl Frame {
    /// Deals the faults like cards: each comes before one of them comes again.
    fn strand(&self, stream: u64, faults: Vec<Fault>) -> Vec<Step> {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(stream);
        let mut steps = Vec::new();
        let mut at = Duration::ZERO;
        loop {
            let mut deck = faults.clone();
            deck.shuffle(&mut random);
            for fault in deck {
                at += self.draw(&mut random, GAP_MS);
                let length = self.draw(&mut random, LENGTH_MS);
                let victim = match random.random_bool(0.5) {
                    true => Victim::Leader,
                    false => Victim::Node(random.random_range(1..=self.nodes)),
                };
                if at + length + QUIET_END > self.time {
                    return steps;
                }
                steps.push(Step { at, length, fault, victim, draw: random.random() });
                at += length;
            }
            if faults.is_empty() {
                return steps;
            }
        }
    }

    fn draw(&self, random: &mut ChaCha8Rng, range_ms: Range<u64>) -> Duration {
        Duration::from_millis(random.random_range(range_ms)).div_f64(self.pace)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (at, length) = (self.at.as_secs_f64(), self.length.as_secs_f64());
        write!(f, "{at:7.1} s  {:<18} for {length:3.1} s", self.fault.name())?;
        match self.victim {
            _ if !self.fault.hits_one() => Ok(()),
            Victim::Leader => write!(f, "  the leader"),
            Victim::Node(node) => write!(f, "  node {node}"),
        }
    }
}
