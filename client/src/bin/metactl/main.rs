//! metactl: works with the file trees of a metad cluster from the command line.
//!
//! Data goes to stdout, the rest to stderr. Exit codes: 0 done, 1 refused or failed, 2 wrong
//! usage, 3 the cluster is unavailable, 4 the outcome is unknown.

mod backup;
mod batch;
mod cli;
mod cluster;
mod context;
mod diff;
mod failure;
mod history;
mod import;
mod lock;
mod namespace;
mod output;
mod path;
mod portable;
mod read;
mod stat;
mod status;
mod top;
mod wait;
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
use metad_client::errors::{Class, Reason};
use serde_json::{Value, json};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() && wants_json() => return misused(&error).report(true),
        Err(error) => error.exit(),
    };
    match start(&cli) {
        Ok(code) => code,
        Err(failure) => failure.report(cli.global.json),
    }
}

/// Of a command line that makes no sense: what of it was meant is a guess.
fn wants_json() -> bool {
    std::env::args_os().any(|argument| argument == "--json")
}

/// The first paragraph: what follows is about usage.
fn misused(error: &clap::Error) -> Failure {
    let text = error.render().to_string();
    let first = text.split("\n\n").next().unwrap_or_default().trim();
    Failure::Usage(first.strip_prefix("error: ").unwrap_or(first).to_owned())
}

fn start(cli: &Cli) -> Result<ExitCode, Failure> {
    match &cli.command {
        Command::Completion { shell } => complete(*shell)?,
        Command::Explain { reason } => explain(*reason, cli.global.json)?,
        _ => {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
            return runtime.map_err(Failure::Runtime)?.block_on(run(cli));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Into memory first: the generator panics when its output is closed.
fn complete(shell: Shell) -> io::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "metactl", &mut script);
    io::stdout().write_all(&script)
}

fn explain(reason: Option<Reason>, as_json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match reason {
        Some(reason) if as_json => writeln!(out, "{}", to_json(reason)),
        Some(reason) => out.write_all(reason.help().as_bytes()),
        None if as_json => {
            let reasons: Vec<_> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
            writeln!(out, "{}", json!({"reasons": reasons}))
        }
        None => Reason::ALL.iter().try_for_each(|reason| writeln!(out, "{reason}")),
    }
}

fn to_json(reason: Reason) -> Value {
    let class = match reason.class() {
        Class::Rejected => "rejected",
        Class::Unavailable => "unavailable",
        Class::Fault => "fault",
    };
    json!({"reason": reason.as_str(), "class": class, "help": reason.help()})
}

async fn run(cli: &Cli) -> Result<ExitCode, Failure> {
    let deadline = match &cli.command {
        // Its time is for waiting: to find a node that waits may take longer.
        Command::Wait(_) => cli.global.timeout.max(wait::CALL_MIN),
        _ => cli.global.timeout,
    };
    let context = Context::new(&cli.global, deadline)?;
    let done = answer(cli, &context).await;
    context.end().await;
    done
}

async fn answer(cli: &Cli, context: &Context) -> Result<ExitCode, Failure> {
    match &cli.command {
        Command::Ls(options) => read::ls(context, options).await?,
        Command::Stat(options) => return stat::run(context, options).await,
        Command::Lookup(options) => read::lookup(context, options).await?,
        Command::Tree(options) => read::tree(context, options).await?,
        Command::Mkdir { paths, parents } => write::mkdir(context, paths, *parents).await?,
        Command::Put(options) => write::put(context, options).await?,
        Command::Mv { from, to, replace, rev } => {
            write::mv(context, from, to, *replace, *rev).await?;
        }
        Command::Cp { from, to, past } => write::cp(context, from, to, past.at).await?,
        Command::Du { path } => read::du(context, path).await?,
        Command::Quota(options) => match options.bounds() {
            Some(bounds) => write::set_quota(context, &options.path, bounds).await?,
            None => read::du(context, &options.path).await?,
        },
        Command::Log(options) => history::log(context, options).await?,
        Command::Restore { path, revision } => write::restore(context, path, *revision).await?,
        Command::Snapshot(command) => history::run(context, command).await?,
        Command::Ln { to, path } => write::ln(context, to, path).await?,
        Command::Attr(options) if options.changes.is_empty() && options.remove.is_empty() => {
            read::attributes(context, &options.path, options.past.at).await?;
        }
        Command::Attr(options) => write::set_attributes(context, options).await?,
        Command::Rm { paths, recursive, rev } => {
            write::rm(context, paths, *recursive, *rev).await?;
        }
        Command::Import(options) => return import::run(context, options).await,
        Command::Watch(options) => watch::run(context, options).await?,
        Command::Journal(options) => watch::journal(context, options).await?,
        Command::Cursor => wait::cursor(context).await?,
        Command::Wait(options) => wait::wait(context, options).await?,
        Command::Batch { file } => batch::run(context, file).await?,
        Command::Status { hash } => return status::run(context, *hash).await,
        Command::Dump => portable::dump::run(context).await?,
        Command::Load { file } => portable::load::run(context, file).await?,
        Command::Backup(command) => backup::run(context, command).await?,
        Command::Top(options) => top::run(context, options).await?,
        Command::Cluster(command) => cluster::run(context, command).await?,
        Command::Mount { path, namespace } => write::mount(context, path, namespace).await?,
        Command::Unmount { path } => write::unmount(context, path).await?,
        Command::Diff(options) => diff::run(context, options).await?,
        Command::Lock(command) => lock::run(context, command).await?,
        Command::Ns(command) => namespace::run(context, command).await?,
        Command::Explain { .. } | Command::Completion { .. } => {
            unreachable!("handled before the runtime starts")
        }
    }
    Ok(ExitCode::SUCCESS)
}
