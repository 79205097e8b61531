use std::sync::Arc;

use super::{super::conformance, *};

fn engine(folder: &Path) -> RocksEngine {
    open(folder, true)
}

fn open(folder: &Path, is_logged: bool) -> RocksEngine {
    let settings = Settings { memtable_size: 64 << 10, cache_size: 1 << 20, is_logged };
    RocksEngine::open(folder, settings).expect("open")
}

#[tokio::test]
async fn conforms() {
    for is_logged in [true, false] {
        let folder = tempfile::tempdir().expect("folder");
        let made = std::cell::Cell::new(0);
        let make = || -> Arc<dyn KvEngine> {
            made.set(made.get() + 1);
            Arc::new(open(&folder.path().join(made.get().to_string()), is_logged))
        };
        conformance::all(&make).await;
    }
}

#[tokio::test]
async fn without_a_log_a_kill_leaves_what_was_synced() {
    let (folder, killed) = (tempfile::tempdir().expect("folder"), tempfile::tempdir().expect("it"));
    let store = open(folder.path(), false);
    let put = |key: &[u8]| vec![Write::Put(key.to_vec(), b"1".to_vec())];
    store.write(put(b"synced")).expect("write");
    store.sync().await.expect("sync");
    store.write(put(b"not")).expect("write");
    for part in ["ACTIVE", "data-1"] {
        let copied = std::process::Command::new("cp")
            .arg("-r")
            .args([folder.path().join(part), killed.path().join(part)])
            .status();
        assert!(copied.expect("cp").success());
    }
    let view = open(killed.path(), false).view().expect("view");
    assert!(view.get(b"synced").expect("get").is_some());
    assert!(view.get(b"not").expect("get").is_none());
}

#[tokio::test]
async fn what_was_written_is_there_after_reopening() {
    let folder = tempfile::tempdir().expect("folder");
    let store = engine(folder.path());
    store.write(vec![Write::Put(b"a".to_vec(), b"1".to_vec())]).expect("write");
    store.sync().await.expect("sync");
    drop(store);
    let view = engine(folder.path()).view().expect("view");
    assert_eq!(view.get(b"a").expect("get"), Some(b"1".to_vec()));
}

#[tokio::test]
async fn an_installed_state_is_there_after_reopening_and_nothing_is_left_behind() {
    let folder = tempfile::tempdir().expect("folder");
    let store = engine(folder.path());
    store.write(vec![Write::Put(b"a".to_vec(), b"1".to_vec())]).expect("write");
    let checkpoint = store.checkpoint().await.expect("checkpoint");
    store.write(vec![Write::Put(b"a".to_vec(), b"2".to_vec())]).expect("write");
    store.install(&checkpoint).await.expect("install");
    // The checkpoint was opened as a database, and is whole all the same.
    store.write(vec![Write::Put(b"a".to_vec(), b"3".to_vec())]).expect("write");
    store.install(&checkpoint).await.expect("install again");
    drop((store, checkpoint));
    let store = engine(folder.path());
    let value = store.view().expect("view").get(b"a").expect("get");
    assert_eq!(value, Some(b"1".to_vec()));
    let mut left: Vec<_> = std::fs::read_dir(folder.path())
        .expect("read")
        .map(|entry| entry.expect("entry").file_name().into_string().expect("name"))
        .collect();
    left.sort();
    assert_eq!(left, ["ACTIVE", "data-3"]);
}

#[test]
fn a_folder_in_use_is_refused() {
    let folder = tempfile::tempdir().expect("folder");
    let _first = engine(folder.path());
    match RocksEngine::open(folder.path(), Settings::default()) {
        Err(StorageFault::Io { source, .. }) => {
            assert_eq!(source.kind(), std::io::ErrorKind::ResourceBusy);
        }
        other => panic!("expected a refusal, not {:?}", other.map(|_| ())),
    }
}

fn wal(folder: &Path) -> std::path::PathBuf {
    let files = std::fs::read_dir(folder.join("data-1")).expect("read");
    let mut logs = files.map(|entry| entry.expect("entry").path());
    logs.find(|path| path.extension().is_some_and(|end| end == "log")).expect("a log")
}

async fn written(folder: &Path, count: u32) -> Vec<u8> {
    let store = engine(folder);
    for number in 0..count {
        let key = number.to_be_bytes().to_vec();
        store.write(vec![Write::Put(key, vec![7; 100])]).expect("write");
    }
    store.sync().await.expect("sync");
    let bytes = std::fs::read(wal(folder)).expect("read");
    drop(store);
    bytes
}

/// As a crash leaves it: RocksDB does not write more when it is closed.
fn left(folder: &Path, bytes: &[u8]) {
    std::fs::write(wal(folder), bytes).expect("write");
}

#[tokio::test]
async fn damage_in_what_was_synced_is_a_fault_and_not_an_end() {
    let folder = tempfile::tempdir().expect("folder");
    let mut bytes = written(folder.path(), 100).await;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    left(folder.path(), &bytes);
    let opened = RocksEngine::open(folder.path(), Settings::default());
    assert!(matches!(opened, Err(StorageFault::Corrupt { .. })), "{:?}", opened.map(|_| ()));
}

#[tokio::test]
async fn a_torn_end_loses_the_last_write_alone() {
    let folder = tempfile::tempdir().expect("folder");
    let bytes = written(folder.path(), 100).await;
    left(folder.path(), &bytes[..bytes.len() - 9]);
    let view = engine(folder.path()).view().expect("view");
    let last = view.last(&[], &[u8::MAX]).expect("last").expect("some");
    assert_eq!(last.0, 98u32.to_be_bytes());
}
