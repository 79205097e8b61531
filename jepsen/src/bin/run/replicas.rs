//! Compares the replicas: once they have applied the same entries they must have the same state.

use std::time::Duration;

use anyhow::Result;
use metad_client::{Client, v1::StateHashReply};
use metad_jepsen::{Verdict, check::Check};
use tokio::time::{Instant, sleep};

use super::checked;

/// How long the replicas may take to catch up.
const CATCH_UP_MAX: Duration = Duration::from_secs(60);
/// Between two looks.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// Waits until all replicas have applied the same entries, and compares their states.
pub async fn check(client: &Client, addresses: &[String]) -> Result<Check> {
    let deadline = Instant::now() + CATCH_UP_MAX;
    loop {
        let replies = hashes(client, addresses).await;
        let told = replies.iter().map(|reply| say(reply.as_ref())).collect::<Vec<_>>();
        let states = replies.iter().flatten().collect::<Vec<_>>();
        let first = states.first();
        if states.len() == addresses.len()
            && states
                .iter()
                .all(|state| Some(state.applied_index) == first.map(|it| it.applied_index))
        {
            let key = |state: &StateHashReply| (state.hash.clone(), state.digest.clone());
            let equal = states.windows(2).all(|two| key(two[0]) == key(two[1]));
            let detail = format!("{} replicas, each {}", told.len(), told[0]);
            return Ok(match equal {
                true => checked("replicas", Verdict::Valid, detail, Vec::new()),
                false => checked("replicas", Verdict::Invalid, "they differ".to_owned(), told),
            });
        }
        if Instant::now() > deadline {
            let detail = format!("not at the same index within {CATCH_UP_MAX:?}");
            return Ok(checked("replicas", Verdict::Invalid, detail, told));
        }
        sleep(LOOK_INTERVAL).await;
    }
}

fn say(reply: Option<&StateHashReply>) -> String {
    let Some(reply) = reply else { return "does not answer".to_owned() };
    let hash: String = reply.hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("{hash}… at index {}, {} records", reply.applied_index, reply.records)
}

async fn hashes(client: &Client, addresses: &[String]) -> Vec<Option<StateHashReply>> {
    let mut replies = Vec::new();
    for address in addresses {
        replies.push(client.state_hash(address).await.ok());
    }
    replies
}
