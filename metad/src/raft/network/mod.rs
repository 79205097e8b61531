//! Raft's messages between servers: typed protos over gRPC.
//!
//! Invariants: every request says for whom it is, and a server refuses what is not for it;
//! every request and every streamed reply has a deadline, so that a link that swallows
//! packets is noticed.

mod append;
mod promised;
mod service;
mod snapshot;
mod state_at;
mod wire;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use metad_proto::{
    auth::Token,
    transport::{self, Channel, ClientTls},
    v1::{self, raft_client::RaftClient},
};
use openraft::{
    RaftNetworkFactory,
    errors::{RPCError, Unreachable},
    impls::BasicNode,
    network::{Backoff, NetBackoff, NetTransferLeader, NetVote, RPCOption},
    raft::{TransferLeaderRequest, TransferLeaderResponse, VoteRequest, VoteResponse},
};
use tonic::{Request, Response, Status};

pub use self::{promised::promised, service::service, state_at::state_at};
use super::{Member, Settings, time, types::TypeConfig};

/// Bytes of one message. Entries are gathered up to 1 MiB; a single one may be larger.
const MESSAGE_SIZE_MAX: usize = 32 << 20;

type Failed = RPCError<TypeConfig>;

/// Makes links to the other servers. Links of one purpose share a connection, so that a
/// snapshot does not hold up heartbeats.
pub struct Network {
    member: Member,
    append_deadline: Duration,
    token: Option<Token>,
    tls: Option<ClientTls>,
    connections: Connections,
}

type Connections = Arc<Mutex<BTreeMap<(u64, Purpose), (String, Channel)>>>;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Purpose {
    Replication,
    Heartbeat,
    Snapshot,
}

impl Network {
    /// For a member of a group.
    pub fn new(member: Member, settings: &Settings) -> Network {
        // Longer than a slow sync, and no longer than a follower waits for its leader.
        let append_deadline = Duration::from_millis(settings.election_max_ms);
        let (token, tls) = (settings.peer_token.clone(), settings.peer_tls.clone());
        Network { member, append_deadline, token, tls, connections: Connections::default() }
    }

    fn link(&self, target: u64, node: &BasicNode, purpose: Purpose) -> Link {
        Link {
            address: v1::Address {
                cluster: self.member.cluster.clone(),
                group: self.member.group.0.into(),
                to: target,
            },
            client: self.client(target, node, purpose),
            append_deadline: self.append_deadline,
            streaming: purpose == Purpose::Replication,
        }
    }

    fn client(
        &self,
        target: u64,
        node: &BasicNode,
        purpose: Purpose,
    ) -> Result<RaftClient<Channel>, transport::InvalidAddress> {
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        let channel = match connections.get(&(target, purpose)) {
            Some((address, channel)) if *address == node.addr => channel.clone(),
            _ => {
                let channel = transport::connect_over(&node.addr, self.tls.as_ref())?;
                let channel = channel.bearing(self.token.as_ref());
                connections.insert((target, purpose), (node.addr.clone(), channel.clone()));
                channel
            }
        };
        let client = RaftClient::new(channel);
        let client = client.max_decoding_message_size(MESSAGE_SIZE_MAX);
        Ok(client.max_encoding_message_size(MESSAGE_SIZE_MAX))
    }
}

impl RaftNetworkFactory<TypeConfig> for Network {
    type Network = Link;

    async fn new_client(&mut self, target: u64, node: &BasicNode) -> Link {
        self.link(target, node, Purpose::Replication)
    }

    async fn new_heartbeat_client(&mut self, target: u64, node: &BasicNode) -> Link {
        self.link(target, node, Purpose::Heartbeat)
    }

    async fn new_snapshot_client(&mut self, target: u64, node: &BasicNode) -> Link {
        self.link(target, node, Purpose::Snapshot)
    }
}

/// A link to one other server.
pub struct Link {
    address: v1::Address,
    client: Result<RaftClient<Channel>, transport::InvalidAddress>,
    append_deadline: Duration,
    /// Appends go through one stream, pipelined. A heartbeat is a call of its own: opening
    /// a stream for a single message costs more.
    streaming: bool,
}

impl Link {
    fn client(&self) -> Result<RaftClient<Channel>, Failed> {
        self.client.clone().map_err(|error| Unreachable::new(&error).into())
    }

    /// One call and its reply, within a deadline on both sides.
    async fn call<Q, R, F>(
        &self,
        deadline: Duration,
        request: Q,
        call: impl FnOnce(RaftClient<Channel>, Request<Q>) -> F,
    ) -> Result<R, Failed>
    where
        Q: Send,
        F: Future<Output = Result<Response<R>, Status>> + Send,
        R: Send,
    {
        let mut request = Request::new(request);
        request.set_timeout(deadline);
        let client = self.client()?;
        match time::timeout(deadline, call(client, request)).await {
            Some(Ok(response)) => Ok(response.into_inner()),
            Some(Err(status)) => Err(failed(&status)),
            None => Err(late()),
        }
    }
}

/// All failures make openraft back off: an immediate retry finds the same.
fn failed(status: &Status) -> Failed {
    Unreachable::new(status).into()
}

fn late() -> Failed {
    failed(&Status::deadline_exceeded("no reply in time"))
}

fn cut() -> Failed {
    failed(&Status::unavailable("the stream was cut"))
}

impl NetVote<TypeConfig> for Link {
    async fn vote(
        &mut self,
        request: VoteRequest<TypeConfig>,
        option: RPCOption,
    ) -> Result<VoteResponse<TypeConfig>, Failed> {
        let request = wire::vote_request(self.address.clone(), &request);
        let ask = |mut client: RaftClient<_>, request| async move { client.vote(request).await };
        let reply = self.call(option.hard_ttl(), request, ask).await?;
        wire::vote_response(reply).map_err(|status| failed(&status))
    }

    async fn pre_vote(
        &mut self,
        request: VoteRequest<TypeConfig>,
        option: RPCOption,
    ) -> Result<VoteResponse<TypeConfig>, Failed> {
        let request = wire::vote_request(self.address.clone(), &request);
        let ask =
            |mut client: RaftClient<_>, request| async move { client.pre_vote(request).await };
        let reply = self.call(option.hard_ttl(), request, ask).await?;
        wire::vote_response(reply).map_err(|status| failed(&status))
    }
}

impl NetBackoff<TypeConfig> for Link {
    fn backoff(&self) -> Option<Backoff> {
        // As configured.
        None
    }
}

impl NetTransferLeader<TypeConfig> for Link {
    async fn transfer_leader(
        &mut self,
        request: TransferLeaderRequest<TypeConfig>,
        option: RPCOption,
    ) -> Result<TransferLeaderResponse<TypeConfig>, Failed> {
        let request = v1::TransferLeaderRequest {
            address: Some(self.address.clone()),
            from: Some(wire::ballot(request.from_leader())),
            to_node: *request.to_node_id(),
            last: request.last_log_id().map(wire::log_id),
        };
        let ask = |mut client: RaftClient<_>, request| async move {
            client.transfer_leader(request).await
        };
        let v1::TransferLeaderReply {} = self.call(option.hard_ttl(), request, ask).await?;
        Ok(Ok(()))
    }
}
