//! Command line: what is asked for, and how it ends.
//!
//! Exit codes: 0 stopped as asked; 1 it could not start or had to stop, with one line on
//! stderr; 2 wrong usage.

mod dev;
mod fsck;
mod serve;

use std::{
    io::{self, IsTerminal as _},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

const EXAMPLES: &str = "\
Examples:
  metad dev                              three nodes, data thrown away at the end
  metad dev --nodes 1 --data ./data      one node that keeps its data
  metad serve --config node1.toml        one node of a real cluster
  metad fsck data/1                      checks the data of a node that is stopped

A configuration for `metad serve`:
  cluster = \"home\"
  node = 1
  data_dir = \"data/1\"
  [peers]                                # the same on every node
  1 = \"127.0.0.1:7101\"
  2 = \"127.0.0.1:7102\"
  3 = \"127.0.0.1:7103\"

Logs go to stderr; RUST_LOG=info (or debug, or metad=trace) says more.
Exit codes: 0 stopped as asked, 1 could not start or had to stop, 2 wrong usage.";

/// A Raft-replicated namespace service.
#[derive(Parser)]
#[command(version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves one node of a cluster.
    #[command(after_help = EXAMPLES)]
    Serve {
        /// The node's configuration, a TOML file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Checks data folders, without changing them: every record and every invariant.
    #[command(after_help = fsck::EXAMPLES)]
    Fsck(fsck::Options),
    /// Runs a whole cluster in this process, for trying things.
    #[command(after_help = EXAMPLES)]
    Dev(dev::Options),
}

/// Runs the command.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| match cli.command {
        Command::Serve { .. } => EnvFilter::new("info,openraft=error"),
        Command::Dev(_) | Command::Fsck(_) => EnvFilter::new("warn,openraft=off"),
    });
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
    if let Command::Fsck(options) = cli.command {
        return fsck::fsck(&options).unwrap_or_else(|error| failed(&error));
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    let result = runtime.block_on(async {
        match cli.command {
            Command::Serve { config } => serve::serve(&config).await,
            Command::Dev(options) => dev::dev(options).await,
            Command::Fsck(_) => unreachable!("it needs no runtime"),
        }
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("metad: {error:#}");
    ExitCode::FAILURE
}

/// Waits for SIGINT or SIGTERM. They are caught from the call on, not only once somebody
/// waits: whoever sees the server listen may stop it at once.
fn asked_to_stop() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            biased;
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
