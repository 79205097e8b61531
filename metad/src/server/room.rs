//! Looks at the room on the disks, again and again, and makes way where there is none.

use std::time::Duration;

use crate::{
    kv::{self, KvEngine, StorageFault},
    raft::{Replica, time},
};

/// How often. What a node can write in between must fit into what is set aside.
const INTERVAL: Duration = Duration::from_millis(250);

/// Runs until the system does not tell any more.
pub async fn watch(replica: &Replica, log: &dyn KvEngine, state: &dyn KvEngine) -> StorageFault {
    let mut made_way = false;
    loop {
        if let Err(fault) = look(replica, log, state) {
            return fault;
        }
        // Once: where nobody has room, handing the leadership around would help nobody.
        made_way &= replica.room().is_tight();
        if replica.room().is_tight() && replica.raft().is_leader() && !made_way {
            replica.step_down().await;
            made_way = true;
        }
        time::sleep(INTERVAL).await;
    }
}

fn look(replica: &Replica, log: &dyn KvEngine, state: &dyn KvEngine) -> kv::Result<()> {
    let (free, was_tight) = (log.free()?.min(state.free()?), replica.room().is_tight());
    replica.room().note(free);
    match (was_tight, replica.room().is_tight()) {
        (false, true) => tracing::error!(free, "no room on the disk: takes no more entries"),
        (true, false) => tracing::info!(free, "there is room on the disk again"),
        _ => {}
    }
    Ok(())
}
