//! Three nodes over loopback: what a client was told stays true, whatever dies.

mod support;

use std::time::Duration;

use metad::{
    kv::{KvEngine as _, Write, mem::MemDisk},
    raft,
    records::{key, standing::Standing},
    server::GROUP,
    types::ServerId,
};
use metad_proto::{
    errors::{self, Info, Reason},
    limits,
    v1::{self, files_client::FilesClient},
};

use self::support::{Cluster, Disk, Session, created, eventually, mutate};

/// Longer than an answer takes.
const PATIENCE_MS: u64 = 10_000;
const ELECTION_MAX: Duration = Duration::from_millis(800);

fn settings() -> raft::Settings {
    raft::Settings {
        heartbeat_ms: 100,
        election_min_ms: 400,
        election_max_ms: ELECTION_MAX.as_millis() as u64,
        ..raft::Settings::default()
    }
}

fn mem_disks() -> Vec<Disk> {
    (0..3).map(|_| Disk::Mem(MemDisk::new(), MemDisk::new())).collect()
}

#[tokio::test]
async fn a_retry_after_the_leader_died_has_one_effect_and_the_same_reply() {
    let mut cluster = Cluster::start(mem_disks(), settings());
    let mut session = Session::open(&cluster, "main").await;
    session.mkdir(&cluster, "a").await;
    let request = session.mkdirs(&["b".to_owned()]);
    let first = mutate(&cluster, &request).await.expect("mkdir");
    let leader = cluster.leader().await;
    cluster.kill(leader);

    let again = mutate(&cluster, &request).await.expect("mkdir");
    assert_eq!((again.revision, &again.result), (first.revision, &first.result));
    let reused = session.mkdirs(&["a".to_owned()]);
    let taken = mutate(&cluster, &reused).await.expect_err("taken");
    assert_eq!(Info::of(&taken).expect("info").reason, Reason::AlreadyExists);
    let taken_again = mutate(&cluster, &reused).await.expect_err("taken");
    assert_eq!(
        Info::of(&taken_again).expect("info").metadata["revision"],
        first.revision.to_string()
    );
    assert_eq!(session.journal(&cluster).await, ["a", "b"]);

    cluster.start_node(leader);
    session.mkdir(&cluster, "c").await;
    cluster.converged().await;
    assert_eq!(session.list(&cluster).await.0, ["a", "b", "c"]);
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_power_loss_of_all_nodes() {
    let mut cluster = Cluster::start(mem_disks(), settings());
    let mut session = Session::open(&cluster, "main").await;
    for index in 0..20 {
        session.mkdir(&cluster, &format!("d{index:02}")).await;
    }
    cluster.power_loss();
    for id in (1..=3).map(ServerId) {
        cluster.start_node(id);
    }
    let names: Vec<_> = (0..20).map(|index| format!("d{index:02}")).collect();
    assert_eq!(session.list(&cluster).await.0, names);
    cluster.converged().await;
}

#[tokio::test]
async fn a_follower_that_lags_gets_a_snapshot_and_keeps_it() {
    let folder = tempfile::tempdir().expect("folder");
    let disks = (1..=3).map(|id| Disk::Rocks(folder.path().join(format!("{id}"))));
    let settings = raft::Settings { snapshot_every: 40, keep_entries: 10, ..settings() };
    let mut cluster = Cluster::start(disks.collect(), settings);
    let mut session = Session::open(&cluster, "main").await;
    session.mkdir(&cluster, "before").await;
    let leader = cluster.leader().await;
    let lagging = cluster.running().into_iter().find(|id| *id != leader).expect("a follower");
    cluster.kill(lagging);
    for index in 0..120 {
        session.mkdir(&cluster, &format!("d{index:03}")).await;
    }
    let purged = |cluster: &Cluster, id| {
        let metrics = cluster.handle(id).replica.metrics();
        metrics.purged.map_or(0, |purged| purged.index)
    };
    eventually("purged log", async || (purged(&cluster, leader) > 60).then_some(())).await;

    cluster.start_node(lagging);
    let hash = cluster.converged().await;
    let metrics = cluster.handle(lagging).replica.metrics();
    assert!(metrics.snapshot.is_some(), "{metrics}");

    cluster.kill(lagging);
    cluster.start_node(lagging);
    assert_eq!(cluster.converged().await.len(), hash.len());
    let leader = cluster.leader().await;
    cluster.kill(leader);
    assert_eq!(session.list(&cluster).await.0.len(), 121);
}

#[tokio::test]
async fn a_long_listing_is_of_one_revision() {
    let cluster = Cluster::start(mem_disks(), settings());
    let mut session = Session::open(&cluster, "main").await;
    for batch in 0..3 {
        let names = (0..800).map(|index| format!("{batch}-{index:04}")).collect::<Vec<_>>();
        let request = session.mkdirs(&names);
        mutate(&cluster, &request).await.expect("mkdirs");
    }
    let (names, revisions) = session.list(&cluster).await;
    assert_eq!(names.len(), 2_400);
    assert!(names.is_sorted());
    assert_eq!(revisions, [revisions[0]; 3]);
}

#[tokio::test]
async fn a_subscriber_on_a_follower_misses_nothing_when_the_leader_dies() {
    let mut cluster = Cluster::start(mem_disks(), settings());
    let mut session = Session::open(&cluster, "main").await;
    session.mkdir(&cluster, "a").await;
    let leader = cluster.leader().await;
    let follower = cluster.running().into_iter().find(|id| *id != leader).expect("a follower");
    let request = v1::SubscribeRequest { ns: session.ns(), after: None };
    let subscribed =
        eventually("subscription", async || cluster.files(follower).subscribe(request).await.ok());
    let mut told = subscribed.await.into_inner();
    let mut names = Vec::new();
    let mut caught_up = 0;
    while caught_up == 0 {
        let message = told.message().await.expect("told").expect("more");
        caught_up += usize::from(message.changes.is_empty());
        names.extend(message.changes.into_iter().map(created));
    }
    cluster.kill(leader);
    session.mkdir(&cluster, "b").await;
    session.mkdir(&cluster, "c").await;
    while names.len() < 3 {
        let message = told.message().await.expect("told").expect("more");
        assert!(!message.changes.is_empty(), "told once that it has caught up");
        names.extend(message.changes.into_iter().map(created));
    }
    assert_eq!(names, ["a", "b", "c"]);
}

#[tokio::test]
async fn a_node_that_lost_its_data_helps_nobody_to_forget() {
    let [a, b, c] = [1, 2, 3].map(ServerId);
    let mut cluster = Cluster::start(mem_disks(), settings());
    let mut session = Session::open(&cluster, "main").await;
    session.mkdir(&cluster, "before").await;
    cluster.converged().await;
    // What is acknowledged now is on a and c alone.
    cluster.kill(b);
    session.mkdir(&cluster, "acknowledged").await;
    cluster.kill(a);
    cluster.kill(c);
    cluster.wipe(c);

    // b and c are a majority, and neither has it.
    cluster.start_node(b);
    cluster.start_node(c);
    let standing = |cluster: &Cluster, id| cluster.handle(id).replica.admission().standing();
    eventually("a node that joins", async || {
        (standing(&cluster, c) == Standing::Joining).then_some(())
    })
    .await;
    // Several elections long, nobody can answer.
    let asked = tokio::time::timeout(4 * ELECTION_MAX, session.list(&cluster)).await;
    assert!(asked.is_err(), "{asked:?}");
    assert_eq!(standing(&cluster, c), Standing::Joining);

    cluster.start_node(a);
    assert_eq!(session.list(&cluster).await.0, ["acknowledged", "before"]);
    eventually("a member", async || (standing(&cluster, c) == Standing::Member).then_some(()))
        .await;
    // From now on it votes.
    cluster.kill(a);
    assert_eq!(session.list(&cluster).await.0, ["acknowledged", "before"]);
}

#[tokio::test]
async fn a_leader_goes_on_when_a_follower_comes_back_without_its_data() {
    let mut cluster = Cluster::start(mem_disks(), settings());
    let mut session = Session::open(&cluster, "main").await;
    for index in 0..50 {
        session.mkdir(&cluster, &format!("d{index}")).await;
    }
    let leader = cluster.leader().await;
    let follower = cluster.running().into_iter().find(|id| *id != leader).expect("a follower");
    cluster.kill(follower);
    cluster.wipe(follower);
    cluster.start_node(follower);
    cluster.converged().await;
    session.mkdir(&cluster, "after").await;
    assert!(!cluster.has_ended(leader));
    assert_eq!(session.list(&cluster).await.0.len(), 51);
}

#[tokio::test]
async fn a_cursor_of_another_history_is_reset() {
    let cluster = Cluster::start(mem_disks(), settings());
    let session = Session::open(&cluster, "main").await;
    let after = Some(v1::Cursor { revision: 99_999, ordinal: 0 });
    let request = v1::SubscribeRequest { ns: session.ns(), after };
    let subscribe = async |mut files: FilesClient<_>| files.subscribe(request).await.map(|_| ());
    let refused = cluster.ask(subscribe).await.expect_err("not of this cluster");
    let info = Info::of(&refused).expect("info");
    assert_eq!((info.reason, info.number("reset_revision")), (Reason::CursorReset, Some(1)));
}

#[tokio::test]
async fn what_was_there_at_a_revision_is_there_on_every_leader() {
    let mut cluster = Cluster::start(mem_disks(), settings());
    let mut session = Session::open(&cluster, "main").await;
    let before = session.mkdir(&cluster, "before").await.revision;
    session.mkdir(&cluster, "after").await;
    let leader = cluster.leader().await;
    cluster.kill(leader);
    let request = v1::StatRequest {
        ns: session.ns(),
        target: Some(v1::NodeRef { id: 0, path: "after".to_owned() }),
        at_revision: before,
        ..v1::StatRequest::default()
    };
    let stat = async |mut files: FilesClient<_>| files.stat(request.clone()).await;
    let refused = cluster.ask(stat).await.expect_err("not there yet");
    assert_eq!(Info::of(&refused).expect("info").reason, Reason::NotFound);
}

#[tokio::test]
async fn each_level_of_consistency_is_served_where_it_can_be() {
    use v1::consistency::{Any, Lease, Level, Linearizable};
    let cluster = Cluster::start(mem_disks(), settings());
    let mut session = Session::open(&cluster, "main").await;
    let revision = session.mkdir(&cluster, "a").await.revision;
    let leader = cluster.leader().await;
    let follower = cluster.running().into_iter().find(|id| *id != leader).expect("a follower");
    let stat = async |node, level: Level| {
        let request = v1::StatRequest {
            ns: session.ns(),
            target: Some(v1::NodeRef { id: 0, path: "a".to_owned() }),
            consistency: Some(v1::Consistency { level: Some(level) }),
            ..v1::StatRequest::default()
        };
        cluster.files(node).stat(request).await.map(|reply| reply.into_inner())
    };
    for level in [Level::Linearizable(Linearizable {}), Level::Lease(Lease {})] {
        eventually("the leader's answer", async || stat(leader, level).await.ok()).await;
        let refused = stat(follower, level).await.expect_err("the leader's alone");
        assert_eq!(Info::of(&refused).expect("info").reason, Reason::NotLeader);
    }
    let caught_up = stat(follower, Level::AtLeast(revision)).await.expect("it waits for it");
    assert!(caught_up.revision >= revision);
    let ahead = stat(follower, Level::AtLeast(revision + 1)).await.expect_err("not there yet");
    assert_eq!(Info::of(&ahead).expect("info").reason, Reason::Overloaded);
    let any = stat(follower, Level::Any(Any {})).await.expect("whatever it has");
    assert!(any.staleness_ms < PATIENCE_MS, "{any:?}");
}

#[tokio::test]
async fn a_follower_says_who_leads() {
    let cluster = Cluster::start(mem_disks(), settings());
    let session = Session::open(&cluster, "main").await;
    let leader = cluster.leader().await;
    let follower = cluster.running().into_iter().find(|id| *id != leader).expect("a follower");
    let request = v1::StatRequest { ns: session.ns(), ..v1::StatRequest::default() };
    let told = eventually("the leader's name", async || {
        let status = cluster.files(follower).stat(request.clone()).await.expect_err("refused");
        Info::of(&status).filter(|info| info.reason == Reason::NotLeader)
    });
    let info = told.await;
    assert_eq!(info.metadata["leader"], leader.to_string());
    assert_eq!(info.metadata["maybe_applied"], "false");
    assert!(info.metadata["leader_address"].starts_with("127.0.0.1:"));
}

#[tokio::test]
async fn a_storage_fault_stops_the_node() {
    let disks = mem_disks();
    let cluster = Cluster::start(disks.clone(), settings());
    let mut session = Session::open(&cluster, "main").await;
    let leader = cluster.leader().await;
    let index = usize::try_from(leader.0 - 1).expect("small");
    let Disk::Mem(log, _) = &disks[index] else { unreachable!("in memory") };
    // From now on the leader's log refuses every write and sync.
    log.process_crash();
    session.mkdir(&cluster, "a").await;
    eventually("end of the node", async || cluster.has_ended(leader).then_some(())).await;
    assert_eq!(session.journal(&cluster).await, ["a"]);
}

#[tokio::test]
async fn a_request_that_is_too_large_is_told_the_limit() {
    let cluster =
        Cluster::start(vec![Disk::Mem(MemDisk::new(), MemDisk::new())], raft::Settings::default());
    let mut session = Session::open(&cluster, "main").await;
    let symlink = |number: usize| v1::Step {
        op: Some(v1::step::Op::Symlink(v1::Symlink {
            target: Some(v1::NodeRef { id: 0, path: number.to_string() }),
            to: "x".repeat(limits::SYMLINK_BYTES_MAX),
        })),
    };
    let steps = (0..1_100).map(symlink).collect();
    let steps = v1::Steps { ns: session.ns(), steps };
    let request = session.request(v1::mutate_request::Mutation::Steps(steps));
    let refused = mutate(&cluster, &request).await.expect_err("too large");
    let info = Info::of(&refused).expect("metad's own");
    assert_eq!(info.reason, Reason::LimitExceeded);
    assert_eq!(info.metadata[errors::LIMIT], limits::MESSAGE_BYTES);
    assert_eq!(info.number(errors::LIMIT_VALUE), Some(limits::MESSAGE_BYTES_MAX as u64));
}

#[tokio::test]
async fn a_node_without_room_makes_way_and_goes_on_once_there_is_some() {
    let disks = mem_disks();
    let set_free = |id: ServerId, bytes| {
        let Disk::Mem(log, _) = &disks[id.0 as usize - 1] else { panic!("a simulated disk") };
        log.set_free(bytes);
    };
    let cluster = Cluster::start(disks.clone(), settings());
    let mut session = Session::open(&cluster, "main").await;
    session.mkdir(&cluster, "a").await;

    let first = cluster.leader().await;
    set_free(first, 0);
    eventually("another leader", async || (cluster.leader().await != first).then_some(())).await;
    session.mkdir(&cluster, "b").await;
    let is_full = async |id| {
        let status = cluster.admin(id).status(v1::StatusRequest {}).await.expect("status");
        status.into_inner().disk_full
    };
    assert!(is_full(first).await);

    for id in cluster.running() {
        set_free(id, 0);
        eventually("a node that sees it", async || is_full(id).await.then_some(())).await;
    }
    let request = session.mkdirs(&["c".to_owned()]);
    eventually("a refusal", async || {
        let asked = cluster.files(cluster.leader().await).mutate(request.clone()).await;
        let info = Info::of(&asked.err()?)?;
        (info.reason == Reason::DiskFull)
            .then(|| assert_eq!(info.metadata["maybe_applied"], "false"))
    })
    .await;
    assert_eq!(session.list(&cluster).await.0, ["a", "b"]);

    cluster.running().into_iter().for_each(|id| set_free(id, u64::MAX));
    mutate(&cluster, &request).await.expect("there is room");
    cluster.converged().await;
    assert_eq!(session.list(&cluster).await.0, ["a", "b", "c"]);
}

#[tokio::test]
async fn a_node_whose_state_differs_from_that_of_the_majority_stops() {
    let disks = mem_disks();
    let often = raft::Settings { compare_every_ms: 100, ..settings() };
    let mut cluster = Cluster::start(disks.clone(), often);
    let mut session = Session::open(&cluster, "main").await;
    // While somebody writes, the others are past an entry by the time that they are asked.
    let is_compared = |id| cluster.handle(id).replica.compared().index() > 0;
    for name in 0.. {
        session.mkdir(&cluster, &format!("d{name}")).await;
        if cluster.running().into_iter().all(is_compared) {
            break;
        }
        assert!(name < 10_000, "nobody compares");
    }
    let differing = |id| cluster.handle(id).replica.compared().differing();
    assert!(cluster.running().into_iter().all(|id| differing(id) == 0));

    let wrong = ServerId(3);
    cluster.kill(wrong);
    let Disk::Mem(_, state) = &disks[2] else { panic!("a simulated disk") };
    let (state, all) = (state.open(), key::group_range(GROUP));
    let (lost, _) =
        state.view().expect("view").last(&all.start, &all.end).expect("read").expect("a record");
    state.write(vec![Write::Delete(lost)]).expect("write");
    state.sync().await.expect("sync");
    cluster.start_node(wrong);
    eventually("its end", async || cluster.has_ended(wrong).then_some(())).await;
    assert!(cluster.running().into_iter().all(|id| id == wrong || !cluster.has_ended(id)));
    session.mkdir(&cluster, "goes-on").await;
}
