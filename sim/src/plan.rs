//! What a seed does: cluster, timings, workload and faults, drawn swarm-style. Each seed
//! turns a random subset of the faults on, with random strength, since a fault that is
//! always on hides what the others find.
//!
//! Invariant: a plan depends on the seed and on what the user fixed, and on nothing else.

use std::{collections::BTreeSet, fmt, ops::Range, str::FromStr, sync::Arc};

use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

pub use crate::fault::Fault;

/// Where a replica keeps its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// In memory, on a simulated disk.
    Mem,
    /// RocksDB, whose syncs the simulator intercepts.
    Rocks,
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Engine::Mem => "mem",
            Engine::Rocks => "rocks",
        })
    }
}

impl FromStr for Engine {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "mem" => Ok(Engine::Mem),
            "rocks" => Ok(Engine::Rocks),
            _ => Err(format!("{text:?} is not an engine: expected mem or rocks")),
        }
    }
}

/// What the user fixed; the rest is drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fixed {
    /// Nodes of the cluster: 3 or 5.
    pub nodes: Option<u64>,
    /// The storage engine.
    pub engine: Option<Engine>,
    /// Simulated seconds under faults.
    pub seconds: Option<u64>,
    /// What comes of the rest.
    pub keep: Keep,
    /// Nodes begin with the stored format of the version before.
    pub upgrade: bool,
    /// See [`Plan::canary`].
    pub canary: bool,
}

/// The faults that come and the calls that clients make, by number; None for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// Faults.
    pub faults: Option<BTreeSet<u32>>,
    /// Calls: the client's number, and its call's.
    pub calls: Option<Arc<BTreeSet<(u64, u64)>>>,
}

/// How faults come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    /// The kinds that are on, each with its weight. Never empty.
    pub weights: Vec<(Fault, u32)>,
    /// Faults that may be active at once.
    pub at_once: usize,
    /// Milliseconds between the end of a fault and the next.
    pub gap_ms: Range<u64>,
    /// Milliseconds that a fault lasts.
    pub length_ms: Range<u64>,
}

/// The server's timings and bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raft {
    /// Between two heartbeats.
    pub heartbeat_ms: u64,
    /// Without a heartbeat, before a follower stands for election.
    pub election_ms: Range<u64>,
    /// Log entries between two snapshots.
    pub snapshot_entries: u64,
    /// Log entries kept behind a snapshot.
    pub keep_entries: u64,
    /// Bytes of proposals that may wait.
    pub queue_bytes: u64,
}

/// Who does what.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    /// Logical clients.
    pub clients: usize,
    /// Operations a second that all clients try together.
    pub operations_per_second: u64,
    /// Before a client tries elsewhere.
    pub attempt_timeout_ms: u64,
    /// Before a client gives up.
    pub deadline_ms: u64,
    /// The share of reads that rely on leases.
    pub lease_share: f64,
    /// Small calls go on session streams.
    pub session_streams: bool,
}

/// What a seed does.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The seed.
    pub seed: u64,
    /// Nodes of the cluster: 3 or 5.
    pub nodes: u64,
    /// The storage engine.
    pub engine: Engine,
    /// Simulated seconds under faults.
    pub seconds: u64,
    /// The server's timings and bounds.
    pub raft: Raft,
    /// Who does what.
    pub load: Load,
    /// How faults come.
    pub faults: Faults,
    /// Microseconds that a sync takes.
    pub sync_us: Range<u64>,
    /// Microseconds that a packet takes.
    pub latency_us: Range<u64>,
    /// How wrong a node's clock rate may be, in percent.
    pub skew_percent: u32,
    /// Clocks may drift beyond what leases rely on; then nobody reads by lease.
    pub drifts_beyond_leases: bool,
    /// How much of the past is kept.
    pub retention: Retention,
    /// The nodes begin with the stored format of the version before, and are upgraded.
    pub upgrades: bool,
    /// What comes of all this.
    pub keep: Keep,
    /// The run asks the operating system for something random, to prove that it is noticed.
    pub canary: bool,
}

/// How much of the past is kept: mostly all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Milliseconds.
    pub age_ms: u64,
    /// Lines of all journals together.
    pub changes: u64,
}

impl Retention {
    /// More than any run takes.
    const ALL: Retention = Retention { age_ms: 3_600_000, changes: u64::MAX };

    /// Whether it ends within a run.
    pub fn is_short(self) -> bool {
        self != Retention::ALL
    }
}

impl Plan {
    /// Draws the plan of a seed. What the user fixed does not change what else is drawn.
    pub fn draw(seed: u64, fixed: Fixed) -> Plan {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let nodes = if rng.random_ratio(3, 10) { 5 } else { 3 };
        // Real storage costs more and finds less than one might think: a share of the seeds.
        let engine = if rng.random_ratio(1, 6) { Engine::Rocks } else { Engine::Mem };
        let seconds = rng.random_range(10..=25);
        let mut plan = Plan {
            seed,
            nodes: fixed.nodes.unwrap_or(nodes),
            engine: fixed.engine.unwrap_or(engine),
            seconds: fixed.seconds.unwrap_or(seconds),
            raft: draw_raft(seed, rng),
            load: draw_load(seed, rng),
            faults: draw_faults(seed, rng),
            sync_us: draw_sync(rng),
            latency_us: draw_latency(rng),
            skew_percent: pick(rng, &[0, 0, 0, 2, 8]),
            drifts_beyond_leases: rng.random_ratio(1, 5),
            retention: draw_retention(rng),
            upgrades: rng.random_ratio(1, 6) || fixed.upgrade,
            keep: fixed.keep,
            canary: fixed.canary,
        };
        if plan.drifts_beyond_leases {
            plan.load.lease_share = 0.0;
        }
        if plan.upgrades && !plan.faults.weights.iter().any(|on| on.0 == Fault::RollingRestart) {
            plan.faults.weights.push((Fault::RollingRestart, 2));
        }
        plan
    }
}

impl Plan {
    /// Whether a fault comes.
    pub fn keeps_fault(&self, number: u32) -> bool {
        self.keep.faults.as_ref().is_none_or(|keep| keep.contains(&number))
    }
}

fn pick<T: Copy>(rng: &mut ChaCha8Rng, choices: &[T]) -> T {
    choices[rng.random_range(0..choices.len())]
}

fn draw_raft(seed: u64, rng: &mut ChaCha8Rng) -> Raft {
    let later = &mut ChaCha8Rng::seed_from_u64(seed ^ 0x0071_7565_7565);
    let heartbeat_ms = pick(rng, &[50, 80, 120]);
    let election_min = heartbeat_ms * rng.random_range(4..=6);
    // Short logs, so that followers need snapshots within seconds.
    let snapshot_entries = pick(rng, &[40, 150, 600]);
    Raft {
        heartbeat_ms,
        election_ms: election_min..election_min * 2,
        snapshot_entries,
        keep_entries: pick(rng, &[0, 10, snapshot_entries / 2]),
        // Of a handful of proposals, or of more than all clients make.
        queue_bytes: pick(later, &[3 << 10, 8 << 10, 256 << 20, 256 << 20]),
    }
}

fn draw_load(seed: u64, rng: &mut ChaCha8Rng) -> Load {
    let later = &mut ChaCha8Rng::seed_from_u64(seed ^ 0x7374_7265_616d);
    Load {
        clients: rng.random_range(4..=10),
        operations_per_second: pick(rng, &[60, 100, 150]),
        attempt_timeout_ms: pick(rng, &[300, 600, 1_000]),
        // The short one gives up after an attempt or two.
        deadline_ms: pick(rng, &[700, 2_000, 4_000]),
        lease_share: pick(rng, &[0.04, 0.04, 0.6]),
        session_streams: later.random_ratio(1, 2),
    }
}

fn draw_faults(seed: u64, rng: &mut ChaCha8Rng) -> Faults {
    let mut weights = Vec::new();
    // Faults that were added later leave what a seed drew before as it was.
    let later = &mut ChaCha8Rng::seed_from_u64(seed ^ 0x006c_6174_6572);
    // Few kinds at a time find what many hide, and the other way round.
    let usual = pick(rng, &[10, 20, 35]);
    for fault in Fault::all() {
        let rng = if fault.is_later() { &mut *later } else { &mut *rng };
        let is_on = rng.random_ratio(fault.on_percent(usual), 100);
        let weight = rng.random_range(1..=4);
        if is_on {
            weights.push((fault, weight));
        }
    }
    if weights.is_empty() {
        weights.push((Fault::Crash, 1));
    }
    let gap_max = pick(rng, &[600, 1_500, 3_000]);
    let length_max = pick(rng, &[800, 2_500, 5_000]);
    Faults {
        weights,
        at_once: pick(rng, &[1, 1, 2]),
        gap_ms: 50..gap_max,
        length_ms: 100..length_max,
    }
}

fn draw_sync(rng: &mut ChaCha8Rng) -> Range<u64> {
    let (least, most) = pick(rng, &[(100, 800), (500, 4_000), (2_000, 15_000)]);
    least..most
}

fn draw_latency(rng: &mut ChaCha8Rng) -> Range<u64> {
    let (least, most) = pick(rng, &[(50, 500), (100, 2_000), (500, 8_000)]);
    least..most
}

fn draw_retention(rng: &mut ChaCha8Rng) -> Retention {
    let is_short = rng.random_ratio(1, 3);
    let bounds = rng.random_range(0..3);
    let short = Retention {
        age_ms: rng.random_range(1_000..8_000),
        changes: pick(rng, &[50, 200, 600, 2_000]),
    };
    match (is_short, bounds) {
        (false, _) => Retention::ALL,
        (true, 0) => Retention { age_ms: short.age_ms, ..Retention::ALL },
        (true, 1) => Retention { changes: short.changes, ..Retention::ALL },
        (true, _) => short,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_draws_one_plan() {
        assert_eq!(Plan::draw(7, Fixed::default()), Plan::draw(7, Fixed::default()));
        assert_ne!(Plan::draw(7, Fixed::default()), Plan::draw(8, Fixed::default()));
    }

    #[test]
    fn what_is_fixed_changes_nothing_else() {
        let drawn = Plan::draw(3, Fixed::default());
        let fixed = Fixed {
            nodes: Some(5),
            engine: Some(Engine::Rocks),
            seconds: Some(1),
            keep: Keep::default(),
            canary: false,
            upgrade: false,
        };
        let expected = Plan { nodes: 5, engine: Engine::Rocks, seconds: 1, ..drawn };
        assert_eq!(Plan::draw(3, fixed), expected);
    }

    #[test]
    fn a_third_of_the_seeds_forgets_its_past() {
        let plans = (0..300).map(|seed| Plan::draw(seed, Fixed::default()));
        let short = plans.filter(|plan| plan.retention.is_short()).count();
        assert!((80..120).contains(&short), "{short}");
    }

    #[test]
    fn two_hundred_seeds_use_every_fault_often() {
        for fault in Fault::all() {
            let plans = (0..200).map(|seed| Plan::draw(seed, Fixed::default()));
            let uses = plans.filter(|plan| plan.faults.weights.iter().any(|on| on.0 == fault));
            assert!(uses.count() >= 10, "{}", fault.name());
        }
    }
}
