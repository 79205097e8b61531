//! `jepsen generate`: histories of a simulated system, to try and to measure checkers with.

use std::io::{BufWriter, Write};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::{Parser, ValueEnum};
use metad_jepsen::generate::{Defect, Shape, Told, generate};

use super::ModelName;

/// Write a history of simulated clients to stdout.
#[derive(Parser)]
pub struct Args {
    /// What the operations are of.
    #[arg(long, default_value = "file-tree")]
    model: ModelName,
    /// The same seed gives the same history.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many operations.
    #[arg(long, default_value_t = 1_000)]
    operations: u64,
    /// How many of them may be open at once.
    #[arg(long, default_value_t = 10)]
    clients: u64,
    /// Of a thousand operations, how many lose their answer.
    #[arg(long, default_value_t = 0)]
    unknown_per_mille: u64,
    /// Keys, or top directories of a tree.
    #[arg(long, default_value_t = 10)]
    keys: u64,
    /// What the answers of a file tree tell.
    #[arg(long, default_value = "everything")]
    told: ToldName,
    /// A violation to plant.
    #[arg(long)]
    defect: Option<DefectName>,
}

#[derive(Clone, Copy, ValueEnum)]
enum ToldName {
    Everything,
    NoRevisions,
    NamesOnly,
}

#[derive(Clone, Copy, ValueEnum)]
enum DefectName {
    StaleRead,
    LostWrite,
}

/// Runs the command.
pub fn run(arguments: &Args) -> anyhow::Result<ExitCode> {
    let shape = Shape {
        model: arguments.model.kind(),
        seed: arguments.seed,
        operations: arguments.operations,
        clients: arguments.clients.max(1),
        unknown_per_mille: arguments.unknown_per_mille,
        keys: arguments.keys.max(1),
        told: match arguments.told {
            ToldName::Everything => Told::Everything,
            ToldName::NoRevisions => Told::NoRevisions,
            ToldName::NamesOnly => Told::NamesOnly,
        },
        defect: arguments.defect.map(|name| match name {
            DefectName::StaleRead => Defect::StaleRead,
            DefectName::LostWrite => Defect::LostWrite,
        }),
    };
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut written = Ok(());
    let is_planted = generate(&shape, &mut |line| {
        if written.is_ok() {
            written = writeln!(out, "{line}");
        }
    });
    match written.and_then(|()| out.flush()) {
        // Whoever read it has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("write the history"),
    }?;
    ensure!(
        is_planted,
        "no violation could be planted: ask for more --operations or another --seed"
    );
    Ok(ExitCode::SUCCESS)
}
