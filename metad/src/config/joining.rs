//! The configuration of a node that joins a cluster: what it cannot know yet, the cluster tells.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

use metad_proto::transport::InvalidAddress;

use super::{
    Auth, Config, ConfigError, Raw, Tls, auth, error, is_address, listen_on, raft_settings,
    retention,
};
use crate::{raft, tree::query::Retention, types::ServerId};

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joining {
    /// The cluster's name, if one is expected.
    pub cluster: Option<String>,
    /// This server, if it is to have a certain number.
    pub server: Option<ServerId>,
    /// Addresses of the cluster's nodes, some or all.
    pub via: Vec<String>,
    /// Where the others and the clients reach this server.
    pub address: String,
    /// Where its data is.
    pub data_dir: PathBuf,
    /// Where it listens.
    pub listen: SocketAddr,
    /// How Raft is tuned.
    pub raft: raft::Settings,
    /// How much of the past is kept; while this server leads.
    pub retention: Retention,
    /// Whom it serves; None: everybody.
    pub auth: Option<Auth>,
    /// What it shows to be known by; None: it speaks plain text.
    pub tls: Option<Tls>,
    /// It may speak plain text where other machines reach it.
    pub insecure: bool,
}

impl Joining {
    pub(super) fn check(
        raw: Raw,
        auth: auth::Checked,
        tls: Option<Tls>,
    ) -> Result<Joining, ConfigError> {
        if raw.peers.is_some() {
            return error(
                "join: the members of a cluster that is joined are not listed: take [peers] out",
            );
        }
        let raft = raft_settings(&raw, auth.shown, tls.as_ref())?;
        let via = raw.join.unwrap_or_default();
        if via.is_empty() {
            return error("join: name a node of the cluster: join = [\"10.0.0.1:7101\"]");
        }
        if let Some(bad) = via.iter().find(|address| !is_address(address)) {
            return error(format!("join: {}", InvalidAddress(bad.clone())));
        }
        let Some(listen) = &raw.listen else {
            return error("listen: say where: listen = \"127.0.0.1:7104\" or the like");
        };
        let listen = listen_on("listen", listen)?;
        if raw.address.is_none() && listen.ip().is_unspecified() {
            return error(format!(
                "address: others do not reach {listen}: set address = \"host:port\", where they do"
            ));
        }
        let address = raw.address.unwrap_or_else(|| listen.to_string());
        if !is_address(&address) {
            return error(format!("address: {}", InvalidAddress(address)));
        }
        Ok(Joining {
            cluster: raw.cluster,
            server: raw.node.map(ServerId),
            via,
            address,
            data_dir: raw.data_dir,
            listen,
            raft,
            retention: retention(&raw.retention),
            auth: auth.required,
            tls,
            insecure: raw.insecure,
        })
    }

    /// The whole configuration, with what the cluster told.
    pub fn complete(
        self,
        cluster: String,
        server: ServerId,
        mut members: BTreeMap<ServerId, String>,
    ) -> Config {
        members.insert(server, self.address);
        let Joining { data_dir, listen, raft, retention, auth, tls, insecure, .. } = self;
        let peers = members;
        Config { cluster, server, data_dir, listen, peers, raft, retention, auth, tls, insecure }
    }
}
