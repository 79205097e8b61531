//! `metabench micro`: one kind of operation at a time, as mdtest and etcd's benchmark do.

mod figures;
mod load;
mod phase;
mod target;

use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use anyhow::ensure;
use clap::{Args, Parser, ValueEnum};
use metad_client::{Level, Options};

pub use self::{figures::Figure, phase::Phase};
use self::{
    load::{Clients, Load},
    phase::Nodes,
    target::{Etcd, Metad, Target},
};
use crate::servers::{Place, Servers, beside_this_program};

/// What to measure, and on what.
#[derive(Args, Clone, Debug)]
pub struct Micro {
    /// What to put the load on
    #[arg(long, value_enum, default_value = "metad")]
    pub target: System,
    /// A running cluster, by comma; without it, one of three processes is started
    #[arg(long, value_delimiter = ',', value_name = "ADDRESS")]
    pub endpoints: Vec<String>,
    /// The servers' program: by default `metad` beside this one, or `etcd` from the PATH
    #[arg(long, value_name = "FILE")]
    pub program: Option<PathBuf>,
    /// Nodes of the cluster that is started
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=9))]
    pub nodes: u16,
    /// The first port of the cluster that is started; each node may take two
    #[arg(long, default_value_t = 7301)]
    pub port: u16,
    /// Where its data is, an empty folder; thrown away at the end without it
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// How many clients, each with a session and a directory of its own; several by comma
    #[arg(long, value_delimiter = ',', default_value = "256")]
    pub clients: Vec<usize>,
    /// Connections that they share
    #[arg(long, default_value_t = 8)]
    pub connections: usize,
    /// Kinds of operations, in this order, by comma; those of mdtest without it
    #[arg(long, value_enum, value_delimiter = ',', hide_possible_values = false)]
    pub phases: Vec<Phase>,
    /// How long each is measured
    #[arg(long, default_value = "5s", value_parser = humantime::parse_duration)]
    pub time: Duration,
    /// How long each runs before it is measured
    #[arg(long, default_value = "1s", value_parser = humantime::parse_duration)]
    pub warm_up: Duration,
    /// How often all is done, in a new namespace each time
    #[arg(long, default_value_t = 1)]
    pub rounds: usize,
    /// Operations a second that come whether or not others have ended (an open loop)
    #[arg(long)]
    pub rate: Option<f64>,
    /// A call each, rather than session streams
    #[arg(long)]
    pub unary: bool,
    /// What reads must reflect
    #[arg(long, value_enum, default_value = "linearizable")]
    pub level: ReadLevel,
    /// Print a line of JSON for each figure
    #[arg(long)]
    pub json: bool,
}

impl Default for Micro {
    fn default() -> Micro {
        #[derive(Parser)]
        struct Line {
            #[command(flatten)]
            micro: Micro,
        }
        Line::parse_from(["micro"]).micro
    }
}

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum System {
    Metad,
    Etcd,
}

/// See [`Level`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReadLevel {
    Linearizable,
    Lease,
    Any,
}

/// Measures and prints.
pub async fn micro(micro: &Micro) -> anyhow::Result<ExitCode> {
    if !micro.json {
        println!("{}", figures::HEAD);
    }
    let figures = measure(micro, |figure| match serde_json::to_string(figure) {
        Ok(line) if micro.json => println!("{line}"),
        _ => println!("{figure}"),
    })
    .await?;
    let failed = figures.iter().any(|figure| figure.failed > 0 || figure.gave_up);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// All figures, each told as it comes.
pub async fn measure(micro: &Micro, tell: impl Fn(&Figure)) -> anyhow::Result<Vec<Figure>> {
    let servers = match micro.endpoints.is_empty() {
        true => Some(micro.start().await?),
        false => None,
    };
    let endpoints = servers.as_ref().map_or(&micro.endpoints[..], |servers| servers.endpoints());
    let mut target = micro.connect(endpoints).await?;
    let mut told = Vec::new();
    for round in 1..=micro.rounds {
        for clients in &micro.clients {
            target.prepare(*clients).await?;
            let nodes = (0..*clients).map(|_| Nodes::default()).collect();
            let mut run = Arc::new(Clients { target, nodes });
            for phase in micro.phases() {
                ensure!(run.target.knows(*phase), "{phase} is for etcd alone");
                let load = Load { warm_up: micro.warm_up, time: micro.time, rate: micro.rate };
                let measured = load::run(&run, *phase, load).await?;
                let at = (*clients, micro.rate, round);
                let figure = Figure::new((micro.name(), *phase), at, measured);
                tell(&figure);
                told.push(figure);
                let clients = Arc::get_mut(&mut run).expect("all clients have ended");
                clients.nodes.iter_mut().for_each(|nodes| nodes.after(*phase));
            }
            target = Arc::into_inner(run).expect("all clients have ended").target;
        }
    }
    Ok(told)
}

impl Micro {
    fn phases(&self) -> &[Phase] {
        if self.phases.is_empty() { &Phase::MDTEST } else { &self.phases }
    }

    fn name(&self) -> &'static str {
        match (self.target, self.unary) {
            (System::Etcd, _) => "etcd",
            (System::Metad, true) => "unary",
            (System::Metad, false) => "metad",
        }
    }

    async fn start(&self) -> anyhow::Result<Servers> {
        let program = match (&self.program, self.target) {
            (Some(program), _) => program.clone(),
            (None, System::Metad) => beside_this_program("metad")?,
            (None, System::Etcd) => PathBuf::from("etcd"),
        };
        let (nodes, port, data) = (self.nodes, self.port, self.data.clone());
        let place = Place { program, nodes, port, data };
        match self.target {
            System::Metad => Servers::metad(&place).await,
            System::Etcd => Servers::etcd(&place).await,
        }
    }

    async fn connect(&self, endpoints: &[String]) -> anyhow::Result<Target> {
        Ok(match self.target {
            System::Etcd => Target::Etcd(Etcd::new(endpoints, self.connections).await?),
            System::Metad => {
                let options = Options { session_stream: !self.unary, ..Options::new(endpoints) };
                Target::Metad(Metad::new(&options, self.connections, self.level.into())?)
            }
        })
    }
}

impl From<ReadLevel> for Level {
    fn from(level: ReadLevel) -> Level {
        match level {
            ReadLevel::Linearizable => Level::Linearizable,
            ReadLevel::Lease => Level::Lease,
            ReadLevel::Any => Level::Any,
        }
    }
}
