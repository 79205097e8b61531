//! Who leads, as the nodes tell.

use std::{cell::Cell, time::Duration};

use anyhow::{Result, ensure};
use metad_client::{Client, Options};
use metad_workload::record::Recorder;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::cluster::Cluster;

/// How long a fresh or a healed cluster may take to elect a leader.
const ELECTION_MAX: Duration = Duration::from_secs(60);
/// Between two looks.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);
/// How long a node may take to answer: paused ones do not.
const ANSWER_MAX: Duration = Duration::from_millis(400);

/// Asks the nodes who leads.
pub struct Leaders {
    asking: Client,
    addresses: Vec<String>,
    /// The last one that was seen, with its term.
    seen: Cell<Option<(u64, u64)>>,
}

impl Leaders {
    /// Of a cluster at these addresses.
    pub fn new(addresses: &[String]) -> Result<Leaders> {
        let options = Options { attempt_timeout: ANSWER_MAX, ..Options::new(addresses) };
        let (asking, addresses) = (Client::new(options)?, addresses.to_vec());
        Ok(Leaders { asking, addresses, seen: Cell::new(None) })
    }

    /// The last one that was seen.
    pub fn last(&self) -> Option<u8> {
        self.seen.get().and_then(|(_, leader)| u8::try_from(leader).ok())
    }

    /// Waits until a leader answers.
    pub async fn wait(&self, cluster: &mut Cluster) -> Result<()> {
        let deadline = Instant::now() + ELECTION_MAX;
        while self.ask().await.is_none() {
            let ended = cluster.ended()?;
            ensure!(ended.is_empty(), "{}", ended.join("\n"));
            ensure!(Instant::now() < deadline, "no leader within {ELECTION_MAX:?}");
            sleep(LOOK_INTERVAL).await;
        }
        Ok(())
    }

    /// Writes each new leader into the history, for ever.
    pub async fn watch(&self, recorder: &Recorder) -> Result<()> {
        let mut written = None;
        loop {
            let found = self.ask().await;
            if let Some((term, node)) = found
                && found > written
            {
                written = found;
                recorder.write_nemesis("leader", json!({ "node": node, "term": term }))?;
            }
            sleep(LOOK_INTERVAL).await;
        }
    }

    /// Of those that say they lead, the one in the highest term.
    async fn ask(&self) -> Option<(u64, u64)> {
        let asked = self.addresses.iter().map(|address| self.asking.status(address));
        let answers = futures::future::join_all(asked).await;
        let leads = |status: metad_client::v1::StatusReply| {
            (status.leader == status.node).then_some((status.term, status.leader))
        };
        let best = answers.into_iter().flatten().filter_map(leads).max();
        if best.is_some() {
            self.seen.set(best.max(self.seen.get()));
        }
        best
    }
}
