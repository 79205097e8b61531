//! How Raft is tuned, and what of openraft's choices is fixed.

use std::sync::Arc;

use metad_proto::{auth::Token, transport::ClientTls};
use openraft::SnapshotPolicy;

use crate::records::identity;

/// What can be tuned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How often a leader tells that it is there.
    pub heartbeat_ms: u64,
    /// A follower whose leader's lease has run out stands for election after a random time
    /// from this...
    pub election_min_ms: u64,
    /// ...up to this, which is also how long a lease lasts: a leader that dies is missed
    /// for between the sum of both and twice this.
    pub election_max_ms: u64,
    /// A snapshot is made once so many entries have come since the last.
    pub snapshot_every: u64,
    /// So many entries of a snapshot are kept in the log, for followers that lag a little.
    pub keep_entries: u64,
    /// Bytes of proposals that wait to be replicated at most; what comes then is refused.
    pub queue_bytes_max: u64,
    /// A replica with less room on its disks takes no more entries, in bytes.
    pub disk_reserve_bytes: u64,
    /// How often a replica compares its state with that of the others; 0 for never.
    pub compare_every_ms: u64,
    /// Entries in one message at most.
    pub payload_entries_max: u64,
    /// The format in which the log is written: see [`identity::FORMAT`].
    pub format: u32,
    /// What this node shows to the others, if they ask who calls.
    pub peer_token: Option<Token>,
    /// How it connects to the others, if they speak TLS.
    pub peer_tls: Option<ClientTls>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            heartbeat_ms: 100,
            election_min_ms: 400,
            election_max_ms: 800,
            snapshot_every: 100_000,
            keep_entries: 20_000,
            queue_bytes_max: 256 << 20,
            disk_reserve_bytes: 256 << 20,
            compare_every_ms: 24 * 60 * 60 * 1_000,
            payload_entries_max: 300,
            format: identity::FORMAT,
            peer_token: None,
            peer_tls: None,
        }
    }
}

impl Settings {
    /// openraft's configuration of a replica that may stand for election, or not yet.
    ///
    /// # Errors
    /// If the times do not fit together: says why.
    pub(super) fn to_openraft(
        &self,
        cluster: &str,
        may_stand: bool,
    ) -> Result<Arc<openraft::Config>, String> {
        let config = openraft::Config {
            cluster_name: cluster.to_owned(),
            heartbeat_interval: self.heartbeat_ms,
            election_timeout_min: self.election_min_ms,
            election_timeout_max: self.election_max_ms,
            snapshot_policy: SnapshotPolicy::LogsSinceLast(self.snapshot_every),
            max_in_snapshot_log_to_keep: self.keep_entries,
            // A follower that lags further needs a snapshot as soon as there is one.
            replication_lag_threshold: self.snapshot_every + self.keep_entries,
            max_payload_entries: self.payload_entries_max,
            purge_batch_size: (self.keep_entries / 4).max(1),
            backoff: "50ms 100ms ...400ms".to_owned(),
            enable_pre_vote: Some(true),
            enable_elect: may_stand,
            // A follower that has lost its data and joins anew starts from nothing: the
            // leader sends it everything again.
            allow_log_reversion: Some(true),
            // A restarted leader must win an election before it serves reads: its state may
            // be older than what it has answered for.
            enable_leader_restore: Some(false),
            ..openraft::Config::default()
        };
        config.validate().map(Arc::new).map_err(|error| error.to_string())
    }
}
