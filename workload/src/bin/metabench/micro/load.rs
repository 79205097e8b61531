//! Puts a load on a target and measures it.
//!
//! A closed loop: each client has one operation under way, and begins the next when it has
//! ended. An open loop: operations come when they come, by a Poisson process, and each is
//! measured from when it was due, so that a stall is felt by all that should have come in it
//! (no coordinated omission).

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use hdrhistogram::Histogram;
use rand::{SeedableRng as _, rngs::ChaCha8Rng};
use rand_distr::{Distribution as _, Exp};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

use super::{
    phase::{Nodes, Phase},
    target::Target,
};

/// Longer ones are counted as so long.
const LATENCY_MAX: Duration = Duration::from_secs(60);
/// An open loop has at most so many operations under way: beyond, the rate is not sustained.
const UNDER_WAY_MAX: u64 = 50_000;

/// How much, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Not measured, before what is.
    pub warm_up: Duration,
    /// What is measured.
    pub time: Duration,
    /// Operations a second of an open loop.
    pub rate: Option<f64>,
}

/// What came of it.
pub struct Measured {
    /// How long it was measured: shorter if nothing was left to do.
    pub time: Duration,
    /// Microseconds of operations that were done.
    pub latency: Histogram<u64>,
    /// How many ended in each whole second.
    pub seconds: Vec<u64>,
    pub failed: u64,
    pub first_failure: Option<String>,
    /// An open loop that gave up: the target does not sustain the rate.
    pub gave_up: bool,
}

/// What all clients of a run share.
pub struct Clients {
    pub target: Target,
    pub nodes: Vec<Nodes>,
}

/// One phase.
pub async fn run(clients: &Arc<Clients>, phase: Phase, load: Load) -> anyhow::Result<Measured> {
    let begin = Instant::now() + load.warm_up;
    let window = Arc::new(Window { begin, end: begin + load.time, cut: AtomicU64::new(u64::MAX) });
    let (samples, collected) = mpsc::unbounded_channel();
    let collecting = tokio::spawn(collect(collected));
    let gave_up = match load.rate {
        None => closed(clients, phase, &window, samples).await,
        Some(rate) => open(clients, phase, (&window, load.warm_up, rate), samples).await,
    }?;
    let mut measured = collecting.await?;
    measured.time = window.time();
    // The last one is not whole.
    measured.seconds.truncate(measured.time.as_secs() as usize);
    measured.gave_up = gave_up;
    Ok(measured)
}

/// What is measured.
struct Window {
    begin: Instant,
    end: Instant,
    /// Microseconds after the beginning at which nothing was left to do for a client.
    cut: AtomicU64,
}

impl Window {
    fn is_over(&self, now: Instant) -> bool {
        now >= self.end || self.micros(now) >= self.cut.load(Relaxed)
    }

    fn contains(&self, at: Instant) -> bool {
        at >= self.begin && !self.is_over(at)
    }

    fn micros(&self, at: Instant) -> u64 {
        at.saturating_duration_since(self.begin).as_micros() as u64
    }

    fn cut(&self, at: Instant) {
        self.cut.fetch_min(self.micros(at), Relaxed);
    }

    fn time(&self) -> Duration {
        (self.end - self.begin).min(Duration::from_micros(self.cut.load(Relaxed)))
    }
}

/// Some operations: microseconds each, and why those that failed did.
#[derive(Default)]
struct Samples {
    /// When it ended after the beginning, and how long it took.
    micros: Vec<(u64, u64)>,
    failures: Vec<String>,
}

/// So many samples of a client are handed over at once.
const SAMPLES_MAX: usize = 256;

type Sink = mpsc::UnboundedSender<Samples>;

impl Samples {
    fn add(&mut self, at: u64, latency: Duration, ended: anyhow::Result<()>) {
        match ended {
            Ok(()) => self.micros.push((at, latency.as_micros() as u64)),
            Err(error) => self.failures.push(format!("{error:#}")),
        }
    }
}

async fn collect(mut collected: mpsc::UnboundedReceiver<Samples>) -> Measured {
    let latency = Histogram::new_with_max(LATENCY_MAX.as_micros() as u64, 3);
    let mut measured = Measured {
        time: Duration::ZERO,
        latency: latency.expect("3 digits is in range"),
        seconds: Vec::new(),
        failed: 0,
        first_failure: None,
        gave_up: false,
    };
    while let Some(samples) = collected.recv().await {
        for (at, micros) in samples.micros {
            measured.latency.saturating_record(micros);
            let second = usize::try_from(at / 1_000_000).expect("a run is shorter");
            measured.seconds.resize(measured.seconds.len().max(second + 1), 0);
            measured.seconds[second] += 1;
        }
        measured.failed += samples.failures.len() as u64;
        measured.first_failure = measured.first_failure.or(samples.failures.into_iter().next());
    }
    measured
}

async fn closed(
    clients: &Arc<Clients>,
    phase: Phase,
    window: &Arc<Window>,
    sink: Sink,
) -> anyhow::Result<bool> {
    let mut tasks = Vec::new();
    for client in 0..clients.nodes.len() {
        let (clients, window, sink) = (clients.clone(), window.clone(), sink.clone());
        let task = async move {
            let mut samples = Samples::default();
            let mut now = Instant::now();
            while !window.is_over(now) {
                let Some(call) = clients.nodes[client].next(phase) else {
                    window.cut(now);
                    break;
                };
                let begun = Instant::now();
                let ended = clients.target.call(client, call).await;
                now = Instant::now();
                if window.contains(now) || ended.is_err() {
                    samples.add(window.micros(now), now - begun, ended);
                }
                if samples.micros.len() == SAMPLES_MAX {
                    let _ = sink.send(std::mem::take(&mut samples));
                }
            }
            let _ = sink.send(samples);
        };
        tasks.push(tokio::spawn(task));
    }
    for task in tasks {
        task.await?;
    }
    Ok(false)
}

async fn open(
    clients: &Arc<Clients>,
    phase: Phase,
    (window, warm_up, rate): (&Arc<Window>, Duration, f64),
    sink: Sink,
) -> anyhow::Result<bool> {
    let gaps = Exp::new(rate).map_err(|error| anyhow::anyhow!("a rate of {rate}: {error}"))?;
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let under_way = Arc::new(AtomicU64::new(0));
    let mut due = window.begin - warm_up;
    for client in (0..clients.nodes.len()).cycle() {
        due += Duration::from_secs_f64(gaps.sample(&mut random));
        if due > Instant::now() {
            // To the millisecond: those that are due by then go together.
            sleep_until(due).await;
        }
        let Some(call) = clients.nodes[client].next(phase) else {
            window.cut(due);
            break;
        };
        if window.is_over(due) {
            break;
        }
        if under_way.fetch_add(1, Relaxed) > UNDER_WAY_MAX {
            return Ok(true);
        }
        let (clients, window, sink) = (clients.clone(), window.clone(), sink.clone());
        let under_way = under_way.clone();
        tokio::spawn(async move {
            let ended = clients.target.call(client, call).await;
            under_way.fetch_sub(1, Relaxed);
            if window.contains(due) || ended.is_err() {
                let mut samples = Samples::default();
                samples.add(window.micros(Instant::now()), due.elapsed(), ended);
                let _ = sink.send(samples);
            }
        });
    }
    // Those that are under way hold a sink each, so all of them are counted.
    Ok(false)
}
