//! Backups as a node tells them, and clusters that are restored of them.

mod support;

use metad::{
    fsck,
    kv::{KvEngine as _, mem::MemDisk},
    raft,
    records::identity::FORMAT,
    restore::{Founder, Restore, RestoreError, Restored, SKIPPED},
    server::GROUP,
    types::{Revision, ServerId},
};
use metad_proto::{
    errors::{self, Info, Reason},
    limits::BACKUPS_MAX,
    state_hash::StateHasher,
    v1::{self, BackupBegin, BackupRecord, backup_reply::Part, files_client::FilesClient},
};
use std::sync::Arc;
use tonic::{Status, Streaming};

use self::support::{Cluster, Disk, Session, eventually, mutate};

const NODE: ServerId = ServerId(1);

fn cluster() -> Cluster {
    let disk = Disk::Mem(MemDisk::new(), MemDisk::new());
    Cluster::start(vec![disk], raft::Settings::default())
}

async fn begin(
    cluster: &Cluster,
    after_index: Option<u64>,
) -> Result<Streaming<v1::BackupReply>, Status> {
    let asked = cluster.admin(NODE).backup(v1::BackupRequest { revision: 0, after_index }).await;
    asked.map(tonic::Response::into_inner)
}

/// Reads a backup to its end, which says what came.
async fn back_up(cluster: &Cluster, after_index: Option<u64>) -> (BackupBegin, Vec<BackupRecord>) {
    let mut stream = begin(cluster, after_index).await.expect("begin");
    let mut next = async || stream.message().await.expect("message").and_then(|reply| reply.part);
    let Some(Part::Begin(begin)) = next().await else { panic!("no beginning") };
    let (mut records, mut hasher) = (Vec::new(), StateHasher::default());
    loop {
        match next().await {
            Some(Part::Records(more)) => records.extend(more.records),
            Some(Part::End(end)) => {
                records.iter().for_each(|record| hasher.add(&record.key, &record.value));
                assert_eq!(end.records, hasher.records());
                assert_eq!(end.hash, hasher.hash().to_be_bytes().as_slice());
                assert_eq!(next().await, None);
                return (begin, records);
            }
            other => panic!("{other:?} before the end"),
        }
    }
}

fn founder() -> Founder {
    let (cluster, address) = ("test".to_owned(), "127.0.0.1:1".to_owned());
    Founder { cluster, server: NODE, address, format: FORMAT }
}

/// A cluster of these records, after a power loss.
async fn restore(
    records: Vec<BackupRecord>,
    only: Option<&str>,
) -> Result<(Cluster, Restored), RestoreError> {
    let (log, state) = (MemDisk::new(), MemDisk::new());
    let mut restore = Restore::new(Arc::new(state.open()), GROUP);
    for BackupRecord { key, value } in records {
        restore.add(key.into(), value.into())?;
    }
    let restored = restore.finish(&log.open(), &founder(), only).await?;
    log.power_loss(|_| 0);
    state.power_loss(|_| 0);
    let views = (log.open().view()?, state.open().view()?);
    let report = fsck::check(&fsck::Stores { log: &*views.0, state: &*views.1 }, &|_| ());
    assert!(report.findings.is_empty(), "{report:?}");
    let cluster = Cluster::start(vec![Disk::Mem(log, state)], raft::Settings::default());
    Ok((cluster, restored))
}

async fn changes(
    cluster: &Cluster,
    session: &Session,
    revision: u64,
) -> Result<Vec<String>, Status> {
    let after = Some(v1::Cursor { revision, ordinal: 0 });
    let read = async |mut files: FilesClient<_>| {
        let ns = session.ns();
        let request = v1::ReadJournalRequest { ns, after, ..v1::ReadJournalRequest::default() };
        files.read_journal(request).await
    };
    let reply = cluster.ask(read).await?.into_inner();
    Ok(reply.changes.into_iter().map(support::created).collect())
}

async fn stat_at(cluster: &Cluster, session: &Session, at_revision: u64) -> Result<u64, Status> {
    let stat = async |mut files: FilesClient<_>| {
        let ns = session.ns();
        let target = Some(v1::NodeRef { id: 0, path: "b".to_owned() });
        files.stat(v1::StatRequest { ns, target, at_revision, ..v1::StatRequest::default() }).await
    };
    Ok(cluster.ask(stat).await?.into_inner().stat.map_or(0, |node| node.id))
}

#[tokio::test]
async fn a_restored_cluster_is_as_the_other_one_was_and_goes_on_apart() {
    let first = cluster();
    let mut session = Session::open(&first, "main").await;
    session.mkdir(&first, "a").await;
    let asked = session.mkdirs(&["b".to_owned()]);
    let told = mutate(&first, &asked).await.expect("mkdir");
    let (head, records) = back_up(&first, None).await;
    assert_eq!((head.cluster.as_str(), head.revision), ("test", told.revision));
    let later = session.mkdir(&first, "c").await.revision;

    let (second, restored) = restore(records, None).await.expect("restored");
    assert_eq!(restored.revision, Revision(told.revision));
    assert_eq!(restored.goes_on_from, Revision(told.revision + SKIPPED));
    assert_eq!(session.list(&second).await.0, ["a", "b"]);
    let again = mutate(&second, &asked).await.expect("its first reply");
    assert_eq!((again.revision, again.result), (told.revision, told.result));

    let new = session.mkdir(&second, "d").await.revision;
    assert_eq!(new, restored.goes_on_from.0 + 1);
    assert_eq!(changes(&second, &session, told.revision).await.expect("changes"), ["d"]);
    let reason = |status: Status| Info::of(&status).map(|info| info.reason);
    let refused = changes(&second, &session, later).await.expect_err("of the other cluster");
    assert_eq!(reason(refused), Some(Reason::CursorReset));
    assert!(stat_at(&second, &session, told.revision).await.is_ok());
    let refused = stat_at(&second, &session, later).await.expect_err("it never was");
    assert_eq!(reason(refused), Some(Reason::NotFound));
    let opened = Session::open(&second, "another").await;
    assert!(opened.ns() > SKIPPED, "{}", opened.ns());
}

#[tokio::test]
async fn one_namespace_is_restored_without_the_others() {
    let first = cluster();
    let mut kept = Session::open(&first, "photos").await;
    kept.mkdir(&first, "a").await;
    let mut other = Session::open(&first, "music").await;
    other.mkdir(&first, "b").await;
    let (_, records) = back_up(&first, None).await;
    let none = restore(records.clone(), Some("films")).await.err().expect("no such namespace");
    assert!(none.to_string().contains("\"photos\", \"music\""), "{none}");
    let (second, _) = restore(records, Some("photos")).await.expect("restored");
    assert_eq!(kept.list(&second).await.0, ["a"]);
    let list = async |mut files: FilesClient<_>| {
        let mut stream =
            files.list_namespaces(v1::ListNamespacesRequest::default()).await?.into_inner();
        Ok(stream.message().await?.map(|message| message.namespaces))
    };
    let namespaces = second.ask(list).await.expect("list").expect("a message");
    assert_eq!(namespaces.into_iter().map(|ns| ns.name).collect::<Vec<_>>(), ["photos"]);
}

#[tokio::test]
async fn a_node_tells_so_many_backups_at_a_time() {
    let cluster = cluster();
    let mut session = Session::open(&cluster, "main").await;
    // More than the network takes in when nobody reads.
    for part in 0..4 {
        let names: Vec<_> = (0..1_000).map(|name| format!("{part}-{name:0>200}")).collect();
        mutate(&cluster, &session.mkdirs(&names)).await.expect("mkdirs");
    }
    let mut taken = Vec::new();
    for _ in 0..BACKUPS_MAX {
        taken.push(begin(&cluster, None).await.expect("begin"));
    }
    let refused = Info::of(&begin(&cluster, None).await.expect_err("full")).expect("ours");
    assert_eq!(refused.reason, Reason::LimitExceeded);
    assert_eq!(refused.metadata[errors::LIMIT], "backups");
    drop(taken);
    let free = eventually("a place", async || begin(&cluster, None).await.ok()).await;
    drop(free);
    eventually("a place again", async || begin(&cluster, None).await.ok()).await;
}

#[tokio::test]
async fn a_journal_leads_from_a_backup_to_any_later_revision() {
    let first = cluster();
    let mut session = Session::open(&first, "main").await;
    let (base, records) = back_up(&first, None).await;
    let mut revisions = Vec::new();
    for name in ["a", "b", "c"] {
        revisions.push(Revision(session.mkdir(&first, name).await.revision));
    }
    let (later, entries) = back_up(&first, Some(base.applied_index)).await;
    assert_eq!(entries.len() as u64, later.applied_index - base.applied_index);
    // The first entry of all is no less one to go on from.
    let (_, all) = back_up(&first, Some(0)).await;
    assert_eq!(all.len() as u64, later.applied_index);

    for (until, reached) in [(None, revisions[2]), (Some(revisions[1]), revisions[1])] {
        let state = MemDisk::new();
        let mut restore = Restore::new(Arc::new(state.open()), GROUP);
        for BackupRecord { key, value } in records.clone() {
            restore.add(key.into(), value.into()).expect("a record");
        }
        assert_eq!(base.digest, restore.digest().expect("digest").to_be_bytes().as_slice());
        let mut replay = |entry: &BackupRecord| restore.replay(&entry.key, &entry.value, until);
        let all = entries.iter().all(|entry| replay(entry).expect("an entry"));
        assert_eq!(all, until.is_none());
        if all {
            assert!(replay(&entries[0]).is_err(), "it was applied already");
            assert_eq!(later.digest, restore.digest().expect("digest").to_be_bytes().as_slice());
        }
        let restored = restore.finish(&MemDisk::new().open(), &founder(), None).await;
        assert_eq!(restored.expect("restored").revision, reached);
    }

    // A log that was purged does not go back that far.
    let trim = |snapshot, purge| v1::TrimRequest { snapshot, purge };
    first.admin(NODE).trim(trim(true, false)).await.expect("snapshot");
    eventually("a log that was purged", async || {
        first.admin(NODE).trim(trim(false, true)).await.expect("purge");
        let refused = begin(&first, Some(base.applied_index)).await.err()?;
        let reason = Info::of(&refused).map(|info| info.reason);
        assert_eq!(reason, Some(Reason::PreconditionFailed), "{refused}");
        assert!(refused.message().contains("make a whole one"), "{refused}");
        Some(())
    })
    .await;
}
