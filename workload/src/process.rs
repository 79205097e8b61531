//! One logical client at work: plans, invokes, records, learns; again and again.
//!
//! Invariant: what is invoked under a process number is completed under it before the next
//! one is invoked; after an unknown outcome the number is given up.

use std::{sync::Arc, time::Duration};

use metad_client::{Client, Request, errors::Reason};
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};
use tokio::{
    sync::Notify,
    time::{Instant, sleep, timeout},
};

use crate::{
    execute::{Answer, Outcome, execute},
    operation::Operation,
    profile::{Next, Plan, team::Team},
    record::{Event, Kind},
    run::{Error, Run},
    stats::Sample,
    world::World,
};

/// How long a client waits for another one to join its race.
const RACE_WAIT: Duration = Duration::from_millis(100);
/// Waits of more than so many times the mean are cut.
const THINK_TIMES_MAX: f64 = 8.0;

/// The other half of a race, waiting to be taken.
pub(crate) struct Offer {
    plan: Plan,
    taken: Arc<Notify>,
}

pub(crate) struct Process<'a> {
    run: &'a Run,
    client: Client,
    process: u64,
    random: ChaCha8Rng,
    team: Team,
    /// Which offline window was last drawn for.
    window: u32,
}

impl<'a> Process<'a> {
    /// The `number`th client of a run: its randomness is a stream of its own.
    pub(crate) fn new(run: &'a Run, client: Client, number: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(run.config.seed);
        random.set_stream(number);
        let process = run.recorder.fresh_process();
        let team = Team::new(run.config.processes, number);
        Process { run, client, process, random, team, window: 0 }
    }

    pub(crate) async fn work(&mut self) -> Result<(), Error> {
        while self.run.claim() {
            self.maybe_offline().await;
            // On a line of its own: the lock must not be held while the operation runs.
            let offer = self.run.shared().offer.take();
            if let Some(Offer { plan, taken }) = offer {
                taken.notify_one();
                self.invoke(plan).await?;
                continue;
            }
            let next = self.team.next(&mut self.run.shared().world, &mut self.random);
            let plan = match next {
                Next::One(plan) => plan,
                Next::Race(plan, other) => {
                    self.offer(other).await;
                    plan
                }
            };
            self.invoke(plan).await?;
            self.think().await;
        }
        Ok(())
    }

    async fn invoke(&mut self, plan: Plan) -> Result<(), Error> {
        let (latency, outcome) = self.perform(&plan.operation).await?;
        if let Outcome::Done(reply) = &outcome {
            self.team.told(&reply.value);
        }
        let sample =
            Sample { mutation: plan.operation.is_mutation(), latency, at: self.run.elapsed() };
        let mut shared = self.run.shared();
        shared.stats.add(&sample, &outcome);
        match outcome {
            Outcome::Done(reply) => {
                shared.world.reached(reply.revision);
                learn(&mut shared.world, plan, reply.value);
            }
            Outcome::Rejected { reason: Reason::NotFound, .. } => {
                let root = shared.world.root();
                plan.about
                    .filter(|id| *id != root)
                    .into_iter()
                    .for_each(|id| shared.world.forget(id));
            }
            Outcome::Rejected { .. } | Outcome::Failed(_) | Outcome::Unknown(_) => {}
        }
        Ok(())
    }

    /// Runs one operation and records it; tells how long it took and how it ended.
    pub(crate) async fn perform(
        &mut self,
        operation: &Operation,
    ) -> Result<(Duration, Outcome), Error> {
        let (run, ns) = (self.run, self.run.ns());
        let request = match operation.is_mutation() {
            true => Some(self.client.next_request().await),
            false => None,
        };
        let request = request.transpose();
        let id = request.as_ref().ok().and_then(|request| request.as_ref().map(Request::id));
        let invoke = Event::new(self.process, Kind::Invoke, operation.f(), operation.value(ns));
        run.recorder.write(invoke.request(id))?;
        let invoked = Instant::now();
        let outcome = match request {
            Ok(request) => execute(&self.client, ns, operation, request.as_ref()).await?,
            // Without a session nothing can be sent.
            Err(metad_client::Error::Unavailable { message }) => Outcome::Failed(message),
            Err(error) => return Err(error.into()),
        };
        let latency = invoked.elapsed();
        run.recorder.write(completion(self.process, operation, ns, &outcome))?;
        if let Outcome::Unknown(_) = outcome {
            self.process = run.recorder.fresh_process();
        }
        Ok((latency, outcome))
    }

    /// Lets another client take the other half of a race, if one comes soon.
    async fn offer(&self, plan: Plan) {
        if self.run.config.processes < 2 {
            return;
        }
        let taken = Arc::new(Notify::new());
        self.run.shared().offer = Some(Offer { plan, taken: taken.clone() });
        if timeout(RACE_WAIT, taken.notified()).await.is_err() {
            let mut shared = self.run.shared();
            if shared.offer.as_ref().is_some_and(|offer| Arc::ptr_eq(&offer.taken, &taken)) {
                shared.offer = None;
            }
        }
    }

    async fn think(&mut self) {
        let mean = self.run.config.think_time;
        if !mean.is_zero() {
            let drawn: f64 = self.random.random_range(f64::EPSILON..1.0);
            sleep(mean.mul_f64((-drawn.ln()).min(THINK_TIMES_MAX))).await;
        }
    }

    /// At the start of each window some clients leave until its end, all to come back at
    /// the same time.
    async fn maybe_offline(&mut self) {
        let window = self.run.config.offline_window;
        if window.is_zero() {
            return;
        }
        let now = (self.run.elapsed().as_secs_f64() / window.as_secs_f64()) as u32;
        if now == self.window {
            return;
        }
        self.window = now;
        if !self.random.random_bool(self.run.config.offline_share) {
            return;
        }
        self.team.go_offline(&mut self.run.shared().world, &mut self.random);
        let end = window * (now + 1);
        sleep(self.run.until_end(end).saturating_sub(self.run.elapsed())).await;
        self.window = now + 1;
        self.team.come_back();
    }
}

/// What an answer says about the tree.
fn learn(world: &mut World, plan: Plan, answer: Answer) {
    match answer {
        Answer::Results(results) => {
            for (effect, result) in plan.effects.into_iter().zip(results) {
                match result.renamed.is_empty() {
                    true => world.acknowledge(effect, result.id, result.rev),
                    false => world.acknowledge_copy(effect, result.renamed, result.id, result.rev),
                }
            }
        }
        Answer::Entries(entries) => {
            if let Some(parent) = plan.about {
                world.listed(parent, &entries);
            }
        }
        _ => {}
    }
}

fn completion(process: u64, operation: &Operation, ns: u64, outcome: &Outcome) -> Event {
    let event = |kind, value| Event::new(process, kind, operation.f(), value);
    match outcome {
        Outcome::Done(reply) => {
            let single = matches!(operation, Operation::Step(_));
            let value = reply.value.value(single);
            event(Kind::Ok, value).answered(Some(reply.revision), Some(reply.node))
        }
        Outcome::Rejected { reason, step, revision, node } => {
            let mut value = serde_json::json!({"rejected": reason.as_str()});
            if let (Some(step), Operation::Batch(_)) = (step, operation) {
                value["step"] = (*step).into();
            }
            event(Kind::Ok, value).answered(*revision, *node)
        }
        Outcome::Failed(why) => event(Kind::Fail, with_error(operation, ns, why)),
        Outcome::Unknown(why) => event(Kind::Info, with_error(operation, ns, why)),
    }
}

/// As is usual for operations without an answer: what was asked, and why there is no answer.
fn with_error(operation: &Operation, ns: u64, why: &str) -> serde_json::Value {
    let mut value = operation.value(ns);
    value["error"] = why.into();
    value
}
