//! What was measured, for people and for programs.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{load::Measured, phase::Phase};

/// One phase of one round.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Figure {
    pub target: String,
    pub phase: String,
    pub clients: usize,
    /// Operations a second of an open loop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    pub round: usize,
    pub seconds: f64,
    pub operations: u64,
    pub operations_per_second: f64,
    pub p50_ms: f64,
    pub p90_ms: f64,
    pub p99_ms: f64,
    pub p999_ms: f64,
    pub max_ms: f64,
    /// Operations in the median second, and in the slowest.
    pub median_second: u64,
    pub slowest_second: u64,
    pub failed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_failure: Option<String>,
    /// The rate was not sustained.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gave_up: bool,
}

impl Figure {
    pub fn new(
        (target, phase): (&str, Phase),
        (clients, rate, round): (usize, Option<f64>, usize),
        measured: Measured,
    ) -> Figure {
        let Measured { time, latency, seconds: mut by_second, failed, first_failure, gave_up } =
            measured;
        by_second.sort_unstable();
        let ms = |micros: u64| micros as f64 / 1e3;
        let at = |part| ms(latency.value_at_quantile(part));
        let seconds = time.as_secs_f64();
        Figure {
            target: target.to_owned(),
            phase: phase.to_string(),
            clients,
            rate,
            round,
            seconds,
            operations: latency.len(),
            operations_per_second: latency.len() as f64 / seconds.max(1e-9),
            p50_ms: at(0.5),
            p90_ms: at(0.9),
            p99_ms: at(0.99),
            p999_ms: at(0.999),
            max_ms: ms(latency.max()),
            median_second: by_second.get(by_second.len() / 2).copied().unwrap_or_default(),
            slowest_second: by_second.first().copied().unwrap_or_default(),
            failed,
            first_failure,
            gave_up,
        }
    }
}

/// The heads of the columns of [`Figure`]; the slowest second is one of them.
pub const HEAD: &str = "target  phase        clients        ops/s   slowest    p50 ms    p90 ms    p99 ms  p99.9 ms    max ms";

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Figure { target, phase, clients, operations_per_second: rate, failed, .. } = self;
        let slowest = self.slowest_second;
        write!(f, "{target:<7} {phase:<12} {clients:>7} {rate:>12.0} {slowest:>9}")?;
        for ms in [self.p50_ms, self.p90_ms, self.p99_ms, self.p999_ms, self.max_ms] {
            write!(f, " {ms:>9.2}")?;
        }
        if let (1.., Some(first)) = (failed, &self.first_failure) {
            write!(f, "  {failed} failed, the first: {first}")?;
        }
        if self.gave_up {
            write!(f, "  gave up: the rate is not sustained")?;
        }
        Ok(())
    }
}
