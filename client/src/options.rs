//! How a client behaves; every bound that it keeps is named here.

use std::time::Duration;

use metad_proto::{auth::Token, transport::ClientTls};

/// Options of a [`Client`](crate::Client).
#[derive(Clone, Debug)]
pub struct Options {
    /// Addresses (`host:port`) of some or all nodes of one cluster. Others are learned from
    /// redirections.
    pub endpoints: Vec<String>,
    /// What is shown to nodes that ask who calls.
    pub token: Option<Token>,
    /// How nodes that speak TLS are connected to. None: as plain text.
    pub tls: Option<ClientTls>,
    /// How long a call may take in all, retries included.
    pub deadline: Duration,
    /// How long one attempt may take before the next node is asked.
    pub attempt_timeout: Duration,
    /// The first wait between two attempts. It doubles with each, with jitter.
    pub backoff_min: Duration,
    /// The longest wait between two attempts.
    pub backoff_max: Duration,
    /// Send mutations, stats and lookups on one stream to each node, which costs less than a
    /// call each.
    pub session_stream: bool,
    /// Seeds the jitter: two clients should not have the same one.
    pub seed: u64,
}

impl Options {
    /// The defaults, for a cluster that has these nodes.
    pub fn new(endpoints: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Options {
            endpoints: endpoints.into_iter().map(Into::into).collect(),
            token: None,
            tls: None,
            deadline: Duration::from_secs(10),
            attempt_timeout: Duration::from_secs(2),
            backoff_min: Duration::from_millis(10),
            backoff_max: Duration::from_millis(250),
            session_stream: true,
            seed: 0,
        }
    }
}
