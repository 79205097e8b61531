//! Checks a data folder: that all of it can be read, and that it means something.
//!
//! Owns nothing. Invariants: what it says is about the views that it is given; a record that
//! cannot be read is a finding, not an error. Must not: write, or mend anything.

mod log;

use std::fmt;

use crate::{
    kv::{KvRead, Result},
    records::{
        applied::{self, Applied},
        audit::audit,
        identity::{self, FORMAT, Identity},
        key,
    },
    tree::{
        check::{Violation, check_tree},
        query,
    },
    types::GroupId,
};

/// The name of what holds if all records can be read.
pub const READABLE: &str = "every record reads";
/// The name of what holds of the data folders of one cluster.
pub const EQUAL: &str = "replicas at the same applied index are equal";

/// Unreadable records that are told one by one.
const UNREADABLE_MAX: usize = 20;

/// The two stores of a data folder.
pub struct Stores<'v> {
    /// The log's.
    pub log: &'v dyn KvRead,
    /// The state's.
    pub state: &'v dyn KvRead,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Report {
    /// Whose folder it is, if that can be read.
    pub identity: Option<Identity>,
    /// The last log index that the state has applied.
    pub applied_index: u64,
    /// Records that were read.
    pub records: u64,
    /// A hash over the state.
    pub hash: Option<u128>,
    /// What does not hold; empty for a sound folder.
    pub findings: Vec<Violation>,
}

impl Report {
    fn find(&mut self, invariant: &'static str, detail: impl fmt::Display) {
        self.findings.push(Violation { invariant, detail: detail.to_string() });
    }
}

/// Checks a folder; `read` is called now and then with the number of records so far. Holds
/// all nodes in memory.
pub fn check(stores: &Stores, read: &dyn Fn(u64)) -> Report {
    let mut report = Report::default();
    for (name, store) in [("log", stores.log), ("state", stores.state)] {
        read_all(name, store, &mut report, read);
    }
    if !report.findings.is_empty() {
        return report;
    }
    let mut check = || -> Result<()> {
        let Some(identity) = stores.log.get(&key::identity())? else {
            report.find("a folder says whose it is", "there is no identity in its log");
            return Ok(());
        };
        let identity = match identity::decode(&identity)? {
            Ok(identity) => identity,
            Err(other) => {
                let why = format!("format {}, this metad reads {FORMAT}", other.0);
                report.find("a folder says whose it is", why);
                return Ok(());
            }
        };
        let group = identity.group;
        report.identity = Some(identity);
        let applied = applied(stores.state, group)?;
        report.applied_index = applied.last.map_or(0, |last| last.index);
        report.hash = Some(query::state_hash(stores.state, group)?.0);
        report.findings.extend(check_tree(stores.state, group)?);
        report.findings.extend(log::check(stores.log, group, &applied)?);
        Ok(())
    };
    if let Err(fault) = check() {
        report.find(READABLE, fault);
    }
    report
}

fn applied(state: &dyn KvRead, group: GroupId) -> Result<Applied> {
    let value = state.get(&key::applied(group))?;
    value.map_or(Ok(Applied::default()), |value| applied::decode(&value))
}

/// Reads every record of a store, and with it every block that holds one.
fn read_all(name: &str, store: &dyn KvRead, report: &mut Report, read: &dyn Fn(u64)) {
    let mut unreadable = 0;
    for pair in store.scan(&[], &[u8::MAX; 4]) {
        report.records += 1;
        if report.records.is_multiple_of(1 << 16) {
            read(report.records);
        }
        let fault = match pair {
            Ok((key, value)) => match audit(&key, &value) {
                Ok(()) => continue,
                Err(fault) => fault,
            },
            // A store does not read on after this.
            Err(fault) => {
                report.find(READABLE, format!("{name}: {fault}"));
                return;
            }
        };
        unreadable += 1;
        if unreadable <= UNREADABLE_MAX {
            report.find(READABLE, format!("{name}: {fault}"));
        }
    }
    if unreadable > UNREADABLE_MAX {
        let more = unreadable - UNREADABLE_MAX;
        report.find(READABLE, format!("{name}: {more} more records"));
    }
}

/// Compares the folders of one cluster: those that have applied the same have the same state.
pub fn compare(reports: &[Report]) -> Vec<Violation> {
    let mut findings = Vec::new();
    for (number, one) in reports.iter().enumerate() {
        for other in &reports[number + 1..] {
            let (Some(ours), Some(theirs)) = (&one.identity, &other.identity) else { continue };
            let is_same = (&ours.cluster, ours.group) == (&theirs.cluster, theirs.group);
            if is_same && one.applied_index == other.applied_index && one.hash != other.hash {
                let (node, peer, at) = (ours.server, theirs.server, one.applied_index);
                let detail = format!("nodes {node} and {peer} differ at index {at}");
                findings.push(Violation { invariant: EQUAL, detail });
            }
        }
    }
    findings
}
