//! Nodes that speak TLS with one another and with clients, each with a certificate of its own.

mod support;

#[path = "../../proto/src/transport/tls/authority.rs"]
mod authority;

use std::{fs, path::Path, sync::Arc};

use metad::{config::Tls, kv::mem::MemDisk, types::ServerId};
use metad_proto::{
    errors::{Info, Reason},
    transport::{
        ClientFiles, ClientTls, Identity, ServerFiles, ServerTls, connect, connect_over, never_sent,
    },
    v1::{StatusRequest, cluster_client::ClusterClient},
};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use self::{
    authority::Authority,
    support::{Cluster, Disk, Secure, Session},
};

const NODES: u64 = 3;

struct World {
    folder: TempDir,
    authority: Authority,
    cluster: Cluster,
}

fn name(id: ServerId) -> String {
    format!("node{id}")
}

fn client(folder: &Path, authority: &Authority) -> (ClientTls, Identity) {
    let (certificate, key) = authority.certify(folder, "client", Vec::new());
    let identity = Identity { certificate, key };
    let (ca, shown) = (authority.file.clone(), Some(identity.clone()));
    (ClientTls::new(ClientFiles { ca, identity: shown }), identity)
}

impl World {
    /// Nodes that serve nobody without a certificate.
    fn start() -> World {
        let folder = TempDir::new().expect("a folder");
        let authority = Authority::new(folder.path(), "ca");
        let node = |id| {
            let (certificate, key) = authority.node(folder.path(), &name(id));
            let (ca, identity) = (authority.file.clone(), Identity { certificate, key });
            let files = ServerFiles { identity: identity.clone(), client_ca: Some(ca.clone()) };
            let peers = ClientTls::new(ClientFiles { ca, identity: Some(identity) });
            let tls = Tls { server: ServerTls::new(files), peers };
            tls.check().expect("the files are of use");
            (id, tls)
        };
        let nodes = (1..=NODES).map(ServerId).map(node).collect();
        let (clients, _) = client(folder.path(), &authority);
        let disks = (0..NODES).map(|_| Disk::Mem(MemDisk::new(), MemDisk::new()));
        let cluster = Cluster::secure(disks.collect(), Secure { nodes, clients });
        World { folder, authority, cluster }
    }

    /// The metrics, as a collector asks for them: by HTTP 1.
    async fn page(&self, id: ServerId) -> String {
        let (_, Identity { certificate, key }) = client(self.folder.path(), &self.authority);
        let read = |file: &Path| CertificateDer::from_pem_file(file).expect("a certificate");
        let mut roots = RootCertStore::empty();
        roots.add(read(&self.authority.file)).expect("an authority");
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has them")
            .with_root_certificates(roots)
            .with_client_auth_cert(
                vec![read(&certificate)],
                PrivateKeyDer::from_pem_file(key).expect("a key"),
            )
            .expect("they belong together");
        let address = self.cluster.address(id);
        let socket = TcpStream::connect(address).await.expect("connect");
        let connector = TlsConnector::from(Arc::new(config));
        let mut stream = connector.connect(address.ip().into(), socket).await.expect("handshake");
        let request = b"GET /metrics HTTP/1.1\r\nHost: metad\r\nConnection: close\r\n\r\n";
        stream.write_all(request).await.expect("write");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("read");
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        answer
    }
}

#[tokio::test]
async fn nodes_with_certificates_are_a_cluster() {
    let World { folder: _folder, mut cluster, .. } = World::start();
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
async fn nobody_else_is_served() {
    let World { folder, authority, cluster } = World::start();
    let leader = cluster.leader().await;
    let address = cluster.address(leader).to_string();
    let plain = connect(&address).expect("address");
    let status = ClusterClient::new(plain).status(StatusRequest {}).await.expect_err("plain");
    assert_eq!(Info::of(&status).map(|info| info.reason), Some(Reason::TlsRequired));
    let other = Authority::new(folder.path(), "other");
    let (certificate, key) = other.certify(folder.path(), "mallory", Vec::new());
    for identity in [None, Some(Identity { certificate, key })] {
        let tls = ClientTls::new(ClientFiles { ca: authority.file.clone(), identity });
        let channel = connect_over(&address, Some(&tls)).expect("address");
        let status = ClusterClient::new(channel).status(StatusRequest {}).await.expect_err("no");
        assert!(never_sent(&status), "{status:?}");
    }
}

#[tokio::test]
async fn certificates_are_replaced_while_all_run() {
    let mut world = World::start();
    let mut session = Session::open(&world.cluster, "main").await;
    let leader = world.cluster.leader().await;
    let page = world.page(leader).await;
    assert!(
        page.contains("metad_tls_reloads_total{side=\"server\",outcome=\"done\"} 0\n"),
        "{page}"
    );
    assert!(!page.contains("metad_tls_certificate_expires_seconds 0.0\n"), "{page}");

    for id in world.cluster.running() {
        world.authority.node(world.folder.path(), &name(id));
    }
    let page = world.page(leader).await;
    for side in ["server", "peers"] {
        let done = format!("metad_tls_reloads_total{{side=\"{side}\",outcome=\"done\"}} 1\n");
        assert!(page.contains(&done), "{page}");
    }
    session.mkdir(&world.cluster, "a").await;

    // One that cannot be read is told, and the one before goes on.
    fs::write(world.folder.path().join(format!("{}.pem", name(leader))), "").expect("write");
    let page = world.page(leader).await;
    assert!(
        page.contains("metad_tls_reloads_total{side=\"server\",outcome=\"failed\"} 1\n"),
        "{page}"
    );
    // All connections are made anew, to all nodes.
    for id in world.cluster.running() {
        world.cluster.kill(id);
        if id != leader {
            world.cluster.start_node(id);
        }
    }
    session.mkdir(&world.cluster, "b").await;
    assert_eq!(session.list(&world.cluster).await.0, ["a", "b"]);
}
