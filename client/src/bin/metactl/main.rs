//! metactl: works with the file trees of a metad cluster from the command line.
//!
//! Data goes to stdout, the rest to stderr. Exit codes: 0 done, 1 refused or failed, 2 wrong
//! usage, 3 the cluster is unavailable, 4 the outcome is unknown.

mod cli;
mod context;
mod diff;
mod failure;
mod history;
mod import;
mod lock;
mod namespace;
mod output;
mod path;
mod read;
mod stat;
mod status;
mod watch;
mod write;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::{CommandFactory, Parser};
use clap_complete::Shell;

use cli::{Cli, Command};
use context::Context;
use failure::Failure;
use metad_client::errors::Reason;

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Command::Completion { shell } = &cli.command {
        return match complete(*shell) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => Failure::Output(error).report(false),
        };
    }
    if let Command::Explain { reason } = &cli.command {
        return match explain(*reason) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => Failure::Output(error).report(false),
        };
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("metactl: start the runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(&cli)) {
        Ok(code) => code,
        Err(failure) => failure.report(cli.global.json),
    }
}

/// Into memory first: the generator panics when its output is closed.
fn complete(shell: Shell) -> io::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "metactl", &mut script);
    io::stdout().write_all(&script)
}

fn explain(reason: Option<Reason>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match reason {
        Some(reason) => out.write_all(reason.help().as_bytes()),
        None => Reason::ALL.iter().try_for_each(|reason| writeln!(out, "{reason}")),
    }
}

async fn run(cli: &Cli) -> Result<ExitCode, Failure> {
    let context = Context::new(&cli.global)?;
    match &cli.command {
        Command::Ls(options) => read::ls(&context, options).await?,
        Command::Stat(options) => return stat::run(&context, options).await,
        Command::Tree(options) => read::tree(&context, options).await?,
        Command::Mkdir { paths, parents } => write::mkdir(&context, paths, *parents).await?,
        Command::Put(options) => write::put(&context, options).await?,
        Command::Mv { from, to, replace, rev } => {
            write::mv(&context, from, to, *replace, *rev).await?;
        }
        Command::Cp { from, to, past } => write::cp(&context, from, to, past.at).await?,
        Command::Du { path } => read::du(&context, path).await?,
        Command::Quota { path, nodes, bytes } => {
            write::set_quota(&context, path, *nodes, *bytes).await?;
        }
        Command::Log { path, past } => history::log(&context, path, past.at).await?,
        Command::Restore { path, revision } => write::restore(&context, path, *revision).await?,
        Command::Snapshot(command) => history::run(&context, command).await?,
        Command::Ln { to, path } => write::ln(&context, to, path).await?,
        Command::Attr { path, changes, remove } if changes.is_empty() && remove.is_empty() => {
            read::attributes(&context, path).await?;
        }
        Command::Attr { path, changes, remove } => {
            write::set_attributes(&context, path, changes, remove).await?;
        }
        Command::Rm { paths, recursive, rev } => {
            write::rm(&context, paths, *recursive, *rev).await?;
        }
        Command::Import(options) => return import::run(&context, options).await,
        Command::Watch(options) => watch::run(&context, options).await?,
        Command::Status => return status::run(&context).await,
        Command::Mount { path, namespace } => write::mount(&context, path, namespace).await?,
        Command::Unmount { path } => write::unmount(&context, path).await?,
        Command::Diff(options) => diff::run(&context, options).await?,
        Command::Lock(command) => lock::run(&context, command).await?,
        Command::Ns(command) => namespace::run(&context, command).await?,
        Command::Explain { .. } | Command::Completion { .. } => {
            unreachable!("handled before the runtime starts")
        }
    }
    Ok(ExitCode::SUCCESS)
}
