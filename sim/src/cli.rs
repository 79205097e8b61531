//! The command line.

use std::{
    collections::BTreeSet, io::Write, num::NonZeroUsize, path::PathBuf, process::ExitCode,
    sync::Arc, time::Duration,
};

use clap::{Args, Parser, Subcommand};

use metad_proto::planted::{self, Bug};

use crate::{
    forks, mutants,
    plan::{Engine, Fixed, Keep},
    regressions,
    seeds::Seeds,
    shrink, sweep, verify,
    world::{self, Outputs},
};

/// Runs a cluster of real metad servers under faults, in simulated time.
///
/// A seed draws the cluster, its timings, the workload and the faults. The same seed and
/// the same commit give the same run, event by event.
#[derive(Parser)]
#[command(
    name = "sim",
    version,
    after_help = "Examples:
  cargo sim run --seed 7                     one run, its counters and its verdict
  cargo sim run --seed 7 --trace trace.log   the same run, every event with time and node
  cargo sim sweep --seeds 0..200             two hundred runs, one process each
  cargo sim sweep --seeds 0..5000 --time 10m as many of them as ten minutes allow
  cargo sim verify --seeds 1..=50            is each run the same when it is run again?
  cargo sim shrink --seed 7                  as few calls and faults as still fail, and a story
  cargo sim mutants --only vote-not-synced   is this planted bug found, and how soon?

Exit codes: 0 nothing was found; 1 a violation, a run that differs or does not end; 2 usage."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run one seed, check it and print what happened.
    Run(RunArgs),
    /// Run many seeds, each in a fresh process, and list those that fail.
    Sweep(SweepArgs),
    /// Run each seed twice, in fresh processes, and compare the traces.
    Verify(VerifyArgs),
    /// Run the seeds of all bugs that were found once.
    Regressions(Limits),
    /// Reduce a failing run to few calls and faults, and tell its story.
    Shrink(ShrinkArgs),
    /// Plant known bugs, one at a time, and say how soon each is found.
    Mutants(MutantsArgs),
    /// Fork for each run that is asked for on standard input; of use to the others alone.
    #[command(hide = true)]
    Forks,
}

/// What of a plan is not to be drawn.
#[derive(Args, Clone, Default)]
pub struct Shape {
    /// Nodes of the cluster, 3 or 5 [default: drawn from the seed]
    #[arg(long, value_name = "COUNT", value_parser = parse_nodes)]
    pub nodes: Option<u64>,
    /// Storage engine, mem or rocks [default: drawn from the seed]
    #[arg(long, value_name = "ENGINE")]
    pub engine: Option<Engine>,
    /// Simulated seconds under faults [default: drawn from the seed]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub secs: Option<u64>,
    /// Nodes begin with the stored format of the version before, and are upgraded one by one
    #[arg(long)]
    pub upgrade: bool,
    /// Only these faults come, of those that the seed brings
    #[arg(long, value_name = "NUMBERS", value_parser = parse_faults)]
    pub keep_faults: Option<FaultNumbers>,
    /// Only these calls are made: CLIENT.NUMBER, with commas
    #[arg(long, value_name = "CALLS", value_parser = parse_calls)]
    pub keep_calls: Option<CallNumbers>,
    /// Ask the operating system for something random; `verify` then succeeds if all runs differ
    #[arg(long)]
    pub canary: bool,
    /// A bug to plant; `sim mutants --list` names them
    #[arg(long, value_name = "NAME", hide_possible_values = true)]
    pub plant: Option<Bug>,
}

/// Faults by number.
#[derive(Clone, Debug)]
pub struct FaultNumbers(pub Arc<BTreeSet<u32>>);

/// Calls by client and number.
#[derive(Clone, Debug)]
pub struct CallNumbers(pub Arc<BTreeSet<(u64, u64)>>);

fn parse_list<T: Ord>(
    text: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Arc<BTreeSet<T>>, String> {
    // A dash: none at all.
    let items = text.split(',').filter(|item| !matches!(*item, "" | "-"));
    let items = items.map(|item| parse(item).ok_or_else(|| format!("{item:?} is not a number")));
    Ok(Arc::new(items.collect::<Result<_, _>>()?))
}

fn parse_faults(text: &str) -> Result<FaultNumbers, String> {
    parse_list(text, |item| item.parse().ok()).map(FaultNumbers)
}

fn parse_calls(text: &str) -> Result<CallNumbers, String> {
    let call = |item: &str| {
        let (client, number) = item.split_once('.')?;
        Some((client.parse().ok()?, number.parse().ok()?))
    };
    parse_list(text, call).map(CallNumbers)
}

impl Shape {
    fn fixed(&self) -> Fixed {
        let keep = Keep {
            faults: self.keep_faults.as_ref().map(|faults| (*faults.0).clone()),
            calls: self.keep_calls.as_ref().map(|calls| calls.0.clone()),
        };
        let (canary, upgrade) = (self.canary, self.upgrade);
        Fixed { nodes: self.nodes, engine: self.engine, seconds: self.secs, keep, canary, upgrade }
    }

    /// The arguments that say the same.
    pub fn arguments(&self) -> Vec<String> {
        let mut arguments = Vec::new();
        let mut push = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                arguments.extend([name.to_owned(), value]);
            }
        };
        push("--nodes", self.nodes.map(|nodes| nodes.to_string()));
        push("--engine", self.engine.map(|engine| engine.to_string()));
        push("--secs", self.secs.map(|seconds| seconds.to_string()));
        let list =
            |items: Vec<String>| if items.is_empty() { "-".to_owned() } else { items.join(",") };
        push(
            "--keep-faults",
            self.keep_faults
                .as_ref()
                .map(|faults| list(faults.0.iter().map(ToString::to_string).collect())),
        );
        push(
            "--keep-calls",
            self.keep_calls.as_ref().map(|calls| {
                list(calls.0.iter().map(|(client, call)| format!("{client}.{call}")).collect())
            }),
        );
        push("--plant", self.plant.map(mutants::name));
        if self.upgrade {
            arguments.push("--upgrade".to_owned());
        }
        if self.canary {
            arguments.push("--canary".to_owned());
        }
        arguments
    }
}

fn parse_nodes(text: &str) -> Result<u64, String> {
    match text {
        "3" => Ok(3),
        "5" => Ok(5),
        _ => Err("a cluster has 3 or 5 nodes".to_owned()),
    }
}

#[derive(Args)]
struct RunArgs {
    /// Which run
    #[arg(long)]
    seed: u64,
    #[command(flatten)]
    shape: Shape,
    /// Write every event, with its simulated time and node, to this file
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Write the recorded history to this file, for `jepsen check`
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Do not trace: faster, and no trace hash
    #[arg(long, conflicts_with = "trace")]
    untraced: bool,
}

/// How `sweep` runs its seeds.
#[derive(Args)]
pub struct SweepArgs {
    /// Which runs, A..B without B, or A..=B
    #[arg(long, value_name = "A..B")]
    pub seeds: Seeds,
    /// Begin no run after this time: 90s, 10m, 2h
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub time: Option<Duration>,
    /// What is not drawn.
    #[command(flatten)]
    pub shape: Shape,
    /// Bounds of the processes.
    #[command(flatten)]
    pub limits: Limits,
    /// Print JSON, one line a run and one for the summary
    #[arg(long)]
    pub json: bool,
}

/// What `shrink` reduces.
#[derive(Args)]
pub struct ShrinkArgs {
    /// The run
    #[arg(long)]
    pub seed: u64,
    /// What is not drawn.
    #[command(flatten)]
    pub shape: Shape,
    /// Tries before it is content with what it has
    #[arg(long, value_name = "COUNT", default_value_t = shrink::RUNS_MAX)]
    pub runs: u64,
    /// Leave out the story
    #[arg(long)]
    pub short: bool,
    /// Bounds of the processes.
    #[command(flatten)]
    pub limits: Limits,
}

/// Which bugs `mutants` plants, and how long it looks for them.
#[derive(Args)]
pub struct MutantsArgs {
    /// Only these bugs [default: all]
    #[arg(long, value_name = "NAME", hide_possible_values = true)]
    pub only: Vec<Bug>,
    /// Seeds to try before a bug counts as one that survives
    #[arg(long, value_name = "COUNT", default_value = "1000")]
    pub seeds: u64,
    /// How often each bug is looked for, each time from other seeds on
    #[arg(long, value_name = "COUNT", default_value = "5")]
    pub starts: u64,
    /// Also shrink the run in which a bug was found from the first start on
    #[arg(long)]
    pub shrink: bool,
    /// Say what can be planted, and plant nothing
    #[arg(long)]
    pub list: bool,
    /// Bounds of the processes.
    #[command(flatten)]
    pub limits: Limits,
    /// Print JSON, one line a bug
    #[arg(long)]
    pub json: bool,
}

/// What `verify` compares.
#[derive(Args)]
pub struct VerifyArgs {
    #[command(flatten)]
    which: Which,
    /// What is not drawn.
    #[command(flatten)]
    pub shape: Shape,
    /// Bounds of the processes.
    #[command(flatten)]
    pub limits: Limits,
}

impl VerifyArgs {
    /// Which runs.
    pub fn seeds(&self) -> Seeds {
        match (&self.which.seeds, self.which.seed) {
            (Some(seeds), _) => seeds.clone(),
            (None, Some(seed)) => Seeds(seed..seed.saturating_add(1)),
            (None, None) => unreachable!("clap asks for one of them"),
        }
    }
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// One run
    #[arg(long)]
    seed: Option<u64>,
    /// Many runs, A..B without B, or A..=B
    #[arg(long, value_name = "A..B")]
    seeds: Option<Seeds>,
}

/// Bounds of the processes that run seeds.
#[derive(Args, Clone)]
pub struct Limits {
    /// Runs at a time [default: one a core]
    #[arg(long, value_name = "COUNT")]
    pub jobs: Option<NonZeroUsize>,
    /// Real seconds after which a run counts as one that does not end
    #[arg(long, value_name = "SECONDS", default_value = "120")]
    pub wall_limit: u64,
}

impl Limits {
    /// Runs at a time.
    pub fn jobs(&self) -> usize {
        let jobs = self.jobs.or_else(|| std::thread::available_parallelism().ok());
        jobs.map_or(1, NonZeroUsize::get)
    }
}

/// Runs the program.
pub fn main() -> ExitCode {
    ExitCode::from(execute(Cli::parse()))
}

/// Runs a command; gives the exit code.
fn execute(cli: Cli) -> u8 {
    let outcome = match cli.command {
        Command::Run(arguments) => run(&arguments),
        Command::Sweep(arguments) => sweep::sweep(&arguments),
        Command::Verify(arguments) => verify::verify(&arguments),
        Command::Regressions(limits) => regressions::regressions(&limits),
        Command::Shrink(arguments) => shrink::shrink(&arguments),
        Command::Mutants(arguments) => mutants::mutants(&arguments),
        Command::Forks => forks::serve(|arguments| {
            let program = std::iter::once("sim".to_owned());
            i32::from(execute(Cli::parse_from(program.chain(arguments))))
        })
        .map(|()| true),
    };
    match outcome {
        Ok(true) => 0,
        Ok(false) => 1,
        Err(error) => {
            eprintln!("sim: {error:#}");
            2
        }
    }
}

fn run(arguments: &RunArgs) -> anyhow::Result<bool> {
    if let Some(bug) = arguments.shape.plant {
        planted::plant(bug);
    }
    let outputs = Outputs {
        traced: !arguments.untraced,
        trace: arguments.trace.clone(),
        history: arguments.history.clone(),
    };
    let mut report = world::run(arguments.seed, arguments.shape.fixed(), outputs)?;
    let mut replay = vec![format!("cargo sim run --seed {}", arguments.seed)];
    replay.extend(arguments.shape.arguments());
    report.replay = replay.join(" ");
    if arguments.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        // Whoever reads only the first lines is not to be bothered with a panic.
        let _ = write!(std::io::stdout(), "{report}");
    }
    Ok(report.violation.is_none())
}
