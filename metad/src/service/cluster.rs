//! What one node says of itself, at once and from what it knows.

use std::sync::Arc;

use futures::{StreamExt as _, stream::BoxStream};
use metad_proto::{
    errors::{self, Info, Reason},
    v1::{self, cluster_server},
};
use openraft::{LogId, ServerState};
use tonic::{Request, Response, Status};

use super::{backup, closing::Closing, status};
use crate::{
    kv::{self, KvEngine},
    metrics::Backups,
    raft::{ChangeError, Replica},
    records::standing::Standing,
    tree::query,
    types::ServerId,
};

/// The service.
pub struct Cluster {
    /// The node.
    pub replica: Replica,
    /// Its log, for backups.
    pub log: Arc<dyn KvEngine>,
    /// Those under way, and the last one.
    pub backups: Backups,
    /// Ends them.
    pub closing: Closing,
}

impl Cluster {
    fn changed(
        &self,
        index: Result<u64, ChangeError>,
    ) -> Result<Response<v1::MembersReply>, Status> {
        let index = index.map_err(|error| change_error(error, &self.replica))?;
        Ok(Response::new(v1::MembersReply { index }))
    }
}

#[tonic::async_trait]
impl cluster_server::Cluster for Cluster {
    async fn status(
        &self,
        _request: Request<v1::StatusRequest>,
    ) -> Result<Response<v1::StatusReply>, Status> {
        Ok(Response::new(describe(&self.replica)))
    }

    async fn state_hash(
        &self,
        _request: Request<v1::StateHashRequest>,
    ) -> Result<Response<v1::StateHashReply>, Status> {
        let replica = self.replica.clone();
        let hashed = kv::blocking(move || hash(&replica)).await;
        hashed.map(Response::new).map_err(|fault| status::fault(&fault, &self.replica))
    }

    async fn add_learner(
        &self,
        request: Request<v1::AddLearnerRequest>,
    ) -> Result<Response<v1::MembersReply>, Status> {
        let v1::AddLearnerRequest { node, address } = request.into_inner();
        let added = self.replica.add_learner(ServerId(node), &address).await;
        self.changed(added)
    }

    async fn set_voters(
        &self,
        request: Request<v1::SetVotersRequest>,
    ) -> Result<Response<v1::MembersReply>, Status> {
        let voters = request.into_inner().voters.into_iter().map(ServerId).collect();
        let set = self.replica.set_voters(&voters).await;
        self.changed(set)
    }

    async fn remove_learner(
        &self,
        request: Request<v1::RemoveLearnerRequest>,
    ) -> Result<Response<v1::MembersReply>, Status> {
        let removed = self.replica.remove_learner(ServerId(request.into_inner().node)).await;
        self.changed(removed)
    }

    async fn hand_over(
        &self,
        request: Request<v1::HandOverRequest>,
    ) -> Result<Response<v1::HandOverReply>, Status> {
        let to = request.into_inner().to;
        let handed_over = self.replica.hand_over((to != 0).then_some(ServerId(to))).await;
        handed_over.map_err(|error| change_error(error, &self.replica))?;
        Ok(Response::new(v1::HandOverReply {}))
    }

    async fn trim(
        &self,
        request: Request<v1::TrimRequest>,
    ) -> Result<Response<v1::TrimReply>, Status> {
        let v1::TrimRequest { snapshot, purge } = request.into_inner();
        if snapshot {
            self.replica
                .make_snapshot()
                .await
                .map_err(|error| change_error(error, &self.replica))?;
        }
        if purge {
            self.replica.purge_log().await.map_err(|error| change_error(error, &self.replica))?;
        }
        Ok(Response::new(v1::TrimReply {}))
    }

    type BackupStream = BoxStream<'static, Result<v1::BackupReply, Status>>;

    async fn backup(
        &self,
        request: Request<v1::BackupRequest>,
    ) -> Result<Response<Self::BackupStream>, Status> {
        let Cluster { replica, log, backups, closing } = self;
        let told = backup::stream(replica, log, request.into_inner(), backups, closing).await?;
        Ok(Response::new(told.boxed()))
    }
}

fn change_error(error: ChangeError, replica: &Replica) -> Status {
    let server = replica.member().server;
    match error {
        ChangeError::Refused(why) => {
            Info::new(Reason::ChangeRefused).with(errors::NODE, server).status(why)
        }
        ChangeError::Unavailable(why) => status::unavailable(&why, server),
    }
}

fn hash(replica: &Replica) -> kv::Result<v1::StateHashReply> {
    let view = replica.state().view()?;
    let applied = replica.state().applied(&view)?;
    let group = replica.member().group;
    let (hash, records) = query::state_hash(&*view, group)?;
    Ok(v1::StateHashReply {
        node: replica.member().server.0,
        applied_index: applied.last.map_or(0, |last| last.index),
        revision: query::revision(&*view, group)?.0,
        hash: hash.to_be_bytes().to_vec().into(),
        digest: applied.digest.to_be_bytes().to_vec().into(),
        records,
    })
}

fn describe(replica: &Replica) -> v1::StatusReply {
    let (member, metrics) = (replica.member(), replica.metrics());
    let members = metrics.membership_config.membership();
    let leader = metrics.current_leader.unwrap_or(0);
    let voters: Vec<_> = members.voter_ids().collect();
    let describe = |(id, node): (&u64, &openraft::impls::BasicNode)| v1::Member {
        node: *id,
        address: node.addr.clone(),
        voter: voters.contains(id),
    };
    v1::StatusReply {
        cluster: member.cluster.clone(),
        group: member.group.0.into(),
        node: member.server.0,
        leader,
        leader_address: members.get_node(&leader).map_or(String::new(), |node| node.addr.clone()),
        term: metrics.current_term,
        role: role(replica).to_owned(),
        last_log_index: metrics.last_log_index.unwrap_or(0),
        committed_index: index(metrics.local_committed),
        applied_index: index(metrics.last_applied),
        purged_index: index(metrics.purged),
        snapshot_index: index(metrics.snapshot),
        revision: replica.state().progress().revision.0,
        members: members.nodes().map(describe).collect(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        disk_full: replica.room().is_tight(),
        voters: members
            .get_joint_config()
            .iter()
            .map(|voters| v1::Voters { nodes: voters.iter().copied().collect() })
            .collect(),
    }
}

fn index<T: openraft::vote::RaftCommittedLeaderId>(id: Option<LogId<T>>) -> u64 {
    id.map_or(0, |id| id.index)
}

/// What a replica is to its group now.
pub fn role(replica: &Replica) -> &'static str {
    let standing = replica.admission().standing();
    match replica.metrics().state {
        ServerState::Shutdown => "stopped",
        _ if standing == Standing::New => "new",
        _ if standing == Standing::Joining => "joining",
        ServerState::Leader => "leader",
        ServerState::Follower => "follower",
        ServerState::Candidate => "candidate",
        ServerState::Learner => "learner",
    }
}
