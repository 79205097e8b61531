use openraft::{RaftLogReader as _, type_config::TypeConfigExt as _};

use super::*;
use crate::records::identity::FORMAT;
use crate::{
    kv::mem::MemDisk,
    raft::types::{Payload, Proposal},
    records::entry::Position,
};

fn entries(term: u64, indexes: std::ops::Range<u64>) -> Vec<Entry> {
    let entry = |index| Entry {
        log_id: convert::log_id(Position { term, index }),
        payload: Payload::Normal(Proposal(format!("{term}.{index}").into())),
    };
    indexes.map(entry).collect()
}

async fn open(disk: &MemDisk) -> LogStore {
    let durable = Arc::new(Durable::default());
    durable.advance(100);
    let (store, syncing) =
        LogStore::open(Arc::new(disk.open()), GroupId(1), durable, FORMAT).await.expect("open");
    tokio::spawn(syncing);
    store
}

async fn append(store: &mut LogStore, entries: Vec<Entry>) {
    let (done, synced) = TypeConfig::oneshot();
    store.append(entries, IOFlushed::signal(done)).await.expect("append");
    synced.await.expect("answer").expect("synced");
}

async fn terms(store: &mut LogStore) -> String {
    let entries = store.get_log_reader().await.try_get_log_entries(..).await.expect("read");
    let text = |entry: &Entry| format!("{}.{}", entry.log_id.leader_id, entry.log_id.index);
    entries.iter().map(text).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn what_is_acknowledged_survives_a_power_loss() {
    let disk = MemDisk::new();
    let mut store = open(&disk).await;
    append(&mut store, entries(1, 0..3)).await;
    store.append(entries(1, 3..5), IOFlushed::noop()).await.expect("append");
    assert_eq!(terms(&mut store).await, "1.0 1.1 1.2 1.3 1.4");
    disk.power_loss(|_| 0);
    assert_eq!(terms(&mut open(&disk).await).await, "1.0 1.1 1.2");
}

#[tokio::test]
async fn a_vote_is_on_disk_before_it_is_answered_for() {
    let disk = MemDisk::new();
    let vote = Vote::new(7, 2);
    open(&disk).await.save_vote(&vote).await.expect("save");
    disk.power_loss(|_| 0);
    let mut reader = open(&disk).await.get_log_reader().await;
    assert_eq!(reader.read_vote().await.expect("read"), Some(vote));
}

#[tokio::test]
async fn what_a_restarted_node_reads_is_on_disk() {
    let disk = MemDisk::new();
    let engine = disk.open();
    let vote = records::vote::encode(&convert::stored_vote(&Vote::new(7, 2)));
    engine.write(vec![Write::Put(key::vote(GroupId(1)), vote)]).expect("write");
    disk.process_crash();
    let mut reader = open(&disk).await.get_log_reader().await;
    let before = reader.read_vote().await.expect("read");
    disk.power_loss(|_| 0);
    let mut reader = open(&disk).await.get_log_reader().await;
    assert_eq!(reader.read_vote().await.expect("read"), before);
}

#[tokio::test]
async fn truncated_and_purged_entries_are_gone_after_a_restart() {
    let disk = MemDisk::new();
    let mut store = open(&disk).await;
    append(&mut store, entries(1, 0..9)).await;
    let at = |term, index| convert::log_id(Position { term, index });
    store.truncate_after(Some(at(1, 5))).await.expect("truncate");
    append(&mut store, entries(2, 6..8)).await;
    store.purge(at(1, 3)).await.expect("purge");
    assert_eq!(terms(&mut store).await, "1.4 1.5 2.6 2.7");
    disk.power_loss(|_| 0);
    let mut store = open(&disk).await;
    assert_eq!(terms(&mut store).await, "1.4 1.5 2.6 2.7");
    let state = store.get_log_state().await.expect("state");
    assert_eq!(state.last_purged_log_id, Some(at(1, 3)));
    assert_eq!(state.last_log_id, Some(at(2, 7)));
}

#[tokio::test]
#[should_panic = "would be purged"]
async fn nothing_is_purged_that_the_state_could_lose() {
    let mut store = open(&MemDisk::new()).await;
    let _ = store.purge(convert::log_id(Position { term: 1, index: 101 })).await;
}
