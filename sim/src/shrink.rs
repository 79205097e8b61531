//! Reduces a failing run: fewer calls and fewer faults that still have the same oracle fail.
//!
//! Delta debugging (Zeller and Hildebrandt 2002) over the faults and the calls in turn, until
//! neither can lose any one. Each try is a run of its own: what is left out changes when the
//! rest happens, so a smaller set may pass although its superset fails, and nothing is taken
//! for granted.

use std::{
    io::IsTerminal,
    sync::{Arc, Mutex},
};

use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    child::{Job, run_all},
    cli::{CallNumbers, FaultNumbers, Limits, Shape, ShrinkArgs},
    report::Report,
    story,
};

/// Tries before it is content with what it has, unless somebody says otherwise.
pub const RUNS_MAX: u64 = 600;

type Call = (u64, u64);

/// What is left of a run.
#[derive(Clone)]
struct Left {
    faults: Vec<u32>,
    calls: Vec<Call>,
    /// None: as the seed draws it.
    seconds: Option<u64>,
}

/// How many calls and faults are left of a failing run; None if it passes.
pub fn size(seed: u64, shape: &Shape, limits: &Limits) -> anyhow::Result<Option<(usize, usize)>> {
    let arguments = ShrinkArgs {
        seed,
        shape: shape.clone(),
        runs: RUNS_MAX,
        short: true,
        limits: limits.clone(),
    };
    let mut search = Search::new(&arguments)?;
    search.bar = ProgressBar::hidden();
    let Some(first) = search.first()? else { return Ok(None) };
    let left = search.reduce(&first)?;
    Ok(Some((left.calls.len(), left.faults.len())))
}

/// Shrinks a run and tells its story. True if it fails at all.
pub fn shrink(arguments: &ShrinkArgs) -> anyhow::Result<bool> {
    let mut search = Search::new(arguments)?;
    let Some(first) = search.first()? else {
        println!("seed {} passes: there is nothing to shrink", arguments.seed);
        return Ok(false);
    };
    let violation = first.violation.as_ref().expect("it fails");
    search.say(&format!(
        "seed {} fails with {}: {} calls, {} faults",
        arguments.seed,
        violation.oracle,
        first.calls.len(),
        first.faults.len()
    ));
    let left = search.reduce(&first)?;
    search.bar.finish_and_clear();
    let shape = search.shape(&left);
    println!(
        "{} calls and {} faults are left of {} and {}, after {} runs",
        left.calls.len(),
        left.faults.len(),
        first.calls.len(),
        first.faults.len(),
        search.runs
    );
    println!("replay: {}", replay(arguments.seed, &shape));
    if !arguments.short {
        story::tell(arguments.seed, &shape, &arguments.limits)?;
    }
    Ok(true)
}

fn replay(seed: u64, shape: &Shape) -> String {
    let mut words = vec![format!("cargo sim run --seed {seed}")];
    words.extend(shape.arguments());
    words.join(" ")
}

struct Search<'a> {
    seed: u64,
    shape: &'a Shape,
    limits: &'a Limits,
    runs_max: u64,
    runs: u64,
    oracle: String,
    bar: ProgressBar,
}

impl<'a> Search<'a> {
    fn new(arguments: &'a ShrinkArgs) -> anyhow::Result<Self> {
        let bar = match std::io::stderr().is_terminal() {
            true => ProgressBar::new_spinner(),
            false => ProgressBar::hidden(),
        };
        bar.set_style(ProgressStyle::with_template("{spinner} {pos} runs  {msg}")?);
        Ok(Search {
            seed: arguments.seed,
            shape: &arguments.shape,
            limits: &arguments.limits,
            runs_max: arguments.runs,
            runs: 0,
            oracle: String::new(),
            bar,
        })
    }

    fn say(&self, line: &str) {
        self.bar.suspend(|| println!("{line}"));
    }

    fn job(&self, shape: &Shape) -> anyhow::Result<Report> {
        Job { seed: self.seed, shape, limits: self.limits, traced: false }.run()
    }

    /// The run as it is, if it fails.
    fn first(&mut self) -> anyhow::Result<Option<Report>> {
        let report = self.job(self.shape)?;
        self.oracle = match &report.violation {
            Some(violation) => violation.oracle.clone(),
            None => return Ok(None),
        };
        Ok(Some(report))
    }

    fn shape(&self, left: &Left) -> Shape {
        Shape {
            keep_faults: Some(FaultNumbers(Arc::new(left.faults.iter().copied().collect()))),
            keep_calls: Some(CallNumbers(Arc::new(left.calls.iter().copied().collect()))),
            secs: left.seconds.or(self.shape.secs),
            ..self.shape.clone()
        }
    }

    fn reduce(&mut self, first: &Report) -> anyhow::Result<Left> {
        let (faults, calls) = (first.faults.clone(), first.calls.clone());
        let mut left = Left { faults, calls, seconds: None };
        self.shorten(&mut left, first.simulated_ms.div_ceil(1_000))?;
        loop {
            let before = (left.faults.len(), left.calls.len());
            let calls = left.calls.clone();
            left.faults = self.minimize(&left.faults.clone(), |faults| Left {
                faults,
                calls: calls.clone(),
                ..left.clone()
            })?;
            let faults = left.faults.clone();
            left.calls = self.minimize(&left.calls.clone(), |calls| Left {
                faults: faults.clone(),
                calls,
                ..left.clone()
            })?;
            if (left.faults.len(), left.calls.len()) == before || self.runs >= self.runs_max {
                return Ok(left);
            }
        }
    }

    /// Ends the work of the clients sooner, if it still fails then.
    fn shorten(&mut self, left: &mut Left, seconds: u64) -> anyhow::Result<()> {
        let mut seconds = seconds.max(1);
        loop {
            let shorter = Left { seconds: Some(seconds), ..left.clone() };
            if !self.fails(&shorter)? {
                return Ok(());
            }
            *left = shorter;
            if seconds == 1 {
                return Ok(());
            }
            seconds /= 2;
        }
    }

    fn fails(&mut self, left: &Left) -> anyhow::Result<bool> {
        self.runs += 1;
        self.bar.inc(1);
        Ok(self.is_same(&self.job(&self.shape(left))?))
    }

    fn is_same(&self, report: &Report) -> bool {
        report.violation.as_ref().is_some_and(|violation| violation.oracle == self.oracle)
    }

    /// The first of these that fails, as far as they are run.
    fn first_failing(&mut self, tries: Vec<Left>) -> anyhow::Result<Option<usize>> {
        let found = Mutex::new((None::<usize>, None));
        let count = tries.len() as u64;
        let jobs = self.limits.jobs();
        let this = &*self;
        let work = |index: u64| {
            let index = usize::try_from(index).expect("in memory");
            // One before it has failed already.
            if found.lock().expect("no panic").0.is_some_and(|found| found < index) {
                return 0;
            }
            let failed = this.job(&this.shape(&tries[index])).map(|report| this.is_same(&report));
            let mut found = found.lock().expect("no panic");
            match failed {
                Ok(true) => found.0 = Some(found.0.map_or(index, |other| other.min(index))),
                Ok(false) => {}
                Err(error) => found.1 = Some(error),
            }
            1
        };
        let mut runs = 0;
        run_all(0..count, jobs, work, |ran| {
            runs += ran;
            self.bar.inc(ran);
        });
        self.runs += runs;
        let (found, error) = found.into_inner().expect("no panic");
        error.map_or(Ok(found), Err)
    }

    /// The ddmin algorithm: a subset that still fails, of which no chunk can be left out.
    fn minimize<T: Copy>(
        &mut self,
        all: &[T],
        with: impl Fn(Vec<T>) -> Left,
    ) -> anyhow::Result<Vec<T>> {
        if !all.is_empty() && self.fails(&with(Vec::new()))? {
            return Ok(Vec::new());
        }
        let mut kept = all.to_vec();
        let mut chunks = 2;
        while kept.len() > 1 && self.runs < self.runs_max {
            let size = kept.len().div_ceil(chunks);
            let parts: Vec<&[T]> = kept.chunks(size).collect();
            let mut candidates: Vec<Vec<T>> = Vec::new();
            if chunks == 2 {
                candidates.extend(parts.iter().map(|part| part.to_vec()));
            } else {
                for index in 0..parts.len() {
                    let rest = parts.iter().enumerate().filter(|(other, _)| *other != index);
                    candidates.push(rest.flat_map(|(_, part)| part.iter().copied()).collect());
                }
            }
            let tries = candidates.iter().cloned().map(&with).collect();
            match self.first_failing(tries)? {
                Some(index) => {
                    kept = candidates.swap_remove(index);
                    chunks = if chunks == 2 { 2 } else { (chunks - 1).max(2) };
                    self.bar.set_message(format!("{} left", kept.len()));
                }
                None if chunks >= kept.len() => break,
                None => chunks = (chunks * 2).min(kept.len()),
            }
        }
        Ok(kept)
    }
}
