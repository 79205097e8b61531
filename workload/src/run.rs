//! A run: a namespace of its own, clients at work in it, and the final reads.
//!
//! The parts can be driven one by one, so that a nemesis works meanwhile and the simulator
//! puts each client on a node of its own: [`Run::start`], [`Run::drive`] or [`Run::process`],
//! [`Run::finish`].

use std::{
    io::{self, Write},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::{StreamExt, stream::FuturesUnordered};
use metad_client::{Client, Reply, errors::Reason, v1};
use tokio::time::Instant;

use crate::{
    execute::{Answer, Outcome},
    finale,
    operation::Operation,
    process::{Offer, Process},
    record::{Header, Recorder},
    stats::{Report, Stats},
    world::World,
};

/// Attempts to make a namespace for the run that may go without an answer.
const SETUP_TRIES_MAX: u32 = 3;

/// What a run is.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where all randomness comes from.
    pub seed: u64,
    /// Logical clients; each has one operation under way at a time.
    pub processes: usize,
    /// How long they work.
    pub time: Option<Duration>,
    /// How many operations they begin in all. One of the two bounds must be given.
    pub operations: Option<u64>,
    /// Mean time between an answer and the next operation; zero for none.
    pub think_time: Duration,
    /// How long a client that goes offline stays away; zero for never.
    pub offline_window: Duration,
    /// The share of clients that are offline in each window.
    pub offline_share: f64,
    /// Name of the namespace; a number is added if it is taken.
    pub namespace: String,
    /// For the header: nodes of the cluster.
    pub nodes: u64,
    /// For the header: kinds of faults.
    pub faults: Vec<String>,
}

impl Config {
    /// A team of this many clients.
    pub fn team(seed: u64, processes: usize) -> Self {
        Config {
            seed,
            processes,
            time: None,
            operations: None,
            think_time: Duration::ZERO,
            offline_window: Duration::from_secs(3),
            offline_share: 0.05,
            namespace: format!("team-{seed}"),
            nodes: 3,
            faults: Vec::new(),
        }
    }
}

/// Why a run could not be completed. The history up to there is written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The history cannot be written.
    #[error("write the history: {0}")]
    History(#[from] io::Error),
    /// An answer that no service may give, or a call that none understands.
    #[error(transparent)]
    Client(#[from] metad_client::Error),
    /// There was no answer for too long.
    #[error("{0}")]
    Unavailable(String),
    /// The configuration makes no sense.
    #[error("{0}")]
    Invalid(String),
}

/// A run under way.
pub struct Run {
    pub(crate) config: Config,
    pub(crate) recorder: Recorder,
    shared: Mutex<Shared>,
    start: Instant,
    begun: AtomicU64,
    ns: AtomicU64,
    stopped: AtomicBool,
}

pub(crate) struct Shared {
    pub world: World,
    pub stats: Stats,
    pub offer: Option<Offer>,
}

impl Run {
    /// Writes the header and makes the namespace, which is the first operation.
    pub async fn start(
        config: Config,
        client: &Client,
        out: Box<dyn Write + Send>,
    ) -> Result<Run, Error> {
        if config.time.is_none() && config.operations.is_none() {
            return Err(Error::Invalid("a run needs a time or a number of operations".to_owned()));
        }
        let header = Header::new("team", config.seed, config.nodes, config.faults.clone());
        let recorder = Recorder::new(out, &header)?;
        let mut run = Run {
            config,
            recorder,
            shared: Mutex::new(Shared {
                world: World::new(0),
                stats: Stats::default(),
                offer: None,
            }),
            start: Instant::now(),
            begun: AtomicU64::new(0),
            ns: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
        };
        let namespace = run.set_up(client).await?;
        run.ns.store(namespace.id, Ordering::Relaxed);
        run.shared().world = World::new(namespace.root);
        run.start = Instant::now();
        Ok(run)
    }

    /// Runs all clients to the end, each on one of `clients` in turn.
    pub async fn drive(&self, clients: &[Client]) -> Result<(), Error> {
        if clients.is_empty() {
            return Err(Error::Invalid("a run needs a client".to_owned()));
        }
        let process =
            |number: usize| self.process(clients[number % clients.len()].clone(), number as u64);
        let mut working: FuturesUnordered<_> = (0..self.config.processes).map(process).collect();
        while let Some(ended) = working.next().await {
            ended?;
        }
        Ok(())
    }

    /// Runs the `number`th client to the end.
    pub async fn process(&self, client: Client, number: u64) -> Result<(), Error> {
        let worked = Process::new(self, client, number).work().await;
        if worked.is_err() {
            self.stop();
        }
        worked
    }

    /// Ends the run early: no client begins another operation.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Reads the whole tree and its journal into the history, and tells the figures of the
    /// time until now. To be called when all clients are done and the cluster is whole.
    pub async fn finish(&self, client: &Client) -> Result<Report, Error> {
        let elapsed = self.elapsed();
        self.shared().stats.end(elapsed);
        let final_reads = finale::read_all(self, client).await?;
        self.recorder.end()?;
        Ok(Report { final_reads, ..self.shared().stats.report(elapsed) })
    }

    /// The history, for a nemesis to write to.
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// The id of the run's namespace.
    pub fn ns(&self) -> u64 {
        self.ns.load(Ordering::Relaxed)
    }

    /// How long the clients have been at work.
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    pub(crate) fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// May one more operation begin?
    pub(crate) fn claim(&self) -> bool {
        if self.stopped.load(Ordering::Relaxed)
            || self.config.time.is_some_and(|time| self.elapsed() >= time)
        {
            return false;
        }
        let begun = self.begun.fetch_add(1, Ordering::Relaxed);
        self.config.operations.is_none_or(|operations| begun < operations)
    }

    /// A time since the start, but no later than the end.
    pub(crate) fn until_end(&self, time: Duration) -> Duration {
        self.config.time.map_or(time, |end| time.min(end))
    }

    async fn set_up(&self, client: &Client) -> Result<v1::Namespace, Error> {
        let mut process = Process::new(self, client.clone(), u64::MAX);
        let mut last = String::new();
        for _ in 0..SETUP_TRIES_MAX {
            // An attempt without an answer may have made the name before: so look each time.
            let name = self.free_name(client).await?;
            let create = Operation::CreateNamespace { name: name.clone() };
            match process.perform(&create).await?.1 {
                Outcome::Done(Reply { value: Answer::Namespace(namespace), .. }) => {
                    return Ok(namespace);
                }
                Outcome::Done(_) => unreachable!("a namespace answers create_namespace"),
                // The attempt before this one came through after all.
                Outcome::Rejected { reason: Reason::AlreadyExists, .. } if !last.is_empty() => {}
                // It was free when we looked. The history must not begin with what others do.
                Outcome::Rejected { reason: Reason::AlreadyExists, .. } => {
                    let why = "another client has just made it: start the run again";
                    return Err(Error::Invalid(format!("namespace {name:?}: {why}")));
                }
                Outcome::Rejected { reason, .. } => {
                    return Err(Error::Invalid(format!("no namespace {name:?}: {reason}")));
                }
                Outcome::Failed(why) | Outcome::Unknown(why) => last = why,
            }
        }
        Err(Error::Unavailable(format!("make a namespace for the run: {last}")))
    }

    /// Not part of the history, which starts with a namespace that was not there: a checker
    /// knows nothing of what was before.
    async fn free_name(&self, client: &Client) -> Result<String, Error> {
        let taken = match client.list_namespaces().await {
            Ok(reply) => reply.value,
            Err(metad_client::Error::Unavailable { message }) => {
                return Err(Error::Unavailable(message));
            }
            Err(error) => return Err(error.into()),
        };
        let is_free = |name: &String| taken.iter().all(|namespace| namespace.name != *name);
        let base = &self.config.namespace;
        let numbered = (2..).map(|number: u64| format!("{base}-{number}"));
        let names = std::iter::once(base.clone()).chain(numbered);
        Ok(names.into_iter().find(is_free).expect("there are more numbers than namespaces"))
    }
}
