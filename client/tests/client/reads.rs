//! Reads are retried; a listing is whole or an error.

use metad_client::{
    Error,
    steps::at,
    v1::{ListReply, Node as Entry, StatReply},
};
use tonic::Status;

use crate::fake::{End, Node, Plot, Script, client};

fn part(revision: u64, names: &[&str], done: bool) -> ListReply {
    let entry = |name: &&str| Entry { name: (*name).to_owned(), ..Entry::default() };
    ListReply {
        revision,
        node: 1,
        entries: names.iter().map(entry).collect(),
        done,
        ..ListReply::default()
    }
}

async fn list(scripts: Vec<(Vec<ListReply>, End)>) -> Result<(u64, Vec<String>), Error> {
    let list = scripts.into_iter().map(Script::Answer).collect();
    let node = Node::start(1, Plot { list, ..Plot::default() }).await;
    let reply = client(&[&node]).list(1, at("/")).await?;
    Ok((reply.revision, reply.value.into_iter().map(|entry| entry.name).collect()))
}

#[tokio::test]
async fn a_cut_listing_starts_over() {
    let whole = vec![part(9, &["a", "b"], false), part(9, &["c"], true)];
    let reply = list(vec![
        (vec![part(8, &["a"], false)], End::Clean),
        (vec![part(8, &["a"], false)], End::Broken(Status::unavailable("gone"))),
        (vec![part(8, &["a"], false)], End::Open),
        (whole, End::Clean),
    ]);
    let (revision, names) = reply.await.expect("the last one is whole");
    assert_eq!((revision, names.concat()), (9, "abc".to_owned()));
}

#[tokio::test]
async fn a_listing_of_two_revisions_starts_over() {
    let mixed = vec![part(8, &["a"], false), part(9, &["b"], true)];
    let reply = list(vec![(mixed, End::Clean), (vec![part(9, &["a"], true)], End::Clean)]);
    assert_eq!(reply.await.expect("the last one is whole"), (9, vec!["a".to_owned()]));
}

#[tokio::test]
async fn a_listing_that_is_always_cut_is_an_error() {
    let cut = (vec![part(8, &["a"], false)], End::Clean);
    let error = list(vec![cut; 1_000]).await.expect_err("never whole");
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
}

#[tokio::test]
async fn a_read_goes_on_to_the_next_node() {
    let slow = Node::start(1, Plot { stat: [Script::Hang].into(), ..Plot::default() }).await;
    let stat = StatReply {
        revision: 5,
        node: 2,
        stat: Some(Entry { id: 3, ..Entry::default() }),
        ..StatReply::default()
    };
    let quick = Node::start(2, Plot { stat: [Script::Answer(stat)].into(), ..Plot::default() });
    let quick = quick.await;
    let reply = client(&[&slow, &quick]).stat(1, at("/a")).await.expect("the second answers");
    assert_eq!((reply.node, reply.value.id), (2, 3));
}
