//! Takes a replica from its first start to a full member of its group.
//!
//! A replica with an empty data folder may be one of a cluster that is about to be formed,
//! or one that has lost its data and with it the memory of what it has promised: its votes
//! (Raft §5.2), and the entries that it acknowledged (§5.3). It asks the others.
//!
//! - If none of all the others has heard of an election, no promise was ever made: it is a
//!   founding member. Once all are, they form the cluster; nobody stands for election before
//!   that. So a new cluster starts once all of its members are there.
//! - Otherwise it joins, and neither votes nor stands for election. It takes the answers of
//!   so many full members that one of them is in every majority that it may have been part
//!   of. The greatest term among them is at least that of any leader whom such a majority
//!   elected, so no older leader is followed: its acknowledgement could make an entry
//!   committed in two versions. Their greatest last log id is at least that of any entry
//!   that such a majority holds, so once a leader of that term or later has replicated that
//!   far, every committed entry is back, and the replica may vote again.
//!
//! Who is in the group may have changed since its configuration was written. So each answer
//! carries the last membership that the answering server has heard of, and the latest of
//! them decides who has to answer. That is enough: were a later one in force, a majority of
//! this one would have heard of it, and those who have to answer are in every such majority.
//! Of a membership that the replica is not in, a majority has to answer.
//!
//! This is the recovery of viewstamped replication (Liskov and Cowling 2012, §4.3) in the
//! terms of Raft. It assumes that a minority has lost its data, and that a vote request
//! from before the loss is not still under way when the replica has caught up.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use futures::future::join_all;
use openraft::impls::BasicNode;

use super::{
    convert, network,
    network::Network,
    replica::Replica,
    settings::Settings,
    start::{StartError, form_cluster},
    time,
    types::LogId,
};
use crate::{
    records::{membership::Membership, standing::Standing},
    types::ServerId,
};

/// Between two rounds of questions.
const PAUSE: Duration = Duration::from_millis(100);
/// How long one answer may take.
const ANSWER_MAX: Duration = Duration::from_millis(500);
/// How long it waits for a leader to catch it up, before it asks again.
const CATCH_UP_MAX: Duration = Duration::from_secs(2);
/// Rounds between two log lines that say who is waited for.
const ROUNDS_A_LINE: u32 = 50;

/// What another replica answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promised {
    /// It is a full member itself.
    pub is_member: bool,
    /// The latest term that it has heard of.
    pub term: u64,
    /// Its last log entry.
    pub last: Option<LogId>,
    /// The last membership that it has heard of.
    pub members: Membership,
    /// The entry that the membership is from; None if it has heard of none.
    pub members_at: Option<LogId>,
}

/// Returns once the replica is a member.
pub async fn join(
    replica: &Replica,
    settings: &Settings,
    members: &BTreeMap<ServerId, String>,
) -> Result<(), StartError> {
    let network = Network::new(replica.member().clone(), settings);
    let mut asked = members.clone();
    for round in 0.. {
        let standing = replica.admission().standing();
        if standing == Standing::Member && has_log(replica).await? {
            break;
        }
        let answers = ask(replica, &network, &asked).await;
        asked.extend(latest(&answers).into_iter().flat_map(|latest| latest.servers.clone()));
        match standing {
            Standing::New => decide(replica, members.len(), &answers).await?,
            Standing::Joining => catch_up(replica, members, &answers).await?,
            Standing::Member => found(replica, members, &answers).await?,
        }
        if round % ROUNDS_A_LINE == ROUNDS_A_LINE - 1 {
            waits(replica, standing, members, &answers);
        }
        time::sleep(PAUSE).await;
    }
    // Only now: until then a majority could be counted on promises that it has forgotten.
    replica.raft().runtime_config().elect(true);
    Ok(())
}

/// Tells an operator who is waited for.
fn waits(
    replica: &Replica,
    standing: Standing,
    members: &BTreeMap<ServerId, String>,
    answers: &BTreeMap<ServerId, Promised>,
) {
    let listed = |is_wanted: &dyn Fn(&ServerId) -> bool| {
        let others = members.keys().filter(|id| **id != replica.member().server);
        others.filter(|id| is_wanted(id)).map(ServerId::to_string).collect::<Vec<_>>().join(", ")
    };
    let silent = listed(&|id| !answers.contains_key(id));
    let without_data = listed(&|id| answers.get(id).is_some_and(|answer| !answer.is_member));
    let waits_for = match standing {
        Standing::New | Standing::Member => "all members: a cluster is formed together",
        Standing::Joining => "a majority that still has its data, and its leader",
    };
    tracing::warn!(waits_for, no_answer_from = silent, without_data, "does not vote yet");
}

async fn has_log(replica: &Replica) -> Result<bool, StartError> {
    Ok(replica.raft().with_raft_state(|state| state.log_ids.last().is_some()).await?)
}

/// Asks all others at once. Those that do not answer in time are left out.
async fn ask(
    replica: &Replica,
    network: &Network,
    members: &BTreeMap<ServerId, String>,
) -> BTreeMap<ServerId, Promised> {
    let others = members.iter().filter(|(id, _)| **id != replica.member().server);
    let answers = join_all(others.map(|(id, address)| async move {
        let node = BasicNode { addr: address.clone() };
        let answer = network::promised(network, id.0, &node, ANSWER_MAX).await;
        answer.map(|answer| (*id, answer))
    }));
    answers.await.into_iter().flatten().collect()
}

/// New: is there a cluster?
async fn decide(
    replica: &Replica,
    members: usize,
    answers: &BTreeMap<ServerId, Promised>,
) -> Result<(), StartError> {
    if answers.values().any(|answer| answer.term > 0) {
        tracing::warn!(
            "this node has no data, but its cluster is at work: it joins, and votes once it \
             has caught up"
        );
        replica.admission().becomes(Standing::Joining).await?;
    } else if answers.len() + 1 == members {
        replica.admission().becomes(Standing::Member).await?;
    }
    Ok(())
}

/// A founding member: are all the others?
async fn found(
    replica: &Replica,
    members: &BTreeMap<ServerId, String>,
    answers: &BTreeMap<ServerId, Promised>,
) -> Result<(), StartError> {
    let founding = answers.values().filter(|answer| answer.is_member && answer.term == 0);
    if founding.count() + 1 == members.len() {
        form_cluster(replica, members).await?;
    }
    // Otherwise another one has formed it, or will: the log will come from there.
    Ok(())
}

/// Joining: follows a leader until everything that may have been promised is back.
async fn catch_up(
    replica: &Replica,
    members: &BTreeMap<ServerId, String>,
    answers: &BTreeMap<ServerId, Promised>,
) -> Result<(), StartError> {
    let configured = [members.keys().copied().collect()];
    let voters = latest(answers).map_or(&configured[..], |latest| &latest.voters);
    let Some((term, last)) = bound(replica.member().server, voters, answers) else {
        return Ok(());
    };
    replica.admission().follow_from(term);
    let has_caught_up = |applied: Option<LogId>| {
        applied.is_some_and(|applied| convert::position(&applied).term >= term) && applied >= last
    };
    let wait = replica.raft().wait(Some(CATCH_UP_MAX));
    let caught_up = wait.metrics(|metrics| has_caught_up(metrics.last_applied), "catch up");
    if caught_up.await.is_ok() {
        replica.admission().becomes(Standing::Member).await?;
    }
    Ok(())
}

/// The latest membership that anybody has heard of.
fn latest(answers: &BTreeMap<ServerId, Promised>) -> Option<&Membership> {
    let known = answers.values().filter(|answer| answer.members_at.is_some());
    known.max_by_key(|answer| answer.members_at).map(|answer| &answer.members)
}

/// The term and the last log id to reach, if enough voters have answered, of each set of
/// which a majority is needed.
fn bound(
    this: ServerId,
    voters: &[BTreeSet<ServerId>],
    answers: &BTreeMap<ServerId, Promised>,
) -> Option<(u64, Option<LogId>)> {
    let members = answers.iter().filter(|(_, answer)| answer.is_member);
    let answered: BTreeSet<ServerId> = members.map(|(server, _)| *server).collect();
    for voters in voters {
        let majority = voters.len() / 2 + 1;
        // A majority with this replica has `majority - 1` of the others: all but fewer than
        // this many.
        let needed = if voters.contains(&this) { voters.len() - majority + 1 } else { majority };
        if voters.intersection(&answered).count() < needed {
            return None;
        }
    }
    let answers = || answers.values().filter(|answer| answer.is_member);
    let term = answers().map(|answer| answer.term).max()?;
    Some((term, answers().filter_map(|answer| answer.last).max()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::entry::Position;

    fn answer(is_member: bool, term: u64, index: u64) -> Promised {
        let last = Some(convert::log_id(Position { term, index }));
        Promised { is_member, term, last, members: Membership::default(), members_at: None }
    }

    fn set(servers: impl IntoIterator<Item = u64>) -> BTreeSet<ServerId> {
        servers.into_iter().map(ServerId).collect()
    }

    fn numbered(
        answers: impl IntoIterator<Item = (u64, Promised)>,
    ) -> BTreeMap<ServerId, Promised> {
        answers.into_iter().map(|(server, answer)| (ServerId(server), answer)).collect()
    }

    #[test]
    fn enough_voters_must_have_answered() {
        let needed = |this: u64, voters: u64| {
            (1..=voters).find(|count| {
                // The others, from the second on.
                let others = (1..=voters).filter(|server| *server != this);
                let answers =
                    numbered(others.take(*count as usize).map(|n| (n, answer(true, 1, 1))));
                bound(ServerId(this), &[set(1..=voters)], &answers).is_some()
            })
        };
        let inside = [2, 3, 4, 5, 7].map(|voters| needed(1, voters));
        assert_eq!(inside, [Some(1), Some(2), Some(2), Some(3), Some(4)]);
        let outside = [1, 2, 3, 5].map(|voters| needed(9, voters));
        assert_eq!(outside, [Some(1), Some(2), Some(2), Some(3)]);
    }

    #[test]
    fn who_joins_has_forgotten_as_well_and_joint_sets_both_count() {
        let answers = numbered([(2, answer(true, 1, 1)), (3, answer(false, 1, 1))]);
        assert_eq!(bound(ServerId(1), &[set([1, 2, 3])], &answers), None);
        let answers = numbered([(2, answer(true, 1, 1)), (3, answer(true, 1, 1))]);
        assert!(bound(ServerId(1), &[set([1, 2, 3])], &answers).is_some());
        assert_eq!(bound(ServerId(1), &[set([1, 2, 3]), set([3, 4, 5])], &answers), None);
    }

    #[test]
    fn the_latest_term_and_the_latest_entry_bound_it() {
        let answers = numbered([(2, answer(true, 3, 9)), (3, answer(true, 4, 7))]);
        let last = convert::log_id(Position { term: 4, index: 7 });
        assert_eq!(bound(ServerId(1), &[set([1, 2, 3])], &answers), Some((4, Some(last))));
    }

    #[test]
    fn the_latest_membership_decides() {
        let heard = |index, voters: &[u64]| Promised {
            members: Membership {
                voters: vec![set(voters.iter().copied())],
                ..Membership::default()
            },
            members_at: Some(convert::log_id(Position { term: 1, index })),
            ..answer(true, 1, index)
        };
        let answers = numbered([(2, heard(5, &[2, 3, 4])), (3, heard(1, &[1, 2, 3]))]);
        assert_eq!(latest(&answers).map(|latest| latest.voters.clone()), Some(vec![set(2..=4)]));
        assert_eq!(latest(&numbered([(2, answer(true, 1, 1))])), None);
    }
}
