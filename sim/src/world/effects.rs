//! What is seen of the service in what it writes: which requests took effect, and what became
//! of the past.
//!
//! All replicas write the same; what counts is who is first.

use std::collections::{BTreeMap, BTreeSet};

use metad::{
    kv::{Result, Write},
    records::{change, key, outcome, system},
    types::{Change, ChangeKind, Cursor, NamespaceId, Outcome, Revision},
};
use metad_client::v1::RequestId;

use super::observed::GROUP;

/// What a request did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// The revision that it made.
    pub revision: u64,
    /// The names of nodes that it made there.
    pub names: BTreeSet<String>,
}

/// A client's id and a sequence.
type RequestKey = (u64, u64);

/// All that was seen.
#[derive(Default)]
pub struct Effects {
    requests: BTreeMap<RequestKey, Effect>,
    /// The latest that was written.
    revision: Revision,
    compacted: Revision,
    lock_ends: BTreeSet<Vec<u8>>,
}

impl Effects {
    /// What a request did, if it did anything that a journal tells.
    pub fn of(&self, request: RequestId) -> Option<&Effect> {
        self.requests.get(&(request.client_id, request.sequence))
    }

    /// Takes in what is written to the state at once. Says what that is to be counted as.
    pub fn see(&mut self, batch: &[Write]) -> Result<Vec<&'static str>> {
        let mut counts = Vec::new();
        let (journals, replies) = (journals(), key::all_replies(GROUP));
        let mut time_ms = 0;
        let (mut told, before) = (Vec::new(), self.revision.0);
        for write in batch {
            match write {
                Write::Put(key, value) if *key == key::system(GROUP) => {
                    let system = system::decode(value)?;
                    time_ms = system.time_ms;
                    self.revision = self.revision.max(system.revision);
                    if system.compacted > self.compacted {
                        self.compacted = system.compacted;
                        counts.push("compactions");
                    }
                }
                Write::Put(key, value) if replies.contains(key) => {
                    let applied = outcome::decode(value)?;
                    let is_done = !matches!(applied.outcome, Outcome::Rejected(_));
                    let request = request_of(key).filter(|_| is_done);
                    let revision = applied.revision;
                    // These take a revision, whatever else is told at it.
                    let is_certain = match &applied.outcome {
                        Outcome::Namespace(namespace) => namespace.created == revision,
                        Outcome::Snapshot(_) | Outcome::Lock(_) => true,
                        _ => false,
                    };
                    if let Some(request) = request.filter(|_| is_certain) {
                        let effect = Effect { revision: revision.0, names: BTreeSet::new() };
                        self.requests.entry(request).or_insert(effect);
                    }
                    told.extend(request.map(|request| (request, revision.0)));
                }
                Write::Put(key, value) if journals.contains(key) => {
                    self.note(&change::decode(value)?);
                }
                _ => {}
            }
        }
        self.note_replies(&told, before);
        for write in batch {
            let Write::Delete(end) = write else { continue };
            let is_end = key::lock_ends(GROUP).contains(end);
            let expires_ms = key::lock_at_end(end).filter(|_| is_end).map(|(at, _)| at);
            // A lock that is released or renewed has not come to its end.
            if expires_ms.is_some_and(|at| at <= time_ms) && self.lock_ends.insert(end.clone()) {
                counts.push("locks expired");
            }
        }
        Ok(counts)
    }

    /// What no journal tells of, such as quotas, namespaces and locks: a revision that is new
    /// in this batch, and that one reply alone tells, was made by its request.
    fn note_replies(&mut self, replies: &[(RequestKey, u64)], before: u64) {
        for (request, revision) in replies.iter().filter(|(_, revision)| *revision > before) {
            if replies.iter().filter(|(_, other)| other == revision).count() == 1 {
                let effect = Effect { revision: *revision, names: BTreeSet::new() };
                self.requests.entry(*request).or_insert(effect);
            }
        }
    }

    fn note(&mut self, change: &Change) {
        let request = (change.request.client.0, change.request.sequence);
        let revision = change.cursor.revision.0;
        let effect = self.requests.entry(request);
        let effect = effect.or_insert(Effect { revision, names: BTreeSet::new() });
        if let (ChangeKind::Created, Some(name)) = (change.kind, &change.node.name) {
            effect.names.insert(name.as_str().to_owned());
        }
    }
}

/// The client and the sequence that the key of a reply ends with.
fn request_of(key: &[u8]) -> Option<RequestKey> {
    let (rest, sequence) = key.split_last_chunk::<8>()?;
    let (_, client) = rest.split_last_chunk::<8>()?;
    Some((u64::from_be_bytes(*client), u64::from_be_bytes(*sequence)))
}

fn journals() -> std::ops::Range<Vec<u8>> {
    let start = key::journal(GROUP, NamespaceId(0), Cursor::default());
    start..key::journal_after(GROUP, NamespaceId(u64::MAX), None).end
}
