//! Retries carry one request id; outcomes are called what they are.

use std::time::Duration;

use metad_client::{
    Error,
    errors::{self, Info, Reason},
    locks, steps,
    v1::{self, MutateReply, RequestId, mutate_reply},
};
use tonic::Status;

use crate::fake::{Node, Plot, Script, client, client_of, mutated};

fn plot(mutate: impl IntoIterator<Item = Script<metad_client::v1::MutateReply>>) -> Plot {
    Plot { mutate: mutate.into_iter().collect(), ..Plot::default() }
}

fn requests(node: &Node) -> Vec<RequestId> {
    let id = |request: &metad_client::v1::MutateRequest| request.request.expect("it has an id");
    node.plot(|plot| plot.mutations.iter().map(id).collect())
}

fn not_applied(reason: Reason) -> Status {
    Info::new(reason).with(errors::MAYBE_APPLIED, false).status("not now")
}

#[tokio::test]
async fn a_retry_carries_the_same_request() {
    let broken = Script::Refuse(Status::unavailable("connection reset"));
    let node =
        Node::start(1, plot([broken.clone(), Script::Hang, Script::Answer(mutated(7))])).await;
    let client = client(&[&node]);
    let reply = client.mkdir(1, "/a").await.expect("the third attempt is answered");
    assert_eq!((reply.revision, reply.value.id), (7, 17));
    let id = RequestId { client_id: 1, sequence: 1 };
    assert_eq!(requests(&node), [id; 3]);
    client.mkdir(1, "/b").await.expect("it is answered");
    assert_eq!(requests(&node)[3], RequestId { client_id: 1, sequence: 2 });
    let first_pending = |plot: &mut Plot| plot.mutations[3].first_pending;
    assert_eq!(node.plot(first_pending), 2, "the first one may be forgotten");
}

#[tokio::test]
async fn a_redirection_is_followed_and_remembered() {
    let leader = Node::start(2, Plot::default()).await;
    let follower = Node::start(1, plot([Script::Refuse(leader.leads())])).await;
    // The leader is not among the endpoints: the redirection teaches its address.
    let client = client(&[&follower]);
    client.mkdir(1, "/a").await.expect("the leader answers");
    client.mkdir(1, "/b").await.expect("the leader answers");
    assert_eq!((requests(&follower).len(), requests(&leader).len()), (1, 2));
    assert_eq!(requests(&follower)[0], requests(&leader)[0]);
}

#[tokio::test]
async fn silence_until_the_deadline_is_unknown() {
    let node = Node::start(1, plot(vec![Script::Hang; 50])).await;
    let error = client(&[&node]).mkdir(1, "/a").await.expect_err("nobody answers");
    let Error::Unknown { request, .. } = error else { panic!("{error:?}") };
    assert!(requests(&node).len() > 1 && requests(&node).iter().all(|id| *id == request));
}

#[tokio::test]
async fn proof_that_nothing_was_applied_is_unavailable() {
    let refusal = Script::Refuse(not_applied(Reason::NoLeader));
    let node = Node::start(1, plot(vec![refusal; 1_000])).await;
    let client = client(&[&node]);
    let error = client.mkdir(1, "/a").await.expect_err("there is no leader");
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    // One attempt in between that may have been applied changes that.
    let refusal = || Script::Refuse(not_applied(Reason::NoLeader));
    let doubt = Script::Refuse(Status::unavailable("connection reset"));
    node.plot(|plot| {
        plot.mutate = std::iter::repeat_with(refusal).take(1_000).collect();
        plot.mutate[1] = doubt;
    });
    let error = client.mkdir(1, "/a").await.expect_err("there is no leader");
    assert!(matches!(error, Error::Unknown { .. }), "{error:?}");
}

#[tokio::test]
async fn a_refused_connection_is_unavailable() {
    let node = Node::start(1, Plot::default()).await;
    let address = node.address.to_string();
    let client = client(&[&node]);
    let request = client.next_request().await.expect("a session opens");
    drop(node);
    // The old connection may still be closing: until it is, the outcome is in doubt.
    let gone = client_of([address.clone()]);
    while tokio::net::TcpStream::connect(&address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    let error = gone.mkdir(1, "/a").await.expect_err("nobody listens");
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    assert!(!request.maybe_applied());
}

#[tokio::test]
async fn a_session_that_expired_before_anything_was_sent_is_renewed() {
    let expired = Script::Refuse(Info::new(Reason::SessionExpired).status("expired"));
    let node = Node::start(1, plot([expired.clone()])).await;
    let client = client(&[&node]);
    client.mkdir(1, "/a").await.expect("the new session is good");
    let id = |client_id| RequestId { client_id, sequence: 1 };
    assert_eq!(requests(&node), [id(1), id(2)]);
    // Who chose the request is told instead.
    node.plot(|plot| plot.mutate.push_back(expired));
    let request = client.next_request().await.expect("there is a session");
    let sent = client.mutate_as(&request, 1, vec![steps::mkdir(steps::at("/b"))]).await;
    assert_eq!(sent.expect_err("expired").reason(), Some(Reason::SessionExpired));
    assert_eq!(client.next_request().await.expect("another session").id(), id(3));
}

#[tokio::test]
async fn a_session_that_expired_between_attempts_leaves_the_outcome_unknown() {
    let expired = Info::new(Reason::SessionExpired).status("expired");
    let node = Node::start(1, plot([Script::Hang, Script::Refuse(expired)])).await;
    let error = client(&[&node]).mkdir(1, "/a").await.expect_err("nobody can tell");
    assert!(matches!(error, Error::Unknown { .. }), "{error:?}");
}

#[tokio::test]
async fn a_rejection_is_the_answer() {
    let conflict = Info::new(Reason::Conflict)
        .with(errors::CURRENT_REV, 9)
        .with(errors::REVISION, 12)
        .with(errors::NODE, 1);
    let node = Node::start(1, plot([Script::Refuse(conflict.status("changed"))])).await;
    let error = client(&[&node]).delete(1, "/a").await.expect_err("rejected");
    assert_eq!(error.reason(), Some(Reason::Conflict));
    assert_eq!((error.revision(), error.node()), (Some(12), Some(1)));
    assert_eq!(error.number(errors::CURRENT_REV), Some(9));
    assert_eq!(requests(&node).len(), 1);
}

fn told(result: mutate_reply::Result) -> Script<MutateReply> {
    Script::Answer(MutateReply { revision: 7, node: 1, result: Some(result) })
}

#[tokio::test]
async fn each_mutation_gets_its_kind_of_answer() {
    let lock = v1::Lock { token: 7, ..v1::Lock::default() };
    let namespace = v1::Namespace { id: 4, ..v1::Namespace::default() };
    let node = Node::start(
        1,
        plot([
            told(mutate_reply::Result::Lock(lock.clone())),
            told(mutate_reply::Result::Namespace(namespace.clone())),
            told(mutate_reply::Result::Lock(lock.clone())),
        ]),
    )
    .await;
    let client = client(&[&node]);
    let on = locks::lock(1, steps::at("/a"), "");
    let acquired = client.acquire_lock(on, Duration::from_secs(5)).await;
    assert_eq!(acquired.expect("it is free").value, lock);
    let create = v1::CreateNamespace {
        name: "n".to_owned(),
        policy: v1::NamePolicy::Casefold as i32,
        quota: None,
    };
    let created = client.create_namespace_with(create).await;
    assert_eq!(created.expect("it is made").value, namespace);
    let error = client.create_snapshot(1, "s").await.expect_err("a lock is no snapshot");
    assert!(matches!(error, Error::Fault { .. }), "{error:?}");
}

#[tokio::test]
async fn fences_go_with_all_mutations_of_a_handle() {
    let node = Node::start(1, Plot::default()).await;
    let plain = client(&[&node]);
    let fence = locks::fence(locks::lock(1, steps::at("/a"), "x"), 7);
    let fenced = plain.fenced(vec![fence.clone()]);
    fenced.mkdir(1, "/a").await.expect("it is answered");
    plain.mkdir(1, "/b").await.expect("it is answered");
    let sent = node.plot(|plot| {
        plot.mutations.iter().map(|request| request.fences.clone()).collect::<Vec<_>>()
    });
    assert_eq!(sent, [vec![fence.clone()], vec![]]);
    let error = plain.fenced(vec![fence; 17]).mkdir(1, "/c").await.expect_err("too many");
    assert!(matches!(error, Error::Invalid(_)), "{error:?}");
}

#[tokio::test]
async fn senseless_calls_are_not_sent() {
    let node = Node::start(1, Plot::default()).await;
    let client = client(&[&node]);
    let step = || steps::mkdir(steps::at("/a"));
    for steps in
        [Vec::new(), vec![step(); 1_001], vec![steps::mkdir(steps::at("x".repeat(5 << 20)))]]
    {
        let error = client.mutate(1, steps).await.expect_err("senseless");
        assert!(matches!(error, Error::Invalid(_)), "{error:?}");
    }
    assert!(requests(&node).is_empty());
}
