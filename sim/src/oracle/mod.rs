//! What must never be seen. One short file an oracle; [`Oracles`] tells each what it needs.
//!
//! The Raft oracles are those of figure 3 of the Raft paper (Ongaro and Ousterhout 2014).
//! They know no server: they are fed with what was written to disk, as it is written, and
//! with what Raft says of itself. Only the first violation counts.

mod durability;
mod election_safety;
mod exactly_once;
mod leader_completeness;
mod log_matching;
mod logs;
mod monotonic;
mod queue;
mod state_machine;

pub use logs::Log;

use std::{fmt, ops::RangeBounds};

use crate::report::Violation;

/// A node's number, from 1.
pub type Node = u64;

/// A position in the log. Ordered as Raft orders logs: by term, then index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogId {
    /// The term of the leader that appended the entry.
    pub term: u64,
    /// Its position.
    pub index: u64,
}

impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.index, self.term)
    }
}

/// What a log holds at an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The term of the leader that appended it.
    pub term: u64,
    /// Of its payload.
    pub hash: u64,
}

/// A stored vote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ballot {
    /// In this term …
    pub term: u64,
    /// … for this node, …
    pub node: Node,
    /// … which a quorum has elected.
    pub is_leader: bool,
}

impl Ballot {
    /// Votes only grow: a term's winner supersedes whatever a node voted for in that term.
    fn age(self) -> (u64, bool) {
        (self.term, self.is_leader)
    }
}

impl fmt::Display for Ballot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let role = if self.is_leader { "leader" } else { "candidate" };
        write!(f, "{role} {} in term {}", self.node, self.term)
    }
}

/// What Raft says of itself on one node, at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// The current term, perhaps not stored yet.
    pub term: u64,
    /// It leads in that term.
    pub is_leader: bool,
    /// The vote that it believes to be on disk.
    pub vote: Ballot,
    /// The last log entry that it believes to be on disk under that vote.
    pub flushed: Option<LogId>,
    /// The last entry that it knows to be committed.
    pub committed: Option<LogId>,
    /// The last entry that it has applied.
    pub applied: Option<LogId>,
    /// The index of the last entry of its log, perhaps not stored yet.
    pub last_index: Option<u64>,
    /// How many proposals it may let wait if it leads.
    pub waiting_max: u64,
}

/// All of them, and what they found.
#[derive(Debug, Default)]
pub struct Oracles {
    logs: logs::Logs,
    election_safety: election_safety::ElectionSafety,
    log_matching: log_matching::LogMatching,
    leader_completeness: leader_completeness::LeaderCompleteness,
    state_machine: state_machine::StateMachine,
    monotonic: monotonic::Monotonic,
    durability: durability::Durability,
    queue: queue::Queue,
    exactly_once: exactly_once::ExactlyOnce,
    violation: Option<Violation>,
}

impl Oracles {
    /// The first violation.
    pub fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }

    /// Reports a violation that was found elsewhere.
    pub fn report(&mut self, violation: Violation) {
        self.violation.get_or_insert(violation);
    }

    /// A node starts with what its disk holds.
    pub fn starts(&mut self, node: Node, vote: Option<Ballot>, log: Log, applied: Option<LogId>) {
        let survived = self.durability.starts(node, vote, &log, applied);
        self.note(survived);
        for (index, entry) in log.entries() {
            let matched = self.log_matching.written(node, index, entry, &log);
            self.note(matched);
        }
        self.monotonic.starts(node);
        self.logs.replace(node, log);
    }

    /// A node has lost its disks.
    pub fn forgets(&mut self, node: Node) {
        self.durability.forgets(node);
    }

    /// A node writes an entry to its log.
    pub fn appends(&mut self, node: Node, index: u64, entry: Entry) {
        self.logs.of(node).insert(index, entry);
        let matched = self.log_matching.written(node, index, entry, self.logs.of(node));
        self.note(matched);
    }

    /// A node removes entries from its log: truncates or purges it.
    pub fn removes(&mut self, node: Node, range: impl RangeBounds<u64>) {
        self.logs.of(node).remove(range);
    }

    /// A node notes up to where its log was purged.
    pub fn purges(&mut self, node: Node, up_to: LogId) {
        self.logs.of(node).purge(up_to);
    }

    /// A node's state machine is at a position, with the digest of all of its writes so far.
    pub fn applies(&mut self, node: Node, position: LogId, digest: u128) {
        let applied = self.state_machine.applies(node, position, digest);
        self.note(applied);
    }

    /// A replica answers a request, of a client and with a sequence.
    pub fn answers(&mut self, request: (u64, u64), answer: u64) {
        let answered = self.exactly_once.answers(request, answer);
        self.note(answered);
    }

    /// Raft says where it is.
    pub fn samples(&mut self, node: Node, sample: Sample) {
        let monotonic = self.monotonic.samples(node, sample);
        self.note(monotonic);
        let flushed = self.durability.flushes(node, sample);
        self.note(flushed);
        let waiting = self.queue.samples(node, sample);
        self.note(waiting);
        if sample.is_leader {
            let elected = self.election_safety.leads(node, sample.term);
            self.note(elected);
            let complete = self.leader_completeness.leads(node, sample.term, self.logs.of(node));
            self.note(complete);
        }
        if let Some(committed) = sample.committed {
            let agreed = self.leader_completeness.commits(node, committed);
            self.note(agreed);
        }
    }

    /// How many elections were won.
    pub fn elections(&self) -> usize {
        self.election_safety.elections()
    }

    fn note(&mut self, result: Result<(), Violation>) {
        if let Err(violation) = result {
            self.report(violation);
        }
    }
}

#[cfg(test)]
mod tests;
