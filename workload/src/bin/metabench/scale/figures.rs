//! What was measured, for people and for programs.

use std::{fmt, time::Duration};

use serde::Serialize;

use super::{Scale, measure::Pairs};

/// All of it.
#[derive(Serialize)]
pub struct Figures {
    nodes: u16,
    samples: usize,
    cores: usize,
    figures: Vec<Figure>,
}

/// One figure, of the median of its samples, with the spread from the tenth to the ninetieth
/// percentile.
#[derive(Serialize)]
struct Figure {
    name: String,
    median: f64,
    p10: f64,
    p90: f64,
    p99: f64,
    samples: usize,
    unit: &'static str,
}

impl Figures {
    pub fn new(scale: &Scale) -> Figures {
        // Linux alone says so; elsewhere it is 0.
        let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let cores = cpus.lines().filter(|line| line.starts_with("processor")).count();
        Figures { nodes: scale.nodes, samples: scale.samples, cores, figures: Vec::new() }
    }

    fn add(&mut self, name: impl Into<String>, mut samples: Vec<f64>, unit: &'static str) {
        samples.sort_by(f64::total_cmp);
        let at = |part: f64| samples[((samples.len() - 1) as f64 * part).round() as usize];
        self.figures.push(Figure {
            name: name.into(),
            median: at(0.5),
            p10: at(0.1),
            p90: at(0.9),
            p99: at(0.99),
            samples: samples.len(),
            unit,
        });
    }

    pub fn built(&mut self, what: &str, nodes: u64, took: Duration) {
        let rate = nodes as f64 / took.as_secs_f64();
        self.add(format!("{what} of {nodes} nodes built"), vec![rate], "nodes/s");
    }

    pub fn latency(&mut self, name: &str, samples: &[Duration]) {
        self.add(name, samples.iter().map(|sample| ms(*sample)).collect(), "ms");
    }

    pub fn throughput(&mut self, name: &str, count: u64, samples: &[Duration]) {
        let rates = samples.iter().map(|sample| count as f64 / sample.as_secs_f64());
        self.add(name, rates.collect(), "entries/s");
    }

    pub fn memory_mib(&mut self, name: &str, mib: f64) {
        self.add(name, vec![mib], "MiB");
    }

    pub fn bytes(&mut self, name: &str, bytes: f64) {
        self.add(name, vec![bytes], "bytes");
    }

    /// The ratio of two medians, and both sides; the spread is that of blocks of samples.
    pub fn ratio(&mut self, name: &str, pairs: &Pairs) {
        const BLOCKS: usize = 10;
        let size = pairs.large.len().div_ceil(BLOCKS).max(1);
        let blocks = pairs.large.chunks(size).zip(pairs.small.chunks(size));
        let ratios = blocks.map(|(large, small)| median_ms(large) / median_ms(small)).collect();
        self.add(name, ratios, "×");
        let whole = median_ms(&pairs.large) / median_ms(&pairs.small);
        let figure = self.figures.last_mut().expect("just added");
        (figure.median, figure.samples) = (whole, pairs.large.len());
        self.latency(&format!("{name}, large"), &pairs.large);
        self.latency(&format!("{name}, small"), &pairs.small);
    }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

fn median_ms(samples: &[Duration]) -> f64 {
    let mut samples = samples.to_vec();
    samples.sort();
    ms(samples[samples.len() / 2])
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Figures { nodes, cores, .. } = self;
        writeln!(f, "{nodes} node(s), durable, {cores} cores; median (p10 to p90)\n")?;
        for figure in &self.figures {
            let Figure { name, median, p10, p90, samples, unit, .. } = figure;
            let (median, low, high) = (shown(*median), shown(*p10), shown(*p90));
            let spread = if *samples > 1 {
                format!("({low} to {high}), {samples} samples")
            } else {
                String::new()
            };
            writeln!(f, "{name:<46} {median:>10} {unit:<10} {spread}")?;
        }
        Ok(())
    }
}

fn shown(value: f64) -> String {
    match value {
        value if value >= 1_000.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}
