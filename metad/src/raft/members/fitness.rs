//! Which servers can be counted on, as the leader sees it.

use std::{collections::BTreeSet, time::Duration};

use openraft::{AsyncRuntime, Instant as _};

use crate::{
    raft::{runtime::Runtime, types::Metrics},
    types::ServerId,
};

type Instant = <Runtime as AsyncRuntime>::Instant;

/// Who has not answered for so long is taken for gone.
const SILENCE_MAX: Duration = Duration::from_secs(2);
/// Who lacks more entries than this would hold up commits until it has them.
const LAG_ENTRIES_MAX: u64 = 5_000;

/// Says why these voters could not go on without delay, if so.
pub fn check_quorum(metrics: &Metrics, voters: &BTreeSet<u64>) -> Result<(), String> {
    let members = metrics.membership_config.membership();
    if let Some(stranger) = voters.iter().find(|id| members.get_node(id).is_none()) {
        return Err(format!("node {stranger} is no member: add it as a learner first"));
    }
    let unfit: Vec<_> = voters.iter().filter(|id| !is_fit(metrics, **id)).collect();
    let majority = voters.len() / 2 + 1;
    if voters.len() - unfit.len() >= majority {
        return Ok(());
    }
    let unfit = unfit.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    Err(format!(
        "it would lose the quorum: {majority} of {} voters are needed, and these do not answer or \
         lag: {unfit}",
        voters.len()
    ))
}

/// The other voter that can be counted on and has the most of the log.
pub fn successor(metrics: &Metrics) -> Option<ServerId> {
    let others = metrics.membership_config.membership().voter_ids().filter(|id| *id != metrics.id);
    let fit = others.filter(|id| is_fit(metrics, *id));
    fit.max_by_key(|id| (matched(metrics, *id), std::cmp::Reverse(*id))).map(ServerId)
}

/// It answers, and has the leader's log but for a little.
fn is_fit(metrics: &Metrics, server: u64) -> bool {
    let heard = || Some(**metrics.heartbeat.as_ref()?.get(&server)?.as_ref()?);
    let is_silent = || heard().is_none_or(|heard| Instant::now() - heard > SILENCE_MAX);
    let lag = || metrics.last_log_index.unwrap_or(0).saturating_sub(matched(metrics, server));
    server == metrics.id || (!is_silent() && lag() <= LAG_ENTRIES_MAX)
}

fn matched(metrics: &Metrics, server: u64) -> u64 {
    let matched = || (*metrics.replication.as_ref()?.get(&server)?).map(|last| last.index);
    matched().unwrap_or(0)
}
