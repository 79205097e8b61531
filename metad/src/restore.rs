//! Restoring: makes the two stores of the first node of a new cluster of a backup's records.
//!
//! Owns what a restored cluster keeps, and what is new in it. It keeps the state as it was: trees,
//! past, journals, snapshots, quotas, locks and sessions. New are its name and its only member.
//! Invariants: no revision, id or token that the cluster of the backup may have given after the
//! backup is given again, since [`SKIPPED`] of each are left out; a cursor from among them is told
//! to start anew. The log says that it was purged up to the state, which is on disk before the log
//! says whose folder it is. Must not: know where backups are kept, or use a clock.

use std::{mem, sync::Arc};

use crate::{
    kv::{self, KvEngine, KvRead as _, StorageFault, Txn, View, Write},
    raft,
    records::{
        self,
        applied::{self, Applied},
        audit::audit,
        encode_revision, entry,
        identity::{self, Identity},
        key,
        membership::Membership,
        namespace,
        standing::{self, Standing},
        system,
        vote::{self, Vote},
    },
    tree,
    types::{
        Action, ClientId, ClientRequest, Command, GroupId, Mutation, NamespaceId, NodeId, Outcome,
        Request, Revision, ServerId,
    },
};

/// So many revisions and ids of each kind are left out: more than a cluster gives in years.
pub const SKIPPED: u64 = 1_000_000_000_000;
/// Bytes of records that are written at a time.
const BATCH_SIZE: usize = 4 << 20;

/// The first node of the new cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Founder {
    /// The new cluster's name.
    pub cluster: String,
    /// The node.
    pub server: ServerId,
    /// Where it serves.
    pub address: String,
    /// The stored format that it writes.
    pub format: u32,
}

/// Why nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The stores fail, or the records are not those of a state.
    #[error("storage: {0}")]
    Storage(#[from] StorageFault),
    /// There is no such namespace.
    #[error("the backup has no namespace {name:?}: it has {has}")]
    NoNamespace {
        /// The one that was asked for.
        name: String,
        /// Those that there are.
        has: String,
    },
}

/// What was restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restored {
    /// What was there at this revision is there.
    pub revision: Revision,
    /// The next change has a later one.
    pub goes_on_from: Revision,
}

/// Takes the records of a backup into an empty state.
pub struct Restore {
    state: Arc<dyn KvEngine>,
    group: GroupId,
    batch: Vec<Write>,
    size: usize,
}

impl Restore {
    /// Into an engine that has nothing.
    pub fn new(state: Arc<dyn KvEngine>, group: GroupId) -> Restore {
        Restore { state, group, batch: Vec::new(), size: 0 }
    }

    /// Takes a record.
    ///
    /// # Errors
    /// If it is none of a state of this group, or cannot be written.
    pub fn add(&mut self, key: Vec<u8>, value: Vec<u8>) -> kv::Result<()> {
        if !key::group_range(self.group).contains(&key) {
            let why = format!("{key:02x?} is of another group");
            return Err(StorageFault::corrupt("backup", why));
        }
        audit(&key, &value)?;
        self.size += key.len() + value.len();
        self.batch.push(Write::Put(key, value));
        if self.size >= BATCH_SIZE { self.flush() } else { Ok(()) }
    }

    /// Applies an entry of the journal that a backup goes on with, unless its change comes after
    /// a revision. False: it does.
    ///
    /// # Errors
    /// If it is not the next entry, or the stores fail.
    pub fn replay(
        &mut self,
        key: &[u8],
        value: &[u8],
        until: Option<Revision>,
    ) -> kv::Result<bool> {
        self.flush()?;
        let view = self.state.view()?;
        let mut applied = applied(&view, self.group)?;
        let mut revision = tree::query::revision(&*view, self.group)?;
        let index = key::last_id(key)
            .ok_or_else(|| StorageFault::corrupt("journal of a backup", "a key of no entry"))?;
        let mut txn = Txn::new(view);
        raft::replay(&mut txn, self.group, (&mut applied, &mut revision), (index, value))?;
        if until.is_some_and(|until| revision > until) {
            return Ok(false);
        }
        let mut writes = txn.into_batch();
        writes.push(Write::Put(key::applied(self.group), applied::encode(&applied)));
        self.state.write(writes)?;
        Ok(true)
    }

    /// The running digest of all that was applied.
    ///
    /// # Errors
    /// If the store fails.
    pub fn digest(&mut self) -> kv::Result<u128> {
        self.flush()?;
        Ok(applied(&self.state.view()?, self.group)?.digest)
    }

    fn flush(&mut self) -> kv::Result<()> {
        self.size = 0;
        match mem::take(&mut self.batch) {
            batch if batch.is_empty() => Ok(()),
            batch => self.state.write(batch),
        }
    }

    /// All came: makes them the state of a new cluster, with all namespaces or only one.
    ///
    /// # Errors
    /// If the namespace is not there, the records are no state, or a store fails.
    pub async fn finish(
        mut self,
        log: &dyn KvEngine,
        founder: &Founder,
        only: Option<&str>,
    ) -> Result<Restored, RestoreError> {
        self.flush()?;
        let Restore { state, group, .. } = self;
        let restored = go_on(&*state, group)?;
        if let Some(only) = only {
            keep_only(&*state, group, only)?;
        }
        let last = found(&*state, group, founder)?;
        // Before the log says that it needs no entries to make this state.
        state.sync().await?;
        log.write(log_records(group, founder, last))?;
        log.sync().await?;
        Ok(restored)
    }
}

/// Leaves out what the cluster of the backup may have given since.
fn go_on(state: &dyn KvEngine, group: GroupId) -> kv::Result<Restored> {
    let value = state.view()?.get(&key::system(group))?;
    let mut system = value.map_or(Ok(system::System::default()), |value| system::decode(&value))?;
    let revision = system.revision;
    system.revision = Revision(revision.0 + SKIPPED);
    system.next_node = NodeId(system.next_node.0 + SKIPPED);
    system.next_namespace = NamespaceId(system.next_namespace.0 + SKIPPED);
    system.next_client = ClientId(system.next_client.0 + SKIPPED);
    state.write(vec![
        Write::Put(key::system(group), system::encode(&system)),
        Write::Put(key::restored(group, system.revision), encode_revision(revision)),
    ])?;
    Ok(Restored { revision, goes_on_from: system.revision })
}

/// Deletes all other namespaces, as a client would.
fn keep_only(state: &dyn KvEngine, group: GroupId, only: &str) -> Result<(), RestoreError> {
    let view = state.view()?;
    let (kept, others): (Vec<_>, Vec<_>) =
        namespaces(&view, group)?.into_iter().partition(|(_, name)| name == only);
    if kept.is_empty() {
        let has = others.into_iter().map(|(_, name)| format!("{name:?}"));
        let has = has.collect::<Vec<_>>().join(", ");
        return Err(RestoreError::NoNamespace { name: only.to_owned(), has });
    }
    let mut txn = Txn::new(view);
    let opened = apply(&mut txn, group, Action::OpenSession)?;
    let Outcome::Session { client, .. } = opened else {
        return Err(StorageFault::corrupt("backup", format!("no session: {opened:?}")).into());
    };
    for (sequence, (namespace, name)) in (1..).zip(others) {
        let deleted = ClientRequest {
            request: Request { client, sequence },
            first_pending: sequence,
            fences: Vec::new(),
            mutation: Mutation::DeleteNamespace { namespace, recursive: true },
        };
        let outcome = apply(&mut txn, group, Action::Request(deleted))?;
        if !matches!(outcome, Outcome::Namespace(_)) {
            let why = format!("namespace {name:?} stays: {outcome:?}");
            return Err(StorageFault::corrupt("backup", why).into());
        }
    }
    apply(&mut txn, group, Action::CloseSession(client))?;
    Ok(state.write(txn.into_batch())?)
}

/// At the time of the backup: replicated time goes on once a leader says what time it is.
fn apply(txn: &mut Txn<View>, group: GroupId, action: Action) -> kv::Result<Outcome> {
    Ok(tree::apply(txn, group, &Command { time_ms: 0, action })?.outcome)
}

fn applied(view: &View, group: GroupId) -> kv::Result<Applied> {
    let value = view.get(&key::applied(group))?;
    value.map_or(Ok(Applied::default()), |value| applied::decode(&value))
}

fn namespaces(view: &View, group: GroupId) -> kv::Result<Vec<(NamespaceId, String)>> {
    let range = key::namespaces(group);
    let read = |pair: kv::Result<kv::Pair>| {
        let namespace = namespace::decode(&pair?.1)?;
        Ok((namespace.id, namespace.name.as_str().to_owned()))
    };
    view.scan(&range.start, &range.end).map(read).collect()
}

/// Makes the founder the only member, and gives the last entry that the state reflects.
fn found(state: &dyn KvEngine, group: GroupId, founder: &Founder) -> kv::Result<entry::Position> {
    let before = applied(&state.view()?, group)?;
    let last = before
        .last
        .ok_or_else(|| StorageFault::corrupt("backup", "it is of a cluster that never was"))?;
    let membership = Membership {
        voters: vec![[founder.server].into()],
        servers: [(founder.server, founder.address.clone())].into(),
    };
    let applied = Applied { membership, membership_at: Some(last), ..before };
    state.write(vec![Write::Put(key::applied(group), applied::encode(&applied))])?;
    Ok(last)
}

/// A log that has been purged up to an entry, of a full member.
fn log_records(group: GroupId, founder: &Founder, last: entry::Position) -> Vec<Write> {
    let Founder { cluster, server, format, .. } = founder;
    let identity = Identity { format: *format, cluster: cluster.clone(), group, server: *server };
    let position = records::entry::encode_position(Some(last));
    let vote = Vote { term: last.term, server: *server, committed: false };
    vec![
        Write::Put(key::identity(), identity::encode(&identity)),
        Write::Put(key::standing(group), standing::encode(Standing::Member)),
        Write::Put(key::vote(group), vote::encode(&vote)),
        Write::Put(key::purged(group), position.clone()),
        Write::Put(key::committed(group), position),
    ]
}
