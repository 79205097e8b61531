//! Calls, counted as they end.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use metad_proto::errors::Reason;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use tonic::{Code, Status};

/// What clients and operators call, in order.
pub const NAMES: &[&str] = &[
    "Cluster/AddLearner",
    "Cluster/Backup",
    "Cluster/HandOver",
    "Cluster/RemoveLearner",
    "Cluster/SetVoters",
    "Cluster/StateHash",
    "Cluster/Status",
    "Cluster/Trim",
    "Files/BatchStat",
    "Files/CloseSession",
    "Files/Diff",
    "Files/GetCursor",
    "Files/GetLock",
    "Files/GetNamespace",
    "Files/List",
    "Files/ListLocks",
    "Files/ListNamespaces",
    "Files/ListRevisions",
    "Files/ListSnapshots",
    "Files/Lookup",
    MUTATE,
    "Files/OpenSession",
    "Files/ReadJournal",
    "Files/Session",
    "Files/Stat",
    "Files/Subscribe",
    "Files/WaitForChange",
];

/// The one that is timed.
const MUTATE: &str = "Files/Mutate";

/// The shortest time that is told from others, and how many times twice as long follow.
const SHORTEST_SECONDS: f64 = 0.000_5;
const BUCKETS: u16 = 15;

/// Why the gate refuses calls.
pub const REFUSALS: [Reason; 2] = [Reason::Unauthenticated, Reason::PermissionDenied];

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With a reply, or the beginning of one.
    Ok,
    /// With a refusal, which is an answer.
    Rejected,
    /// Without an answer: the client asks again.
    Unavailable,
    /// The storage cannot be trusted.
    Fault,
    /// Cancelled, or not understood.
    Other,
}

impl Outcome {
    /// All of them, in order.
    pub const ALL: [Outcome; 5] =
        [Outcome::Ok, Outcome::Rejected, Outcome::Unavailable, Outcome::Fault, Outcome::Other];

    /// Its label.
    pub fn label(self) -> &'static str {
        match self {
            Outcome::Ok => "ok",
            Outcome::Rejected => "rejected",
            Outcome::Unavailable => "unavailable",
            Outcome::Fault => "fault",
            Outcome::Other => "other",
        }
    }

    /// Of a call that ended with this status; None for a reply.
    pub fn of(status: Option<&Status>) -> Outcome {
        match status.map_or(Code::Ok, Status::code) {
            Code::Ok => Outcome::Ok,
            Code::NotFound
            | Code::AlreadyExists
            | Code::FailedPrecondition
            | Code::Aborted
            | Code::InvalidArgument
            | Code::ResourceExhausted
            | Code::OutOfRange
            | Code::PermissionDenied
            | Code::Unauthenticated => Outcome::Rejected,
            Code::Unavailable => Outcome::Unavailable,
            Code::Internal | Code::DataLoss => Outcome::Fault,
            _ => Outcome::Other,
        }
    }
}

/// See the module. Clones count together.
#[derive(Clone)]
pub struct Calls(Arc<Counts>);

struct Counts {
    ended: Vec<[AtomicU64; Outcome::ALL.len()]>,
    mutations: Histogram,
    refused: [AtomicU64; REFUSALS.len()],
    /// Shared with the places of those who wait for changes.
    subscribers: Arc<AtomicUsize>,
}

impl Calls {
    /// Of a server with these subscribers.
    pub fn new(subscribers: Arc<AtomicUsize>) -> Calls {
        let buckets = exponential_buckets(SHORTEST_SECONDS, 2.0, BUCKETS);
        Calls(Arc::new(Counts {
            ended: NAMES.iter().map(|_| Default::default()).collect(),
            mutations: Histogram::new(buckets),
            refused: Default::default(),
            subscribers,
        }))
    }

    /// One has ended, so long after it was read. What is not in [`NAMES`] does not count.
    pub fn ended(&self, call: &str, outcome: Outcome, took: Duration) {
        let Ok(index) = NAMES.binary_search(&call) else { return };
        self.0.ended[index][outcome as usize].fetch_add(1, Ordering::Relaxed);
        if call == MUTATE {
            self.0.mutations.observe(took.as_secs_f64());
        }
    }

    /// One was refused before its service saw it.
    pub fn refused(&self, reason: Reason) {
        let index = REFUSALS.iter().position(|refusal| *refusal == reason);
        if let Some(index) = index {
            self.0.refused[index].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many were refused, and why.
    pub fn refusals(&self) -> impl Iterator<Item = (Reason, u64)> + '_ {
        let counts = self.0.refused.iter().map(|count| count.load(Ordering::Relaxed));
        REFUSALS.into_iter().zip(counts)
    }

    /// How many have ended how, without those that never have.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, Outcome, u64)> + '_ {
        NAMES.iter().zip(&self.0.ended).flat_map(|(name, counts)| {
            let counts = Outcome::ALL.into_iter().zip(counts);
            let counts = counts.map(|(outcome, count)| (outcome, count.load(Ordering::Relaxed)));
            counts.filter(|(_, count)| *count > 0).map(|(outcome, count)| (*name, outcome, count))
        })
    }

    /// How long mutations took.
    pub fn mutations(&self) -> &Histogram {
        &self.0.mutations
    }

    /// Who waits for changes now.
    pub fn subscribers(&self) -> usize {
        self.0.subscribers.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the services have, from their definition.
    #[test]
    fn every_call_has_a_name() {
        let mut defined = Vec::new();
        for (service, text) in [
            ("Cluster", include_str!("../../../proto/proto/metad/v1/cluster.proto")),
            ("Files", include_str!("../../../proto/proto/metad/v1/files.proto")),
        ] {
            let calls = text.lines().filter_map(|line| line.trim().strip_prefix("rpc "));
            let name = |call: &str| call.split('(').next().map(|name| format!("{service}/{name}"));
            defined.extend(calls.filter_map(name));
        }
        defined.sort();
        assert_eq!(NAMES, defined);
    }

    #[test]
    fn calls_are_counted_by_how_they_end() {
        let calls = Calls::new(Arc::default());
        let took = Duration::from_millis(1);
        calls.ended("Files/Stat", Outcome::Ok, took);
        calls.ended("Files/Stat", Outcome::of(Some(&Status::not_found("no"))), took);
        calls.ended("Files/Stat", Outcome::Ok, took);
        calls.ended("Files/Nonsense", Outcome::Ok, took);
        let counts: Vec<_> = calls.counts().collect();
        let stats = [("Files/Stat", Outcome::Ok, 2), ("Files/Stat", Outcome::Rejected, 1)];
        assert_eq!(counts, stats);
    }
}
