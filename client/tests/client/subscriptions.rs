//! A subscription resumes at its cursor, on whatever node is there.

use metad_client::{
    Error, Event,
    errors::{Info, Reason},
    v1::{Change, Cursor, SubscribeReply},
};
use tonic::Status;

use crate::fake::{End, Messages, Node, Plot, Script, client};

fn cursor((revision, ordinal): (u64, u32)) -> Cursor {
    Cursor { revision, ordinal }
}

fn told(changes: &[(u64, u32)]) -> SubscribeReply {
    let change = |at: &(u64, u32)| Change { cursor: Some(cursor(*at)), ..Change::default() };
    SubscribeReply {
        revision: 50,
        node: 1,
        changes: changes.iter().map(change).collect(),
        cursor: None,
    }
}

fn plot(scripts: Vec<Messages<SubscribeReply>>) -> Plot {
    let subscribe = scripts.into_iter().map(Script::Answer).collect();
    Plot { subscribe, ..Plot::default() }
}

fn resumed_from(node: &Node) -> Vec<Option<Cursor>> {
    node.plot(|plot| plot.subscriptions.iter().map(|request| request.after).collect())
}

#[tokio::test]
async fn it_resumes_on_another_node_without_skipping_or_repeating() {
    let broken = End::Broken(Status::unavailable("going away"));
    let first =
        Node::start(1, plot(vec![(vec![told(&[(5, 0), (5, 1)]), told(&[(7, 0)])], broken)]));
    let second = Node::start(
        2,
        plot(vec![
            (vec![told(&[]), told(&[(9, 0)])], End::Clean),
            (vec![told(&[(9, 1)])], End::Open),
        ]),
    );
    let (first, second) = (first.await, second.await);
    let away = Script::Refuse(Status::unavailable("away"));
    first.plot(|plot| plot.subscribe.extend(vec![away; 1_000]));
    let client = client(&[&first, &second]);
    let mut subscription = client.subscribe(1, Some(cursor((4, 0))));
    let mut seen = Vec::new();
    while seen.len() < 5 {
        match subscription.next_event().await.expect("one of the nodes is there") {
            Event::Change(change) => seen.extend(change.cursor),
            Event::CaughtUp(revision) => assert_eq!(revision, 50),
        }
        assert_eq!(subscription.cursor(), seen.last().copied().or(Some(cursor((4, 0)))));
    }
    assert_eq!(seen, [(5, 0), (5, 1), (7, 0), (9, 0), (9, 1)].map(cursor));
    assert_eq!(resumed_from(&first)[0], Some(cursor((4, 0))));
    assert_eq!(resumed_from(&second)[0], Some(cursor((7, 0))));
    assert_eq!(resumed_from(&second)[1], Some(cursor((9, 0))));
}

#[tokio::test]
async fn a_repeated_change_is_a_fault() {
    let node =
        Node::start(1, plot(vec![(vec![told(&[(5, 0)]), told(&[(5, 0)])], End::Open)])).await;
    let mut subscription = client(&[&node]).subscribe(1, None);
    subscription.next_change().await.expect("the first time is fine");
    let error = subscription.next_change().await.expect_err("twice is not");
    assert!(matches!(error, Error::Fault { .. }), "{error:?}");
}

#[tokio::test]
async fn a_reset_cursor_is_told() {
    let reset = Script::Refuse(Info::new(Reason::CursorReset).status("too old"));
    let node = Node::start(1, Plot { subscribe: [reset].into(), ..Plot::default() }).await;
    let error = client(&[&node]).subscribe(1, None).next_change().await.expect_err("refused");
    assert_eq!(error.reason(), Some(Reason::CursorReset));
}

#[tokio::test]
async fn it_gives_up_at_the_deadline_and_can_go_on() {
    let away = Script::Refuse(Status::unavailable("away"));
    let node = Node::start(1, plot(vec![(vec![told(&[(5, 0)])], End::Clean)])).await;
    node.plot(|plot| plot.subscribe.extend(vec![away; 1_000]));
    let client = client(&[&node]);
    let mut subscription = client.subscribe(1, None);
    subscription.next_change().await.expect("it is told");
    let error = subscription.next_change().await.expect_err("the node is away");
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    let back = Script::Answer((vec![told(&[(6, 0)])], End::Open));
    node.plot(|plot| plot.subscribe = [back].into());
    let change = subscription.next_change().await.expect("the node is back");
    assert_eq!(change.cursor, Some(cursor((6, 0))));
}
