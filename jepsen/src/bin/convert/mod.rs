//! `jepsen convert`: a history in another form.

use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use clap::{Parser, ValueEnum};
use metad_jepsen::history::{Format, read_file, write};
use metad_jepsen::model::Kind;
use metad_workload::record;

use super::{FormatName, ModelName, print_or_stop};

const EXAMPLES: &str = "\
Examples:
  jepsen convert run.jsonl --to edn > run.edn             for Knossos and Elle
  jepsen convert run.jsonl.zst --to porcupine > run.json  events for Go's json.Decoder
  jepsen convert etcd_000.log --to metad --out etcd_000.jsonl.zst";

/// Writes a history in the form of another checker, so that its verdict can be held against ours.
#[derive(Parser)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The history; - is standard input.
    file: PathBuf,
    /// The form to write.
    #[arg(long)]
    to: To,
    /// What the operations are of [default: the history tells].
    #[arg(long)]
    model: Option<ModelName>,
    /// How the history is written [default: guessed from its first line].
    #[arg(long)]
    format: Option<FormatName>,
    /// Where to write it, compressed if the name ends in .zst [default: standard output].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum To {
    /// JSON lines, our own form.
    Metad,
    /// One map a line, as Jepsen's checkers read it.
    Edn,
    /// Events as JSON, one a line.
    Porcupine,
}

/// Runs the command.
pub fn run(arguments: &Args) -> anyhow::Result<ExitCode> {
    let history = read_file(&arguments.file, arguments.format.map(FormatName::format))?;
    let model = match arguments.model {
        Some(model) => model.kind(),
        None => Kind::infer(&history).map_err(|error| anyhow!("{}: {error}", history.source))?,
    };
    let to = match arguments.to {
        To::Metad => Format::Metad,
        To::Edn => Format::Edn,
        To::Porcupine => Format::Porcupine,
    };
    let mut out: Box<dyn Write> = match &arguments.out {
        Some(path) => record::create(path).with_context(|| format!("create {}", path.display()))?,
        None => Box::new(BufWriter::new(std::io::stdout().lock())),
    };
    print_or_stop(write(&history, model.name(), to, &mut out))?;
    Ok(ExitCode::SUCCESS)
}
