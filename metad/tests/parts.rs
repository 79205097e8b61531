//! Answers in several messages: each is of one revision, and says where it ends.

mod support;

use metad::{kv::mem::MemDisk, raft};
use metad_proto::v1::{self, files_client::FilesClient, mutate_request::Mutation};
use tonic::{Status, Streaming, transport::Channel};

use self::support::{Cluster, Disk, Session, mutate};

/// More than one message takes.
const COUNT: u64 = 2_100;

/// Reads a stream to its end: how many each message tells of.
async fn sizes<M>(
    mut stream: Streaming<M>,
    look: impl Fn(M) -> (usize, bool),
) -> Result<Vec<usize>, Status> {
    let (mut sizes, mut done) = (Vec::new(), false);
    while let Some(message) = stream.message().await? {
        assert!(!done, "nothing comes after the end");
        let (size, last) = look(message);
        sizes.push(size);
        done = last;
    }
    assert!(done, "the stream says that it is complete");
    Ok(sizes)
}

async fn prepared() -> (Cluster, Session) {
    let disk = Disk::Mem(MemDisk::new(), MemDisk::new());
    let cluster = Cluster::start(vec![disk], raft::Settings::default());
    let session = Session::open(&cluster, "main").await;
    (cluster, session)
}

#[tokio::test]
async fn differences_come_in_parts() {
    let (cluster, mut session) = prepared().await;
    let from = session.mkdir(&cluster, "before").await.revision;
    for batch in 0..COUNT / 700 {
        let names = (0..700).map(|index| format!("{batch}-{index}")).collect::<Vec<_>>();
        let request = session.mkdirs(&names);
        mutate(&cluster, &request).await.expect("mkdirs");
    }
    let diff = async |mut files: FilesClient<Channel>| {
        let request = v1::DiffRequest { ns: session.ns(), from, to: 0, consistency: None };
        let stream = files.diff(request).await?.into_inner();
        sizes(stream, |message| (message.differences.len(), message.done)).await
    };
    assert_eq!(cluster.ask(diff).await.expect("diff"), [1_000, 1_000, 100]);
}

#[tokio::test]
async fn namespaces_and_locks_come_in_parts() {
    let (cluster, mut session) = prepared().await;
    let ns = session.ns();
    for number in 1..COUNT {
        let name = format!("{number}");
        let create = v1::CreateNamespace { name, ..v1::CreateNamespace::default() };
        let target = Some(v1::NodeRef { id: 0, path: format!("{number}/{}", "x".repeat(200)) });
        let lock = Some(v1::LockRef { ns, target, name: "y".repeat(200) });
        let acquire = v1::AcquireLock { lock, ttl_ms: 0 };
        for asked in [Mutation::CreateNamespace(create), Mutation::AcquireLock(acquire)] {
            let request = session.request(asked);
            mutate(&cluster, &request).await.expect("made");
        }
    }
    let namespaces = async |mut files: FilesClient<Channel>| {
        let request = v1::ListNamespacesRequest::default();
        let stream = files.list_namespaces(request).await?.into_inner();
        sizes(stream, |message| (message.namespaces.len(), message.done)).await
    };
    assert_eq!(cluster.ask(namespaces).await.expect("namespaces"), [1_000, 1_000, 100]);
    let locks = async |mut files: FilesClient<Channel>| {
        let request = v1::ListLocksRequest { ns, consistency: None };
        let stream = files.list_locks(request).await?.into_inner();
        sizes(stream, |message| (message.locks.len(), message.done)).await
    };
    assert_eq!(cluster.ask(locks).await.expect("locks"), [1_000, 1_000, 99]);
}
