//! Clocks that jump and drift.

use std::time::Duration;

use madsim::time::sleep;
use rand::RngExt;
use serde_json::json;

use super::Strand;
use crate::plan::Fault;

/// How fast a clock may run while leases rely on it: see docs/CONSISTENCY.md.
const RATES_WITHIN: std::ops::Range<f64> = 0.85..1.18;
/// How fast otherwise.
const RATES_BEYOND: std::ops::Range<f64> = 0.4..2.5;

impl Strand<'_> {
    pub(super) async fn clock(&mut self, fault: Fault, length: Duration) {
        match fault {
            Fault::ClockJump => self.clock_jump(length).await,
            _ => self.clock_drift(length).await,
        }
    }

    /// Replicated time is that of the leader's wall clock, but never runs backwards.
    async fn clock_jump(&mut self, length: Duration) {
        let node = self.draw_node();
        let by_ms = match self.rng.random_range(0..10) {
            0 => self.rng.random_range(-3_600_000..=3_600_000),
            _ => self.rng.random_range(-5_000..=5_000),
        };
        self.begins(Fault::ClockJump, json!({ "node": node, "by_ms": by_ms }));
        self.cluster.clock(node).jump(by_ms);
        sleep(length).await;
        if self.rng.random_bool(0.5) {
            self.cluster.clock(node).jump(-by_ms);
        }
        self.ends(Fault::ClockJump);
    }

    async fn clock_drift(&mut self, length: Duration) {
        let node = self.draw_node();
        let rates = if self.plan.drifts_beyond_leases { RATES_BEYOND } else { RATES_WITHIN };
        let rate = self.rng.random_range(rates);
        self.begins(Fault::ClockDrift, json!({ "node": node, "rate": rate }));
        self.cluster.set_clock_rate(node, Some(rate));
        sleep(length).await;
        self.cluster.set_clock_rate(node, None);
        self.ends(Fault::ClockDrift);
    }
}
