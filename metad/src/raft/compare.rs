//! Compares this replica's state with that of the others, in the background.
//!
//! Replicas that have applied the same entries have the same records, to the byte. What could
//! make them differ all the same (a bug, memory that lies) would go unseen until the one that is
//! wrong leads. So each replica has the others tell, from time to time, the hash of their states
//! after an entry that it is about to reach itself. Invariants: a replica judges only itself, and
//! stops if more than half of the voters agree on something else; it reads all records in small
//! steps with pauses between them, and checks each one's own checksum. Must not: decide who is
//! right where there is no majority.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use futures::future::{join, join_all};
use metad_proto::state_hash::StateHasher;

use super::{Replica, Settings, network, network::Network, time};
use crate::{
    kv::{self, StorageFault, View, blocking},
    records::{audit::audit, key},
    types::{GroupId, ServerId},
};

/// How far ahead the entry is, in one attempt after another: while much is written, the others
/// would be past it otherwise before they are asked.
const AHEAD: [u64; 4] = [0, 100, 2_000, 40_000];
/// How long a replica waits until it is there.
const REACH_MAX: Duration = Duration::from_secs(1);
/// How long an answer may take: there may be many records.
const ANSWER_MAX: Duration = Duration::from_secs(600);
/// Records that are read at a time.
const STEP: usize = 4_096;
/// Between two steps, so that others come to their turn.
const PAUSE: Duration = Duration::from_millis(5);

/// What comparisons have shown.
#[derive(Debug, Default)]
pub struct Compared {
    index: AtomicU64,
    differing: AtomicU64,
}

impl Compared {
    /// The last entry after which states were compared; 0 for none.
    pub fn index(&self) -> u64 {
        self.index.load(Ordering::Relaxed)
    }

    /// How many other replicas had another state then.
    pub fn differing(&self) -> u64 {
        self.differing.load(Ordering::Relaxed)
    }
}

/// Compares again and again, and returns why this replica must stop.
pub async fn compare(replica: &Replica, settings: &Settings) -> StorageFault {
    let network = Network::new(replica.member().clone(), settings);
    loop {
        time::sleep(Duration::from_millis(settings.compare_every_ms)).await;
        if settings.compare_every_ms == 0 || !replica.admission().may_vote() {
            // Not asked for, or not yet of this group: looked at again later.
            time::sleep(REACH_MAX).await;
            continue;
        }
        match round(replica, &network).await {
            Ok(Some(round)) => {
                if let Err(fault) = judge(replica, &round) {
                    return fault;
                }
            }
            Ok(None) => tracing::debug!("nobody to compare the state with"),
            Err(fault) => return fault,
        }
    }
}

/// States after one entry.
struct Round {
    index: u64,
    own: u128,
    others: BTreeMap<ServerId, u128>,
    voters: usize,
}

async fn round(replica: &Replica, network: &Network) -> kv::Result<Option<Round>> {
    for ahead in AHEAD {
        let Some(applied) = replica.state().progress().applied_index else { break };
        let index = applied + ahead;
        let metrics = replica.metrics();
        let members = metrics.membership_config.membership();
        let voters: Vec<u64> = members.voter_ids().collect();
        let others = members
            .nodes()
            .filter(|(id, _)| **id != replica.member().server.0 && voters.contains(id));
        let others = join_all(others.map(|(id, node)| async move {
            let hash = network::state_at(network, *id, node, index, ANSWER_MAX).await;
            hash.map(|hash| (ServerId(*id), hash))
        }));
        let (own, others) = join(state_at(replica, index), others).await;
        let others: BTreeMap<_, _> = others.into_iter().flatten().collect();
        if let Some(own) = own?
            && !others.is_empty()
        {
            return Ok(Some(Round { index, own, others, voters: voters.len() }));
        }
    }
    Ok(None)
}

fn judge(replica: &Replica, round: &Round) -> kv::Result<()> {
    let Round { index, own, others, voters } = round;
    let differing: BTreeMap<_, _> = others.iter().filter(|(_, hash)| *hash != own).collect();
    let compared = replica.compared();
    compared.index.store(*index, Ordering::Relaxed);
    compared.differing.store(differing.len() as u64, Ordering::Relaxed);
    if differing.is_empty() {
        tracing::info!(index, others = others.len(), "the state is that of the others");
        return Ok(());
    }
    tracing::error!(index, ?differing, "replicas have different states after the same entry");
    match majority(&differing, *voters) {
        None => Ok(()),
        Some(agreeing) => Err(StorageFault::corrupt(
            "state",
            format!(
                "after entry {index} it is not that of nodes {agreeing:?}, who are the majority. \
                 Keep a copy of this node's data folder for those who look for the reason, remove \
                 it, and start the node again: it gets the state of the others"
            ),
        )),
    }
}

/// More than half of the voters, if they have one and the same other state.
fn majority(differing: &BTreeMap<&ServerId, &u128>, voters: usize) -> Option<Vec<u64>> {
    let mut by_hash: BTreeMap<u128, Vec<u64>> = BTreeMap::new();
    for (server, hash) in differing {
        by_hash.entry(**hash).or_default().push(server.0);
    }
    by_hash.into_values().find(|agreeing| agreeing.len() * 2 > voters)
}

/// The hash of the state after an entry; None if the state is past it, or does not come there.
pub async fn state_at(replica: &Replica, index: u64) -> kv::Result<Option<u128>> {
    let waiting = replica.pins().wait(index);
    let view = replica.state().view()?;
    let reached = replica.state().applied(&view)?.last.map(|last| last.index);
    let view = match reached {
        Some(reached) if reached == index => view,
        Some(reached) if reached > index => return Ok(None),
        _ => match time::timeout(REACH_MAX, waiting).await {
            Some(Ok(view)) => view,
            _ => return Ok(None),
        },
    };
    hash(view, replica.member().group).await.map(Some)
}

async fn hash(view: View, group: GroupId) -> kv::Result<u128> {
    let mut range = key::group_range(group);
    let mut hasher = StateHasher::default();
    loop {
        let (pinned, from, to) = (view.clone(), range.start.clone(), range.end.clone());
        let step = blocking(move || {
            let mut last = None;
            for pair in pinned.scan(&from, &to).take(STEP) {
                let (key, value) = pair?;
                audit(&key, &value)?;
                hasher.add(&key, &value);
                last = Some(key);
            }
            kv::Result::Ok((hasher, last))
        });
        let last;
        (hasher, last) = step.await?;
        let Some(last) = last else { return Ok(hasher.hash()) };
        range.start = last;
        range.start.push(0);
        time::sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_more_than_half_of_all_voters_can_say_that_one_is_wrong() {
        let told = [(ServerId(2), 7_u128), (ServerId(3), 7), (ServerId(4), 8)];
        let differing = |count: usize| told[..count].iter().map(|(id, hash)| (id, hash)).collect();
        assert_eq!(majority(&differing(2), 3), Some(vec![2, 3]));
        assert_eq!(majority(&differing(3), 5), None);
        assert_eq!(majority(&differing(1), 3), None);
        assert_eq!(majority(&differing(0), 1), None);
    }
}
