//! `jepsen demo`: a real cluster, a real tree, a killed leader, a verdict.

mod cluster;
mod nemesis;
mod replicas;
mod table;

use std::{
    fs::{self, File},
    io::{BufWriter, IsTerminal},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use metad_client::{Client, Options, import};
use metad_jepsen::{
    Report, Verdict, check_history,
    history::read_file,
    report::{Style, details, html},
};
use metad_workload::Run;
use tokio::time::{Instant, sleep, timeout};

use cluster::Cluster;
use replicas::Agreement;

/// How long a fresh cluster may take to elect its first leader.
const START_MAX: Duration = Duration::from_secs(30);
/// How long a call may take, a failover included.
const DEADLINE: Duration = Duration::from_secs(10);

/// Starts three nodes on loopback in a temporary folder, imports a directory tree, runs the
/// `team` workload while the leader is killed and restarted, checks the history, compares
/// the replicas, and writes a report.
///
/// Exits with 0 if everything holds, 1 on a violation, 2 if it could not be told.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  jepsen demo\n  jepsen demo --dir ~/src --time 30 --clients 16"
)]
pub struct Args {
    /// The directory tree to import [default: /usr/share/doc, or else this folder]
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Seconds that the clients are at work
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    time: u64,
    /// Clients at work
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=1000))]
    clients: u64,
    /// Seeds the workload
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where the history and the report go
    #[arg(long, default_value = "target/demo")]
    out: PathBuf,
    /// The server's binary [default: metad beside this program]
    #[arg(long)]
    metad: Option<PathBuf>,
}

/// What came of it.
pub struct Outcome {
    clients: u64,
    kills: u64,
    import: Imported,
    load: metad_workload::Report,
    replicas: Agreement,
    report: Report,
}

struct Imported {
    nodes: u64,
    seconds: f64,
}

/// Runs the demo and says how to exit.
pub fn run(args: &Args, options: metad_jepsen::Options) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        tokio::select! {
            biased;
            _ = tokio::signal::ctrl_c() => bail!("interrupted; the cluster was stopped"),
            code = demo(args, &options) => Ok(ExitCode::from(code?)),
        }
    })
}

async fn demo(args: &Args, options: &metad_jepsen::Options) -> Result<u8> {
    let source = source(args)?;
    fs::create_dir_all(&args.out).with_context(|| format!("create {}", args.out.display()))?;
    let folder = tempfile::Builder::new().prefix("metad-demo-").tempdir()?;
    let mut cluster = Cluster::start(metad(args)?, folder.path(), 3)?;
    let addresses = cluster.addresses();
    eprintln!("three nodes: {}", addresses.join(" "));
    let client = client(&addresses, 0)?;
    wait_for_leader(&mut cluster, &client).await?;
    let import = import_tree(&client, &source).await?;

    eprintln!("{} clients for {} s; the leader is killed meanwhile", args.clients, args.time);
    let path = args.out.join("history.jsonl");
    let (load, kills) = work(args, &mut cluster, &client, &path).await?;
    cluster.check_running()?;
    let replicas = replicas::compare(&client, &addresses).await?;
    drop(cluster);

    let history = read_file(&path, None)?;
    let report = check_history(&history, options)?;
    let page = args.out.join("report.html");
    fs::write(&page, html(&report, &history)).context("write report")?;
    if report.verdict != Verdict::Valid {
        details(&report, &history, Style::Plain).iter().for_each(|line| println!("{line}"));
    }
    let outcome = Outcome { clients: args.clients, kills, import, load, replicas, report };
    println!("{}", table::table(&outcome));
    println!("  history: {}\n  report:  {}", path.display(), page.display());
    Ok(exit_code(&outcome))
}

fn exit_code(outcome: &Outcome) -> u8 {
    match outcome.report.verdict {
        _ if !outcome.replicas.equal => 1,
        Verdict::Valid => 0,
        Verdict::Invalid => 1,
        Verdict::Unknown => 2,
    }
}

fn source(args: &Args) -> Result<PathBuf> {
    let standard = Path::new("/usr/share/doc");
    let source = match &args.dir {
        Some(dir) => dir.clone(),
        None if standard.is_dir() => standard.to_owned(),
        None => PathBuf::from("."),
    };
    ensure!(source.is_dir(), "{} is not a directory: pass one with --dir", source.display());
    Ok(source)
}

fn metad(args: &Args) -> Result<PathBuf> {
    match &args.metad {
        Some(path) => Ok(path.clone()),
        None => Ok(std::env::current_exe()?.with_file_name("metad")),
    }
}

fn client(addresses: &[String], seed: u64) -> Result<Client> {
    Ok(Client::new(Options { deadline: DEADLINE, seed, ..Options::new(addresses) })?)
}

async fn wait_for_leader(cluster: &mut Cluster, client: &Client) -> Result<()> {
    let deadline = Instant::now() + START_MAX;
    while nemesis::leader(client).await.is_none() {
        cluster.check_running()?;
        ensure!(Instant::now() < deadline, "no leader within {START_MAX:?}");
        sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

async fn import_tree(client: &Client, source: &Path) -> Result<Imported> {
    let namespace = client.create_namespace("import").await?.value;
    let start = Instant::now();
    let bar = if std::io::stderr().is_terminal() {
        ProgressBar::new_spinner()
    } else {
        ProgressBar::hidden()
    };
    let style = "{spinner} importing {msg}: {pos} nodes, {per_sec}";
    bar.set_style(ProgressStyle::with_template(style).expect("the template is well-formed"));
    bar.set_message(source.display().to_string());
    let what = import::Import::new(namespace.id, source);
    let summary = import::import(client, &what, |progress| bar.set_position(progress.nodes()));
    let summary = summary.await?;
    bar.finish_and_clear();
    let seconds = start.elapsed().as_secs_f64();
    let nodes = summary.imported.nodes();
    eprintln!("imported {nodes} nodes from {} in {seconds:.1} s", source.display());
    Ok(Imported { nodes, seconds })
}

/// Runs the workload and the nemesis, and the final reads.
async fn work(
    args: &Args,
    cluster: &mut Cluster,
    client: &Client,
    history: &Path,
) -> Result<(metad_workload::Report, u64)> {
    let time = Duration::from_secs(args.time);
    let config = metad_workload::Config {
        time: Some(time),
        faults: vec!["kill".to_owned()],
        ..metad_workload::Config::team(args.seed, args.clients as usize)
    };
    let out = File::create(history).with_context(|| format!("create {}", history.display()))?;
    let run = Run::start(config, client, Box::new(BufWriter::new(out))).await?;
    let addresses = cluster.addresses();
    let clients = (1..=args.clients).map(|seed| self::client(&addresses, seed));
    let clients = clients.collect::<Result<Vec<_>>>()?;
    let working = run.drive(&clients);
    let killing = nemesis::kill_leaders(cluster, client, &run, time);
    // Every call has a deadline: this one only guards against a hang of our own.
    let both = async { tokio::join!(working, killing) };
    let (worked, killed) = timeout(time + 6 * DEADLINE, both).await.context("clients hang")?;
    worked?;
    let kills = killed?;
    wait_for_leader(cluster, client).await?;
    Ok((run.finish(client).await?, kills))
}
