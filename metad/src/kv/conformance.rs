//! The contract of [`KvEngine`], as checks that every engine passes.

use std::{collections::BTreeMap, sync::Arc};

use proptest::{collection::vec, prelude::*, test_runner::TestRunner};

use super::{KvEngine, KvRead, KvTxn, Pair, StorageFault, Txn, View, Write};

type Make<'a> = &'a dyn Fn() -> Arc<dyn KvEngine>;

/// All checks, each on a new engine.
pub async fn all(make: Make<'_>) {
    batches_and_views(&*make());
    bounds(&*make());
    ranges_are_deleted(&*make());
    against_a_model(make);
    transactions_against_a_model(make);
    syncs(&*make()).await;
    checkpoints(make).await;
    damaged_checkpoints_are_refused(make).await;
}

fn put(key: &str, value: &str) -> Write {
    Write::Put(key.into(), value.into())
}

fn text(pairs: Vec<Pair>) -> String {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    let pairs = pairs.into_iter().map(|(key, value)| format!("{}={}", text(key), text(value)));
    pairs.collect::<Vec<_>>().join(" ")
}

fn scan(view: &dyn KvRead, from: &str, to: &str) -> String {
    let pairs = view.scan(from.as_bytes(), to.as_bytes());
    text(pairs.collect::<Result<_, _>>().expect("scan"))
}

fn last(view: &dyn KvRead, from: &str, to: &str) -> String {
    let last = view.last(from.as_bytes(), to.as_bytes()).expect("last");
    text(last.into_iter().collect())
}

fn everything(view: &dyn KvRead) -> String {
    scan(view, "", "~")
}

fn view(engine: &dyn KvEngine) -> View {
    engine.view().expect("view")
}

fn batches_and_views(engine: &dyn KvEngine) {
    assert_eq!(everything(&*view(engine)), "");
    engine.write(vec![put("a", "1"), put("b", "1"), put("a", "2")]).expect("write");
    let before = view(engine);
    engine.write(vec![Write::Delete(b"a".to_vec()), put("c", "3")]).expect("write");
    engine.write(Vec::new()).expect("write nothing");
    assert_eq!(everything(&*before), "a=2 b=1");
    assert_eq!(everything(&*view(engine)), "b=1 c=3");
    assert_eq!(before.get(b"a").expect("get"), Some(b"2".to_vec()));
    assert_eq!(before.get(b"c").expect("get"), None);
}

fn bounds(engine: &dyn KvEngine) {
    engine.write(vec![put("a", "1"), put("b", "2"), put("bb", "3"), put("c", "4")]).expect("write");
    let view = view(engine);
    assert_eq!(scan(&*view, "b", "c"), "b=2 bb=3");
    assert_eq!(scan(&*view, "b", "b"), "");
    assert_eq!(scan(&*view, "c", "a"), "");
    assert_eq!(last(&*view, "a", "c"), "bb=3");
    assert_eq!(last(&*view, "a", "~"), "c=4");
    assert_eq!(last(&*view, "a", "a"), "");
    assert_eq!(last(&*view, "d", "~"), "");
    assert_eq!(last(&*view, "", "a"), "");
}

fn ranges_are_deleted(engine: &dyn KvEngine) {
    engine.write(vec![put("a", "1"), put("b", "2"), put("c", "3")]).expect("write");
    let range = |from: &str, to: &str| Write::DeleteRange(from.into(), to.into());
    engine.write(vec![range("b", "c"), range("c", "c"), put("bb", "4")]).expect("write");
    assert_eq!(everything(&*view(engine)), "a=1 bb=4 c=3");
    engine.write(vec![put("b", "5"), range("a", "c")]).expect("write");
    assert_eq!(everything(&*view(engine)), "c=3");
}

fn key() -> impl Strategy<Value = String> {
    "[a-c]{1,2}"
}

fn write() -> impl Strategy<Value = Write> {
    prop_oneof![
        4 => (key(), "[0-9]").prop_map(|(key, value)| put(&key, &value)),
        2 => key().prop_map(|key| Write::Delete(key.into())),
        1 => (key(), key()).prop_map(|(from, to)| Write::DeleteRange(from.into(), to.into())),
    ]
}

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

fn apply(model: &mut Model, write: &Write) {
    match write {
        Write::Put(key, value) => drop(model.insert(key.clone(), value.clone())),
        Write::Delete(key) => drop(model.remove(key)),
        Write::DeleteRange(from, to) => model.retain(|key, _| key < from || key >= to),
    }
}

fn same(view: &dyn KvRead, model: &Model, from: &str, to: &str) -> Result<(), TestCaseError> {
    let (first, end) = (from.as_bytes().to_vec(), to.as_bytes().to_vec());
    let range = if first < end { model.range(first..end) } else { model.range(vec![]..vec![]) };
    let pairs = range.map(|(key, value)| (key.clone(), value.clone())).collect::<Vec<_>>();
    prop_assert_eq!(last(view, from, to), text(pairs.last().cloned().into_iter().collect()));
    prop_assert_eq!(scan(view, from, to), text(pairs));
    prop_assert_eq!(view.get(from.as_bytes()).expect("get"), model.get(from.as_bytes()).cloned());
    Ok(())
}

fn run<S: Strategy>(strategy: S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let config = ProptestConfig { cases: 32, failure_persistence: None, ..Default::default() };
    TestRunner::new(config).run(&strategy, test).expect("as the model");
}

fn against_a_model(make: Make<'_>) {
    run((vec(vec(write(), 0..5), 0..9), key(), key()), |(batches, from, to)| {
        let (engine, mut model) = (make(), Model::new());
        for batch in batches {
            batch.iter().for_each(|write| apply(&mut model, write));
            engine.write(batch).expect("write");
            same(&*view(&*engine), &model, &from, &to)?;
        }
        Ok(())
    });
}

fn transactions_against_a_model(make: Make<'_>) {
    run((vec(write(), 0..9), vec(write(), 0..9), key(), key()), |(base, steps, from, to)| {
        let (engine, mut model) = (make(), Model::new());
        base.iter().for_each(|write| apply(&mut model, write));
        engine.write(base).expect("write");
        let mut txn = Txn::new(view(&*engine));
        for step in &steps {
            match step {
                Write::Put(key, value) => txn.put(key.clone(), value.clone()),
                Write::Delete(key) => txn.delete(key.clone()),
                Write::DeleteRange(..) => continue,
            }
            apply(&mut model, step);
            same(&txn, &model, &from, &to)?;
        }
        engine.write(txn.into_batch()).expect("write");
        same(&*view(&*engine), &model, &from, &to)
    });
}

async fn syncs(engine: &dyn KvEngine) {
    engine.write(vec![put("a", "1")]).expect("write");
    let syncs = futures::future::join_all((0..9).map(|_| engine.sync())).await;
    assert!(syncs.iter().all(Result::is_ok));
}

/// Sends a checkpoint's files to another engine, through `damage`.
fn send(
    from: &super::Checkpoint,
    to: &dyn KvEngine,
    damage: impl Fn(usize, Vec<u8>) -> Option<Vec<u8>>,
) -> Result<super::Checkpoint, StorageFault> {
    let mut incoming = to.incoming().expect("incoming");
    for (index, file) in from.0.files().iter().enumerate() {
        let mut data = Vec::new();
        while (data.len() as u64) < file.size {
            data.extend(from.0.read(index, data.len() as u64, 1_000).expect("read"));
        }
        assert_eq!(crc32c::crc32c(&data), file.crc32c);
        let Some(data) = damage(index, data) else { continue };
        incoming.append(file, &[])?;
        for part in data.chunks(700) {
            incoming.append(file, part)?;
        }
    }
    incoming.finish(from.0.files())
}

fn filled(make: Make<'_>) -> Arc<dyn KvEngine> {
    let engine = make();
    for index in 0..2_000 {
        engine.write(vec![put(&format!("k{index:05}"), &index.to_string())]).expect("write");
    }
    engine
}

async fn checkpoints(make: Make<'_>) {
    let source = filled(make);
    let before = view(&*source);
    let checkpoint = source.checkpoint().await.expect("checkpoint");
    source.write(vec![put("later", "1")]).expect("write");

    let target = make();
    target.write(vec![put("old", "1")]).expect("write");
    let old = view(&*target);
    let sent = send(&checkpoint, &*target, |_, data| Some(data)).expect("send");
    target.install(&sent).await.expect("install");
    drop(sent);
    assert_eq!(everything(&*old), "old=1");
    assert_eq!(everything(&*view(&*target)), everything(&*before));

    // The store goes on from there, and makes checkpoints of its own.
    target.write(vec![put("next", "1")]).expect("write");
    target.sync().await.expect("sync");
    let again = target.checkpoint().await.expect("checkpoint");
    let third = make();
    let sent = send(&again, &*third, |_, data| Some(data)).expect("send");
    third.install(&sent).await.expect("install");
    assert_eq!(everything(&*view(&*third)), everything(&*view(&*target)));
}

async fn damaged_checkpoints_are_refused(make: Make<'_>) {
    let checkpoint = filled(make).checkpoint().await.expect("checkpoint");
    let target = make();
    target.write(vec![put("old", "1")]).expect("write");
    let flipped = send(&checkpoint, &*target, |_, mut data| {
        if let Some(byte) = data.first_mut() {
            *byte ^= 1;
        }
        Some(data)
    });
    let cut = send(&checkpoint, &*target, |_, mut data| {
        data.pop();
        Some(data)
    });
    let missing = send(&checkpoint, &*target, |index, data| (index > 0).then_some(data));
    for damaged in [flipped, cut, missing] {
        assert!(matches!(damaged, Err(StorageFault::Corrupt { .. })), "{damaged:?}");
    }
    assert_eq!(everything(&*view(&*target)), "old=1");
}
