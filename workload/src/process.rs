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
    answer::Shape,
    execute::{Outcome, execute},
    learn::{learn, not_found},
    operation::{Call, Operation},
    profile::{Next, Plan, team::Team},
    record::{Event, Kind},
    run::{Error, Run},
    stats::Sample,
    sync::{Caller, Syncer},
};

/// How long a client waits for another one to join its race.
const RACE_WAIT: Duration = Duration::from_millis(100);
/// What a client that goes away gives its goodbye.
const GOODBYE: Duration = Duration::from_millis(200);
/// From here on, numbers are not those of a run's clients.
const FINAL_NUMBERS: u64 = u64::MAX - 1;
/// Added to a client's number: the stream of what it does beside its work.
const BESIDE: u64 = 1 << 63;
/// Waits of more than so many times the mean are cut.
const THINK_TIMES_MAX: f64 = 8.0;

/// Of the refusals that a client gets, it ponders one in so many…
const REFUSED_PONDERED_ONE_IN: u64 = 4;
/// …for so many times as long as it thinks otherwise: what was refused may come again meanwhile,
/// by a network that duplicates, when it would no longer be refused.
const PONDERING_TIMES: u32 = 20;

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
    /// For what it does beside its work.
    beside: ChaCha8Rng,
    team: Team,
    /// Which offline window was last drawn for.
    window: u32,
    number: u64,
    /// It works for the final reads: its calls are not those of the run.
    is_final: bool,
    /// How many calls it has made.
    calls: u64,
    /// How many it has thought of.
    drawn: u64,
    /// Its last call was refused.
    refused: bool,
}

impl<'a> Process<'a> {
    /// The `number`th client of a run: its randomness is a stream of its own.
    pub(crate) fn new(run: &'a Run, client: Client, number: u64) -> Self {
        let stream = |stream| {
            let mut random = ChaCha8Rng::seed_from_u64(run.config.seed);
            random.set_stream(stream);
            random
        };
        let process = run.recorder.fresh_process();
        let team = Team::new(run.config.processes, number);
        let is_final = number >= FINAL_NUMBERS;
        Process {
            run,
            client,
            process,
            random: stream(number),
            beside: stream(number ^ BESIDE),
            team,
            window: 0,
            number,
            is_final,
            calls: 0,
            drawn: 0,
            refused: false,
        }
    }

    pub(crate) async fn work(&mut self) -> Result<(), Error> {
        match self.run.syncer(self.number) {
            Some(syncer) => self.work_apart(syncer).await,
            None => self.work_together().await,
        }
    }

    /// Online for a moment, offline for long, again and again.
    async fn work_apart(&mut self, mut syncer: Syncer) -> Result<(), Error> {
        while !self.run.is_over() {
            syncer.online(self).await?;
            syncer.offline(&mut self.random);
            // Who goes away for long says so. If nobody hears it, the session expires.
            drop(timeout(GOODBYE, self.client.close_session()).await);
            // Not all away for equally long.
            let away = self.run.config.offline_window.mul_f64(self.random.random_range(0.2..1.0));
            let end = self.run.elapsed() + away;
            sleep(self.run.until_end(end).saturating_sub(self.run.elapsed())).await;
        }
        self.run.shared().syncers.push(syncer);
        Ok(())
    }

    async fn work_together(&mut self) -> Result<(), Error> {
        while self.run.claim() {
            self.maybe_offline().await;
            // On a line of its own: the lock must not be held while the operation runs.
            let offer = self.run.shared().offer.take();
            if let Some(Offer { plan, taken }) = offer {
                taken.notify_one();
                self.invoke(plan).await?;
                continue;
            }
            let beside = self.team.beside(&mut self.run.shared().world, &mut self.beside);
            if let Some(plan) = beside {
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

    /// Whether the next call is one of those that are made.
    fn is_kept(&mut self) -> bool {
        self.drawn += 1;
        let this = (self.number, self.drawn);
        let is_kept = self.run.config.keep.as_ref().is_none_or(|keep| keep.contains(&this));
        if is_kept {
            self.run.shared().made.push(this);
        }
        is_kept
    }

    async fn invoke(&mut self, plan: Plan) -> Result<(), Error> {
        if !self.is_kept() {
            return Ok(());
        }
        let (latency, outcome) = self.perform(&plan.call).await?;
        self.refused = matches!(outcome, Outcome::Rejected { .. });
        self.told(&plan.call, &outcome);
        let mutation = plan.call.operation.is_mutation();
        let sample = Sample { mutation, latency, at: self.run.elapsed() };
        let mut shared = self.run.shared();
        shared.stats.add(&sample, &outcome);
        match outcome {
            Outcome::Done(reply) => learn(&mut shared.world, plan, reply),
            Outcome::Rejected { reason: Reason::NotFound, .. } => {
                not_found(&mut shared.world, &plan);
            }
            Outcome::Rejected { .. } | Outcome::Failed(_) | Outcome::Unknown(_) => {}
        }
        Ok(())
    }

    /// How many calls it has made.
    pub(crate) fn calls(&self) -> u64 {
        self.calls
    }

    /// Writes what was found out without a call.
    pub(crate) fn record(
        &self,
        f: &str,
        asked: serde_json::Value,
        answer: serde_json::Value,
        revision: u64,
    ) -> Result<(), Error> {
        let recorder = &self.run.recorder;
        recorder.write(Event::new(self.process, Kind::Invoke, f, asked))?;
        let answer = Event::new(self.process, Kind::Ok, f, answer);
        recorder.write(answer.answered(Some(revision), None))?;
        Ok(())
    }

    fn told(&mut self, call: &Call, outcome: &Outcome) {
        match outcome {
            Outcome::Done(reply) => {
                self.team.told(call, &reply.value, reply.revision);
                self.team.reached(reply.revision);
            }
            Outcome::Rejected { reason, reset, revision, .. } => {
                match (reason, reset) {
                    (Reason::CursorReset, Some(reset)) => self.team.reset(call.ns, *reset),
                    _ => self.team.refused(call, *reason),
                }
                self.team.reached(revision.unwrap_or(0));
            }
            Outcome::Failed(_) | Outcome::Unknown(_) => {}
        }
    }

    /// Makes one call and records it; tells how long it took and how it ended.
    pub(crate) async fn perform(&mut self, call: &Call) -> Result<(Duration, Outcome), Error> {
        let run = self.run;
        self.calls += 1;
        let request = match call.operation.is_mutation() {
            true => Some(self.client.next_request().await),
            false => None,
        };
        let request = request.transpose();
        let id = request.as_ref().ok().and_then(|request| request.as_ref().map(Request::id));
        let invoke = Event::new(self.process, Kind::Invoke, call.operation.f(), call.value());
        run.recorder.write(invoke.request(id))?;
        let invoked = Instant::now();
        let outcome = match request {
            Ok(request) => execute(&self.client, call, request.as_ref()).await?,
            // Without a session nothing can be sent.
            Err(metad_client::Error::Unavailable { message }) => Outcome::Failed(message),
            Err(error) => return Err(error.into()),
        };
        let latency = invoked.elapsed();
        run.recorder.write(completion(self.process, call, &outcome))?;
        if let Outcome::Unknown(_) = outcome {
            self.process = run.recorder.fresh_process();
            run.shared().unknown.extend(id);
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
        let refused = std::mem::take(&mut self.refused);
        let mean = match refused && self.calls.is_multiple_of(REFUSED_PONDERED_ONE_IN) {
            true => self.run.config.think_time * PONDERING_TIMES,
            false => self.run.config.think_time,
        };
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
        self.team.go_offline(self.run.shared().world.tree_mut(0), &mut self.random);
        let end = window * (now + 1);
        sleep(self.run.until_end(end).saturating_sub(self.run.elapsed())).await;
        self.window = now + 1;
        self.team.come_back();
    }
}

impl Caller for Process<'_> {
    async fn call(&mut self, call: &Call) -> Result<Option<Outcome>, Error> {
        if self.is_final {
            return Ok(Some(self.perform(call).await?.1));
        }
        if !self.run.claim() || !self.is_kept() {
            return Ok(None);
        }
        let (latency, outcome) = self.perform(call).await?;
        let mutation = call.operation.is_mutation();
        let sample = Sample { mutation, latency, at: self.run.elapsed() };
        self.run.shared().stats.add(&sample, &outcome);
        self.think().await;
        Ok(Some(outcome))
    }
}

fn completion(process: u64, call: &Call, outcome: &Outcome) -> Event {
    let event = |kind, value| Event::new(process, kind, call.operation.f(), value);
    match outcome {
        Outcome::Done(reply) => {
            let value = reply.value.value(shape(&call.operation));
            event(Kind::Ok, value).answered(Some(reply.revision), Some(reply.node))
        }
        Outcome::Rejected { reason, step, revision, reset, node } => {
            let mut value = serde_json::json!({"rejected": reason.as_str()});
            if let (Some(step), Operation::Batch(_)) = (step, &call.operation) {
                value["step"] = (*step).into();
            }
            if let Some(reset) = reset {
                value["reset_revision"] = (*reset).into();
            }
            event(Kind::Ok, value).answered(*revision, *node)
        }
        Outcome::Failed(why) => event(Kind::Fail, with_error(call, why)),
        Outcome::Unknown(why) => event(Kind::Info, with_error(call, why)),
    }
}

fn shape(operation: &Operation) -> Shape {
    let past = match operation {
        Operation::Stat { at, .. } | Operation::BatchStat { at, .. } => at.is_some(),
        _ => false,
    };
    Shape {
        single: matches!(operation, Operation::Step(_)),
        past,
        recursive: matches!(operation, Operation::List { recursive: true, .. }),
    }
}

/// As is usual for operations without an answer: what was asked, and why there is no answer.
fn with_error(call: &Call, why: &str) -> serde_json::Value {
    let mut value = call.value();
    value["error"] = why.into();
    value
}
