//! `jepsen check` judges recorded histories; `jepsen run` makes them with real clusters.
//!
//! Exit codes: 0 all valid, 1 at least one invalid, 2 otherwise (unknown, or bad input).

mod bench;
mod convert;
mod generate;
mod run;
mod stream;

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use clap::{Parser, Subcommand, ValueEnum};
use metad_jepsen::check::Limits;
use metad_jepsen::history::{Format, History, Input, read_input};
use metad_jepsen::model::Kind;
use metad_jepsen::report::{Style, details, html, line};
use metad_jepsen::{Options, Report, Verdict, check_history};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const EXAMPLES: &str = "\
Examples:
  jepsen check history.jsonl                       check a history that metad's tools recorded
  jepsen check history.jsonl --report report.html  and draw it
  jepsen check etcd_*.log                          one line for each file
  zstdcat run.jsonl.zst | jepsen check -           from standard input, compressed or not
  jepsen check run.edn --model register --json     as JSON, one object for each file

Exit code: 0 all valid, 1 at least one invalid, 2 otherwise (unknown, or bad input).";

/// Checks recorded histories of concurrent operations.
#[derive(Parser)]
#[command(name = "jepsen", version, after_help = EXAMPLES, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Says whether histories are valid: whether some order of the operations that respects
    /// time explains every answer, and whether the journal tells the same.
    #[command(after_help = EXAMPLES)]
    Check(CheckArguments),
    Run(run::Args),
    Convert(convert::Args),
    Generate(generate::Args),
    Bench(bench::Args),
}

#[derive(Parser)]
struct CheckArguments {
    /// The histories, also compressed by zstd; - is standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What the operations are of [default: the history tells].
    #[arg(long)]
    model: Option<ModelName>,
    /// How the history is written [default: guessed from its first line].
    #[arg(long)]
    format: Option<FormatName>,
    /// How long to search before the verdict is "unknown": 500ms, 60s, 5m.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = parse_time)]
    time_limit: Duration,
    /// How much memory to search with, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 2_048)]
    memory_limit: u64,
    /// Do not split a key-value history by keys.
    #[arg(long, hide = true)]
    whole: bool,
    /// Print the reports as JSON, one object a line.
    #[arg(long)]
    json: bool,
    /// Write the report as one HTML page (of one history).
    #[arg(long, value_name = "HTML")]
    report: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum ModelName {
    Register,
    Kv,
    FileTree,
}

impl ModelName {
    fn kind(self) -> Kind {
        match self {
            ModelName::Register => Kind::Register,
            ModelName::Kv => Kind::Kv,
            ModelName::FileTree => Kind::FileTree,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum FormatName {
    Metad,
    JepsenLog,
    Edn,
    Porcupine,
}

impl FormatName {
    fn format(self) -> Format {
        match self {
            FormatName::Metad => Format::Metad,
            FormatName::JepsenLog => Format::JepsenLog,
            FormatName::Edn => Format::Edn,
            FormatName::Porcupine => Format::Porcupine,
        }
    }
}

fn main() -> ExitCode {
    let code = match Arguments::parse().command {
        Command::Check(arguments) => check_all(&arguments),
        Command::Run(arguments) => run::run(&arguments),
        Command::Convert(arguments) => convert::run(&arguments),
        Command::Generate(arguments) => generate::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
    };
    match code {
        Ok(code) => code,
        Err(error) => {
            eprintln!("jepsen: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn check_all(arguments: &CheckArguments) -> anyhow::Result<ExitCode> {
    if arguments.report.is_some() && arguments.files.len() > 1 {
        bail!("--report draws one history: name one file");
    }
    let style = style();
    let (mut any_invalid, mut all_valid) = (false, true);
    for file in &arguments.files {
        match check_file(arguments, file, style) {
            Ok(verdict) => {
                any_invalid |= verdict == Verdict::Invalid;
                all_valid &= verdict == Verdict::Valid;
            }
            Err(error) => {
                eprintln!("jepsen: {error:#}");
                all_valid = false;
            }
        }
    }
    Ok(match (any_invalid, all_valid) {
        (true, _) => ExitCode::from(1),
        (false, true) => ExitCode::SUCCESS,
        (false, false) => ExitCode::from(2),
    })
}

fn style() -> Style {
    match std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        true => Style::Colour,
        false => Style::Plain,
    }
}

fn check_file(arguments: &CheckArguments, file: &Path, style: Style) -> anyhow::Result<Verdict> {
    let format = arguments.format.map(FormatName::format);
    let input = Input::open(file)?;
    if let Some(report) = stream::check(arguments, &input)? {
        let unread = History::unread(&report.source, report.header.clone());
        print_or_stop(print(arguments, &report, &unread, style))?;
        return Ok(report.verdict);
    }
    let history = read_input(&input, format)?;
    let report = check_history(&history, &options(arguments))
        .map_err(|error| anyhow!("{}: {error}", history.source))?;
    if let Some(path) = &arguments.report {
        std::fs::write(path, html(&report, &history))
            .with_context(|| format!("write the report to {}", path.display()))?;
    }
    print_or_stop(print(arguments, &report, &history, style))?;
    Ok(report.verdict)
}

/// Nothing is wrong if whoever reads the output has seen enough.
fn print_or_stop(printed: std::io::Result<()>) -> anyhow::Result<()> {
    match printed {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("print the result"),
    }
}

fn options(arguments: &CheckArguments) -> Options {
    let mut options = timed_options(arguments.time_limit);
    options.limits.memory_bytes_max = arguments.memory_limit.saturating_mul(1 << 20);
    Options { model: arguments.model.map(ModelName::kind), whole: arguments.whole, ..options }
}

/// The default options with a bound on the time, counted from the first time it is asked.
#[allow(
    clippy::disallowed_methods,
    reason = "a tool's stopwatch: no verdict but unknown rests on it"
)]
fn timed_options(time_limit: Duration) -> Options {
    let started = std::sync::OnceLock::new();
    let elapsed = move || started.get_or_init(Instant::now).elapsed();
    let time_max = Some((Arc::new(elapsed) as _, time_limit));
    Options { limits: Limits { time_max, ..Limits::default() }, ..Options::default() }
}

fn print(
    arguments: &CheckArguments,
    report: &Report,
    history: &History,
    style: Style,
) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let json = serde_json::to_string(report).map_err(std::io::Error::other)?;
        return writeln!(out, "{json}");
    }
    if arguments.files.len() > 1 {
        return writeln!(out, "{}", line(report, style));
    }
    for line in details(report, history, style) {
        writeln!(out, "{line}")?;
    }
    if let Some(path) = &arguments.report {
        writeln!(out, "\n  report: {}", path.display())?;
    }
    Ok(())
}

fn parse_time(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let number: u64 = digits.parse().map_err(|_| "expected a time such as 500ms, 60s or 5m")?;
    match &text[digits.len()..] {
        "ms" => Ok(Duration::from_millis(number)),
        "s" | "" => Ok(Duration::from_secs(number)),
        "m" => Ok(Duration::from_secs(number.saturating_mul(60))),
        unit => Err(format!("unknown unit {unit:?}: use ms, s or m")),
    }
}
