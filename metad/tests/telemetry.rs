//! What a node shows to whoever monitors it: metrics, health, and what it serves.

mod support;

use std::time::Duration;

use metad::{
    kv::mem::MemDisk,
    metrics::{self, Kind},
    raft,
    types::ServerId,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};

use self::support::{Cluster, Disk, Session, mutate};

const NODE: ServerId = ServerId(1);

fn cluster(nodes: usize) -> Cluster {
    let disks = (0..nodes).map(|_| Disk::Mem(MemDisk::new(), MemDisk::new()));
    Cluster::start(disks.collect(), raft::Settings::default())
}

/// The page, as a collector asks for it: by HTTP 1.
async fn page(cluster: &Cluster, node: ServerId) -> String {
    let mut socket = tokio::net::TcpStream::connect(cluster.address(node)).await.expect("connect");
    let request = b"GET /metrics HTTP/1.1\r\nHost: metad\r\nConnection: close\r\n\r\n";
    socket.write_all(request).await.expect("write");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.expect("read");
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(answer.contains("application/openmetrics-text"), "{answer}");
    answer
}

#[tokio::test]
async fn each_metric_is_on_the_page_and_calls_are_counted() {
    let cluster = cluster(3);
    let mut session = Session::open(&cluster, "main").await;
    session.mkdir(&cluster, "a").await;
    let again = session.mkdirs(&["a".to_owned()]);
    mutate(&cluster, &again).await.expect_err("it is there");
    let leader = cluster.leader().await;
    let page = page(&cluster, leader).await;
    for metric in metrics::ALL {
        let name = metric.name.trim_end_matches("_total");
        let kind = format!("{:?}", metric.kind).to_lowercase();
        assert!(page.contains(&format!("# TYPE {name} {kind}\n")), "{name}: {page}");
        let is_shown = |line: &str| line.starts_with(metric.name);
        assert!(page.lines().any(is_shown), "{name} has no value: {page}");
    }
    let types = page.lines().filter(|line| line.starts_with("# TYPE ")).count();
    assert_eq!(types, metrics::ALL.len(), "what is on the page is in the list");
    let counters = metrics::ALL.iter().filter(|metric| metric.kind == Kind::Counter);
    assert_eq!(counters.count(), 4);
    let rejected = "metad_service_calls_total{call=\"Files/Mutate\",outcome=\"rejected\"} 1\n";
    assert!(page.contains(rejected), "{page}");
    assert!(page.contains("metad_raft_role{role=\"leader\"} 1.0\n"), "{page}");
    assert!(page.contains("metad_raft_voters 3.0\n"), "{page}");
}

#[tokio::test]
async fn health_says_whether_a_leader_is_known() {
    let mut cluster = cluster(3);
    let leader = cluster.leader().await;
    let check = async |node: ServerId, service: &str| {
        let service = service.to_owned();
        let request = HealthCheckRequest { service };
        HealthClient::new(cluster.channel(node))
            .check(request)
            .await
            .map(|reply| reply.into_inner().status().as_str_name())
    };
    assert_eq!(check(leader, "").await.expect("it runs"), "SERVING");
    assert_eq!(check(leader, "metad.v1.Files").await.expect("it serves"), "SERVING");
    check(leader, "nonsense").await.expect_err("there is no such service");
    let request = HealthCheckRequest { service: "metad.v1.Files".to_owned() };
    let watched = HealthClient::new(cluster.channel(NODE)).watch(request).await;
    let mut watched = watched.expect("watch").into_inner();
    let mut told = async || {
        let told = tokio::time::timeout(Duration::from_secs(20), watched.message());
        told.await.expect("in time").expect("told").expect("more").status().as_str_name()
    };
    assert_eq!(told().await, "SERVING");
    // Alone it stands for election, and then knows of no leader.
    for other in [2, 3].map(ServerId) {
        cluster.kill(other);
    }
    if leader != NODE {
        assert_eq!(told().await, "NOT_SERVING");
    }
}

#[tokio::test]
async fn reflection_tells_the_services() {
    let cluster = cluster(1);
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut client = ServerReflectionClient::new(cluster.channel(NODE));
    let asked = client.server_reflection_info(futures::stream::iter([request])).await;
    let told = asked.expect("asked").into_inner().message().await.expect("told").expect("one");
    let Some(MessageResponse::ListServicesResponse(list)) = told.message_response else {
        panic!("{told:?}")
    };
    let names: Vec<_> = list.service.into_iter().map(|service| service.name).collect();
    for name in ["metad.v1.Files", "metad.v1.Cluster"] {
        assert!(names.iter().any(|known| known == name), "{names:?}");
    }
}
