//! A run: namespaces of its own, clients at work in it, and the final reads.
//!
//! The parts can be driven one by one, so that a nemesis works meanwhile and the simulator
//! puts each client on a node of its own: [`Run::start`], [`Run::drive`] or [`Run::process`],
//! [`Run::finish`].

use std::{
    collections::BTreeSet,
    io::{self, Write},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::{StreamExt, stream::FuturesUnordered};
use metad_client::{Client, v1::RequestId};
use tokio::time::Instant;

use crate::{
    finale,
    process::{Offer, Process},
    record::{Header, Recorder},
    setup::set_up,
    stats::{Report, Stats},
    sync::{self, Syncer},
    world::World,
};

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
    /// The share of clients that keep a replica, with which they go offline for long and merge.
    pub sync_share: f64,
    /// The share of reads that rely on leases, and so on clocks that run at about the same rate.
    pub lease_share: f64,
    /// The only calls that are made, by client and number; None for all. For a run that is to
    /// show something with as little as possible.
    pub keep: Option<Arc<BTreeSet<(u64, u64)>>>,
    /// Name of the namespace; a number is added if it is taken, or another one that begins with
    /// it and a dot: such names are those of the run's other namespaces.
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
            sync_share: 0.05,
            lease_share: 0.04,
            keep: None,
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
    /// Clients with a replica that have come to the end of their work.
    pub syncers: Vec<Syncer>,
    /// Requests whose outcome is unknown.
    pub unknown: Vec<RequestId>,
    /// The calls that were made, by client and number.
    pub made: Vec<(u64, u64)>,
}

impl Run {
    /// Writes the header, makes the namespace, which is the first operation, and others that
    /// are mounted in it.
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
                world: World::new("", 0, 0),
                stats: Stats::default(),
                offer: None,
                syncers: Vec::new(),
                unknown: Vec::new(),
                made: Vec::new(),
            }),
            start: Instant::now(),
            begun: AtomicU64::new(0),
            ns: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
        };
        let mut world = set_up(&run, client).await?;
        world.set_lease_share(run.config.lease_share);
        run.ns.store(world.tree(0).ns(), Ordering::Relaxed);
        run.shared().world = world;
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

    /// Reads all trees and their journals into the history, and tells the figures of the
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

    /// The requests whose outcome is unknown so far. Who has seen some of them take effect may
    /// remark so in the history.
    pub fn unknown_requests(&self) -> Vec<RequestId> {
        self.shared().unknown.clone()
    }

    /// The calls that clients made so far, in their order, by client and number.
    pub fn made(&self) -> Vec<(u64, u64)> {
        self.shared().made.clone()
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

    /// May no more operations begin?
    pub(crate) fn is_over(&self) -> bool {
        let begun = self.begun.load(Ordering::Relaxed);
        self.stopped.load(Ordering::Relaxed)
            || self.config.time.is_some_and(|time| self.elapsed() >= time)
            || self.config.operations.is_some_and(|operations| begun >= operations)
    }

    /// May one more operation begin?
    pub(crate) fn claim(&self) -> bool {
        if self.is_over() {
            return false;
        }
        let begun = self.begun.fetch_add(1, Ordering::Relaxed);
        self.config.operations.is_none_or(|operations| begun < operations)
    }

    /// The replica of the `number`th client, if it keeps one: the last ones do.
    pub(crate) fn syncer(&self, number: u64) -> Option<Syncer> {
        let processes = self.config.processes;
        let first = processes - sync::count(processes, self.config.sync_share);
        let index = usize::try_from(number).ok()?.checked_sub(first)?;
        let shared = self.shared();
        let tree = shared.world.tree(shared.world.polite()?);
        Some(Syncer::new(index as u64, tree.ns(), tree.root()))
    }

    /// A time since the start, but no later than the end.
    pub(crate) fn until_end(&self, time: Duration) -> Duration {
        self.config.time.map_or(time, |end| time.min(end))
    }
}
