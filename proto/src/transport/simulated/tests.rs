use std::{cell::Cell, net::SocketAddr, rc::Rc, time::Instant};

use madsim::{
    net::NetSim,
    runtime::{Handle, NodeHandle, Runtime},
};
use tonic::{Request, Response, Status, service::Routes};

use super::*;
use crate::{
    transport::{CONNECT_TIMEOUT, KEEP_ALIVE, never_sent},
    v1::{
        StateHashReply, StateHashRequest, StatusReply, StatusRequest,
        cluster_client::ClusterClient,
        cluster_server::{Cluster, ClusterServer},
    },
};

fn parsed(text: &str) -> Option<Duration> {
    let mut headers = HeaderMap::new();
    headers.insert("grpc-timeout", text.parse().expect("a header value"));
    grpc_timeout(&headers)
}

#[test]
fn reads_deadlines() {
    assert_eq!(parsed("250m"), Some(Duration::from_millis(250)));
    assert_eq!(parsed("2S"), Some(Duration::from_secs(2)));
    assert_eq!(parsed("99999999H"), Some(Duration::from_secs(99_999_999 * 3_600)));
    for malformed in ["", "S", "1", "1x", "123456789S", "-1S"] {
        assert_eq!(parsed(malformed), None, "{malformed:?}");
    }
}

/// Answers `Status` at once and `StateHash` after ten seconds.
struct Slow;

#[tonic::async_trait]
impl Cluster for Slow {
    async fn status(&self, _: Request<StatusRequest>) -> Result<Response<StatusReply>, Status> {
        Ok(Response::new(StatusReply { term: 7, ..StatusReply::default() }))
    }

    async fn state_hash(
        &self,
        _: Request<StateHashRequest>,
    ) -> Result<Response<StateHashReply>, Status> {
        sleep(Duration::from_secs(10)).await;
        Ok(Response::new(StateHashReply::default()))
    }
}

const ADDRESS: &str = "10.0.0.1:7100";

fn start_server() -> NodeHandle {
    let address: SocketAddr = ADDRESS.parse().expect("an address");
    let node = Handle::current().create_node().name("server").ip(address.ip()).build();
    node.spawn(async move {
        let listener = Listener::bind(address).await.expect("the address is free");
        let routes = Routes::new(ClusterServer::new(Slow));
        serve(listener, routes, std::future::pending()).await.expect("accepts");
    });
    node
}

/// Runs a client on a machine of its own, beside a server.
fn with_server<F>(client: impl FnOnce(NodeHandle) -> F)
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    Runtime::with_seed_and_config(1, madsim::Config::default()).block_on(async {
        let server = start_server();
        let address = "10.0.1.1".parse().expect("an address");
        let machine = Handle::current().create_node().name("client").ip(address).build();
        sleep(Duration::from_millis(10)).await;
        machine.spawn(client(server)).await.expect("the client does not panic");
    });
}

fn client() -> ClusterClient<Channel> {
    ClusterClient::new(connect(ADDRESS, None).expect("an address"))
}

#[test]
fn calls_are_answered() {
    with_server(|_| async {
        let reply = client().status(StatusRequest {}).await.expect("an answer");
        assert_eq!(reply.into_inner().term, 7);
    });
}

#[test]
fn deadlines_are_kept() {
    with_server(|_| async {
        let mut request = Request::new(StateHashRequest {});
        request.set_timeout(Duration::from_millis(300));
        let asked = Instant::now();
        let status = client().state_hash(request).await.expect_err("a timeout");
        assert_eq!(status.code(), tonic::Code::Cancelled);
        assert!(asked.elapsed() < Duration::from_millis(400));
    });
}

#[test]
fn what_was_refused_was_never_sent() {
    with_server(|_| async {
        let mut nobody = ClusterClient::new(connect("10.0.0.9:7100", None).expect("an address"));
        let status = nobody.status(StatusRequest {}).await.expect_err("nobody is there");
        assert!(never_sent(&status), "{status:?}");
    });
}

#[test]
fn a_killed_process_closes_its_connections() {
    with_server(|server| async move {
        let mut client = client();
        let asked = Instant::now();
        let call = madsim::task::spawn(async move { client.state_hash(StateHashRequest {}).await });
        sleep(Duration::from_millis(100)).await;
        Handle::current().kill(server.id());
        let status = call.await.expect("no panic").expect_err("the server is dead");
        assert!(asked.elapsed() < Duration::from_millis(200), "{status:?}");
        assert!(!never_sent(&status));
    });
}

#[test]
fn a_cut_link_is_silence() {
    with_server(|server| async move {
        // Neither an answer nor a refusal, be the connection there or not.
        let established = client();
        established.clone().status(StatusRequest {}).await.expect("an answer");
        let is_cut = Rc::new(Cell::new(true));
        set_black_hole(move |_| is_cut.get());
        NetSim::current().clog_node(server.id());
        Handle::current().kill(server.id());
        let asked = Instant::now();
        established.clone().status(StatusRequest {}).await.expect_err("keep-alive ends it");
        assert!(asked.elapsed() >= KEEP_ALIVE, "{:?}", asked.elapsed());
        assert!(asked.elapsed() <= KEEP_ALIVE * 3, "{:?}", asked.elapsed());
        let asked = Instant::now();
        let status = client().status(StatusRequest {}).await.expect_err("no connection");
        assert!(asked.elapsed() >= CONNECT_TIMEOUT, "{:?}", asked.elapsed());
        assert!(never_sent(&status), "{status:?}");
    });
}
