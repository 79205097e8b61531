//! Nodes of etcd, which syncs each write to its log before it answers, as metad does.

use std::{process::Command, time::Duration};

use tokio::time::{Instant, sleep};

use super::{Member, Place, Servers};

/// How long a cluster may take to form.
const FORM_MAX: Duration = Duration::from_secs(30);

impl Servers {
    /// Starts them, and waits until one of them leads: it is the only endpoint, so that no
    /// request takes a step more than it must.
    pub async fn etcd(place: &Place) -> anyhow::Result<Servers> {
        let mut servers = Servers::start(place, |member| Ok(command(member)))?;
        let begun = Instant::now();
        loop {
            for endpoint in servers.endpoints.clone() {
                if leads(&endpoint).await {
                    servers.endpoints = vec![endpoint];
                    return Ok(servers);
                }
            }
            if let Some(obituary) = servers.obituary() {
                anyhow::bail!("{obituary}");
            }
            anyhow::ensure!(begun.elapsed() < FORM_MAX, "etcd has no leader");
            sleep(Duration::from_millis(50)).await;
        }
    }
}

async fn leads(endpoint: &str) -> bool {
    let Ok(mut client) = etcd_client::Client::connect([endpoint], None).await else { return false };
    let Ok(status) = client.status().await else { return false };
    status.header().is_some_and(|header| header.member_id() == status.leader())
}

fn command(member: &Member<'_>) -> Command {
    let Member { place, node, folder } = member;
    let url = |node, port| format!("http://{}", place.address(node, port));
    let peer = |node| format!("n{}={}", node + 1, url(node, 1));
    let peers = (0..place.nodes).map(peer).collect::<Vec<_>>().join(",");
    let (clients, others) = (url(node - 1, 0), url(node - 1, 1));
    let mut command = Command::new(&place.program);
    command
        .args(["--name", &format!("n{node}"), "--log-level", "error"])
        .arg("--data-dir")
        .arg(folder.join(node.to_string()))
        .args(["--listen-client-urls", &clients, "--advertise-client-urls", &clients])
        .args(["--listen-peer-urls", &others, "--initial-advertise-peer-urls", &others])
        .args(["--initial-cluster", &peers, "--initial-cluster-state", "new"]);
    command
}
