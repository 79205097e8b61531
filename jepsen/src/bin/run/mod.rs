//! `jepsen run`: a real cluster, real faults, a verdict.
//!
//! A run has two halves. The outer one ([`outside`]) starts the inner one in namespaces of its
//! own and cleans up after it; the inner one does everything else, below.

mod cli;
mod clock;
mod cluster;
mod disk;
mod etcd;
mod import;
mod leaders;
mod metad;
mod nemesis;
mod network;
mod outcome;
mod outside;
mod place;
mod progress;
mod replicas;
mod stage;
mod target;

use std::{fs, io, os::fd::AsFd, path::Path, process::ExitCode};

use anyhow::{Context, Result, bail};
use metad_jepsen::{
    Verdict, check_history,
    history::read_file,
    report::{details, html},
};
use tokio::net::unix::pipe;

pub use cli::Args;
use cluster::{Cluster, Folders, Shape};
use nemesis::fault::Fault;
use outcome::{Tested, checked, holds};
use place::Place;
use stage::Stage;
use target::Target;

/// Runs it and says how to exit.
pub fn run(args: &Args) -> Result<ExitCode> {
    if args.plan {
        return print_plan(args);
    }
    let Some(folder) = &args.inside else { return outside::run(args) };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let code = runtime.block_on(async {
        tokio::select! {
            biased;
            ended = input_ends() => ended.map(|()| None),
            code = test(args, folder) => code.map(Some),
        }
    })?;
    code.map_or_else(|| interrupted(folder), Ok)
}

/// The cluster has been stopped. The outer half may have been killed: then nobody else cleans up.
fn interrupted(folder: &Path) -> Result<ExitCode> {
    fs::remove_dir_all(folder).context("remove the run's folder")?;
    bail!("interrupted: the cluster was stopped, nothing was checked")
}

fn print_plan(args: &Args) -> Result<ExitCode> {
    let (place, _) = Place::choose(args.place)?;
    let faults = args.faults(place)?;
    for step in args.plan_of(&faults) {
        println!("{step}");
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns when the outer half has closed this one's standard input, or has ended.
async fn input_ends() -> Result<()> {
    let input = io::stdin().as_fd().try_clone_to_owned().context("share standard input")?;
    let input = pipe::Receiver::from_owned_fd(input).context("standard input")?;
    // Nothing is ever written to it.
    input.readable().await.context("watch standard input")
}

async fn test(args: &Args, folder: &Path) -> Result<ExitCode> {
    let mut stage = set_up(args, folder)?;
    let tested = match args.target {
        Target::Metad => metad::test(&mut stage).await?,
        Target::Etcd => etcd::test(&mut stage).await?,
    };
    let Stage { history, cluster, .. } = stage;
    drop(cluster);
    judge(args, &history, tested)
}

fn set_up<'a>(args: &'a Args, folder: &Path) -> Result<Stage<'a>> {
    let place = args.place.context("the outer half says where")?;
    let workload = args.target.workload(args.workload.as_deref())?;
    let binary = args.target.binary(args.binary.as_deref())?;
    fs::create_dir_all(&args.out).with_context(|| format!("create {}", args.out.display()))?;
    let faults = args.faults(place)?;
    let plan = args.plan_of(&faults);
    let folders = Folders { data: folder, logs: &args.out };
    let shape = Shape {
        members: args.nodes,
        has_idle: faults.contains(&Fault::Members),
        disks: disks(&faults),
        has_clocks: faults.contains(&Fault::Clock),
    };
    let cluster = Cluster::new(args.target, place, binary.clone(), &folders, shape)?;
    let switch = match place {
        Place::Namespaces => Some(network::set_up(cluster.count(), args.seed)?),
        Place::Loopback => None,
    };
    let (nodes, clients, time) = (args.nodes, args.clients, args.time);
    eprintln!(
        "{nodes} nodes, {clients} clients at work ({workload}) for {time:?}, {} faults, seed {}",
        plan.len(),
        args.seed
    );
    let history = args.out.join("history.jsonl");
    Ok(Stage { args, workload, faults, plan, binary, cluster, switch, history })
}

fn disks(faults: &[Fault]) -> disk::Kind {
    match faults {
        _ if faults.iter().any(|fault| fault.is_power_loss()) => disk::Kind::Forgetful,
        _ if faults.contains(&Fault::DiskFull) => disk::Kind::Small,
        _ => disk::Kind::Shared,
    }
}

/// Checks the history, and says all that was found.
fn judge(args: &Args, path: &Path, tested: Tested) -> Result<ExitCode> {
    let history = read_file(path, None)?;
    let mut report = check_history(&history, &crate::timed_options(args.time_limit))?;
    tested.judge(&mut report);
    let page = args.out.join("report.html");
    fs::write(&page, html(&report, &history)).context("write the report")?;
    if args.json {
        println!("{}", tested.json(&report));
    } else {
        for line in details(&report, &history, crate::style()) {
            println!("{line}");
        }
        println!("\n{}", tested.table());
        println!("  history: {}\n  report:  {}", path.display(), page.display());
    }
    Ok(match report.verdict {
        Verdict::Valid => ExitCode::SUCCESS,
        Verdict::Invalid => ExitCode::from(1),
        Verdict::Unknown => ExitCode::from(2),
    })
}
