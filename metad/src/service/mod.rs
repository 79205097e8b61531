//! The public gRPC services: decode, check, call, encode. The only place that knows both
//! the wire and the domain.
//!
//! Invariants: what is beyond a limit is refused before Raft sees it; every reply and
//! rejection says the revision that it reflects and the node that gave it; rejected,
//! unavailable and fault are never mixed ([`status`]). Must not: keep state of its own.

mod backup;
mod closing;
mod cluster;
mod counted;
mod decode;
mod diff;
mod encode;
mod files;
mod gate;
mod health;
mod journals;
mod list;
mod locks;
mod message_size;
mod namespaces;
mod nodes;
mod parts;
mod reading;
mod seat;
mod session;
mod status;
mod subscribe;

use std::sync::{Arc, OnceLock};

use axum::http::header::CONTENT_TYPE;
use futures::FutureExt as _;
use metad_proto::{
    limits::MESSAGE_BYTES_MAX,
    v1::{cluster_server::ClusterServer, files_server::FilesServer},
};
use tonic::service::Routes;
use tonic_health::pb::health_server::HealthServer;

pub use self::closing::{Closer, Closing, closing};
pub use self::gate::{Principal, RULES, Rule};
use self::{counted::Counted, message_size::SizeLimited};
use crate::{
    config::{Auth, Tls},
    kv::KvEngine,
    metrics::{self, Backups, Calls},
    raft,
};

/// The format of the metrics.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Whom a server serves, and how.
pub struct Guard<'config> {
    /// Whom; None: everybody.
    pub auth: Option<&'config Auth>,
    /// Its credentials, to be watched; None: it speaks plain text.
    pub tls: Option<Tls>,
}

/// All services of a replica on one port, and its metrics beside them.
pub fn routes(
    replica: raft::Replica,
    (log, state): (Arc<dyn KvEngine>, Arc<dyn KvEngine>),
    closing: Closing,
    Guard { auth, tls }: Guard<'_>,
) -> Routes {
    let server = replica.member().server;
    let health = health::Health { replica: replica.clone(), closing: closing.clone() };
    let subscribers = Arc::default();
    let (calls, backups) = (Calls::new(Arc::clone(&subscribers)), Backups::default());
    let files = files::Files::new(replica.clone(), closing.clone(), subscribers, calls.clone());
    let files = FilesServer::new(files)
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_BYTES_MAX);
    let files = SizeLimited::new(files, replica.member().server);
    let cluster =
        cluster::Cluster { replica: replica.clone(), log, backups: backups.clone(), closing };
    let cluster = ClusterServer::new(cluster);
    let health = HealthServer::new(health);
    let raft = raft::network::service(replica.clone(), state);
    let services = reflection()
        .add_service(Counted::new(files, calls.clone()))
        .add_service(Counted::new(cluster, calls.clone()))
        .add_service(health)
        .add_service(raft);
    let shown = calls.clone();
    let page = move || {
        let counted = (shown.clone(), backups.clone(), tls.clone());
        let page = metrics::page(replica.clone(), cluster::role(&replica), counted);
        page.map(|page| ([(CONTENT_TYPE, OPENMETRICS)], page))
    };
    let routes = services.into_axum_router().route("/metrics", axum::routing::get(page));
    Routes::from(gate::guarded(routes, auth, server, calls))
}

/// Tells what the others are. It is made once, however many nodes there are in the process: that
/// takes longer than everything else at a start.
fn reflection() -> Routes {
    static MADE: OnceLock<Routes> = OnceLock::new();
    let make = || {
        let service = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(metad_proto::DESCRIPTORS)
            .build_v1();
        Routes::new(service.expect("our own descriptors are well-formed"))
    };
    MADE.get_or_init(make).clone()
}
