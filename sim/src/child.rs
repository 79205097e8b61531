//! Runs one seed in a fresh process: no state of an earlier run can reach it, and a run
//! that hangs can be ended.

use std::{
    io::Read,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use anyhow::Context;

use crate::{
    cli::{Limits, Shape},
    report::{Report, Violation},
};

/// How often a running process is looked at.
const POLL: Duration = Duration::from_millis(5);
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
        self.run_as(Command::new(simulator()?))
    }

    /// The same, and writes the history to a file.
    pub fn run_with_history(self, history: &Path) -> anyhow::Result<Report> {
        let mut command = Command::new(simulator()?);
        // The arguments of the command come after this one.
        command.args(["run", "--history"]).arg(history);
        self.run_as(command)
    }

    fn run_as(self, mut command: Command) -> anyhow::Result<Report> {
        if command.get_args().next().is_none() {
            command.arg("run");
        }
        command.args(["--json", "--seed", &self.seed.to_string()]);
        command.args(self.shape.arguments());
        if !self.traced {
            command.arg("--untraced");
        }
        // Backtraces take seconds, and the replay gives them.
        command.env("RUST_BACKTRACE", "0").stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().context("start a run")?;
        let output = drain(child.stdout.take().expect("stdout is piped"));
        let errors = drain(child.stderr.take().expect("stderr is piped"));
        let started = Instant::now();
        let ended = wait(&mut child, Duration::from_secs(self.limits.wall_limit))?;
        let output = output.join().expect("reading does not panic");
        let errors = errors.join().expect("reading does not panic");
        let Some(status) = ended else {
            crate::world::remove_leftovers(child.id());
            let seen = format!("no end after {} real seconds", self.limits.wall_limit);
            return Ok(self.died("wall-timeout", seen, started));
        };
        match serde_json::from_str::<Report>(&output) {
            Ok(report) => Ok(report),
            Err(_) => {
                let lines: Vec<&str> = errors.lines().filter(|line| !line.is_empty()).collect();
                let first = lines.len().saturating_sub(LAST_WORDS_LINES);
                let seen =
                    format!("the process ended with {status}\n{}", lines[first..].join("\n"));
                Ok(self.died("process", seen, started))
            }
        }
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

/// Reads a pipe to its end beside the process, which would block on a full one.
fn drain(mut pipe: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read before an error is all there is to show.
        let _ = pipe.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn wait(child: &mut Child, limit: Duration) -> anyhow::Result<Option<std::process::ExitStatus>> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait().context("wait for a run")? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            child.kill().context("end a run")?;
            child.wait().context("wait for an ended run")?;
            return Ok(None);
        }
        std::thread::sleep(POLL);
    }
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
