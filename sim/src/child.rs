//! Runs one seed in a process of its own: no state of an earlier run can reach it, and a run
//! that hangs can be ended.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::Context;

use crate::{
    cli::{Limits, Shape},
    forks::{self, Answer, Request},
    report::{Report, Violation},
};

/// Lines of a dead process's last words that are shown.
const LAST_WORDS_LINES: usize = 12;

/// What to run.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    /// The seed.
    pub seed: u64,
    /// What the user fixed.
    pub shape: &'a Shape,
    /// The bounds.
    pub limits: &'a Limits,
    /// Hash every event.
    pub traced: bool,
}

impl Job<'_> {
    /// The run's report. A process that dies or does not end is a violation, too.
    pub fn run(self) -> anyhow::Result<Report> {
        self.run_as(forks::run, [])
    }

    /// The same in a fork of a fresh process: where it keeps what is in its memory differs
    /// from run to run.
    pub fn run_afresh(self) -> anyhow::Result<Report> {
        self.run_as(forks::run_afresh, [])
    }

    /// The same, and writes the history to a file.
    pub fn run_with_history(self, history: &Path) -> anyhow::Result<Report> {
        let history = history.to_str().context("the name of the history's file is not text")?;
        self.run_as(forks::run, ["--history".to_owned(), history.to_owned()])
    }

    fn run_as(
        self,
        run: fn(&Path, &Request) -> anyhow::Result<Answer>,
        more: impl IntoIterator<Item = String>,
    ) -> anyhow::Result<Report> {
        let limit_ms = self.limits.wall_limit.saturating_mul(1_000);
        let arguments = self.arguments().into_iter().chain(more).collect();
        let started = Instant::now();
        let answer = run(&simulator()?, &Request { arguments, limit_ms })?;
        if answer.ended.is_none() {
            crate::world::remove_leftovers(answer.process);
        }
        Ok(self.report(&answer, started))
    }

    fn arguments(self) -> Vec<String> {
        let mut arguments = vec!["run".to_owned(), "--json".to_owned()];
        arguments.extend(["--seed".to_owned(), self.seed.to_string()]);
        arguments.extend(self.shape.arguments());
        arguments.extend((!self.traced).then(|| "--untraced".to_owned()));
        arguments
    }

    fn report(self, answer: &Answer, started: Instant) -> Report {
        let Some(ended) = &answer.ended else {
            let seen = format!("no end after {} real seconds", self.limits.wall_limit);
            return self.died("wall-timeout", seen, started);
        };
        serde_json::from_str::<Report>(&answer.output).unwrap_or_else(|_| {
            let lines: Vec<&str> = answer.errors.lines().filter(|line| !line.is_empty()).collect();
            let last = lines[lines.len().saturating_sub(LAST_WORDS_LINES)..].join("\n");
            self.died("process", format!("the process ended with {ended}\n{last}"), started)
        })
    }

    fn died(self, oracle: &str, seen: String, started: Instant) -> Report {
        let mut replay = vec![format!("cargo sim run --seed {}", self.seed)];
        replay.extend(self.shape.arguments());
        Report {
            seed: self.seed,
            nodes: 0,
            engine: String::new(),
            trace: None,
            simulated_ms: 0,
            counts: Default::default(),
            faults: Vec::new(),
            calls: Vec::new(),
            violation: Some(Violation::new(oracle, seen)),
            replay: replay.join(" "),
            wall_ms: u64::try_from(started.elapsed().as_millis()).expect("a wall limit is short"),
        }
    }
}

/// This program, also when a build has replaced its file.
fn simulator() -> anyhow::Result<PathBuf> {
    let running = Path::new("/proc/self/exe");
    if running.exists() {
        return Ok(running.to_owned());
    }
    std::env::current_exe().context("find the simulator")
}

/// Runs jobs on `workers` threads and hands each result over in the order in which they end.
pub fn run_all<T: Send>(
    seeds: std::ops::Range<u64>,
    workers: usize,
    work: impl Fn(u64) -> T + Sync,
    mut done: impl FnMut(T),
) {
    let next = std::sync::atomic::AtomicU64::new(seeds.start);
    let (sender, receiver) = std::sync::mpsc::sync_channel(workers);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            let (sender, next, work) = (sender.clone(), &next, &work);
            scope.spawn(move || {
                loop {
                    let seed = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    if seed >= seeds.end || sender.send(work(seed)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        for result in receiver {
            done(result);
        }
    });
}
