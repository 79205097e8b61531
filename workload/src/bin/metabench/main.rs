//! metabench: runs workloads against clusters, prints what was measured, and writes histories
//! for the checkers.
//!
//! Exit codes: 0 done, 1 the run failed, 2 wrong usage, 3 the cluster is unavailable.

mod scale;
mod team;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use metad_workload::Error;

/// Runs workloads against metad, and measures.
#[derive(Parser)]
#[command(
    version,
    after_help = "Examples:
  metabench team --clients 8 --time 10s --history team.jsonl
  metabench scale                         # starts a server of its own; takes some minutes
  metabench scale --entries 100000 --tree 100000 --trees 2    # smaller"
)]
struct Cli {
    #[command(subcommand)]
    workload: Workload,
}

#[derive(Subcommand)]
enum Workload {
    /// People working in a shared folder.
    Team(team::Team),
    /// How costs grow with what is there: large directories, deep paths, large namespaces.
    Scale(scale::Scale),
}

#[tokio::main]
async fn main() -> ExitCode {
    let ran = match Cli::parse().workload {
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
