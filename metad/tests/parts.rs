//! Answers in several messages: each is of one revision, and says where it ends.

mod support;

use metad::{kv::mem::MemDisk, raft};
use metad_proto::{
    transport::Channel,
    v1::{self, files_client::FilesClient, mutate_request::Mutation},
};
use tonic::{Status, Streaming};

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

#[tokio::test]
async fn versions_that_do_not_fit_into_a_message_are_asked_for_again() {
    let (cluster, mut session) = prepared().await;
    let (ns, versions) = (session.ns(), 80);
    for version in 1..=versions {
        let hash = |number: u64| vec![number as u8; 32].into();
        let overwrite = v1::commit_file::Mode::Overwrite(v1::commit_file::Overwrite {});
        let commit = v1::CommitFile {
            target: Some(v1::NodeRef { id: 0, path: "f".to_owned() }),
            mode: Some(overwrite),
            content: Some(v1::Content {
                hash: hash(version),
                size: version,
                blocks: (0..1_000).map(hash).collect(),
                ..v1::Content::default()
            }),
            ..v1::CommitFile::default()
        };
        let step = v1::Step { op: Some(v1::step::Op::CommitFile(commit)) };
        let request = session.request(Mutation::Steps(v1::Steps { ns, steps: vec![step] }));
        mutate(&cluster, &request).await.expect("committed");
    }
    let (mut before, mut pages, mut seen) = (0, 0, 0);
    loop {
        let ask = async |mut files: FilesClient<Channel>| {
            let target = Some(v1::NodeRef { id: 0, path: "f".to_owned() });
            let request = v1::ListRevisionsRequest { ns, target, before, ..Default::default() };
            files.list_revisions(request).await.map(tonic::Response::into_inner)
        };
        let reply = cluster.ask(ask).await.expect("versions");
        (pages, seen) = (pages + 1, seen + reply.versions.len() as u64);
        before = reply.versions.last().expect("a page has some").rev;
        if reply.done {
            break;
        }
    }
    assert_eq!((pages, seen), (2, versions));
}

#[tokio::test]
async fn a_listing_goes_on_after_a_path_that_is_longer_than_one_may_ask_for() {
    let (cluster, mut session) = prepared().await;
    let (ns, levels) = (session.ns(), 20);
    let (mut above, mut path) = (0, String::new());
    for _ in 0..levels {
        let name = "n".repeat(255);
        let target = Some(v1::NodeRef { id: above, path: name.clone() });
        let step = v1::step::Op::Mkdir(v1::Mkdir { target, parents: false });
        let steps = vec![v1::Step { op: Some(step) }];
        let request = session.request(Mutation::Steps(v1::Steps { ns, steps }));
        let reply = mutate(&cluster, &request).await.expect("made");
        let Some(v1::mutate_reply::Result::Steps(results)) = reply.result else { panic!("steps") };
        above = results.results[0].id;
        path = format!("{path}/{name}");
    }
    assert!(path.len() > metad_proto::limits::PATH_BYTES_MAX);
    let upper = path.rsplit_once('/').expect("a path").0;
    let list = async |mut files: FilesClient<Channel>| {
        let after = upper.to_owned();
        let request = v1::ListRequest { ns, recursive: true, after, ..Default::default() };
        let mut stream = files.list(request).await?.into_inner();
        Ok(stream.message().await?.expect("a message"))
    };
    let rest = cluster.ask(list).await.expect("the rest");
    assert_eq!((rest.entries.len(), rest.done), (1, true));
    assert_eq!(rest.entries[0].path.trim_start_matches('/'), &path[1..]);
}
