use std::sync::Arc;

use super::{super::conformance, *};

fn engine(folder: &Path) -> RocksEngine {
    let settings = Settings { memtable_size: 64 << 10, cache_size: 1 << 20 };
    RocksEngine::open(folder, settings).expect("open")
}

#[tokio::test]
async fn conforms() {
    let folder = tempfile::tempdir().expect("folder");
    let made = std::cell::Cell::new(0);
    let make = || -> Arc<dyn KvEngine> {
        made.set(made.get() + 1);
        Arc::new(engine(&folder.path().join(made.get().to_string())))
    };
    conformance::all(&make).await;
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
