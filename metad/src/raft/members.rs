//! What operators do to a group: its members, its leader, its log.
//!
//! Membership changes go through joint consensus (Raft §6), one at a time, and none that would
//! leave the group without a majority that works. Must not: decide who should be a member.

mod fitness;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use openraft::{
    ChangeMembers, RaftState,
    async_runtime::watch::WatchReceiver as _,
    errors::{ClientWriteError, Fatal, RaftError},
    impls::BasicNode,
};
use tokio::sync::MutexGuard;

use super::{
    replica::Replica,
    types::{Metrics, TypeConfig},
    unavailable::{Cause, Unavailable},
};
use crate::types::ServerId;

/// How long whoever takes the leadership over may take for it.
const HAND_OVER_MAX: Duration = Duration::from_secs(1);

/// Why a change was not made, or perhaps not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeError {
    /// It makes no sense now: says why. Nothing was changed.
    Refused(String),
    /// It may be made.
    Unavailable(Unavailable),
}

impl Replica {
    /// Adds a member that does not vote, and waits until it has caught up with the log as it
    /// is now. Gives the index of the entry, 0 if it was a member already.
    pub async fn add_learner(&self, server: ServerId, address: &str) -> Result<u64, ChangeError> {
        let index = {
            let _turn = self.begin_change().await?;
            match self.is_member(server, address)? {
                true => 0,
                false => {
                    let node = BasicNode { addr: address.to_owned() };
                    let added = self.raft().add_learner(server.0, node, false).await;
                    added.map_err(change_error)?.log_id.index
                }
            }
        };
        // Without the turn: one that does not come must not hold up other changes.
        self.caught_up(server).await?;
        Ok(index)
    }

    /// Sets who votes; whoever did and no longer does is removed. Gives the index of the
    /// entry.
    pub async fn set_voters(&self, voters: &BTreeSet<ServerId>) -> Result<u64, ChangeError> {
        if voters.is_empty() {
            return refused("a group needs a voter");
        }
        let _turn = self.begin_change().await?;
        let voters: BTreeSet<u64> = voters.iter().map(|server| server.0).collect();
        fitness::check_quorum(&self.metrics(), &voters).map_err(ChangeError::Refused)?;
        let set = self.raft().change_membership(voters, false).await;
        Ok(set.map_err(change_error)?.log_id.index)
    }

    /// Removes a member that does not vote. Gives the index of the entry, 0 if it is none.
    pub async fn remove_learner(&self, server: ServerId) -> Result<u64, ChangeError> {
        let _turn = self.begin_change().await?;
        let metrics = self.metrics();
        let members = metrics.membership_config.membership();
        if members.get_node(&server.0).is_none() {
            return Ok(0);
        }
        if members.voter_ids().any(|id| id == server.0) {
            return refused(format!("node {server} votes: set who votes without it"));
        }
        let gone = ChangeMembers::RemoveNodes([server.0].into());
        let removed = self.raft().change_membership(gone, false).await;
        Ok(removed.map_err(change_error)?.log_id.index)
    }

    /// Whether it is a member there. Refused if it is one elsewhere: two servers of one
    /// identity would make promises that contradict each other.
    fn is_member(&self, server: ServerId, address: &str) -> Result<bool, ChangeError> {
        let metrics = self.metrics();
        for (id, node) in metrics.membership_config.membership().nodes() {
            match (*id == server.0, node.addr == address) {
                (true, true) => return Ok(true),
                (true, false) => {
                    return refused(format!(
                        "node {server} is a member already, at {}: a node has one address, and \
                         an address one node",
                        node.addr
                    ));
                }
                (false, true) => {
                    return refused(format!("{address} is node {id}'s address already"));
                }
                (false, false) => {}
            }
        }
        Ok(false)
    }

    /// Waits until a member has the log as it is now.
    async fn caught_up(&self, server: ServerId) -> Result<(), ChangeError> {
        let last = self.metrics().last_log_index;
        let is_settled = move |metrics: &Metrics| match &metrics.replication {
            // Another one leads, or it was removed again.
            None => true,
            Some(replication) => match replication.get(&server.0) {
                None => true,
                Some(matched) => matched.map(|matched| matched.index) >= last,
            },
        };
        let wait = self.raft().wait(None);
        let settled = wait.metrics(is_settled, "a member that has caught up");
        let lost = || ChangeError::Unavailable(Unavailable::no_leader().maybe_applied());
        let metrics = settled.await.map_err(|_| lost())?;
        let is_there = |members: BTreeMap<_, _>| members.contains_key(&server.0);
        if metrics.replication.is_some_and(is_there) { Ok(()) } else { Err(lost()) }
    }

    /// One change at a time, and none by a leader that is being removed: openraft asserts that.
    async fn begin_change(&self) -> Result<MutexGuard<'_, ()>, ChangeError> {
        let turn = self.changing().lock().await;
        let this = self.member().server.0;
        let votes = move |state: &RaftState<TypeConfig>| {
            state.membership_state.effective().membership().voter_ids().any(|id| id == this)
        };
        let votes = self.raft().with_raft_state(votes).await.map_err(stopped)?;
        match self.metrics().current_leader {
            Some(leader) if leader == this && votes => Ok(turn),
            Some(leader) if leader != this => Err(ChangeError::Unavailable(self.led_by(leader))),
            _ => Err(ChangeError::Unavailable(Unavailable::no_leader())),
        }
    }

    fn led_by(&self, leader: u64) -> Unavailable {
        let metrics = self.metrics();
        let node = metrics.membership_config.membership().get_node(&leader);
        let address = node.map_or_else(String::new, |node| node.addr.clone());
        let cause = Cause::NotLeader { leader: ServerId(leader), address };
        Unavailable { cause, maybe_applied: false }
    }

    /// Hands the leadership over to a voter, if it can follow soon enough; to the one that can
    /// soonest if none is named. Gives whom it was offered.
    pub async fn hand_over(&self, to: Option<ServerId>) -> Result<ServerId, ChangeError> {
        let metrics = self.metrics();
        if !self.raft().is_leader() {
            return Err(ChangeError::Unavailable(
                metrics.current_leader.map_or_else(Unavailable::no_leader, |id| self.led_by(id)),
            ));
        }
        let Some(to) = to.or_else(|| fitness::successor(&metrics)) else {
            return refused("no other voter answers");
        };
        let is_voter = metrics.membership_config.membership().voter_ids().any(|id| id == to.0);
        if !is_voter {
            return refused(format!("node {to} does not vote"));
        }
        self.raft().trigger().transfer_leader(to.0).await.map_err(stopped)?;
        Ok(to)
    }

    /// Hands the leadership over, if it has it, and waits until somebody else leads. In vain
    /// where nobody can take it.
    pub async fn step_down(&self) {
        let this = Some(self.member().server.0);
        if !self.raft().is_leader() {
            return;
        }
        match self.hand_over(None).await {
            Ok(to) => tracing::info!(%to, "hands the leadership over"),
            Err(error) => {
                tracing::info!(?error, "nobody takes the leadership over");
                return;
            }
        }
        let is_over =
            |metrics: &Metrics| metrics.current_leader.is_some() && metrics.current_leader != this;
        let over = self.raft().wait(Some(HAND_OVER_MAX)).metrics(is_over, "another leader").await;
        if over.is_err() {
            tracing::warn!("the leadership was not taken over in time");
        }
    }

    /// Makes a snapshot of the state.
    pub async fn make_snapshot(&self) -> Result<(), ChangeError> {
        self.raft().trigger().snapshot().await.map_err(stopped)
    }

    /// Purges what the last snapshot covers from the log.
    pub async fn purge_log(&self) -> Result<(), ChangeError> {
        let snapshot = self.raft().metrics().borrow_watched().snapshot;
        match snapshot {
            Some(last) => self.raft().trigger().purge_log(last.index).await.map_err(stopped),
            None => refused("there is no snapshot"),
        }
    }
}

fn refused<T>(why: impl Into<String>) -> Result<T, ChangeError> {
    Err(ChangeError::Refused(why.into()))
}

fn stopped(fatal: Fatal<TypeConfig>) -> ChangeError {
    ChangeError::Unavailable(Unavailable::stopped(&fatal))
}

fn change_error(error: RaftError<TypeConfig, ClientWriteError<TypeConfig>>) -> ChangeError {
    match error {
        RaftError::APIError(ClientWriteError::ForwardToLeader(leader)) => {
            ChangeError::Unavailable(Unavailable::forward(leader))
        }
        RaftError::APIError(ClientWriteError::LogEntryDiscarded(leader)) => {
            ChangeError::Unavailable(Unavailable::forward(leader).maybe_applied())
        }
        RaftError::APIError(refused) => ChangeError::Refused(refused.to_string()),
        RaftError::Fatal(fatal) => {
            ChangeError::Unavailable(Unavailable::stopped(&fatal).maybe_applied())
        }
    }
}
