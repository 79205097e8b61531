//! What operators do to a group: its members, its leader, its log.
//!
//! Membership changes go through joint consensus (Raft §6), one at a time. Must not: decide
//! who should be a member.

use std::collections::BTreeSet;

use openraft::{
    RaftState,
    async_runtime::watch::WatchReceiver as _,
    errors::{ClientWriteError, Fatal, RaftError},
    impls::BasicNode,
};
use tokio::sync::MutexGuard;

use super::{replica::Replica, types::TypeConfig, unavailable::Unavailable};
use crate::types::ServerId;

/// Why a change was not made, or perhaps not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeError {
    /// It makes no sense now: says why. Nothing was changed.
    Refused(String),
    /// It may be made.
    Unavailable(Unavailable),
}

impl Replica {
    /// Adds a member that does not vote, and waits until it has caught up. Gives the index
    /// of the entry.
    pub async fn add_learner(&self, server: ServerId, address: &str) -> Result<u64, ChangeError> {
        let _turn = self.begin_change().await?;
        let node = BasicNode { addr: address.to_owned() };
        let added = self.raft().add_learner(server.0, node, true).await;
        Ok(added.map_err(change_error)?.log_id.index)
    }

    /// Sets who votes; whoever did and no longer does is removed. Gives the index of the
    /// entry.
    pub async fn set_voters(&self, voters: &BTreeSet<ServerId>) -> Result<u64, ChangeError> {
        if voters.is_empty() {
            return Err(ChangeError::Refused("a group needs a voter".to_owned()));
        }
        let _turn = self.begin_change().await?;
        let voters: BTreeSet<u64> = voters.iter().map(|server| server.0).collect();
        let set = self.raft().change_membership(voters, false).await;
        Ok(set.map_err(change_error)?.log_id.index)
    }

    /// One change at a time, and none by a leader that is being removed: openraft asserts that.
    async fn begin_change(&self) -> Result<MutexGuard<'_, ()>, ChangeError> {
        let turn = self.changing().lock().await;
        let this = self.member().server.0;
        let votes = move |state: &RaftState<TypeConfig>| {
            state.membership_state.effective().membership().voter_ids().any(|id| id == this)
        };
        match self.raft().with_raft_state(votes).await.map_err(stopped)? {
            true => Ok(turn),
            false => Err(ChangeError::Unavailable(Unavailable::no_leader())),
        }
    }

    /// Hands the leadership over to a voter, if it can follow soon enough.
    pub async fn hand_over(&self, to: ServerId) -> Result<(), ChangeError> {
        let metrics = self.metrics();
        if !self.raft().is_leader() {
            return Err(ChangeError::Unavailable(Unavailable::no_leader()));
        }
        let is_voter = metrics.membership_config.membership().voter_ids().any(|id| id == to.0);
        if !is_voter {
            return Err(ChangeError::Refused(format!("node {to} does not vote")));
        }
        self.raft().trigger().transfer_leader(to.0).await.map_err(stopped)
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
            None => Err(ChangeError::Refused("there is no snapshot".to_owned())),
        }
    }
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
