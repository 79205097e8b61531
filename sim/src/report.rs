//! What a run reports, for people and, as JSON, for `sweep` and `verify`.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

/// Something that must never be seen was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// Which oracle saw it.
    pub oracle: String,
    /// What it saw.
    pub seen: String,
}

impl Violation {
    /// What an oracle saw.
    pub fn new(oracle: &str, seen: impl Into<String>) -> Self {
        Violation { oracle: oracle.to_owned(), seen: seen.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.oracle, self.seen)
    }
}

/// One run. Equal for equal seeds and commits, but for `wall_ms`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// Nodes of the cluster.
    pub nodes: u64,
    /// Storage engine.
    pub engine: String,
    /// Hash of the whole trace, 16 hexadecimal digits; absent when it was not traced.
    pub trace: Option<String>,
    /// Simulated milliseconds.
    pub simulated_ms: u64,
    /// How often each thing happened.
    pub counts: BTreeMap<String, u64>,
    /// The faults that came, by number.
    pub faults: Vec<u32>,
    /// The calls that clients made, by client and number.
    pub calls: Vec<(u64, u64)>,
    /// What went wrong, if anything.
    pub violation: Option<Violation>,
    /// The command that replays it.
    pub replay: String,
    /// Real milliseconds.
    pub wall_ms: u64,
}

impl Report {
    /// The same without what may differ between two runs of a seed.
    pub fn comparable(mut self) -> Report {
        self.wall_ms = 0;
        self
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let trace = self.trace.as_deref().unwrap_or("-");
        writeln!(
            f,
            "seed {}  trace {trace}  {} nodes  {}  {:.1} s simulated in {:.2} s",
            self.seed,
            self.nodes,
            self.engine,
            self.simulated_ms as f64 / 1e3,
            self.wall_ms as f64 / 1e3,
        )?;
        let counts: Vec<String> =
            self.counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
        for line in counts.chunks(6) {
            writeln!(f, "  {}", line.join("  "))?;
        }
        match &self.violation {
            None => writeln!(f, "PASS"),
            Some(violation) => {
                writeln!(f, "FAIL {}", violation.oracle)?;
                for line in violation.seen.lines() {
                    writeln!(f, "  {line}")?;
                }
                writeln!(f, "replay: {}", self.replay)
            }
        }
    }
}
