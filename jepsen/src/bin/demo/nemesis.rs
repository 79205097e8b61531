//! Kills the leader while clients are at work, and starts it again.

use std::time::Duration;

use anyhow::Result;
use metad_client::Client;
use metad_workload::Run;
use serde_json::json;
use tokio::time::{Instant, sleep, sleep_until};

use super::cluster::Cluster;

/// How long a killed leader stays away.
const DOWN_TIME: Duration = Duration::from_millis(1_500);

/// Kills the leader of the moment twice in a run of this length: after a quarter of it and
/// after three fifths.
pub async fn kill_leaders(
    cluster: &mut Cluster,
    client: &Client,
    run: &Run,
    time: Duration,
) -> Result<u64> {
    let start = Instant::now();
    let mut kills = 0;
    for at in [time / 4, time * 3 / 5] {
        sleep_until(start + at).await;
        let Some(leader) = leader(client).await else { continue };
        cluster.check_running()?;
        cluster.kill(leader)?;
        kills += 1;
        run.recorder().write_nemesis("kill", json!({ "node": leader }))?;
        sleep(DOWN_TIME).await;
        cluster.restart(leader)?;
        run.recorder().write_nemesis("restart", json!({ "node": leader }))?;
    }
    Ok(kills)
}

/// The leader that the nodes tell of, in the highest term.
pub async fn leader(client: &Client) -> Option<u64> {
    let mut best = None;
    for address in client.addresses() {
        if let Ok(status) = client.status(&address).await
            && status.leader != 0
        {
            best = best.max(Some((status.term, status.leader)));
        }
    }
    best.map(|(_, leader)| leader)
}
