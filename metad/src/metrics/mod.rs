//! What this server counts and shows to whoever monitors it.
//!
//! Owns the names: each metric is one line of [`ALL`], with what it means, from which
//! docs/METRICS.md is made. What Raft knows is read when somebody asks; only calls are counted
//! as they end. Must not: have labels whose values nobody can list, such as paths.

mod backups;
mod calls;
mod page;

pub use self::{
    backups::Backups,
    calls::{Calls, Outcome},
    page::page,
};

/// How a metric behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It goes up and down.
    Gauge,
    /// It goes up, and starts anew with the process.
    Counter,
    /// How many observations were at most so large.
    Histogram,
}

/// One metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// How it behaves.
    pub kind: Kind,
    /// What tells its series apart.
    pub labels: &'static [&'static str],
    /// What it means.
    pub help: &'static str,
}

macro_rules! metrics {
    ($($constant:ident = $kind:ident $name:literal $([$($label:literal)+])?, $help:literal;)+) => {
        $(#[doc = $help]
        pub const $constant: Metric = Metric {
            name: $name,
            kind: Kind::$kind,
            labels: &[$($($label),+)?],
            help: $help,
        };)+

        /// All of them, in the order of the page.
        pub const ALL: &[Metric] = &[$($constant),+];
    };
}

metrics! {
    NODE_INFO = Gauge "metad_node_info" ["cluster" "node" "version"],
        "1, with who this node is.";
    RAFT_ROLE = Gauge "metad_raft_role" ["role"],
        "1 for the role that this node has: leader, follower, candidate, learner, new, joining or stopped.";
    RAFT_HAS_LEADER = Gauge "metad_raft_has_leader",
        "1 if this node leads a majority, or heard from a leader in the last 3 seconds.";
    RAFT_TERM = Gauge "metad_raft_term",
        "The term: it grows with each election.";
    RAFT_VOTERS = Gauge "metad_raft_voters",
        "Members that vote.";
    RAFT_LEARNERS = Gauge "metad_raft_learners",
        "Members that follow and do not vote.";
    RAFT_CHANGING = Gauge "metad_raft_members_changing",
        "1 while it is being changed who votes.";
    RAFT_LAST_LOG_INDEX = Gauge "metad_raft_last_log_index",
        "The last entry of this node's log.";
    RAFT_COMMITTED_INDEX = Gauge "metad_raft_committed_index",
        "The last entry that this node knows to be committed.";
    RAFT_APPLIED_INDEX = Gauge "metad_raft_applied_index",
        "The last entry that this node's state reflects.";
    RAFT_SNAPSHOT_INDEX = Gauge "metad_raft_snapshot_index",
        "The last entry that this node's latest snapshot covers.";
    RAFT_PURGED_INDEX = Gauge "metad_raft_purged_index",
        "The last entry that is no longer in this node's log.";
    RAFT_PEER_LAG = Gauge "metad_raft_peer_lag_entries" ["peer"],
        "Of a leader: entries of its log that a member has not acknowledged.";
    RAFT_PEER_SILENCE = Gauge "metad_raft_peer_silence_seconds" ["peer"],
        "Of a leader: since a member answered last.";
    RAFT_QUEUE = Gauge "metad_raft_queue_bytes",
        "Bytes of proposals that wait to be replicated.";
    RAFT_QUEUE_MAX = Gauge "metad_raft_queue_max_bytes",
        "So many may wait: what comes then is refused as OVERLOADED.";
    STATE_COMPARED = Gauge "metad_state_compared_index",
        "The last entry after which this node compared its state with that of the others; 0 if it has not since it started.";
    STATE_DIFFERING = Gauge "metad_state_differing_nodes",
        "How many nodes had another state than this one then. More than 0 is an alarm: one of them is wrong.";
    DISK_FREE = Gauge "metad_disk_free_bytes",
        "Room on the disk that this node's data is on.";
    DISK_FULL = Gauge "metad_disk_full",
        "1 while there is less room than `disk_reserve_bytes`: the node takes no more entries.";
    TREE_REVISION = Gauge "metad_tree_revision",
        "The revision that this node's state is at.";
    SERVICE_CALLS = Counter "metad_service_calls_total" ["call" "outcome"],
        "Calls that this node answered; those on session streams, too. Outcomes: ok; rejected: an answer as well; unavailable: asked again elsewhere or later; fault; other: cancelled or not understood.";
    SERVICE_REFUSED = Counter "metad_service_refused_total" ["reason"],
        "Calls that were refused before they were counted above, since they came without a token that is known (UNAUTHENTICATED), or with one that is not for them (PERMISSION_DENIED).";
    SERVICE_MUTATIONS = Histogram "metad_service_mutation_seconds",
        "How long mutations took on this node, from when they were read until they were answered.";
    SERVICE_SUBSCRIBERS = Gauge "metad_service_subscribers",
        "Subscriptions and waits for changes under way.";
    SERVICE_SUBSCRIBERS_MAX = Gauge "metad_service_subscribers_max",
        "So many there may be.";
    SERVICE_BACKUPS = Gauge "metad_service_backups",
        "Backups that this node tells now.";
    SERVICE_BACKUP_TIME = Gauge "metad_service_backup_time_seconds",
        "When this node told a backup to its end last, seconds since 1970; 0 if it has not since it started.";
    TLS_REFUSED = Counter "metad_tls_refused_connections_total",
        "Connections that came without TLS, or whose handshake failed, such as for want of a certificate.";
    TLS_RELOADS = Counter "metad_tls_reloads_total" ["side" "outcome"],
        "How often changed files of certificates and keys were read: done, or failed and those before were kept. Sides: server: what is shown to clients and asked of them; peers: the same towards nodes that this one connects to.";
    TLS_EXPIRES = Gauge "metad_tls_certificate_expires_seconds",
        "When this node's certificate ends to be valid, seconds since 1970; 0 without TLS.";
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

    use expect_test::expect_file;

    use super::*;

    #[test]
    fn names_say_area_thing_and_unit() {
        for Metric { name, kind, labels, help } in ALL {
            assert!(name.starts_with("metad_") && name.split('_').count() >= 3, "{name}");
            assert_eq!(name.ends_with("_total"), *kind == Kind::Counter, "{name}");
            assert!(help.ends_with('.') && !labels.contains(&"path"), "{name}");
        }
    }

    #[test]
    fn the_page_of_metrics_is_what_is_shown() {
        let mut page = String::from(
            "# Metrics\n\nEach node serves these at `http://HOST:PORT/metrics`, on the port of \
             its gRPC services, in the OpenMetrics format. Made from `metad/src/metrics/mod.rs` by \
             a test of `metad`: change that. A dashboard and alerts that use them: \
             [deploy](../deploy).\n\n| metric | kind | labels | |\n|---|---|---|---|\n",
        );
        for Metric { name, kind, labels, help } in ALL {
            let kind = format!("{kind:?}").to_lowercase();
            writeln!(page, "| `{name}` | {kind} | {} | {help} |", labels.join(", ")).expect("text");
        }
        expect_file![concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/METRICS.md")].assert_eq(&page);
    }

    /// The metrics that a file names, without what Prometheus adds to a histogram's name.
    fn named(text: &str) -> BTreeSet<String> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let words = text.split(|c| !is_part(c)).filter(|word| word.starts_with("metad_"));
        let base = |word: &str| {
            let parts = ["_bucket", "_sum", "_count"];
            parts.iter().find_map(|part| word.strip_suffix(part)).unwrap_or(word).to_owned()
        };
        words.map(base).collect()
    }

    #[test]
    fn the_dashboard_and_the_alerts_name_what_there_is() {
        let known: BTreeSet<_> = ALL.iter().map(|metric| metric.name.to_owned()).collect();
        let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy");
        for file in ["grafana.json", "alerts.yaml"] {
            let named = named(&fs::read_to_string(deploy.join(file)).expect(file));
            assert!(named.len() > 3, "{file} names {named:?}");
            let unknown: Vec<_> = named.difference(&known).collect();
            assert!(unknown.is_empty(), "{file} names {unknown:?}");
        }
        let dashboard = fs::read_to_string(deploy.join("grafana.json")).expect("dashboard");
        serde_json::from_str::<serde_json::Value>(&dashboard).expect("JSON");
    }
}
