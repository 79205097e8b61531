//! What a node asks the cluster before it starts: who it will be, and whether somebody else is
//! that already.

use std::{collections::BTreeMap, time::Duration};

use anyhow::bail;
use futures::future::join_all;
use metad::{
    config::{Config, Joining},
    raft,
    records::standing::Standing,
    types::ServerId,
};
use metad_proto::{
    transport,
    v1::{StatusReply, StatusRequest, cluster_client::ClusterClient},
};

/// How long one answer may take.
const ANSWER_MAX: Duration = Duration::from_secs(1);
/// Between two rounds of questions.
const PAUSE: Duration = Duration::from_secs(1);
/// Rounds between two log lines that say who is waited for.
const ROUNDS_A_LINE: u32 = 5;

/// What is in the data folder: cluster, node, and how far it has come.
pub type Known = Option<(String, ServerId, Standing)>;

/// The configuration of a node that joins. Waits for the cluster to answer, unless the node is
/// a full member already and needs nobody to say so.
pub async fn join(joining: Joining, known: &Known) -> anyhow::Result<Config> {
    let shown = joining.raft.clone();
    for round in 0.. {
        let answers = join_all(joining.via.iter().map(|address| status(address, &shown))).await;
        // One that knows no members is not part of a cluster yet.
        let told = answers.into_iter().flatten().find(|status| !status.members.is_empty());
        match (told, known) {
            (Some(told), _) => return settle(joining, known, &told).await,
            (None, Some((cluster, server, Standing::Member))) => {
                tracing::warn!(via = ?joining.via, "nobody answers: starts with what it has");
                return Ok(joining.complete(cluster.clone(), *server, BTreeMap::new()));
            }
            (None, _) if round % ROUNDS_A_LINE == 0 => {
                tracing::warn!(via = ?joining.via, "waits for a node of the cluster to answer");
            }
            (None, _) => {}
        }
        tokio::time::sleep(PAUSE).await;
    }
    unreachable!("the rounds have no end")
}

async fn settle(joining: Joining, known: &Known, told: &StatusReply) -> anyhow::Result<Config> {
    let expected = known.as_ref().map(|known| &known.0).or(joining.cluster.as_ref());
    if let Some(expected) = expected.filter(|expected| **expected != told.cluster) {
        bail!(
            "join: {:?} is a node of cluster {:?}, not of {expected:?}: join that one, or use \
             another data_dir",
            joining.via,
            told.cluster
        );
    }
    let members: BTreeMap<_, _> = members(told).collect();
    let own = known.as_ref().map(|known| known.1).or(joining.server);
    let free = members.keys().next_back().map_or(1, |last| last.0 + 1);
    let server = own.unwrap_or(ServerId(free));
    check_identity(&told.cluster, server, (&joining.address, &joining.raft), [told]).await?;
    if !members.contains_key(&server) {
        tracing::info!(
            "node {server} is no member of cluster {:?} yet: metactl cluster add {}",
            told.cluster,
            joining.address
        );
    }
    Ok(joining.complete(told.cluster.clone(), server, members))
}

/// Asks the other members whether this node is known to be at another address.
pub async fn check(config: &Config) -> anyhow::Result<()> {
    let Some(address) = config.peers.get(&config.server) else { return Ok(()) };
    let others = config.peers.iter().filter(|(server, _)| **server != config.server);
    let answers = join_all(others.map(|(_, address)| status(address, &config.raft))).await;
    let answers = answers.iter().flatten().filter(|status| status.cluster == config.cluster);
    check_identity(&config.cluster, config.server, (address, &config.raft), answers).await
}

/// Of two nodes with one identity, each would break the promises of the other.
async fn check_identity(
    cluster: &str,
    server: ServerId,
    (address, shown): (&str, &raft::Settings),
    told: impl IntoIterator<Item = &StatusReply>,
) -> anyhow::Result<()> {
    let mut elsewhere = told.into_iter().flat_map(members).filter(|(id, _)| *id == server);
    let Some((_, elsewhere)) = elsewhere.find(|(_, at)| at != address) else { return Ok(()) };
    let is_there = status(&elsewhere, shown)
        .await
        .is_some_and(|status| status.cluster == cluster && status.node == server.0);
    if is_there {
        bail!(
            "node {server} of cluster {cluster:?} runs at {elsewhere} already: two nodes of one \
             identity would undo each other's promises. Empty the data folder and let it join as \
             a new node, without `node`"
        );
    }
    bail!(
        "the cluster {cluster:?} knows node {server} at {elsewhere}, not at {address}: start it \
         there; or empty the data folder, let it join as a new node, without `node`, and \
         `metactl cluster replace {server} {address}`"
    )
}

fn members(status: &StatusReply) -> impl Iterator<Item = (ServerId, String)> {
    status.members.iter().map(|member| (ServerId(member.node), member.address.clone()))
}

/// Asks with what a node shows to others.
async fn status(address: &str, shown: &raft::Settings) -> Option<StatusReply> {
    let channel = transport::connect_over(address, shown.peer_tls.as_ref()).ok()?;
    let mut client = ClusterClient::new(channel.bearing(shown.peer_token.as_ref()));
    let answer = tokio::time::timeout(ANSWER_MAX, client.status(StatusRequest {})).await;
    Some(answer.ok()?.ok()?.into_inner())
}
