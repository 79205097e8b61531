//! What this replica may promise to others: votes, and acknowledgements to a leader.
//!
//! Raft counts on that nobody forgets a promise. A replica whose data folder was lost, or
//! was mistaken for another, has forgotten all of its own, and must not make new ones that
//! contradict them. Invariants: only a [`Standing::Member`] votes; any other one follows
//! only leaders of a term that [`super::join`] has found to be late enough; a standing is
//! on disk before it counts.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use metad_proto::planted;

use crate::{
    kv::{KvEngine, Result, StorageFault, Write},
    records::{
        key,
        standing::{self, Standing},
    },
    types::GroupId,
};

/// See the module.
pub struct Admission {
    log: Arc<dyn KvEngine>,
    group: GroupId,
    standing: Mutex<Standing>,
    /// Leaders of earlier terms are not followed. No leader is, before it is known.
    term_min: AtomicU64,
}

impl Admission {
    /// As it is stored.
    pub(super) fn load(log: Arc<dyn KvEngine>, group: GroupId) -> Result<Admission> {
        let value = log.view()?.get(&key::standing(group))?;
        let value = value.ok_or_else(|| StorageFault::corrupt("standing", "it is missing"))?;
        let standing = Mutex::new(standing::decode(&value)?);
        Ok(Admission { log, group, standing, term_min: AtomicU64::new(u64::MAX) })
    }

    /// How far the replica has come.
    pub fn standing(&self) -> Standing {
        *self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it may vote and stand for election.
    pub fn may_vote(&self) -> bool {
        self.standing() == Standing::Member || planted!(EmptyNodeVotes)
    }

    /// Whether it may acknowledge what the leader of a term says.
    pub fn may_follow(&self, term: u64) -> bool {
        let is_late_enough = term >= self.term_min.load(Ordering::Acquire);
        self.may_vote() || is_late_enough || planted!(EmptyNodeFollowsAnyone)
    }

    /// From now on it follows leaders of this term and of later ones.
    pub(super) fn follow_from(&self, term: u64) {
        self.term_min.store(term, Ordering::Release);
    }

    /// It has come further.
    pub(super) async fn becomes(&self, standing: Standing) -> Result<()> {
        let value = standing::encode(standing);
        self.log.write(vec![Write::Put(key::standing(self.group), value)])?;
        // Sync first: a member that forgets that it is one, or a joining one that takes
        // itself for new, would act on the wrong premises. What it has appended until now
        // is on disk then, too.
        self.log.sync().await?;
        *self.standing.lock().unwrap_or_else(PoisonError::into_inner) = standing;
        tracing::info!(?standing, "standing");
        Ok(())
    }
}
