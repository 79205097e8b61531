//! `metabench scale`: what large directories, deep paths and large namespaces cost, against
//! small ones, in turns, on one server of its own.

mod build;
mod figures;
mod footprint;
mod measure;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Context as _;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use metad_client::{Client, Options};

use self::figures::Figures;
use crate::servers::{Place, Servers, beside_this_program};

/// What to build, and how often to measure.
#[derive(Args)]
pub struct Scale {
    /// The servers' program; by default `metad` beside this one.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Nodes of the cluster, each a process.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=9))]
    nodes: u16,
    /// The first port; each node may take two.
    #[arg(long, default_value_t = 7301)]
    port: u16,
    /// Where the data is; thrown away at the end without it.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Files of the large directory.
    #[arg(long, default_value_t = 1_000_000)]
    entries: u64,
    /// Nodes of each of the large trees, a multiple of 10,000.
    #[arg(long, default_value_t = 1_000_000)]
    tree: u64,
    /// Large trees: together they are the large namespace, and each is deleted once.
    #[arg(long, default_value_t = 5)]
    trees: u64,
    /// Samples of what can be repeated.
    #[arg(long, default_value_t = 500)]
    samples: usize,
    /// Print the figures as JSON.
    #[arg(long)]
    json: bool,
}

/// Builds, measures and prints.
pub async fn scale(scale: &Scale) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(
        scale.tree >= build::COPY_NODES && scale.tree.is_multiple_of(build::COPY_NODES),
        "--tree must be a multiple of {}",
        build::COPY_NODES
    );
    let program = match &scale.program {
        Some(program) => program.clone(),
        None => beside_this_program("metad")?,
    };
    let (nodes, port, data) = (scale.nodes, scale.port, scale.data.clone());
    let servers = Servers::metad(&Place { program, nodes, port, data }).await?;
    let options = Options {
        deadline: Duration::from_secs(60),
        attempt_timeout: Duration::from_secs(30),
        ..Options::new(servers.endpoints())
    };
    let mut bench = Bench { client: Client::new(options)?, servers, samples: scale.samples };
    let figures = bench.run(scale).await?;
    if scale.json {
        println!("{}", serde_json::to_string(&figures)?);
    } else {
        println!("{figures}");
    }
    Ok(ExitCode::SUCCESS)
}

/// A cluster and a client of it.
struct Bench {
    client: Client,
    servers: Servers,
    samples: usize,
}

impl Bench {
    async fn run(&mut self, scale: &Scale) -> anyhow::Result<Figures> {
        let mut figures = Figures::new(scale);
        let flat = self.namespace("flat").await?;
        let built = self.build_directory(flat, scale.entries).await.context("build a directory")?;
        figures.built("directory", scale.entries, built);
        self.measure_listing(flat, scale.entries, &mut figures).await.context("list")?;

        let large = self.namespace("large").await?;
        let total = scale.tree * scale.trees;
        let built = self.build_trees(large, scale).await.context("build trees")?;
        figures.built("namespace", total, built);
        let empty = self.namespace("empty").await?;
        self.measure_creates(large, empty, &mut figures).await.context("create")?;
        self.measure_depth(empty, &mut figures).await.context("stat")?;
        self.measure_du(large, &mut figures).await.context("du")?;
        self.measure_moves(large, &mut figures).await.context("move")?;
        self.measure_footprint(scale.entries + total, &mut figures).context("footprint")?;
        self.measure_restarts(large, &mut figures).await.context("restart")?;
        self.measure_deletes(large, scale.trees, &mut figures).await.context("delete")?;
        figures.memory_mib("server at the end", self.servers.memory_mib()?);
        Ok(figures)
    }

    async fn namespace(&self, name: &str) -> anyhow::Result<u64> {
        Ok(self.client.create_namespace(name).await?.value.id)
    }
}

/// A bar for long work, on stderr if that is a terminal.
fn progress(what: &'static str, length: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:<24} {bar:30} {human_pos}/{human_len} {eta}");
    let bar = ProgressBar::new(length).with_message(what);
    bar.set_style(style.expect("the template is valid"));
    bar
}
