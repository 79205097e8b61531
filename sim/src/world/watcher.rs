//! What everybody tells the oracles, and what the oracles and the nemesis want to know.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use metad::kv::{Result, Write};
use metad_client::v1::RequestId;
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
}

#[derive(Default)]
struct State {
    oracles: Oracles,
    counts: BTreeMap<String, u64>,
    samples: BTreeMap<Node, Sample>,
    effects: Effects,
    /// The last vote for another node, and who cast it.
    last_vote: Option<(Node, Ballot)>,
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
    pub fn writes(&self, batch: &[Write]) -> Result<()> {
        let counts = self.state().effects.see(batch)?;
        counts.into_iter().for_each(|name| self.count(name));
        Ok(())
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
        drop(state);
        self.tell(|oracles| oracles.samples(node, sample));
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
