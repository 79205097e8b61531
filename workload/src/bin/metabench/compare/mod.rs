//! `metabench compare`: metad and what people would pick instead, on one machine, in turns.

mod bars;
mod juicefs;
mod peers;

use std::{
    io::IsTerminal as _,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::Context as _;
use clap::Args;
use indicatif::ProgressBar;
use metad_client::{Client, Options};
use metad_workload::{Config, Run};
use serde_json::json;

use self::{
    bars::{BARS, Ratio, Round, Spread},
    peers::{ETCD, JUICEFS},
};
use crate::{
    micro::{self, Figure, Micro, Phase, System},
    servers::{Place, Servers},
};

/// Clients of most figures, and of those beside JuiceFS.
const CLIENTS: usize = 256;
const CLIENTS_FEW: usize = 64;
/// Nodes of each cluster.
const NODES: u16 = 3;

/// What to compare.
#[derive(Args)]
pub struct Compare {
    /// How often all is measured; medians over the rounds count
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// How long each figure is measured in a round
    #[arg(long, default_value = "4s", value_parser = humantime::parse_duration)]
    time: Duration,
    /// The folder of the programs that are fetched: by default `metad/peers` in the user's cache
    #[arg(long, value_name = "DIR", env = "METAD_PEERS")]
    cache: Option<PathBuf>,
    /// Without JuiceFS, which takes most of the time
    #[arg(long)]
    no_juicefs: bool,
    /// The first of the ports of the clusters
    #[arg(long, default_value_t = 7301)]
    port: u16,
    /// Where the clusters' data is; thrown away at the end
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Print everything as JSON
    #[arg(long)]
    json: bool,
}

/// Measures and prints. Exit code 1 if a bar is missed.
pub async fn compare(compare: &Compare) -> anyhow::Result<ExitCode> {
    let cache = compare.cache()?;
    let bench = Bench {
        compare,
        etcd: ETCD.fetch(&cache)?,
        juicefs: (!compare.no_juicefs).then(|| JUICEFS.fetch(&cache)).transpose()?,
        progress: progress(compare),
    };
    let mut rounds = Vec::new();
    for number in 1..=compare.rounds {
        bench.progress.set_prefix(format!("round {number} of {}", compare.rounds));
        rounds.push(bench.round().await.with_context(|| format!("round {number}"))?);
    }
    bench.progress.finish_and_clear();
    let ratios: Vec<_> = BARS.iter().map(|bar| Ratio::of(bar, &rounds)).collect();
    let figures = Spread::all(&rounds);
    if compare.json {
        let told = json!({
            "machine": machine(),
            "nodes": NODES,
            "durable": true,
            "rounds": rounds,
            "ratios": ratios,
            "figures": figures,
        });
        println!("{told}");
    } else {
        let Machine { model, cores, kernel } = machine();
        println!("{NODES} nodes and the load on {cores} cores ({model}, Linux {kernel}); every");
        println!("write synced; {} rounds in turns: median (least to most)\n", rounds.len());
        ratios.iter().for_each(|ratio| println!("{ratio}"));
        println!();
        figures.iter().for_each(|figure| println!("{figure}"));
    }
    Ok(ExitCode::SUCCESS)
}

struct Bench<'a> {
    compare: &'a Compare,
    etcd: PathBuf,
    juicefs: Option<PathBuf>,
    progress: ProgressBar,
}

impl Bench<'_> {
    /// All figures once, each system alone on the machine.
    async fn round(&self) -> anyhow::Result<Round> {
        let mut round = Round::new();
        let phases = [Phase::FileCreate, Phase::FileStat, Phase::FileRename, Phase::FileRemove];
        let metad = self.micro(System::Metad);
        let files = self.run("metad", Micro { phases: phases.into(), ..metad.clone() }).await?;
        for (name, figure) in ["create", "stat", "rename", "remove"].into_iter().zip(&files) {
            round.insert(name, figure.operations_per_second);
        }
        let phases = vec![Phase::FileCreate, Phase::Put, Phase::Range];
        let etcd = self.run("etcd", Micro { phases, ..self.micro(System::Etcd) }).await?;
        for (name, figure) in ["etcd txn", "etcd put", "etcd range"].into_iter().zip(&etcd) {
            round.insert(name, figure.operations_per_second);
        }
        let creates = Micro { phases: vec![Phase::FileCreate], ..metad.clone() };
        let unary = self.run("metad, unary", Micro { unary: true, ..creates.clone() }).await?;
        round.insert("create unary", unary[0].operations_per_second);
        let phases = vec![Phase::DirCreate, Phase::DirRemove];
        let dirs = self.run("metad, directories", Micro { phases, ..metad.clone() }).await?;
        round.insert("mkdir", dirs[0].operations_per_second);
        round.insert("rmdir", dirs[1].operations_per_second);

        let one = |micro: Micro| Micro { clients: vec![1], connections: 1, ..micro };
        let first = self.run("metad, 1 client", one(creates.clone())).await?;
        round.insert("create p50", first[0].p50_ms);
        let puts = Micro { phases: vec![Phase::Put], ..self.micro(System::Etcd) };
        let first = self.run("etcd, 1 client", one(puts)).await?;
        round.insert("etcd put p50", first[0].p50_ms);

        let rate = Some(files[0].operations_per_second / 2.0);
        let open = self.run("metad, open loop", Micro { rate, ..creates.clone() }).await?;
        if !open[0].gave_up {
            round.insert("open p50", open[0].p50_ms);
            round.insert("open p99", open[0].p99_ms);
        }
        round.insert("team", self.team().await.context("team")?);
        if let Some(juicefs) = &self.juicefs {
            let few = Micro { clients: vec![CLIENTS_FEW], ..creates };
            let few = self.run("metad, 64 clients", few).await?;
            round.insert("create 64", few[0].operations_per_second);
            round.insert("juicefs create", self.juicefs(juicefs).await.context("juicefs")?);
        }
        Ok(round)
    }

    fn micro(&self, target: System) -> Micro {
        let program = (target == System::Etcd).then(|| self.etcd.clone());
        let Compare { time, port, .. } = *self.compare;
        Micro { target, program, time, port, clients: vec![CLIENTS], ..Micro::default() }
    }

    /// On a cluster of its own, which is gone afterwards.
    async fn run(&self, what: &'static str, micro: Micro) -> anyhow::Result<Vec<Figure>> {
        self.progress.set_message(what);
        let folder = self.folder()?;
        let micro = Micro { data: Some(folder.path().to_owned()), ..micro };
        let figures = micro::measure(&micro, |_| {}).await.context(what)?;
        for figure in &figures {
            let failure = figure.first_failure.as_deref().unwrap_or_default();
            anyhow::ensure!(figure.failed == 0, "{what}: {} failed: {failure}", figure.failed);
        }
        Ok(figures)
    }

    fn folder(&self) -> anyhow::Result<tempfile::TempDir> {
        let folder = match &self.compare.data {
            Some(data) => tempfile::TempDir::new_in(data),
            None => tempfile::TempDir::new(),
        };
        folder.context("make a folder for the data")
    }

    fn place(&self, folder: &Path, program: PathBuf) -> Place {
        let data = Some(folder.to_owned());
        Place { program, nodes: NODES, port: self.compare.port, data }
    }

    /// Operations a second of people working in a shared folder, without pauses.
    async fn team(&self) -> anyhow::Result<f64> {
        self.progress.set_message("metad, team");
        let folder = self.folder()?;
        let program = crate::servers::beside_this_program("metad")?;
        let servers = Servers::metad(&self.place(folder.path(), program)).await?;
        let connection = |_| Client::new(Options::new(servers.endpoints()));
        let connections = (0..8).map(connection).collect::<Result<Vec<_>, _>>()?;
        let client = |number: usize| connections[number % connections.len()].another(number as u64);
        let clients: Vec<_> = (0..CLIENTS).map(client).collect();
        let config = Config {
            time: Some(self.compare.time),
            think_time: Duration::ZERO,
            nodes: NODES.into(),
            ..Config::team(1, CLIENTS)
        };
        let run = Run::start(config, &connections[0], Box::new(std::io::sink())).await?;
        run.drive(&clients).await?;
        Ok(run.finish(&connections[0]).await?.operations_per_second)
    }

    async fn juicefs(&self, program: &Path) -> anyhow::Result<f64> {
        self.progress.set_message("JuiceFS on etcd");
        let folder = self.folder()?;
        let place = self.place(folder.path(), self.etcd.clone());
        let servers = Servers::etcd(&place).await?;
        juicefs::creates(program, servers.endpoints(), CLIENTS_FEW)
    }
}

impl Compare {
    fn cache(&self) -> anyhow::Result<PathBuf> {
        if let Some(cache) = &self.cache {
            return Ok(cache.clone());
        }
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache"));
        let cache = cache.or_else(home).context("no HOME: say with --cache where to put them")?;
        Ok(cache.join("metad/peers"))
    }
}

/// On stderr, if that is a terminal.
fn progress(compare: &Compare) -> ProgressBar {
    if !std::io::stderr().is_terminal() || compare.json {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    let style = indicatif::ProgressStyle::with_template("{spinner} {prefix}: {msg} ({elapsed})");
    bar.set_style(style.expect("the template is valid"));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

#[derive(serde::Serialize)]
struct Machine {
    model: String,
    cores: usize,
    kernel: String,
}

/// Linux alone says so; elsewhere it is unknown.
fn machine() -> Machine {
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    Machine {
        model: model.map_or("unknown", |(_, model)| model).to_owned(),
        cores: cpus.lines().filter(|line| line.starts_with("processor")).count(),
        kernel: kernel.trim().to_owned(),
    }
}
