//! Compares the replicas: at the same applied index they must have the same state.

use std::time::Duration;

use anyhow::{Result, bail};
use metad_client::{Client, v1::StateHashReply};
use tokio::time::{Instant, sleep};

/// How long the replicas may take to catch up.
const CATCH_UP_MAX: Duration = Duration::from_secs(60);

/// What the replicas have.
pub struct Agreement {
    /// They have the same state.
    pub equal: bool,
    /// The log index at which they were compared.
    pub applied_index: u64,
    /// Records of each.
    pub records: u64,
    /// The hash of the first one.
    pub hash: String,
}

/// Waits until all replicas have applied the same entries, and compares their states.
pub async fn compare(client: &Client, addresses: &[String]) -> Result<Agreement> {
    let deadline = Instant::now() + CATCH_UP_MAX;
    loop {
        if let Some(replies) = hashes(client, addresses).await
            && replies.iter().all(|reply| reply.applied_index == replies[0].applied_index)
        {
            let first = &replies[0];
            let same = |reply: &StateHashReply| {
                (&reply.hash, &reply.digest) == (&first.hash, &first.digest)
            };
            return Ok(Agreement {
                equal: replies.iter().all(same),
                applied_index: first.applied_index,
                records: first.records,
                hash: first.hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect(),
            });
        }
        if Instant::now() > deadline {
            bail!("the replicas did not catch up within {CATCH_UP_MAX:?}");
        }
        sleep(Duration::from_millis(100)).await;
    }
}

async fn hashes(client: &Client, addresses: &[String]) -> Option<Vec<StateHashReply>> {
    let mut replies = Vec::new();
    for address in addresses {
        replies.push(client.state_hash(address).await.ok()?);
    }
    Some(replies)
}
