//! What is wanted, and what was measured of it: a ratio a round, whose median counts.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;

/// What a ratio must be.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    AtLeast(f64),
    AtMost(f64),
}

/// A ratio of two figures of one round.
#[derive(Clone, Copy, Debug)]
pub struct Bar {
    pub name: &'static str,
    pub over: &'static str,
    pub under: &'static str,
    pub wanted: Wanted,
}

use Wanted::{AtLeast, AtMost};

const fn bar(name: &'static str, over: &'static str, under: &'static str, wanted: Wanted) -> Bar {
    Bar { name, over, under, wanted }
}

/// All of them.
pub const BARS: [Bar; 12] = [
    bar("file create, session stream ÷ etcd txn", "create", "etcd txn", AtLeast(8.0)),
    bar("file create, unary ÷ etcd txn", "create unary", "etcd txn", AtLeast(5.0)),
    bar("file create, session stream ÷ etcd put", "create", "etcd put", AtLeast(4.0)),
    bar("file create ÷ JuiceFS on etcd, 64 clients", "create 64", "juicefs create", AtLeast(30.0)),
    bar("linearizable stat ÷ etcd linearizable get", "stat", "etcd range", AtLeast(2.0)),
    bar("create p50 ÷ etcd put p50, 1 client", "create p50", "etcd put p50", AtMost(0.8)),
    bar("create p99 ÷ p50, open loop, half peak", "open p99", "open p50", AtMost(5.0)),
    bar("rename ÷ create", "rename", "create", AtLeast(0.8)),
    bar("delete ÷ create", "remove", "create", AtLeast(0.8)),
    bar("mkdir ÷ create", "mkdir", "create", AtLeast(0.8)),
    bar("team ÷ create", "team", "create", AtLeast(0.6)),
    bar("directory delete ÷ create", "rmdir", "create", AtLeast(0.8)),
];

/// Figures of one round, by name.
pub type Round = BTreeMap<&'static str, f64>;

/// One bar over all rounds.
#[derive(Serialize)]
pub struct Ratio {
    name: &'static str,
    wanted: Wanted,
    /// None if it was not measured in any round.
    median: Option<f64>,
    rounds: Vec<f64>,
    is_reached: bool,
}

impl Ratio {
    pub fn of(bar: &Bar, rounds: &[Round]) -> Ratio {
        let ratio = |round: &Round| Some(round.get(bar.over)? / round.get(bar.under)?);
        let ratios: Vec<f64> = rounds.iter().filter_map(ratio).collect();
        let median = median(ratios.clone());
        let is_reached = median.is_some_and(|median| match bar.wanted {
            AtLeast(least) => median >= least,
            AtMost(most) => median <= most,
        });
        Ratio { name: bar.name, wanted: bar.wanted, median, rounds: ratios, is_reached }
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wanted = match self.wanted {
            AtLeast(least) => format!("at least {least}"),
            AtMost(most) => format!("at most {most}"),
        };
        write!(f, "{:<46} {wanted:<13}", self.name)?;
        let Some(median) = self.median else { return write!(f, " not measured") };
        let (low, high) = bounds(&self.rounds);
        let verdict = if self.is_reached { "reached" } else { "missed" };
        write!(f, " {median:>7.2}  ({low:.2} to {high:.2})  {verdict}")
    }
}

/// One figure over all rounds.
#[derive(Serialize)]
pub struct Spread {
    name: &'static str,
    median: f64,
    low: f64,
    high: f64,
}

impl Spread {
    /// Of all figures.
    pub fn all(rounds: &[Round]) -> Vec<Spread> {
        let mut values = BTreeMap::<_, Vec<f64>>::new();
        for (name, value) in rounds.iter().flatten() {
            values.entry(*name).or_default().push(*value);
        }
        let spread = |(name, values): (_, Vec<f64>)| {
            let (low, high) = bounds(&values);
            let median = median(values).expect("each has a value");
            Spread { name, median, low, high }
        };
        values.into_iter().map(spread).collect()
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Spread { name, median, low, high } = self;
        let (digits, unit) =
            if name.contains("p50") || name.contains("p99") { (2, "ms") } else { (0, "/s") };
        write!(f, "{name:<18} {median:>10.digits$} {unit}  ({low:.digits$} to {high:.digits$})")
    }
}

/// The middle one; the mean of both, of an even count.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let (low, high) = (values.get((values.len().max(1) - 1) / 2)?, values.get(values.len() / 2)?);
    Some((low + high) / 2.0)
}

fn bounds(values: &[f64]) -> (f64, f64) {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    (low, values.iter().copied().fold(0.0, f64::max))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_ratios_counts() {
        let rounds = [(8.0, 1.0), (3.0, 1.0), (20.0, 2.0)];
        let rounds =
            rounds.map(|(over, under)| Round::from([("create", over), ("etcd txn", under)]));
        let ratio = Ratio::of(&BARS[0], &rounds);
        assert_eq!((ratio.median, ratio.is_reached), (Some(8.0), true));
        let ratio = Ratio::of(&BARS[1], &rounds);
        assert_eq!((ratio.median, ratio.is_reached), (None, false));
        assert_eq!(median(vec![1.0, 4.0, 2.0, 3.0]), Some(2.5));
    }
}
