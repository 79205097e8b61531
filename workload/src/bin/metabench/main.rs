//! metabench: runs workloads against clusters, prints what was measured, and writes histories
//! for the checkers.
//!
//! Exit codes: 0 done, 1 the run failed, 2 wrong usage, 3 the cluster is unavailable.

mod compare;
mod micro;
mod plot;
mod scale;
mod servers;
mod team;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use metad_workload::Error;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Runs workloads against metad, and measures.
#[derive(Parser)]
#[command(
    version,
    after_help = "Examples:
  metabench team --clients 8 --time 10s --history team.jsonl
  metabench micro                         # mdtest's phases on a cluster of its own
  metabench micro --phases file-create --clients 1,16,256 --rounds 3 --json
  metabench micro --phases file-create --rate 5000            # an open loop
  metabench micro --clients 1,8,64,256 --phases file-create --json | metabench plot
  metabench compare                       # against etcd and JuiceFS; takes some minutes
  metabench scale                         # starts a server of its own; takes some minutes
  metabench scale --entries 100000 --tree 100000 --trees 2    # smaller"
)]
struct Cli {
    #[command(subcommand)]
    workload: Workload,
}

#[derive(Subcommand)]
enum Workload {
    /// metad and what people would pick instead, in turns on this machine.
    Compare(compare::Compare),
    /// One kind of operation at a time, as mdtest and etcd's benchmark do.
    Micro(micro::Micro),
    /// Draws what `micro --json` printed.
    Plot(plot::Plot),
    /// People working in a shared folder.
    Team(team::Team),
    /// How costs grow with what is there: large directories, deep paths, large namespaces.
    Scale(scale::Scale),
}

#[tokio::main]
async fn main() -> ExitCode {
    let ran = match Cli::parse().workload {
        Workload::Compare(compare) => compare::compare(&compare).await,
        Workload::Micro(micro) => micro::micro(&micro).await,
        Workload::Plot(plot) => plot::plot(&plot),
        Workload::Team(team) => team::team(&team).await,
        Workload::Scale(scale) => scale::scale(&scale).await,
    };
    ran.unwrap_or_else(|error| {
        eprintln!("metabench: {error:#}");
        exit_code(&error)
    })
}

fn exit_code(error: &anyhow::Error) -> ExitCode {
    use metad_client::Error as Client;
    let invalid = matches!(error.downcast_ref(), Some(Client::Invalid(_)))
        || matches!(
            error.downcast_ref(),
            Some(Error::Client(Client::Invalid(_)) | Error::Invalid(_))
        );
    if invalid {
        ExitCode::from(2)
    } else if matches!(error.downcast_ref(), Some(Error::Unavailable(_))) {
        ExitCode::from(3)
    } else {
        ExitCode::FAILURE
    }
}
