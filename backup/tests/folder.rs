//! Backups in a folder: what is written is read, and what is not whole is told.

use std::{
    fs,
    path::{Path, PathBuf},
};

use metad_backup::{Backup, Error, Head, Made, Place, Writer, list};
use metad_proto::state_hash::StateHasher;
use tempfile::TempDir;

/// Some records; `changed` has another value.
fn records(changed: u64) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    (1..=30_000_u64).map(move |key| {
        let value = if key == changed { 1 } else { 7 };
        (key.to_be_bytes().to_vec(), vec![value; 60])
    })
}

fn head(revision: u64) -> Head {
    let cluster = "home".to_owned();
    Head {
        cluster,
        group: 1,
        stored_format: 4,
        revision,
        applied_index: revision,
        time_ms: 5,
        digest: String::new(),
    }
}

async fn back_up(place: &Place, changed: u64) -> Made {
    let mut writer = Writer::begin(place.clone()).await.expect("begin");
    let mut hasher = StateHasher::default();
    for (key, value) in records(changed) {
        hasher.add(&key, &value);
        writer.add(&key, &value).await.expect("add");
    }
    let hash = hasher.hash().to_be_bytes();
    writer.finish(head(changed), None, (hasher.records(), &hash)).await.expect("finish")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("entry").path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

fn place() -> (TempDir, Place) {
    let folder = TempDir::new().expect("a folder");
    let place = Place::create(folder.path().join("b").to_str().expect("text")).expect("made");
    (folder, place)
}

async fn verify(backup: &Backup) -> Result<usize, Error> {
    let mut count = 0;
    backup
        .read(|records| {
            count += records.len();
            Ok(())
        })
        .await?;
    Ok(count)
}

#[tokio::test]
async fn what_is_written_is_read_and_what_is_there_is_not_written_again() {
    let (_folder, place) = place();
    let first = back_up(&place, 0).await;
    assert!(first.new_chunks > 10, "{first:?}");
    assert_eq!(first.new_chunks, first.manifest.chunks.len() as u64);
    let second = back_up(&place, 15_000).await;
    assert_eq!(second.new_chunks, 1, "one record differs");
    let same = back_up(&place, 15_000).await;
    assert_eq!((same.new_chunks, same.new_bytes), (0, 0));

    let listed = list(&place).await.expect("list");
    let names: Vec<_> = listed.iter().map(|backup| backup.name.clone()).collect();
    assert_eq!(names, [first.manifest.name(), second.manifest.name()]);
    let latest = Backup::open(&place, None).await.expect("open");
    assert_eq!(latest.manifest, second.manifest);
    let mut read = Vec::new();
    let gather = |records| {
        read.extend(records);
        Ok(())
    };
    latest.read(gather).await.expect("read");
    let read = read.into_iter().map(|record: metad_backup::Record| (record.key, record.value));
    assert!(read.eq(records(15_000)));
}

#[tokio::test]
async fn damage_is_told_by_its_name() {
    let (folder, place) = place();
    back_up(&place, 0).await;
    let backup = Backup::open(&place, None).await.expect("open");
    assert_eq!(verify(&backup).await.expect("sound"), 30_000);
    let chunk = files(&folder.path().join("b/chunks")).pop().expect("a chunk");
    let name = chunk.file_name().expect("a name").to_str().expect("text").to_owned();
    let whole = fs::read(&chunk).expect("read");
    for spoiled in [&whole[..whole.len() / 2], b"", &[&whole[..9], &[0; 9], &whole[18..]].concat()]
    {
        fs::write(&chunk, spoiled).expect("write");
        let why = verify(&backup).await.expect_err("damaged").to_string();
        assert!(why.contains(&name) && why.contains("damaged"), "{why}");
    }
    fs::remove_file(&chunk).expect("remove");
    let why = verify(&backup).await.expect_err("gone").to_string();
    assert!(why.contains(&name) && why.contains("it is gone"), "{why}");
}

#[tokio::test]
async fn what_was_cut_off_is_no_backup() {
    let (folder, place) = place();
    let mut writer = Writer::begin(place.clone()).await.expect("begin");
    for (key, value) in records(0).take(20_000) {
        writer.add(&key, &value).await.expect("add");
    }
    drop(writer);
    assert!(list(&place).await.expect("list").is_empty());
    let why = Backup::open(&place, None).await.err().expect("none").to_string();
    assert!(why.contains("there is no backup"), "{why}");

    // What a node tells must be what it said it would.
    let mut writer = Writer::begin(place.clone()).await.expect("begin");
    writer.add(b"b", b"").await.expect("add");
    assert!(matches!(writer.add(b"a", b"").await, Err(Error::Told(_))), "out of order");
    let ended = writer.finish(head(1), None, (1, &[0; 16])).await;
    assert!(matches!(ended, Err(Error::Told(_))), "{ended:?}");
    assert!(files(&folder.path().join("b/backups")).is_empty());
}

#[test]
fn a_place_that_makes_no_sense_is_told() {
    for (place, expected) in [
        ("/nowhere/at/all", "there is no such folder"),
        ("ftp://host/folder", "ftp:// is not known"),
    ] {
        let why = Place::open(place).err().expect("refused").to_string();
        assert!(why.contains(expected) && why.contains("s3://BUCKET/FOLDER"), "{why}");
    }
}

#[tokio::test]
async fn a_journal_goes_on_from_a_backup() {
    let (_folder, place) = place();
    let base = back_up(&place, 3).await.manifest;
    let goes_on = async |revision: u64, after: String| {
        let writer = Writer::begin(place.clone()).await.expect("begin");
        let hash = StateHasher::default().hash().to_be_bytes();
        let made = writer.finish(head(revision), Some(after), (0, &hash)).await;
        made.expect("finish").manifest
    };
    let journal = goes_on(5, base.name()).await;
    let later = goes_on(8, journal.name()).await;
    let names = async |backup: Backup| -> Vec<String> {
        let chain = backup.chain().await.expect("a chain");
        chain.iter().map(|backup| backup.manifest.name()).collect()
    };
    let found = Backup::reaching(&place, 4).await.expect("found");
    assert_eq!(names(found).await, [base.name(), journal.name()]);
    let found = Backup::open(&place, Some(&later.name())).await.expect("found");
    assert_eq!(names(found).await, [base.name(), journal.name(), later.name()]);
    assert!(Backup::reaching(&place, 9).await.is_err(), "none reaches it");

    let wrong = goes_on(2, later.name()).await;
    let wrong = Backup::open(&place, Some(&wrong.name())).await.expect("found");
    let why = wrong.chain().await.err().expect("it goes back").to_string();
    assert!(why.contains("does not go on from"), "{why}");
}
