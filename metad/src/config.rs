//! A server's configuration: a TOML file, parsed to what it says, then checked.

mod auth;
mod joining;
#[cfg(test)]
mod reference;
mod tls;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

pub use self::{auth::Auth, joining::Joining};
pub use metad_proto::transport::Tls;
use metad_proto::{auth::Token, transport::InvalidAddress};
use serde::Deserialize;

use crate::{
    raft,
    records::identity::{FORMAT, FORMAT_BEFORE},
    tree::query::Retention,
    types::ServerId,
};

/// Hours of history that are kept, unless the file says otherwise: thirty days.
const RETENTION_HOURS: u64 = 30 * 24;
/// Changes that are kept, unless the file says otherwise.
const RETENTION_CHANGES: u64 = 100_000_000;

/// Bytes of a cluster's name.
const CLUSTER_BYTES_MAX: usize = 64;

/// A checked configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The cluster's name: servers of another one are refused.
    pub cluster: String,
    /// This server.
    pub server: ServerId,
    /// Where its data is.
    pub data_dir: PathBuf,
    /// Where it listens.
    pub listen: SocketAddr,
    /// The servers that form the cluster, this one included, and where the others and the
    /// clients reach them.
    pub peers: BTreeMap<ServerId, String>,
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

/// What a configuration says: of a node that forms a cluster with others, or of one that joins
/// a cluster that there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setup {
    /// All is known.
    Founding(Config),
    /// The rest, the cluster tells.
    Joining(Joining),
}

/// What is wrong with a configuration: one line that names the key and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

fn error<T>(message: impl Into<String>) -> Result<T, ConfigError> {
    Err(ConfigError(message.into()))
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    cluster: Option<String>,
    node: Option<u64>,
    data_dir: PathBuf,
    listen: Option<String>,
    format: Option<u32>,
    disk_reserve_bytes: Option<u64>,
    compare_every_minutes: Option<u64>,
    peers: Option<BTreeMap<String, String>>,
    join: Option<Vec<String>>,
    address: Option<String>,
    #[serde(default)]
    raft: RawRaft,
    #[serde(default)]
    retention: RawRetention,
    #[serde(default)]
    auth: auth::Raw,
    tls: Option<tls::Raw>,
    #[serde(default)]
    insecure: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRetention {
    hours: Option<u64>,
    changes: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRaft {
    heartbeat_ms: Option<u64>,
    election_min_ms: Option<u64>,
    election_max_ms: Option<u64>,
    snapshot_every: Option<u64>,
    keep_entries: Option<u64>,
    payload_entries_max: Option<u64>,
    queue_bytes_max: Option<u64>,
}

impl Setup {
    /// Reads a file, and those of the tokens that it names. What is relative is relative to
    /// the file.
    ///
    /// # Errors
    /// One line that names the file.
    pub fn read(path: &Path) -> Result<Setup, ConfigError> {
        let named = |why: String| ConfigError(format!("config {}: {why}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                named("there is no such file: `metad serve --help` shows what to write".to_owned())
            }
            _ => named(error.to_string()),
        })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let parsed = Setup::parse_in(&text, folder);
        let mut setup = parsed.map_err(|ConfigError(why)| named(why))?;
        if let Some(parent) = path.parent() {
            let (Setup::Founding(Config { data_dir, .. })
            | Setup::Joining(Joining { data_dir, .. })) = &mut setup;
            *data_dir = parent.join(&*data_dir);
        }
        Ok(setup)
    }

    /// Parses and checks a file's text.
    ///
    /// # Errors
    /// One line that names the key.
    pub fn parse(text: &str) -> Result<Setup, ConfigError> {
        Setup::parse_in(text, Path::new(""))
    }

    /// Refuses to listen where other machines reach it without TLS, unless that is accepted
    /// here or in the configuration.
    ///
    /// # Errors
    /// One line that says what to do.
    pub fn check_exposure(&self, accepted: bool) -> Result<(), ConfigError> {
        let (Setup::Founding(Config { listen, tls, insecure, .. })
        | Setup::Joining(Joining { listen, tls, insecure, .. })) = self;
        tls::check_exposure(*listen, tls.is_some(), *insecure || accepted)
    }

    fn parse_in(text: &str, folder: &Path) -> Result<Setup, ConfigError> {
        let raw: Raw = toml::from_str(text).map_err(|error| {
            let message = error.message().replace('\n', "; ");
            match error.span() {
                // What is missing is nowhere.
                Some(span) if !message.starts_with("missing") => {
                    let line = text[..span.start.min(text.len())].matches('\n').count() + 1;
                    ConfigError(format!("line {line}: {message}"))
                }
                _ => ConfigError(message),
            }
        })?;
        if raw.data_dir.as_os_str().is_empty() {
            return error("data_dir: it is empty: name a folder for this node's data");
        }
        raw.cluster.as_deref().map_or(Ok(()), check_cluster)?;
        if raw.node == Some(0) {
            return error("node: 0 is not a node: nodes are numbered from 1");
        }
        let auth = auth::check(&raw.auth, folder)?;
        let tls = raw.tls.as_ref().map(|table| tls::of(table, folder));
        match &raw.join {
            Some(_) => Joining::check(raw, auth, tls).map(Setup::Joining),
            None => Config::check(raw, auth, tls).map(Setup::Founding),
        }
    }
}

impl Config {
    fn check(raw: Raw, auth: auth::Checked, tls: Option<Tls>) -> Result<Config, ConfigError> {
        let missing = |key: &str| ConfigError(format!("missing field `{key}`"));
        let raft = raft_settings(&raw, auth.shown, tls.as_ref())?;
        let server = ServerId(raw.node.ok_or_else(|| missing("node"))?);
        let peers = peers(&raw.peers.ok_or_else(|| missing("peers"))?)?;
        let Some(address) = peers.get(&server) else {
            return error(format!(
                "node: {server} is not in [peers]: add a line {server} = \"host:port\" there"
            ));
        };
        if raw.address.is_some() {
            return error(format!("address: it is in [peers], as {server} = {address:?}"));
        }
        let listen = match &raw.listen {
            Some(listen) => listen_on("listen", listen)?,
            None => listen_on("peers", address)?,
        };
        Ok(Config {
            cluster: raw.cluster.ok_or_else(|| missing("cluster"))?,
            server,
            data_dir: raw.data_dir,
            listen,
            peers,
            raft,
            retention: retention(&raw.retention),
            auth: auth.required,
            tls,
            insecure: raw.insecure,
        })
    }
}

fn listen_on(key: &str, address: &str) -> Result<SocketAddr, ConfigError> {
    address.parse().or_else(|_| {
        error(format!(
            "{key}: {address:?} is not an IP address and port to listen on: \
             set listen = \"127.0.0.1:7101\" or the like"
        ))
    })
}

fn check_cluster(name: &str) -> Result<(), ConfigError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_' || c == '.';
    if !name.is_empty() && name.len() <= CLUSTER_BYTES_MAX && name.chars().all(plain) {
        return Ok(());
    }
    error(format!(
        "cluster: {name:?} is not a name: take 1 to {CLUSTER_BYTES_MAX} letters, digits, - _ ."
    ))
}

fn peers(raw: &BTreeMap<String, String>) -> Result<BTreeMap<ServerId, String>, ConfigError> {
    let mut peers = BTreeMap::new();
    let mut addresses = BTreeSet::new();
    for (id, address) in raw {
        let Some(id) = id.parse().ok().filter(|id| *id != 0) else {
            return error(format!("peers: {id:?} is not a node: nodes are numbered from 1"));
        };
        if !is_address(address) {
            return error(format!("peers.{id}: {}", InvalidAddress(address.clone())));
        }
        if !addresses.insert(address) {
            return error(format!("peers.{id}: {address} is another node's address, too"));
        }
        peers.insert(ServerId(id), address.clone());
    }
    Ok(peers)
}

fn is_address(address: &str) -> bool {
    let Some((host, port)) = address.rsplit_once(':') else { return false };
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.[]:".contains(c);
    !host.is_empty() && host.chars().all(plain) && port.parse().is_ok_and(|port: u16| port > 0)
}

/// What is kept where nothing is said.
pub fn default_retention() -> Retention {
    retention(&RawRetention::default())
}

fn retention(raw: &RawRetention) -> Retention {
    let hours = raw.hours.unwrap_or(RETENTION_HOURS);
    let age_ms = hours.saturating_mul(60 * 60 * 1_000);
    Retention { age_ms, changes: raw.changes.unwrap_or(RETENTION_CHANGES) }
}

fn raft_settings(
    whole: &Raw,
    peer_token: Option<Token>,
    tls: Option<&Tls>,
) -> Result<raft::Settings, ConfigError> {
    let Raw { raft: raw, format, disk_reserve_bytes, compare_every_minutes, .. } = whole;
    let default = raft::Settings::default();
    let format = format.unwrap_or(FORMAT);
    if format != FORMAT && format != FORMAT_BEFORE {
        return error(format!(
            "format: this metad writes {FORMAT}, or {FORMAT_BEFORE} while nodes of the version \
             before may still have to read it"
        ));
    }
    let settings = raft::Settings {
        heartbeat_ms: raw.heartbeat_ms.unwrap_or(default.heartbeat_ms),
        election_min_ms: raw.election_min_ms.unwrap_or(default.election_min_ms),
        election_max_ms: raw.election_max_ms.unwrap_or(default.election_max_ms),
        snapshot_every: raw.snapshot_every.unwrap_or(default.snapshot_every),
        keep_entries: raw.keep_entries.unwrap_or(default.keep_entries),
        payload_entries_max: raw.payload_entries_max.unwrap_or(default.payload_entries_max),
        queue_bytes_max: raw.queue_bytes_max.unwrap_or(default.queue_bytes_max),
        disk_reserve_bytes: disk_reserve_bytes.unwrap_or(default.disk_reserve_bytes),
        compare_every_ms: compare_every_minutes
            .map_or(default.compare_every_ms, |minutes| minutes.saturating_mul(60_000)),
        format,
        peer_token,
        peer_tls: tls.map(|tls| tls.peers.clone()),
    };
    let raft::Settings { heartbeat_ms, election_min_ms, election_max_ms, .. } = settings;
    if heartbeat_ms == 0 || heartbeat_ms.saturating_mul(2) > election_min_ms {
        return error(format!(
            "raft.heartbeat_ms: {heartbeat_ms} must be at least 1 and at most half of \
             raft.election_min_ms, {election_min_ms}"
        ));
    }
    if election_min_ms >= election_max_ms {
        return error(format!(
            "raft.election_max_ms: {election_max_ms} must be more than raft.election_min_ms, \
             {election_min_ms}"
        ));
    }
    if settings.snapshot_every == 0 || settings.payload_entries_max == 0 {
        return error("raft.snapshot_every and raft.payload_entries_max must be at least 1");
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    const GOOD: &str = r#"
cluster = "home"
node = 1
data_dir = "/var/lib/metad"
[peers]
1 = "127.0.0.1:7101"
2 = "127.0.0.1:7102"
"#;

    fn check(text: &str, expected: Expect) {
        let said = match Setup::parse(text) {
            Ok(Setup::Founding(config)) => format!("{config:?}"),
            Ok(Setup::Joining(joining)) => format!("{joining:?}"),
            Err(error) => error.to_string(),
        };
        expected.assert_eq(&said);
    }

    #[test]
    fn a_good_file() {
        check(
            GOOD,
            expect![[
                r#"Config { cluster: "home", server: ServerId(1), data_dir: "/var/lib/metad", listen: 127.0.0.1:7101, peers: {ServerId(1): "127.0.0.1:7101", ServerId(2): "127.0.0.1:7102"}, raft: Settings { heartbeat_ms: 100, election_min_ms: 400, election_max_ms: 800, snapshot_every: 100000, keep_entries: 20000, queue_bytes_max: 268435456, disk_reserve_bytes: 268435456, compare_every_ms: 86400000, payload_entries_max: 300, format: 4, peer_token: None, peer_tls: None }, retention: Retention { age_ms: 2592000000, changes: 100000000 }, auth: None, tls: None, insecure: false }"#
            ]],
        );
    }

    #[test]
    fn a_node_that_joins_needs_an_address_of_the_cluster() {
        const JOINS: &str = "data_dir = \"d\"\njoin = [\"10.0.0.1:7101\"]\n";
        check(
            &format!("{JOINS}listen = \"10.0.0.4:7101\"\n"),
            expect![[
                r#"Joining { cluster: None, server: None, via: ["10.0.0.1:7101"], address: "10.0.0.4:7101", data_dir: "d", listen: 10.0.0.4:7101, raft: Settings { heartbeat_ms: 100, election_min_ms: 400, election_max_ms: 800, snapshot_every: 100000, keep_entries: 20000, queue_bytes_max: 268435456, disk_reserve_bytes: 268435456, compare_every_ms: 86400000, payload_entries_max: 300, format: 4, peer_token: None, peer_tls: None }, retention: Retention { age_ms: 2592000000, changes: 100000000 }, auth: None, tls: None, insecure: false }"#
            ]],
        );
        check(JOINS, expect![[r#"listen: say where: listen = "127.0.0.1:7104" or the like"#]]);
        check(
            &format!("{JOINS}listen = \"0.0.0.0:7101\"\n"),
            expect![[
                r#"address: others do not reach 0.0.0.0:7101: set address = "host:port", where they do"#
            ]],
        );
        check(
            &format!("{JOINS}address = \"a4\"\nlisten = \"0.0.0.0:7101\"\n"),
            expect![[
                r#"address: "a4" is not an address: expected host:port, such as 127.0.0.1:7100"#
            ]],
        );
        check(
            &JOINS.replace("10.0.0.1:7101", ""),
            expect![[r#"join: "" is not an address: expected host:port, such as 127.0.0.1:7100"#]],
        );
        check(
            &GOOD.replace("[peers]", "join = [\"10.0.0.1:7101\"]\n[peers]"),
            expect![
                "join: the members of a cluster that is joined are not listed: take [peers] out"
            ],
        );
    }

    #[test]
    fn each_mistake_is_one_line_that_names_the_key() {
        check(
            &GOOD.replace("node", "nodes"),
            expect![
                "line 3: unknown field `nodes`, expected one of `cluster`, `node`, `data_dir`, `listen`, `format`, `disk_reserve_bytes`, `compare_every_minutes`, `peers`, `join`, `address`, `raft`, `retention`, `auth`, `tls`, `insecure`"
            ],
        );
        check(
            &GOOD.replace("node = 1", "node = 3"),
            expect![[r#"node: 3 is not in [peers]: add a line 3 = "host:port" there"#]],
        );
        check(
            &GOOD.replace("node = 1", "node = \"1\""),
            expect![[r#"line 3: invalid type: string "1", expected u64"#]],
        );
        check(&GOOD.replace("node = 1", ""), expect!["missing field `node`"]);
        check(
            &GOOD.replace("home", "my home"),
            expect![[r#"cluster: "my home" is not a name: take 1 to 64 letters, digits, - _ ."#]],
        );
        check(
            &GOOD.replace("2 =", "0 ="),
            expect![[r#"peers: "0" is not a node: nodes are numbered from 1"#]],
        );
        check(
            &GOOD.replace("7102", "7101"),
            expect!["peers.2: 127.0.0.1:7101 is another node's address, too"],
        );
        check(
            &GOOD.replace("127.0.0.1:7102", "localhost"),
            expect![[
                r#"peers.2: "localhost" is not an address: expected host:port, such as 127.0.0.1:7100"#
            ]],
        );
        check(
            &GOOD.replace("127.0.0.1:7101", "localhost:7101"),
            expect![[
                r#"peers: "localhost:7101" is not an IP address and port to listen on: set listen = "127.0.0.1:7101" or the like"#
            ]],
        );
        check(
            &format!("{GOOD}[raft]\nheartbeat_ms = 500\n"),
            expect![
                "raft.heartbeat_ms: 500 must be at least 1 and at most half of raft.election_min_ms, 400"
            ],
        );
        check(
            &format!("{GOOD}[raft]\nelection_max_ms = 300\n"),
            expect!["raft.election_max_ms: 300 must be more than raft.election_min_ms, 400"],
        );
        check(
            &format!("{GOOD}[raft]\nsnapshots = 500\n"),
            expect![
                "line 9: unknown field `snapshots`, expected one of `heartbeat_ms`, `election_min_ms`, `election_max_ms`, `snapshot_every`, `keep_entries`, `payload_entries_max`, `queue_bytes_max`"
            ],
        );
        check(
            "cluster = ",
            expect!["line 1: string values must be quoted, expected literal string"],
        );
    }
}
