//! Both ends over loopback, with certificates of authorities of our own.

use std::{fs, net::SocketAddr, path::Path};

use axum::{Router, response::Response, routing::post};
use rcgen::SanType;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinHandle,
};
use tonic::{Code, Status, transport::server::TcpConnectInfo};

use super::{authority::Authority, *};
use crate::{
    errors::{Info, Reason},
    transport::{
        Channel, Identity, Listener, PeerIdentity, connect, connect_over, never_sent, serve,
    },
    v1::{StatusRequest, cluster_client::ClusterClient},
};

/// Says who asks, in a status.
async fn who_asks(asked: axum::extract::Request) -> Response {
    let address = asked.extensions().get::<TcpConnectInfo>();
    assert!(address.is_some(), "addresses are there as without TLS");
    let name = asked.extensions().get::<PeerIdentity>();
    let name = name.map_or("nobody", |PeerIdentity(name)| name);
    Status::not_found(name).into_http()
}

/// A server, and what its clients need.
struct World {
    folder: TempDir,
    authority: Authority,
    tls: ServerTls,
    address: SocketAddr,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl World {
    async fn start(is_mutual: bool) -> World {
        let folder = TempDir::new().expect("a folder");
        let authority = Authority::new(folder.path(), "ca");
        let (certificate, key) = authority.node(folder.path(), "server");
        let client_ca = is_mutual.then(|| authority.file.clone());
        let tls =
            ServerTls::new(ServerFiles { identity: Identity { certificate, key }, client_ca });
        tls.check().expect("the files are of use");
        let (address, serving) = World::serve(Some(tls.clone())).await;
        World { folder, authority, tls, address, serving }
    }

    async fn serve(tls: Option<ServerTls>) -> (SocketAddr, JoinHandle<std::io::Result<()>>) {
        let listen = "127.0.0.1:0".parse().expect("an address");
        let listener = Listener::bind(listen).await.expect("a free port").over(tls);
        let address = listener.local_address().expect("it is bound");
        let routes = Router::new().route("/metad.v1.Cluster/Status", post(who_asks)).into();
        (address, tokio::spawn(serve(listener, routes, std::future::pending())))
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn trusting(&self, authority: &Authority, identity: Option<Identity>) -> ClientTls {
        ClientTls::new(ClientFiles { ca: authority.file.clone(), identity })
    }

    fn certified(&self, name: &str, others: Vec<SanType>) -> Option<Identity> {
        let (certificate, key) = self.authority.certify(self.path(), name, others);
        Some(Identity { certificate, key })
    }
}

/// Who the server says that asks.
async fn answer(mut client: ClusterClient<Channel>) -> Result<String, Status> {
    let status = client.status(StatusRequest {}).await.expect_err("it answers by a status");
    if status.code() == Code::NotFound { Ok(status.message().to_owned()) } else { Err(status) }
}

async fn ask(address: SocketAddr, tls: &ClientTls) -> Result<String, Status> {
    let channel = connect_over(&address.to_string(), Some(tls)).expect("an address");
    answer(ClusterClient::new(channel)).await
}

/// Why no connection was made, in all words.
async fn refused(address: SocketAddr, tls: &ClientTls) -> String {
    let status = ask(address, tls).await.expect_err("it is refused");
    assert!(never_sent(&status), "it is known that it had no effect: {status:?}");
    let mut words = status.to_string();
    let mut source = std::error::Error::source(&status);
    while let Some(error) = source {
        words = format!("{words}: {error}");
        source = error.source();
    }
    words
}

#[tokio::test]
async fn a_server_is_trusted_by_its_authority() {
    let world = World::start(false).await;
    let right = world.trusting(&world.authority, None);
    assert_eq!(ask(world.address, &right).await.expect("an answer"), "nobody");
    let other = Authority::new(world.path(), "other");
    let wrong = world.trusting(&other, None);
    let said = refused(world.address, &wrong).await;
    assert!(said.contains("not one of an authority"), "{said}");
    // The same server under another name.
    let elsewhere = format!("localhost:{}", world.address.port());
    let channel = connect_over(&elsewhere, Some(&right)).expect("an address");
    let status = ClusterClient::new(channel).status(StatusRequest {}).await.expect_err("no name");
    assert!(never_sent(&status), "{status:?}");
}

#[tokio::test]
async fn mutual_tls_asks_for_a_certificate_and_tells_whose_it_is() {
    let world = World::start(true).await;
    let nameless = world.trusting(&world.authority, None);
    let said = refused(world.address, &nameless).await;
    assert!(said.contains("serves only those with a certificate"), "{said}");

    let other = Authority::new(world.path(), "other");
    let (certificate, key) = other.certify(world.path(), "mallory", Vec::new());
    let foreign = world.trusting(&world.authority, Some(Identity { certificate, key }));
    let said = refused(world.address, &foreign).await;
    assert!(said.contains("it refuses what this side shows"), "{said}");
    assert_eq!(world.tls.refused(), 2);

    let dns = || SanType::DnsName("alice.example".try_into().expect("a name"));
    let uri = SanType::URI("spiffe://home/alice".try_into().expect("a name"));
    let mail = || SanType::Rfc822Name("alice@example.org".try_into().expect("a name"));
    for (number, (others, expected)) in [
        (vec![], "client0"),
        (vec![mail(), dns()], "alice.example"),
        (vec![uri, dns()], "spiffe://home/alice"),
        (vec![mail()], "client3"),
    ]
    .into_iter()
    .enumerate()
    {
        let identity = world.certified(&format!("client{number}"), others);
        let known = world.trusting(&world.authority, identity);
        assert_eq!(ask(world.address, &known).await.expect("an answer"), expected);
    }
}

#[tokio::test]
async fn plain_text_is_told_that_this_is_tls() {
    let world = World::start(true).await;
    let channel = connect(&world.address.to_string()).expect("an address");
    let status = ClusterClient::new(channel).status(StatusRequest {}).await.expect_err("plain");
    assert_eq!(Info::of(&status).map(|info| info.reason), Some(Reason::TlsRequired), "{status:?}");
    assert!(status.message().contains("--ca"), "{status:?}");

    let mut socket = TcpStream::connect(world.address).await.expect("connect");
    let request = b"GET /metrics HTTP/1.1\r\nHost: metad\r\nConnection: close\r\n\r\n";
    socket.write_all(request).await.expect("write");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.expect("read");
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("speaks TLS"), "{answer}");
    assert_eq!(world.tls.refused(), 2);
}

#[tokio::test]
async fn a_server_without_tls_is_told_apart() {
    let world = World::start(false).await;
    let (plain, serving) = World::serve(None).await;
    let said = refused(plain, &world.trusting(&world.authority, None)).await;
    assert!(said.contains("does not speak TLS"), "{said}");
    serving.abort();
}

#[tokio::test]
async fn silence_does_not_hold_up_others() {
    let world = World::start(false).await;
    let mut silent = Vec::new();
    for _ in 0..8 {
        silent.push(TcpStream::connect(world.address).await.expect("connect"));
    }
    let tls = world.trusting(&world.authority, None);
    ask(world.address, &tls).await.expect("an answer");
}

#[tokio::test]
async fn changed_files_hold_from_the_next_connection_on() {
    let world = World::start(false).await;
    let old_trust = world.trusting(&world.authority, None);
    let channel = connect_over(&world.address.to_string(), Some(&old_trust)).expect("an address");
    let connected = ClusterClient::new(channel);
    answer(connected.clone()).await.expect("an answer");
    let expires = world.tls.expires_seconds();

    // Of no use: the old one is kept.
    let good = fs::read(world.path().join("server.key")).expect("read");
    fs::write(world.path().join("server.key"), "nonsense").expect("write");
    ask(world.address, &old_trust).await.expect("as before");
    ask(world.address, &old_trust).await.expect("as before");
    assert_eq!(world.tls.reloads(), Reloads { done: 0, failed: 1 }, "tried once");
    fs::remove_file(world.path().join("server.key")).expect("remove");
    ask(world.address, &old_trust).await.expect("as before");
    assert_eq!(world.tls.reloads(), Reloads { done: 0, failed: 2 });
    assert_eq!(world.tls.expires_seconds(), expires);
    fs::write(world.path().join("server.key"), good).expect("write");
    ask(world.address, &old_trust).await.expect("as before");
    assert_eq!(world.tls.reloads(), Reloads { done: 1, failed: 2 });

    // Of another authority: the old one is no longer trusted, whoever trusts the new one is.
    let next = Authority::new(world.path(), "next");
    next.node(world.path(), "server");
    let said = refused(world.address, &old_trust).await;
    assert!(said.contains("not one of an authority"), "{said}");
    ask(world.address, &world.trusting(&next, None)).await.expect("the new one");
    assert_eq!(world.tls.reloads().done, 2);
    answer(connected).await.expect("connections go on");

    // The client's files as well.
    fs::copy(&next.file, &world.authority.file).expect("copy");
    ask(world.address, &old_trust).await.expect("the new one");
    assert_eq!(old_trust.reloads(), Reloads { done: 1, failed: 0 });
}

#[test]
fn files_that_are_of_no_use_are_named() {
    let folder = TempDir::new().expect("a folder");
    let authority = Authority::new(folder.path(), "ca");
    let (certificate, key) = authority.node(folder.path(), "one");
    let (_, other_key) = authority.node(folder.path(), "two");
    let empty = folder.path().join("empty");
    fs::write(&empty, "").expect("write");
    let said = |certificate: &Path, key: &Path, client_ca: Option<&Path>| {
        let identity = Identity { certificate: certificate.to_owned(), key: key.to_owned() };
        let client_ca = client_ca.map(Path::to_owned);
        let tls = ServerTls::new(ServerFiles { identity, client_ca });
        tls.check()
            .expect_err("of no use")
            .to_string()
            .replace(folder.path().to_str().expect("text"), "DIR")
    };
    expect_test::expect![[r#"
        DIR/none: No such file or directory (os error 2)
        DIR/empty: no certificate is in it: put one there, as PEM
        DIR/empty: no certificate is in it: put one there, as PEM
    "#]]
    .assert_eq(&format!(
        "{}\n{}\n{}\n",
        said(&folder.path().join("none"), &key, None),
        said(&empty, &key, None),
        said(&certificate, &key, Some(&empty)),
    ));
    let wrong = said(&certificate, &other_key, None);
    assert!(
        wrong.starts_with("DIR/two.key: not a key for the certificate in DIR/one.pem"),
        "{wrong}"
    );
    let none = said(&certificate, &certificate, None);
    assert!(none.starts_with("DIR/one.pem: no private key as PEM is in it"), "{none}");
}
