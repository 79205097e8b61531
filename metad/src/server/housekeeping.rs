//! The leader's housekeeping: has what is no longer kept of the past, and what was deleted,
//! freed in small replicated steps.

use std::time::Duration;

use crate::{
    kv::StorageFault,
    raft::{Replica, time},
    tree::query::{self, Retention},
    types::{Action, Applied, Outcome},
};

/// How often it looks whether there is something to do.
const INTERVAL: Duration = Duration::from_secs(1);
/// Between two steps, at least, so that clients come first.
const PAUSE: Duration = Duration::from_millis(20);
/// How much longer than a step the pause after it is: the part of the time that is left to clients
/// does not depend on how long a step takes.
const PAUSES_PER_STEP: u32 = 3;
/// Records that one step frees: clients wait for a whole step, for some 10 ms if each record is a
/// directory.
const RECORDS_MAX: u32 = 250;

/// Runs until the storage fails.
pub async fn run(replica: &Replica, retention: Retention) -> StorageFault {
    loop {
        time::sleep(INTERVAL).await;
        if replica.raft().is_leader()
            && let Err(fault) = clean(replica, retention).await
        {
            return fault;
        }
    }
}

async fn clean(replica: &Replica, retention: Retention) -> Result<(), StorageFault> {
    let group = replica.member().group;
    let view = replica.state().view()?;
    let due = query::compactable(&*view, group, retention, replica.now_ms())?;
    if let Some(up_to) = due
        && replica.propose(Action::Compact { up_to }).await.is_err()
    {
        // No longer the leader: another one goes on.
        return Ok(());
    }
    if query::reclaimable(&*replica.state().view()?, group, replica.now_ms())? {
        let step = || time::timed(replica.propose(Action::Reclaim { records_max: RECORDS_MAX }));
        while let (Ok(Applied { outcome: Outcome::Reclaimed { more: true }, .. }), took) =
            step().await
        {
            time::sleep(PAUSE.max(took * PAUSES_PER_STEP)).await;
        }
        // Done, or no longer the leader: another one goes on.
    }
    Ok(())
}
