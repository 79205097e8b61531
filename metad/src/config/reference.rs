//! What each key of the configuration means: docs/CONFIGURATION.md is made from it.

use std::fmt::Write as _;

use super::{RETENTION_CHANGES, RETENTION_HOURS};
use crate::{
    raft::Settings,
    records::identity::{FORMAT, FORMAT_BEFORE},
};

/// One key.
struct Key {
    /// As it is written, with its table.
    name: &'static str,
    /// What holds if it is left out.
    default: String,
    /// What it means.
    meaning: String,
}

fn key(name: &'static str, default: impl ToString, meaning: impl Into<String>) -> Key {
    Key { name, default: default.to_string(), meaning: meaning.into() }
}

fn keys() -> Vec<Key> {
    let mut keys = node_keys();
    keys.extend(tuning_keys());
    keys.extend(auth_keys());
    keys.extend(tls_keys());
    keys
}

fn node_keys() -> Vec<Key> {
    vec![
        key(
            "cluster",
            "needed; with `join`, what the cluster says",
            "The cluster's name, the same on all nodes. Servers of another one are refused.",
        ),
        key(
            "node",
            "needed; with `join`, a number that is free",
            "This node's number, from 1. It is kept in the data folder, which no other node may \
             use.",
        ),
        key(
            "data_dir",
            "needed",
            "The folder of this node's data; a relative one is relative to the configuration.",
        ),
        key("listen", "this node's address in `peers`", "IP address and port to listen on."),
        key(
            "format",
            FORMAT,
            format!(
                "The stored format to write: {FORMAT}, or {FORMAT_BEFORE} while nodes of the \
                 version before may still have to read it."
            ),
        ),
        key(
            "disk_reserve_bytes",
            Settings::default().disk_reserve_bytes,
            "With less room on its disk the node takes no more entries: it refuses writes with \
             DISK_FULL, and lets another node lead. With 0 it stops once there is no room at all.",
        ),
        key(
            "compare_every_minutes",
            Settings::default().compare_every_ms / 60_000,
            "How often this node compares its whole state with that of the others, in the \
             background. It stops if a majority has another one. 0: never.",
        ),
        key(
            "peers",
            "needed, unless there is `join`",
            "The nodes that form the cluster, this one included: `number = \"host:port\"`, the same on \
             all of them.",
        ),
        key(
            "join",
            "none",
            "Instead of `peers`: a list of addresses of nodes of a cluster that there is. The \
             node waits there until `metactl cluster add` makes it a member.",
        ),
        key(
            "address",
            "`listen`",
            "With `join`: where the others and the clients reach this node, `host:port`.",
        ),
    ]
}

fn tuning_keys() -> Vec<Key> {
    let raft = Settings::default();
    vec![
        key(
            "raft.heartbeat_ms",
            raft.heartbeat_ms,
            "How often a leader tells that it is there; at most half of `raft.election_min_ms`.",
        ),
        key(
            "raft.election_min_ms",
            raft.election_min_ms,
            "A follower whose leader's lease has run out stands for election after a random time from this…",
        ),
        key(
            "raft.election_max_ms",
            raft.election_max_ms,
            "…up to this, which is also how long a lease lasts: a leader that dies is missed for between the sum of both and twice this.",
        ),
        key(
            "raft.snapshot_every",
            raft.snapshot_every,
            "A snapshot is made once so many entries have come since the last.",
        ),
        key(
            "raft.keep_entries",
            raft.keep_entries,
            "So many entries of a snapshot are kept in the log, for followers that lag a little.",
        ),
        key(
            "raft.payload_entries_max",
            raft.payload_entries_max,
            "Entries in one message between nodes at most.",
        ),
        key(
            "raft.queue_bytes_max",
            raft.queue_bytes_max,
            "Bytes of proposals that wait to be replicated at most; what comes then is refused as OVERLOADED.",
        ),
        key(
            "retention.hours",
            RETENTION_HOURS,
            "Hours of the past that are kept. That of the node that leads holds.",
        ),
        key("retention.changes", RETENTION_CHANGES, "Changes of the past that are kept, at most."),
    ]
}

fn auth_keys() -> Vec<Key> {
    vec![
        key(
            "auth.required",
            "false",
            "Whether this node asks who calls. If so, it needs both files of tokens.",
        ),
        key(
            "auth.admin_token_file",
            "none",
            "A file with the tokens of those who may do everything, one a line; a relative path \
             is relative to the configuration. It is read when the node starts.",
        ),
        key(
            "auth.peer_token_file",
            "none",
            "A file with the tokens of the nodes, the same on all of them, one a line: the first \
             is shown to the others, also while `auth.required` is false; all are accepted.",
        ),
    ]
}

fn tls_keys() -> Vec<Key> {
    vec![
        key(
            "tls.certificate",
            "needed in `[tls]`",
            "A file with this node's certificate as PEM, then those between it and its authority. \
             It is shown to clients and to the other nodes, and must have the host of its \
             address as an alternative name. Relative paths are relative to the configuration; \
             changed files are read again at the next connection.",
        ),
        key("tls.key", "needed in `[tls]`", "A file with its private key as PEM."),
        key(
            "tls.ca",
            "needed in `[tls]`",
            "A file with the authorities of the other nodes' certificates.",
        ),
        key(
            "tls.client_ca",
            "none",
            "A file with authorities: only those who show a certificate of one of them are served \
             (mutual TLS), the other nodes too.",
        ),
        key(
            "insecure",
            "false",
            "Whether this node may listen beyond its own machine without `[tls]`.",
        ),
    ]
}

/// The page.
pub fn page() -> String {
    let mut page = String::from(
        "# Configuration\n\nThe keys of the TOML file that `metad serve --config FILE` reads, \
         made from `metad/src/config/reference.rs` by a test of `metad`: change that. A key that \
         is not here is refused. Examples: [deploy](../deploy).\n\n\
         | key | if left out | |\n|---|---|---|\n",
    );
    for Key { name, default, meaning } in keys() {
        writeln!(page, "| `{name}` | {default} | {meaning} |").expect("text takes all");
    }
    page
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use expect_test::expect_file;

    use super::*;
    use crate::config::Raw;

    /// The keys that a table takes, as the parser tells them to whoever writes another one.
    fn taken(table: &str) -> BTreeSet<String> {
        let (text, prefix) = match table {
            "" => ("not_a_key = 1".to_owned(), String::new()),
            _ => (format!("data_dir = \"d\"\n[{table}]\nnot_a_key = 1"), format!("{table}.")),
        };
        let error = toml::from_str::<Raw>(&text).err().expect("not a key").to_string();
        let listed = error.split("expected ").nth(1).expect("it lists them").to_owned();
        let names = listed.split('`').skip(1).step_by(2).map(|name| format!("{prefix}{name}"));
        names.collect()
    }

    #[test]
    fn every_key_is_on_the_page() {
        let mut expected = taken("");
        for table in ["raft", "retention", "auth", "tls"] {
            assert!(expected.remove(table), "{table} is no table");
            expected.extend(taken(table));
        }
        let described: BTreeSet<_> = keys().iter().map(|key| key.name.to_owned()).collect();
        assert_eq!(described, expected);
        expect_file![concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/CONFIGURATION.md")]
            .assert_eq(&page());
    }
}
