//! What a run measured.
//!
//! A stall is the time between one answer and the next one, whoever gets them: during a
//! failover nobody is answered.

use std::{collections::BTreeMap, time::Duration};

use hdrhistogram::Histogram;
use metad_client::errors::Reason;
use serde::Serialize;

use crate::execute::Outcome;

/// Latencies beyond this are counted as this.
const LATENCY_MAX: Duration = Duration::from_secs(300);

/// Collects while a run goes on.
pub struct Stats {
    reads: Histogram<u64>,
    writes: Histogram<u64>,
    done: u64,
    rejected: BTreeMap<Reason, u64>,
    failed: u64,
    unknown: u64,
    last_answer: Duration,
    longest_stall: Duration,
}

/// One operation that ended.
pub struct Sample {
    /// Was it a mutation?
    pub mutation: bool,
    /// How long it took.
    pub latency: Duration,
    /// When it ended, since the start.
    pub at: Duration,
}

impl Default for Stats {
    fn default() -> Self {
        let max = LATENCY_MAX.as_micros() as u64;
        let histogram = || Histogram::new_with_max(max, 3).expect("3 digits is in range");
        Stats {
            reads: histogram(),
            writes: histogram(),
            done: 0,
            rejected: BTreeMap::new(),
            failed: 0,
            unknown: 0,
            last_answer: Duration::ZERO,
            longest_stall: Duration::ZERO,
        }
    }
}

impl Stats {
    /// Counts an operation.
    pub fn add(&mut self, sample: &Sample, outcome: &Outcome) {
        match outcome {
            Outcome::Done(_) => self.done += 1,
            Outcome::Rejected { reason, .. } => *self.rejected.entry(*reason).or_default() += 1,
            Outcome::Failed(_) => return self.failed += 1,
            Outcome::Unknown(_) => return self.unknown += 1,
        }
        let histogram = if sample.mutation { &mut self.writes } else { &mut self.reads };
        histogram.saturating_record(sample.latency.as_micros() as u64);
        self.stall_until(sample.at);
        self.last_answer = sample.at;
    }

    /// The run is over: what has not been answered by now counts as a stall too.
    pub fn end(&mut self, at: Duration) {
        self.stall_until(at);
    }

    fn stall_until(&mut self, at: Duration) {
        self.longest_stall = self.longest_stall.max(at.saturating_sub(self.last_answer));
    }

    /// The figures, for a run that took so long.
    pub fn report(&self, elapsed: Duration) -> Report {
        let answered = self.done + self.rejected.values().sum::<u64>();
        let mut all = self.reads.clone();
        all.add(&self.writes).expect("histograms have equal ranges");
        Report {
            seconds: elapsed.as_secs_f64(),
            operations: answered + self.failed + self.unknown,
            done: self.done,
            rejected: self.rejected.iter().map(|(why, n)| (why.to_string(), *n)).collect(),
            failed: self.failed,
            unknown: self.unknown,
            operations_per_second: answered as f64 / elapsed.as_secs_f64().max(1e-9),
            all: Latency::of(&all),
            reads: Latency::of(&self.reads),
            writes: Latency::of(&self.writes),
            longest_stall_ms: self.longest_stall.as_secs_f64() * 1e3,
            final_reads: 0,
        }
    }
}

/// The figures of one run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// How long the clients were at work.
    pub seconds: f64,
    /// All that were begun.
    pub operations: u64,
    /// Answered, and done.
    pub done: u64,
    /// Answered, and refused, by reason.
    pub rejected: BTreeMap<String, u64>,
    /// Certainly never happened.
    pub failed: u64,
    /// May have happened.
    pub unknown: u64,
    /// Answered operations, refused ones included.
    pub operations_per_second: f64,
    /// Of all answered operations.
    pub all: Latency,
    /// Of reads.
    pub reads: Latency,
    /// Of mutations.
    pub writes: Latency,
    /// The longest time in which nobody was answered.
    pub longest_stall_ms: f64,
    /// Reads of the whole tree and journal after the end.
    pub final_reads: u64,
}

/// Percentiles in milliseconds.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)]
pub struct Latency {
    pub count: u64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
}

impl Latency {
    fn of(histogram: &Histogram<u64>) -> Self {
        let ms = |us: u64| us as f64 / 1e3;
        Latency {
            count: histogram.len(),
            p50_ms: ms(histogram.value_at_quantile(0.5)),
            p99_ms: ms(histogram.value_at_quantile(0.99)),
            max_ms: ms(histogram.max()),
        }
    }
}
