//! Who may call what.

use super::Principal;

/// Who may make a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Everybody, without a token.
    Open,
    /// Clients.
    Client,
    /// Operators; what they do is in the audit log.
    Admin,
    /// Operators, and nodes: those that join ask for it.
    Member,
    /// Nodes alone.
    Peer,
    /// Nobody: what is not known is refused.
    Nobody,
}

/// Of services that are not ours, and of the metrics.
const OPEN: &[&str] = &["/grpc.health.v1.Health/", "/grpc.reflection.v1.ServerReflection/"];
const METRICS: &str = "/metrics";
/// What the paths of our calls start with.
const PACKAGE: &str = "/metad.v1.";

/// The rule of each call. A call without one is refused.
pub const RULES: &[(&str, Rule)] = &[
    ("Cluster/AddLearner", Rule::Admin),
    ("Cluster/Backup", Rule::Admin),
    ("Cluster/HandOver", Rule::Admin),
    ("Cluster/RemoveLearner", Rule::Admin),
    ("Cluster/SetVoters", Rule::Admin),
    ("Cluster/StateHash", Rule::Admin),
    ("Cluster/Status", Rule::Member),
    ("Cluster/Trim", Rule::Admin),
    ("Files/BatchStat", Rule::Client),
    ("Files/CloseSession", Rule::Client),
    ("Files/Diff", Rule::Client),
    ("Files/GetCursor", Rule::Client),
    ("Files/GetLock", Rule::Client),
    ("Files/GetNamespace", Rule::Client),
    ("Files/List", Rule::Client),
    ("Files/ListLocks", Rule::Client),
    ("Files/ListNamespaces", Rule::Client),
    ("Files/ListRevisions", Rule::Client),
    ("Files/ListSnapshots", Rule::Client),
    ("Files/Lookup", Rule::Client),
    ("Files/Mutate", Rule::Client),
    ("Files/OpenSession", Rule::Client),
    ("Files/ReadJournal", Rule::Client),
    ("Files/Session", Rule::Client),
    ("Files/Stat", Rule::Client),
    ("Files/Subscribe", Rule::Client),
    ("Files/WaitForChange", Rule::Client),
    ("Raft/Append", Rule::Peer),
    ("Raft/AppendStream", Rule::Peer),
    ("Raft/InstallSnapshot", Rule::Peer),
    ("Raft/PreVote", Rule::Peer),
    ("Raft/Standing", Rule::Peer),
    ("Raft/StateAt", Rule::Peer),
    ("Raft/TransferLeader", Rule::Peer),
    ("Raft/Vote", Rule::Peer),
];

impl Rule {
    /// Of the path of a request.
    pub fn of(path: &str) -> Rule {
        if path == METRICS || OPEN.iter().any(|service| path.starts_with(service)) {
            return Rule::Open;
        }
        let call = path.strip_prefix(PACKAGE);
        let rule = call.and_then(|call| RULES.iter().find(|(name, _)| *name == call));
        rule.map_or(Rule::Nobody, |(_, rule)| *rule)
    }

    /// Whether one who is known may.
    pub fn allows(self, principal: Principal) -> bool {
        match self {
            Rule::Open => true,
            Rule::Member => true,
            Rule::Client | Rule::Admin => principal == Principal::Admin,
            Rule::Peer => principal == Principal::Peer,
            Rule::Nobody => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    /// All calls that the .proto files define, whichever files there are.
    fn defined() -> Vec<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../proto/proto/metad/v1");
        let mut calls = Vec::new();
        for file in fs::read_dir(folder).expect("the protos") {
            let text = fs::read_to_string(file.expect("a file").path()).expect("text");
            let mut service = String::new();
            for line in text.lines().map(str::trim) {
                if let Some(name) = line.strip_prefix("service ") {
                    service = name.trim_end_matches(" {").to_owned();
                } else if let Some(call) = line.strip_prefix("rpc ") {
                    let name = call.split('(').next().expect("a name");
                    calls.push(format!("{service}/{name}"));
                }
            }
        }
        calls.sort();
        calls
    }

    #[test]
    fn every_call_has_a_rule() {
        let ruled: Vec<_> = RULES.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(ruled, defined());
    }

    #[test]
    fn what_has_no_rule_is_for_nobody() {
        for path in [
            "/",
            "",
            "/metrics/",
            "/metad.v1.Files",
            "/metad.v1.Files/",
            "/metad.v1.Files/Stat/",
            "/metad.v1.files/stat",
            "/metad.v2.Files/Stat",
            "//metad.v1.Files/Stat",
            "/grpc.health.v1.Healthy/Check",
        ] {
            assert_eq!(Rule::of(path), Rule::Nobody, "{path}");
        }
    }
}
