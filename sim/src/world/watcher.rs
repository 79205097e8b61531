//! What everybody tells the oracles, and what the oracles and the nemesis want to know.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
};

use metad::kv::{Result, Write};
use metad_client::v1::RequestId;
use metad_workload::Run;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::effects::{Effect, Effects};

use crate::{
    oracle::{Ballot, Node, Oracles, Sample},
    report::Violation,
};

/// Clones are the same watcher.
#[derive(Clone, Default)]
pub struct Watcher(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    violated: Notify,
    voted: Notify,
    applied: Notify,
}

#[derive(Default)]
struct State {
    oracles: Oracles,
    counts: BTreeMap<String, u64>,
    samples: BTreeMap<Node, Sample>,
    effects: Effects,
    /// The node whose state was written last.
    last_writer: Option<Node>,
    /// The numbers of the faults that came.
    faults: BTreeSet<u32>,
    calls: Vec<(u64, u64)>,
    /// The last vote for another node, and who cast it.
    last_vote: Option<(Node, Ballot)>,
    /// The last term that anybody led in, and who did.
    led: (u64, Node),
    /// Where faults and leaders are told, once there is a history.
    history: Option<Arc<Run>>,
    /// The history has its end.
    is_whole: bool,
}

impl Watcher {
    fn state(&self) -> MutexGuard<'_, State> {
        // After a panic the report still wants to know what was seen.
        self.0.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Tells the oracles something.
    pub fn tell(&self, tell: impl FnOnce(&mut Oracles)) {
        let mut state = self.state();
        tell(&mut state.oracles);
        if state.oracles.violation().is_some() {
            self.0.violated.notify_one();
        }
    }

    /// Reports what no oracle above saw.
    pub fn report(&self, violation: Violation) {
        self.tell(|oracles| oracles.report(violation));
    }

    /// The first violation, if there is one.
    pub fn violation(&self) -> Option<Violation> {
        self.state().oracles.violation().cloned()
    }

    /// Waits for one.
    pub async fn violated(&self) -> Violation {
        loop {
            if let Some(violation) = self.violation() {
                return violation;
            }
            self.0.violated.notified().await;
        }
    }

    /// Something happened.
    pub fn count(&self, name: &str) {
        self.add(name, 1);
    }

    /// Something happened so many times.
    pub fn add(&self, name: &str, count: u64) {
        if count > 0 {
            *self.state().counts.entry(name.to_owned()).or_default() += count;
        }
    }

    /// How often each thing happened.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        let state = self.state();
        let mut counts = state.counts.clone();
        counts.insert("elections".to_owned(), state.oracles.elections() as u64);
        counts
    }

    /// A node writes this to its state.
    pub fn writes(&self, node: Node, batch: &[Write]) -> Result<()> {
        let counts = {
            let mut state = self.state();
            state.last_writer = Some(node);
            state.effects.see(batch)?
        };
        self.0.applied.notify_waiters();
        counts.into_iter().for_each(|name| self.count(name));
        Ok(())
    }

    /// Waits until a node writes to its state.
    pub async fn applies(&self, node: Node) {
        loop {
            self.0.applied.notified().await;
            if self.state().last_writer == Some(node) {
                return;
            }
        }
    }

    /// A fault came.
    pub fn fault_came(&self, number: u32) {
        self.state().faults.insert(number);
    }

    /// The calls that clients made.
    pub fn calls_made(&self, calls: Vec<(u64, u64)>) {
        self.state().calls = calls;
    }

    /// The calls that clients made.
    pub fn calls(&self) -> Vec<(u64, u64)> {
        self.state().calls.clone()
    }

    /// The numbers of the faults that came.
    pub fn faults(&self) -> Vec<u32> {
        self.state().faults.iter().copied().collect()
    }

    /// What a request was seen to do.
    pub fn effect(&self, request: RequestId) -> Option<Effect> {
        self.state().effects.of(request).cloned()
    }

    /// Raft says where it is.
    pub fn sample(&self, node: Node, sample: Sample) {
        let mut state = self.state();
        let before = state.samples.insert(node, sample).unwrap_or_default().vote;
        let vote = sample.vote;
        if vote.term > before.term && !vote.is_leader && vote.node != 0 {
            state.last_vote = Some((node, vote));
            self.0.voted.notify_waiters();
        }
        let is_new = sample.is_leader && sample.term > state.led.0;
        if is_new {
            state.led = (sample.term, node);
        }
        drop(state);
        if is_new {
            self.record_leader();
        }
        self.tell(|oracles| oracles.samples(node, sample));
    }

    /// Faults and leaders are told to this run's history from now on.
    pub fn set_history(&self, run: Arc<Run>) {
        self.state().history = Some(run);
        self.record_leader();
    }

    /// Nothing more is told to the history: it gets its end.
    pub fn end_history(&self) {
        self.state().is_whole = true;
    }

    /// The run that the history is of.
    pub fn history(&self) -> Option<Arc<Run>> {
        self.state().history.clone()
    }

    /// Tells the history what the nemesis did, or what it saw.
    pub fn record(&self, what: &str, value: Value) {
        if let Some(run) = self.history().filter(|_| !self.state().is_whole) {
            run.recorder().write_nemesis(what, value).expect("memory holds the history");
        }
    }

    fn record_leader(&self) {
        let (term, node) = self.state().led;
        self.record("leader", json!({ "node": node, "term": term }));
    }

    /// A node is down: what it said of itself is over.
    pub fn gone(&self, node: Node) {
        self.state().samples.remove(&node);
    }

    /// Who leads, as far as one can know: of those that say so, the one of the latest term.
    pub fn leader(&self) -> Option<Node> {
        let state = self.state();
        let leaders = state.samples.iter().filter(|(_, sample)| sample.is_leader);
        leaders.max_by_key(|(_, sample)| sample.term).map(|(node, _)| *node)
    }

    /// Where each running node is.
    pub fn samples(&self) -> BTreeMap<Node, Sample> {
        self.state().samples.clone()
    }

    /// Waits for the next vote that a node has stored, and says which node.
    pub async fn vote(&self) -> Node {
        let voted = self.0.voted.notified();
        voted.await;
        self.state().last_vote.map_or(1, |(node, _)| node)
    }
}
