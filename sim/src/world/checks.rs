//! What must hold when everything is whole again: the cluster serves, the replicas become
//! equal, each tree is sound, and the history fits the model.

use std::time::Duration;

use madsim::time::{Instant, sleep, timeout};
use metad_client::{Client, v1::StateHashReply};
use metad_jepsen::{
    Options, Verdict,
    check::{self, Limits},
    history,
    report::{Style, details},
};

use super::{cluster::Cluster, observed::GROUP, watcher::Watcher};
use crate::report::Violation;

/// Between two looks at replicas that are not equal yet.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// Steps of the history's check before it gives up, which counts as a violation: some
/// seconds. A history that fits is certified in about as many as it has operations.
const CHECK_STEPS_MAX: u64 = 5_000_000;

/// Liveness: a write succeeds within a limit.
pub async fn serves(cluster: &Cluster, client: Client, limit: Duration) -> Result<(), Violation> {
    let attempts = cluster.clients()[0].spawn(async move {
        let mut number = 0;
        loop {
            number += 1;
            // Another name each time: an unknown outcome may have been a success.
            match client.create_namespace(&format!("after-{number}")).await {
                Ok(_) => return,
                Err(error) => tracing::debug!(%error, "not yet"),
            }
        }
    });
    match timeout(limit, attempts).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(Violation::new("liveness", error.to_string())),
        Err(_) => {
            let samples = cluster.watcher.samples();
            let seen =
                format!("no write succeeded within {limit:?} after all was whole\n{samples:#?}");
            Err(Violation::new("liveness", seen))
        }
    }
}

/// Convergence: all replicas reach the same position with the same state.
pub async fn converges(
    cluster: &Cluster,
    client: Client,
    limit: Duration,
) -> Result<(), Violation> {
    let deadline = Instant::now() + limit;
    loop {
        let replies = state_hashes(cluster, &client).await?;
        let equal = replies.iter().flatten().collect::<Vec<_>>();
        if equal.len() == cluster.nodes().len() && equal.windows(2).all(|two| are_equal(&two)) {
            return Ok(());
        }
        if Instant::now() >= deadline {
            let seen = format!("replicas differ {limit:?} after the last write\n{replies:#?}");
            return Err(Violation::new("convergence", seen));
        }
        differing_at_one_index(&equal)?;
        sleep(LOOK_INTERVAL).await;
    }
}

fn are_equal(replies: &[&StateHashReply]) -> bool {
    let key = |reply: &StateHashReply| {
        (reply.applied_index, reply.revision, reply.hash.clone(), reply.digest.clone())
    };
    key(replies[0]) == key(replies[1])
}

/// Replicas that have applied the same entries cannot become equal any more.
fn differing_at_one_index(replies: &[&StateHashReply]) -> Result<(), Violation> {
    for one in replies {
        for other in replies {
            if one.applied_index == other.applied_index && one.hash != other.hash {
                let seen = format!("two states at one applied index\n{one:#?}\n{other:#?}");
                return Err(Violation::new("state-hash", seen));
            }
        }
    }
    Ok(())
}

/// What each node says of its state; None where there is no answer.
async fn state_hashes(
    cluster: &Cluster,
    client: &Client,
) -> Result<Vec<Option<StateHashReply>>, Violation> {
    let (client, endpoints) = (client.clone(), cluster.endpoints());
    let asked = cluster.clients()[0].spawn(async move {
        let mut replies = Vec::new();
        for endpoint in endpoints {
            replies.push(client.state_hash(&endpoint).await.ok());
        }
        replies
    });
    asked.await.map_err(|error| Violation::new("convergence", error.to_string()))
}

/// Servers that are told to stop do, and leave no task behind.
pub async fn stops(cluster: &Cluster, limit: Duration) -> Result<(), Violation> {
    let (running, left) = cluster.stop(limit).await;
    if !running.is_empty() {
        let seen = format!("nodes {running:?} still run {limit:?} after they were told to stop");
        return Err(Violation::new("shutdown", seen));
    }
    if !left.is_empty() {
        let seen = format!("tasks are left behind: {}", left.join(", "));
        return Err(Violation::new("shutdown", seen));
    }
    Ok(())
}

/// The invariants of the tree, on each replica.
pub fn trees(cluster: &Cluster) -> Result<(), Violation> {
    for node in cluster.nodes() {
        let view = cluster.state_view(node)?;
        let found = metad::tree::check::check_tree(&*view, GROUP)
            .map_err(|fault| Violation::new("tree", format!("node {node}: {fault}")))?;
        if !found.is_empty() {
            let seen = format!("node {node}: {found:#?}");
            return Err(Violation::new("tree", seen));
        }
    }
    Ok(())
}

/// The history fits the model of the file tree.
pub fn history(bytes: &[u8], watcher: &Watcher) -> Result<(), Violation> {
    let invalid = |why: String| Violation::new("history", why);
    let history = history::parse("history", bytes, Some(history::Format::Metad))
        .map_err(|error| invalid(error.to_string()))?;
    watcher.add("operations recorded", history.operations.len() as u64);
    let limits = Limits { steps_max: CHECK_STEPS_MAX, ..Limits::default() };
    let options = Options { limits, ..Options::default() };
    let report =
        check::check_history(&history, &options).map_err(|error| invalid(error.to_string()))?;
    if report.verdict == Verdict::Valid {
        return Ok(());
    }
    Err(invalid(details(&report, &history, Style::Plain).join("\n")))
}
