//! Nodes that ask who calls: every call with every kind of credentials, and a cluster whose
//! nodes know one another by their token.

mod support;

use std::{collections::BTreeSet, time::Duration};

use metad::{
    config::Auth,
    kv::mem::MemDisk,
    raft,
    service::{RULES, Rule},
    types::ServerId,
};
use metad_proto::{
    auth::Token,
    errors::{Info, Reason},
    transport::{self, Channel},
};
use tonic::{Request, Status, client::Grpc};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_prost::ProstCodec;

use self::support::{Cluster, Disk, Session};

const NODE: ServerId = ServerId(1);
/// How long a call may go on before it counts as let in: some wait for what does not come.
const LET_IN_AFTER: Duration = Duration::from_millis(500);

fn token(name: &str) -> Token {
    Token::new(&name.repeat(32)).expect("long enough")
}

fn auth() -> Auth {
    Auth { admin: vec![token("a"), token("b")], peer: vec![token("p"), token("q")] }
}

fn cluster(nodes: usize) -> Cluster {
    let disks = (0..nodes).map(|_| Disk::Mem(MemDisk::new(), MemDisk::new()));
    Cluster::guarded(disks.collect(), raft::Settings::default(), Some(auth()))
}

/// Makes a call with an empty message, and says why the gate refused it; None if it did not.
async fn refused(channel: Channel, call: &str) -> Option<Reason> {
    let path = format!("/metad.v1.{call}").parse().expect("a path");
    let asked = async {
        let mut client = Grpc::new(channel);
        client.ready().await.map_err(|error| Status::unknown(error.to_string()))?;
        let codec = ProstCodec::<(), ()>::default();
        client.server_streaming(Request::new(()), path, codec).await.map(drop)
    };
    let status = tokio::time::timeout(LET_IN_AFTER, asked).await.ok()?.err()?;
    let reason = Info::of(&status).map(|info| info.reason)?;
    matches!(reason, Reason::Unauthenticated | Reason::PermissionDenied).then_some(reason)
}

/// What is expected of a rule.
fn expected(rule: Rule, shown: Shown) -> Option<Reason> {
    use Shown::{Admin, Nothing, Peer, Unknown};
    match (rule, shown) {
        (_, Nothing | Unknown) => Some(Reason::Unauthenticated),
        (Rule::Client | Rule::Admin | Rule::Member, Admin) => None,
        (Rule::Peer | Rule::Member, Peer) => None,
        (Rule::Client | Rule::Admin, Peer) | (Rule::Peer, Admin) => Some(Reason::PermissionDenied),
        (Rule::Open | Rule::Nobody, _) => panic!("no call of ours has this rule"),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Nothing,
    Unknown,
    Peer,
    Admin,
}

#[tokio::test]
async fn every_call_with_every_token() {
    let cluster = cluster(1);
    cluster.leader().await;
    let address = cluster.address(NODE).to_string();
    let mut seen = BTreeSet::new();
    for (shown, tokens) in [
        (Shown::Nothing, vec![None]),
        (Shown::Unknown, vec![Some(token("x"))]),
        (Shown::Peer, auth().peer.into_iter().map(Some).collect()),
        (Shown::Admin, auth().admin.into_iter().map(Some).collect()),
    ] {
        for token in tokens {
            for (call, rule) in RULES {
                let channel = transport::connect(&address).expect("address");
                let reason = refused(channel.bearing(token.as_ref()), call).await;
                assert_eq!(reason, expected(*rule, shown), "{call} of {shown:?}");
                seen.insert(reason);
            }
            let channel = transport::connect(&address).expect("address").bearing(token.as_ref());
            let unknown = refused(channel, "Files/NoSuchCall").await;
            let is_known = matches!(shown, Shown::Peer | Shown::Admin);
            let reason = if is_known { Reason::PermissionDenied } else { Reason::Unauthenticated };
            assert_eq!(unknown, Some(reason), "what has no rule, of {shown:?}");
        }
    }
    assert_eq!(seen.len(), 3, "let in, and refused for both reasons: {seen:?}");
}

#[tokio::test]
async fn health_is_for_everybody() {
    let cluster = cluster(1);
    cluster.leader().await;
    let channel = transport::connect(&cluster.address(NODE).to_string()).expect("address");
    let health = HealthClient::new(channel).check(HealthCheckRequest::default()).await;
    health.expect("an answer without a token");
}

#[tokio::test]
async fn nodes_that_know_one_another_are_a_cluster() {
    let mut cluster = cluster(3);
    let mut session = Session::open(&cluster, "main").await;
    session.mkdir(&cluster, "a").await;
    let leader = cluster.leader().await;
    cluster.kill(leader);
    session.mkdir(&cluster, "b").await;
    // With nothing on its disk it has to ask the others, and gets a snapshot or the log.
    cluster.wipe(leader);
    cluster.start_node(leader);
    session.mkdir(&cluster, "c").await;
    cluster.converged().await;
    assert_eq!(session.list(&cluster).await.0, ["a", "b", "c"]);
}

#[tokio::test]
async fn a_node_without_the_token_is_not_heard() {
    let disks = (0..3).map(|_| Disk::Mem(MemDisk::new(), MemDisk::new()));
    let stranger = Some(token("x"));
    let mut cluster = Cluster::guarded(disks.collect(), raft::Settings::default(), Some(auth()));
    cluster.leader().await;
    let mut session = Session::open(&cluster, "main").await;
    // The same node, but that it shows another token: the others refuse what it asks.
    let follower =
        cluster.running().into_iter().find(|id| !cluster.handle(*id).replica.raft().is_leader());
    let follower = follower.expect("two of three follow");
    cluster.kill(follower);
    cluster.show(stranger);
    cluster.start_node(follower);
    session.mkdir(&cluster, "a").await;
    // It still follows: the leader shows the right one. Alone with one other it cannot lead.
    cluster.converged().await;
    let leader = cluster.leader().await;
    cluster.kill(leader);
    support::eventually("a leader that is heard", async || {
        let leader = cluster.leader().await;
        (leader != follower).then_some(())
    })
    .await;
}
