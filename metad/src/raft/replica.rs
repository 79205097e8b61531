//! One server's part in a Raft group, as services see it: propose, read, look.

use std::{sync::Arc, time::Duration};

use metad_proto::planted;
use openraft::{
    AsyncRuntime, Instant as _,
    async_runtime::watch::WatchReceiver as _,
    errors::{ClientWriteError, Fatal},
};
use tokio::sync::{Mutex, mpsc};

use super::{
    admission::Admission,
    barrier::Barrier,
    clock::Clock,
    compare::Compared,
    pins::Pins,
    queue::{Answer, Queue},
    room::Room,
    runtime::Runtime,
    state_reader::StateReader,
    time,
    types::{Metrics, Proposal, Raft},
    unavailable::Unavailable,
};
use crate::{
    kv::{StorageFault, View},
    records,
    types::{Action, Applied, Command, Consistency, GroupId, Revision, ServerId},
};

/// How long a read waits for a server that lags: less than a client waits for an answer.
const LAG_MAX: Duration = Duration::from_secs(1);
/// How long a proposal may take. A leader without a majority would wait for ever.
const PROPOSAL_MAX: Duration = Duration::from_secs(10);

/// A leader that is not heard from for so long is taken for gone by whoever watches.
const LEADER_SILENCE_MAX_MS: u64 = 3_000;

/// Who a replica is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The cluster's name.
    pub cluster: String,
    /// The group.
    pub group: GroupId,
    /// The server.
    pub server: ServerId,
}

/// See the module. Clones are the same replica.
#[derive(Clone)]
pub struct Replica(Arc<Parts>);

struct Parts {
    member: Member,
    raft: Raft,
    admission: Admission,
    state: StateReader,
    barrier: Barrier,
    clock: Arc<dyn Clock>,
    queue: Queue,
    room: Room,
    pins: Arc<Pins>,
    compared: Compared,
    faults: mpsc::Sender<String>,
    /// Held while the members are being changed.
    changing: Mutex<()>,
}

impl Replica {
    /// Puts it together, and gives the end at which reported faults come out.
    pub(super) fn new(
        member: Member,
        raft: Raft,
        admission: Admission,
        (state, pins): (StateReader, Arc<Pins>),
        clock: Arc<dyn Clock>,
        (queue, room): (Queue, Room),
    ) -> (Replica, mpsc::Receiver<String>) {
        let (faults, reported) = mpsc::channel(1);
        let barrier = Barrier::default();
        let changing = Mutex::default();
        let compared = Compared::default();
        let parts = Parts {
            member,
            raft,
            admission,
            state,
            barrier,
            clock,
            queue,
            room,
            pins,
            compared,
            faults,
            changing,
        };
        (Replica(Arc::new(parts)), reported)
    }

    /// Who it is.
    pub fn member(&self) -> &Member {
        &self.0.member
    }

    /// openraft's handle.
    pub fn raft(&self) -> &Raft {
        &self.0.raft
    }

    pub(super) fn changing(&self) -> &Mutex<()> {
        &self.0.changing
    }

    /// What it may promise to the others.
    pub fn admission(&self) -> &Admission {
        &self.0.admission
    }

    /// The state, as fresh as it happens to be here.
    pub fn state(&self) -> &StateReader {
        &self.0.state
    }

    /// What openraft says of itself.
    pub fn metrics(&self) -> Metrics {
        self.0.raft.metrics().borrow_watched().clone()
    }

    /// Bytes of proposals that wait to be replicated, and that may.
    pub fn queued_bytes(&self) -> (u64, u64) {
        self.0.queue.filled()
    }

    pub(super) fn pins(&self) -> &Pins {
        &self.0.pins
    }

    /// What the last comparison with the other replicas has shown.
    pub fn compared(&self) -> &Compared {
        &self.0.compared
    }

    /// The room on its disks.
    pub fn room(&self) -> &Room {
        &self.0.room
    }

    /// This server's clock, milliseconds since 1970.
    pub fn now_ms(&self) -> u64 {
        self.0.clock.now_ms()
    }

    /// Waits until this server has applied a revision.
    async fn reach(&self, revision: Revision) -> Result<(), Unavailable> {
        let mut state = self.0.state.clone();
        let reached = async {
            while state.note_progress().revision < revision {
                if !state.moved_on().await {
                    return Err(Unavailable::shutting_down());
                }
            }
            Ok(())
        };
        let waited = time::timeout(LAG_MAX, reached).await;
        let behind =
            || Unavailable::behind(revision, self.0.state.clone().note_progress().revision);
        waited.unwrap_or_else(|| Err(behind()))
    }

    /// Milliseconds since this server last heard from a leader, or was confirmed as one.
    pub async fn staleness_ms(&self) -> Result<u64, Unavailable> {
        let confirmed = self.metrics().last_quorum_acked.map(|confirmed| *confirmed);
        let heard = self.0.raft.with_raft_state(|state| state.vote_last_modified());
        let heard = heard.await.map_err(|fatal| Unavailable::stopped(&fatal))?;
        let last = if self.0.raft.is_leader() { confirmed } else { heard };
        let elapsed = last.map(|last| <Runtime as AsyncRuntime>::Instant::now() - last);
        Ok(elapsed.map_or(u64::MAX, |elapsed| elapsed.as_millis().try_into().unwrap_or(u64::MAX)))
    }

    /// Whether it leads a majority, or heard from a leader lately: what a leader is needed for is
    /// answered, here or there.
    pub async fn hears_a_leader(&self) -> bool {
        let is_known = self.metrics().current_leader.is_some();
        is_known && self.staleness_ms().await.is_ok_and(|stale| stale <= LEADER_SILENCE_MAX_MS)
    }

    /// The storage failed: the server must stop. The first report is enough.
    pub fn report(&self, fault: &StorageFault) {
        let _ = self.0.faults.try_send(fault.to_string());
    }

    /// Replicates a command and gives its outcome.
    ///
    /// # Errors
    /// [`Unavailable::maybe_applied`] says whether it may have its effect all the same.
    pub async fn propose(&self, action: Action) -> Result<Applied, Unavailable> {
        let command = Command { time_ms: self.now_ms(), action };
        let proposal = Proposal(records::command::encode(&command).into());
        if self.0.room.is_tight() {
            return Err(Unavailable::disk_full());
        }
        let place = self.0.queue.enter(proposal.0.len()).ok_or_else(Unavailable::overloaded)?;
        let (answer, answered) = Answer::new(place);
        let written = async {
            self.0.raft.client_write_ff(proposal, Some(answer)).await?;
            // openraft drops what it will not answer only when it stops.
            answered.await.map_err(|_| Fatal::Stopped)
        };
        match time::timeout(PROPOSAL_MAX, written).await {
            Some(Ok(Ok(response))) => Ok(response.data),
            // Refused before it was appended.
            Some(Ok(Err(ClientWriteError::ForwardToLeader(leader)))) => {
                Err(Unavailable::forward(leader))
            }
            // Appended here and discarded: another leader may have taken it over.
            Some(Ok(Err(ClientWriteError::LogEntryDiscarded(leader)))) => {
                Err(Unavailable::forward(leader).maybe_applied())
            }
            Some(Ok(Err(other))) => {
                unreachable!("a proposal has no precondition and changes no members: {other}")
            }
            Some(Err(fatal)) => Err(Unavailable::stopped(&fatal).maybe_applied()),
            None => Err(Unavailable::no_leader().maybe_applied()),
        }
    }

    /// A view that shows every change acknowledged before this call.
    pub async fn fresh_view(&self) -> Result<View, Unavailable> {
        self.view(Consistency::Linearizable).await
    }

    /// A view that reflects what it must.
    pub async fn view(&self, consistency: Consistency) -> Result<View, Unavailable> {
        match consistency {
            Consistency::Linearizable if planted!(ReadWithoutBarrier) => {}
            Consistency::Lease if planted!(LeaseNeverEnds) && self.0.raft.is_leader() => {}
            Consistency::AtLeast(_) if planted!(AtLeastIgnored) => {}
            Consistency::Linearizable => self.0.barrier.wait(&self.0.raft).await?,
            Consistency::Lease => self.0.barrier.wait_with_lease(&self.0.raft).await?,
            Consistency::AtLeast(revision) => self.reach(revision).await?,
            Consistency::Any => {}
        }
        self.0.state.view().map_err(|fault| {
            self.report(&fault);
            Unavailable::fault(&fault)
        })
    }
}
