//! The public gRPC services: decode, check, call, encode. The only place that knows both
//! the wire and the domain.
//!
//! Invariants: what is beyond a limit is refused before Raft sees it; every reply and
//! rejection says the revision that it reflects and the node that gave it; rejected,
//! unavailable and fault are never mixed ([`status`]). Must not: keep state of its own.

mod closing;
mod cluster;
mod decode;
mod diff;
mod encode;
mod files;
mod journals;
mod list;
mod locks;
mod message_size;
mod namespaces;
mod nodes;
mod parts;
mod reading;
mod session;
mod status;
mod subscribe;

use std::sync::Arc;

use metad_proto::{
    limits::MESSAGE_BYTES_MAX,
    v1::{cluster_server::ClusterServer, files_server::FilesServer},
};
use tonic::service::Routes;

pub use self::closing::{Closer, Closing, closing};
use self::message_size::SizeLimited;
use crate::{kv::KvEngine, raft};

/// All services of a replica on one port.
pub fn routes(replica: raft::Replica, state: Arc<dyn KvEngine>, closing: Closing) -> Routes {
    let files = FilesServer::new(files::Files::new(replica.clone(), closing))
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_BYTES_MAX);
    let files = SizeLimited::new(files, replica.member().server);
    let cluster = ClusterServer::new(cluster::Cluster(replica.clone()));
    let raft = raft::network::service(replica, state);
    Routes::new(files).add_service(cluster).add_service(raft)
}
