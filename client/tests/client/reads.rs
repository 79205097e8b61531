//! Reads are retried; a listing is whole or an error.

use metad_client::{
    Error, Level,
    errors::{Info, Reason},
    locks,
    steps::at,
    v1::{self, DiffReply, Difference, ListReply, ListRequest, Node as Entry, StatReply},
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

fn stat_of(node: u64) -> Script<StatReply> {
    let stat = Some(Entry { id: 3, ..Entry::default() });
    Script::Answer(StatReply { revision: 5, node, stat, ..StatReply::default() })
}

fn stats(node: &Node) -> Vec<Option<v1::Consistency>> {
    node.plot(|plot| plot.stats.iter().map(|request| request.consistency).collect())
}

#[tokio::test]
async fn reads_that_any_node_can_answer_go_round() {
    let plot = |node| Plot { stat: vec![stat_of(node); 10].into(), ..Plot::default() };
    let (first, second) = (Node::start(1, plot(1)).await, Node::start(2, plot(2)).await);
    let client = client(&[&first, &second]);
    for level in [Level::Any, Level::AtLeast(7)] {
        for _ in 0..2 {
            client.reading(level).stat(1, at("/a")).await.expect("one of them answers");
        }
    }
    assert_eq!((stats(&first).len(), stats(&second).len()), (2, 2));
    // The others go to the one that leads, as far as is known.
    for level in [Level::Lease, Level::Linearizable] {
        client.reading(level).stat(1, at("/a")).await.expect("the first answers");
    }
    client.stat(1, at("/a")).await.expect("the first answers");
    assert_eq!((stats(&first).len(), stats(&second).len()), (5, 2));
    assert_eq!(stats(&first)[4], None);
}

#[tokio::test]
async fn a_node_that_is_away_is_passed_over() {
    let plot = Plot { stat: vec![stat_of(1); 10].into(), ..Plot::default() };
    let here = Node::start(1, plot).await;
    let away = Script::Refuse(Status::unavailable("away"));
    let away = Node::start(2, Plot { stat: vec![away; 10].into(), ..Plot::default() }).await;
    let client = client(&[&away, &here]).reading(Level::Any);
    for _ in 0..3 {
        client.stat(1, at("/a")).await.expect("the other one answers");
    }
    assert_eq!(stats(&here).len(), 3);
}

fn found(revision: u64, paths: &[&str], done: bool) -> ListReply {
    let entry = |path: &&str| Entry { path: (*path).to_owned(), ..Entry::default() };
    ListReply { entries: paths.iter().map(entry).collect(), ..part(revision, &[], done) }
}

async fn list_all(
    scripts: Vec<Script<(Vec<ListReply>, End)>>,
    limit: u64,
) -> (Result<String, Error>, Vec<ListRequest>) {
    let node = Node::start(1, Plot { list: scripts.into(), ..Plot::default() }).await;
    let (target, recursive) = (Some(at("/")), true);
    let page = ListRequest { ns: 1, target, recursive, limit, ..ListRequest::default() };
    let reply = client(&[&node]).list_page(page).await;
    let paths = |entries: Vec<Entry>| {
        entries.into_iter().map(|entry| entry.path).collect::<Vec<_>>().join(" ")
    };
    (reply.map(|reply| format!("{}: {}", reply.revision, paths(reply.value))), {
        node.plot(|plot| plot.lists.clone())
    })
}

#[tokio::test]
async fn a_recursive_listing_goes_on_where_it_was_cut() {
    let (listed, requests) = list_all(
        vec![
            Script::Answer((vec![found(8, &["a", "a/b"], false)], End::Clean)),
            Script::Refuse(Status::unavailable("away")),
            Script::Answer((vec![found(8, &["c"], false), found(8, &["d"], true)], End::Clean)),
        ],
        3,
    )
    .await;
    assert_eq!(listed.expect("it goes on"), "8: a a/b c");
    let asked: Vec<_> =
        requests.iter().map(|r| (r.after.as_str(), r.at_revision, r.limit)).collect();
    assert_eq!(asked, [("", 0, 3), ("a/b", 8, 1), ("a/b", 8, 1)]);
}

#[tokio::test]
async fn a_recursive_listing_whose_rest_is_gone_starts_over() {
    let compacted = Info::new(Reason::RevisionCompacted).status("too old");
    let (listed, requests) = list_all(
        vec![
            Script::Answer((vec![found(8, &["a"], false)], End::Clean)),
            Script::Refuse(compacted.clone()),
            Script::Answer((vec![found(9, &["b"], true)], End::Clean)),
        ],
        0,
    )
    .await;
    assert_eq!(listed.expect("the second time it is whole"), "9: b");
    assert_eq!((requests[2].after.as_str(), requests[2].at_revision), ("", 0));
    let (refused, _) = list_all(vec![Script::Refuse(compacted)], 0).await;
    let reason = refused.expect_err("it is the answer").reason();
    assert_eq!(reason, Some(Reason::RevisionCompacted));
}

#[tokio::test]
async fn a_diff_is_whole() {
    let part = |id, done| {
        let differences =
            vec![Difference { after: Some(Entry { id, ..Entry::default() }), before: None }];
        DiffReply { revision: 9, differences, done, ..DiffReply::default() }
    };
    let diff = [
        Script::Answer((vec![part(1, false)], End::Clean)),
        Script::Answer((vec![part(1, false), part(2, true)], End::Clean)),
    ];
    let node = Node::start(1, Plot { diff: diff.into(), ..Plot::default() }).await;
    let reply = client(&[&node]).diff(1, 5, 0).await.expect("the second one is whole");
    let ids = reply.value.iter().filter_map(|d| Some(d.after.as_ref()?.id)).collect::<Vec<_>>();
    assert_eq!((reply.revision, ids), (9, vec![1, 2]));
}

#[tokio::test]
async fn namespaces_come_in_several_messages() {
    let part = |ids: &[u64], done| {
        let namespaces = ids.iter().map(|id| v1::Namespace { id: *id, ..Default::default() });
        let namespaces = namespaces.collect();
        v1::ListNamespacesReply { revision: 9, namespaces, done, ..Default::default() }
    };
    let namespaces = [
        Script::Answer((vec![part(&[1, 2], false)], End::Clean)),
        Script::Answer((vec![part(&[1, 2], false), part(&[3], true)], End::Clean)),
    ];
    let node = Node::start(1, Plot { namespaces: namespaces.into(), ..Plot::default() }).await;
    let reply = client(&[&node]).list_namespaces().await.expect("the second one is whole");
    let ids = reply.value.iter().map(|namespace| namespace.id).collect::<Vec<_>>();
    assert_eq!((reply.revision, ids), (9, vec![1, 2, 3]));
}

#[tokio::test]
async fn each_target_has_a_result() {
    let node = Node::start(1, Plot::default()).await;
    let client = client(&[&node]);
    let asking = |count| v1::BatchStatRequest {
        ns: 1,
        targets: vec![at("/a"); count],
        ..v1::BatchStatRequest::default()
    };
    assert_eq!(client.batch_stat(asking(2)).await.expect("it is answered").value.len(), 2);
    let error = client.batch_stat(asking(1_001)).await.expect_err("too many");
    assert!(matches!(error, Error::Invalid(_)), "{error:?}");
    assert!(client.get_lock(locks::lock(1, at("/a"), "")).await.expect("answered").value.is_none());
    assert_eq!(
        client.get_namespace(4).await.expect("answered").value.namespace.expect("one").id,
        4
    );
}
