//! What `jepsen run` is asked.

use std::{path::PathBuf, time::Duration};

use super::{
    nemesis::{
        fault::{self, Fault},
        plan::{self, Frame, Step},
    },
    place::Place,
    target::Target,
};

const EXAMPLES: &str = "\
Examples:
  jepsen run                                       three nodes, a minute, every fault that can be had here
  jepsen run --nodes 5 --time 5m --seed 7          longer, with other faults at other times
  jepsen run --nemesis kill,partition              only these; see the list below
  jepsen run --workload sync --nemesis pause       clients that keep a replica and go offline
  jepsen run --nemesis none --import ~/src         no faults, but a real tree
  jepsen run --seed 7 --plan                       only says what would be done, and when
  jepsen run --json | jq .report.verdict           for programs

Faults: ";

const EXIT_CODES: &str = "

The network and the disks are disturbed in namespaces, which root has, and others where the system
lets them; without, the run says what it cannot do. Whatever ends a run, nothing of it is left
but what is in --out.

Exit code: 0 all holds, 1 a violation, 2 otherwise (it could not be told, or could not be run).";

/// Starts a real cluster, has clients work while faults come, heals it, reads all that is there,
/// and checks everything.
#[derive(clap::Args, Debug)]
#[command(after_help = format!("{EXAMPLES}{}{EXIT_CODES}", fault::names()))]
pub struct Args {
    /// What is tested
    #[arg(long, value_enum, default_value_t = Target::Metad)]
    pub target: Target,
    /// Nodes of the cluster
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=9))]
    pub nodes: u8,
    /// How long the clients are at work: 90s, 5m
    #[arg(long, default_value = "60s", value_parser = crate::parse_time)]
    pub time: Duration,
    /// What they do [default: the target's first]
    #[arg(long)]
    pub workload: Option<String>,
    /// Faults, by comma: names, `partition` (all of those), `all` that can be had here, `none`
    #[arg(long, value_name = "LIST", default_value = "all", value_parser = fault::parse)]
    pub nemesis: fault::List,
    /// Faults come so many times as often, and are over as much sooner
    #[arg(long, value_name = "TIMES", default_value_t = 1.0, value_parser = fault::parse_pace)]
    pub pace: f64,
    /// Where all random choices come from
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Clients at work
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub clients: u64,
    /// Mean pause of a client between an answer and its next operation: 0 for as much as goes
    #[arg(long, value_name = "TIME", default_value = "30ms", value_parser = crate::parse_time)]
    pub think: Duration,
    /// A directory tree to import first (metad)
    #[arg(long, value_name = "DIR")]
    pub import: Option<PathBuf>,
    /// Where the history, the report and the nodes' logs go
    #[arg(long, value_name = "DIR", default_value = "target/run")]
    pub out: PathBuf,
    /// The server's binary [default: metad beside this program]
    #[arg(long, value_name = "FILE")]
    pub binary: Option<PathBuf>,
    /// Where the cluster runs [default: namespaces, if they can be had]
    #[arg(long, value_enum, overrides_with = "place")]
    pub place: Option<Place>,
    /// How long to search before the verdict is "unknown"
    #[arg(long, value_name = "TIME", default_value = "120s", value_parser = crate::parse_time)]
    pub time_limit: Duration,
    /// Only print which faults would come, and when
    #[arg(long)]
    pub plan: bool,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
    /// The folder of the run that this process is the inner half of
    #[arg(long, hide = true)]
    pub inside: Option<PathBuf>,
}

impl Args {
    /// The faults that come: of those that were asked for, the ones that can be had.
    pub fn faults(&self, place: Place) -> anyhow::Result<Vec<Fault>> {
        self.nemesis.available(self.target, place, self.nodes)
    }

    /// When which of them comes.
    pub fn plan_of(&self, faults: &[Fault]) -> Vec<Step> {
        let Args { seed, nodes, time, pace, .. } = *self;
        plan::plan(&Frame { seed, nodes, time, pace }, faults)
    }
}
