//! Command line: what is asked for, and how it ends.
//!
//! Exit codes: 0 stopped as asked; 1 it could not start or had to stop, with one line on
//! stderr; 2 wrong usage.

mod dev;
mod folder;
mod fsck;
mod inspect;
mod join;
mod restore;
mod serve;

use std::{
    io::{self, IsTerminal as _},
    process::ExitCode,
};

use clap::{Parser, Subcommand, ValueEnum};
use tracing_subscriber::EnvFilter;

const EXAMPLES: &str = "\
Examples:
  metad dev                              three nodes, data thrown away at the end
  metad dev --nodes 1 --data ./data      one node that keeps its data
  metad serve --config node1.toml        one node of a real cluster
  metad serve --join 10.0.0.1:7101 --listen 10.0.0.4:7101 --data /var/lib/metad --insecure
                                         a new node for a cluster that there is
  metad inspect data/1                   shows what is in it
  metad fsck data/1                      checks the data of a node that is stopped
  metad restore --from /mnt/backups --config node1.toml
                                         a new cluster of a backup; `metactl backup` makes them

A configuration for `metad serve`:
  cluster = \"home\"
  node = 1
  data_dir = \"data/1\"
  [peers]                                # the same on every node
  1 = \"127.0.0.1:7101\"
  2 = \"127.0.0.1:7102\"
  3 = \"127.0.0.1:7103\"

Metrics: http://127.0.0.1:7101/metrics, on the port of each node.
Logs go to stderr, as JSON with --log-format json; RUST_LOG=info (or debug, or metad=trace) says more.
Exit codes: 0 stopped as asked, 1 could not start or had to stop, 2 wrong usage.";

/// A Raft-replicated namespace service.
#[derive(Parser)]
#[command(version, after_help = EXAMPLES)]
struct Cli {
    /// How logs are written: for people, or as JSON, an object a line.
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

#[derive(Subcommand)]
enum Command {
    /// Serves one node of a cluster.
    #[command(after_help = serve::EXAMPLES)]
    Serve(serve::Options),
    /// Checks data folders, without changing them: every record and every invariant.
    #[command(after_help = fsck::EXAMPLES)]
    Fsck(fsck::Options),
    /// Shows what is in a data folder, without changing it.
    #[command(after_help = inspect::EXAMPLES)]
    Inspect(inspect::Options),
    /// Makes the data folder of the first node of a new cluster of a backup.
    #[command(after_help = restore::EXAMPLES)]
    Restore(restore::Options),
    /// Runs a whole cluster in this process, for trying things.
    #[command(after_help = EXAMPLES)]
    Dev(dev::Options),
}

/// Runs the command.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| match cli.command {
        Command::Serve(_) => EnvFilter::new("info,openraft=error"),
        Command::Dev(_) | Command::Fsck(_) | Command::Inspect(_) | Command::Restore(_) => {
            EnvFilter::new("warn,openraft=off")
        }
    });
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    match cli.log_format {
        LogFormat::Text => logs.with_ansi(io::stderr().is_terminal()).init(),
        LogFormat::Json => logs.json().flatten_event(true).init(),
    }
    let read = match &cli.command {
        Command::Fsck(options) => Some(fsck::fsck(options)),
        Command::Inspect(options) => Some(inspect::inspect(options)),
        _ => None,
    };
    if let Some(ended) = read {
        return ended.unwrap_or_else(|error| failed(&error));
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    let result = runtime.block_on(async {
        match cli.command {
            Command::Serve(options) => serve::serve(options).await,
            Command::Dev(options) => dev::dev(options).await,
            Command::Restore(options) => restore::restore(options).await,
            Command::Fsck(_) | Command::Inspect(_) => unreachable!("they need no runtime"),
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
