//! What is seen of the service in what it writes: which requests took effect, and what became
//! of the past.
//!
//! All replicas write the same; what counts is who is first.

use std::collections::{BTreeMap, BTreeSet};

use metad::{
    kv::{Result, Write},
    records::{
        change, key, outcome,
        session::{self, Session},
        system,
    },
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
    /// Those whose replies were written at least once.
    replied: BTreeSet<RequestKey>,
    /// Of each client: it has the replies to all requests before this one.
    first_pending: BTreeMap<u64, u64>,
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
        let before = self.revision.0;
        let mut seen = Seen::default();
        let (journals, replies) = (journals(), key::all_replies(GROUP));
        let sessions = key::sessions(GROUP);
        for write in batch {
            match write {
                Write::Put(key, value) if *key == key::system(GROUP) => {
                    let system = system::decode(value)?;
                    seen.time_ms = system.time_ms;
                    self.revision = self.revision.max(system.revision);
                    if system.compacted > self.compacted {
                        self.compacted = system.compacted;
                        counts.push("compactions");
                    }
                }
                Write::Put(key, value) if replies.contains(key) => {
                    let Some(request) = request_of(key) else { continue };
                    self.see_reply(&mut seen, request, value)?;
                }
                Write::Put(key, value) if sessions.contains(key) => {
                    let Some(client) = key::last_id(key) else { continue };
                    self.see_session(&mut seen, client, &session::decode(value)?)?;
                }
                Write::Put(key, value) if journals.contains(key) => {
                    let change = change::decode(value)?;
                    seen.journaled.insert(change.cursor.revision.0);
                    self.note(&change);
                }
                _ => {}
            }
        }
        self.note_replies(&seen, before);
        let replied: BTreeSet<u64> = seen.told.iter().map(|(_, revision)| *revision).collect();
        let is_open = |it: &u64| !seen.journaled.contains(it) && !replied.contains(it);
        let open = (before + 1..=self.revision.0).filter(is_open).collect();
        self.note_forgotten(seen.forgotten, open);
        self.see_lock_ends(batch, seen.time_ms, &mut counts);
        Ok(counts)
    }

    fn see_session(&mut self, seen: &mut Seen, client: u64, session: &Session) -> Result<()> {
        for (sequence, reply) in &session.kept {
            self.see_reply(seen, (client, *sequence), reply)?;
        }
        let first_pending = self.first_pending.entry(client).or_insert(1);
        let forgotten = (*first_pending..session.first_pending).map(|sequence| (client, sequence));
        seen.forgotten.extend(forgotten.filter(|request| !self.replied.contains(request)));
        *first_pending = session.first_pending.max(*first_pending);
        Ok(())
    }

    fn see_reply(&mut self, seen: &mut Seen, request: RequestKey, value: &[u8]) -> Result<()> {
        if !self.replied.insert(request) {
            return Ok(());
        }
        let applied = outcome::decode(value)?;
        let revision = applied.revision.0;
        // These take a revision, whatever else is told at it.
        let is_certain = match &applied.outcome {
            Outcome::Rejected(_) => return Ok(()),
            Outcome::Namespace(namespace) => namespace.created == applied.revision,
            Outcome::Snapshot(_) | Outcome::Lock(_) => true,
            _ => false,
        };
        if is_certain {
            self.took(request, revision);
        }
        seen.told.push((request, revision));
        Ok(())
    }

    fn see_lock_ends(&mut self, batch: &[Write], time_ms: u64, counts: &mut Vec<&'static str>) {
        for write in batch {
            let Write::Delete(end) = write else { continue };
            let is_end = key::lock_ends(GROUP).contains(end);
            let expires_ms = key::lock_at_end(end).filter(|_| is_end).map(|(at, _)| at);
            // A lock that is released or renewed has not come to its end.
            if expires_ms.is_some_and(|at| at <= time_ms) && self.lock_ends.insert(end.clone()) {
                counts.push("locks expired");
            }
        }
    }

    fn took(&mut self, request: RequestKey, revision: u64) -> &mut Effect {
        let effect = Effect { revision, names: BTreeSet::new() };
        self.requests.entry(request).or_insert(effect)
    }

    /// What no journal tells of, such as quotas, namespaces and locks: a revision that is new
    /// in this batch, and that one reply alone tells and no journal, was made by its request.
    fn note_replies(&mut self, seen: &Seen, before: u64) {
        let is_new = |it: u64| it > before && !seen.journaled.contains(&it);
        for (request, revision) in seen.told.iter().filter(|(_, revision)| is_new(*revision)) {
            if seen.told.iter().filter(|(_, other)| other == revision).count() == 1 {
                self.took(*request, *revision);
            }
        }
    }

    /// A reply that is forgotten in the very batch that it came in is never seen. Where as many
    /// of one client are, in the order of its requests, as there are new revisions that nothing
    /// else tells of, these are theirs.
    fn note_forgotten(&mut self, mut requests: Vec<RequestKey>, revisions: Vec<u64>) {
        requests.retain(|request| !self.requests.contains_key(request));
        let Some(&(client, _)) = requests.first() else { return };
        let are_one_clients = requests.iter().all(|request| request.0 == client);
        if are_one_clients && requests.len() == revisions.len() {
            requests.into_iter().zip(revisions).for_each(|(request, revision)| {
                self.took(request, revision);
            });
        }
    }

    fn note(&mut self, change: &Change) {
        let request = (change.request.client.0, change.request.sequence);
        let effect = self.took(request, change.cursor.revision.0);
        if let (ChangeKind::Created, Some(name)) = (change.kind, &change.node.name) {
            effect.names.insert(name.as_str().to_owned());
        }
    }
}

/// What one batch tells.
#[derive(Default)]
struct Seen {
    time_ms: u64,
    /// Requests that were done, and the revisions of their replies.
    told: Vec<(RequestKey, u64)>,
    /// Requests whose replies were removed and had never been written before.
    forgotten: Vec<RequestKey>,
    /// Revisions that a journal tells of.
    journaled: BTreeSet<u64>,
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
