//! Session streams: many calls on one stream, and what becomes of them when it breaks.

use std::time::Duration;

use futures::future::join_all;
use metad_client::{Client, Error, Options, v1::RequestId};

use crate::fake::{Node, Plot, Script, Streams, client};

fn streams_count(node: &Node) -> u64 {
    node.plot(|plot| plot.streams_count)
}

fn node_with(streams: Streams) -> Plot {
    Plot { streams, ..Plot::default() }
}

#[tokio::test]
async fn calls_of_clones_share_one_stream() {
    let node = Node::start(1, Plot::default()).await;
    let client = client(&[&node]);
    let paths = (0..40).map(|number| format!("/{number}"));
    let made = paths.map(|path| {
        let client = client.clone();
        async move { client.mkdir(1, &path).await }
    });
    for reply in join_all(made).await {
        reply.expect("it is answered");
    }
    client.stat(1, metad_client::steps::at("/0")).await.expect_err("nothing is there");
    assert_eq!((streams_count(&node), node.plot(|plot| plot.mutations.len())), (1, 40));
}

#[tokio::test]
async fn a_node_that_knows_no_streams_is_asked_call_by_call() {
    let node = Node::start(1, node_with(Streams::Unknown)).await;
    let client = client(&[&node]);
    for path in ["/a", "/b"] {
        client.mkdir(1, path).await.expect("it is answered");
    }
    assert_eq!((streams_count(&node), node.plot(|plot| plot.mutations.len())), (1, 2));
}

#[tokio::test]
async fn without_the_option_there_is_no_stream() {
    let node = Node::start(1, Plot::default()).await;
    let options = Options { session_stream: false, ..Options::new([node.address.to_string()]) };
    let client = Client::new(options).expect("the options are valid");
    client.mkdir(1, "/a").await.expect("it is answered");
    assert_eq!(streams_count(&node), 0);
}

#[tokio::test]
async fn what_was_sent_on_a_stream_that_breaks_may_have_been_done() {
    let node = Node::start(1, node_with(Streams::Breaks)).await;
    let error = client(&[&node]).mkdir(1, "/a").await.expect_err("each stream breaks");
    let Error::Unknown { request, message } = error else { panic!("{error:?}") };
    assert_eq!(request, RequestId { client_id: 1, sequence: 1 });
    assert!(message.contains("the session stream broke: the line is cut"), "{message}");
    assert!(streams_count(&node) > 1, "it is tried again on another one");
}

#[tokio::test]
async fn a_call_that_hangs_holds_up_no_other_one() {
    let plot = Plot { mutate: [Script::Hang].into(), ..Plot::default() };
    let node = Node::start(1, plot).await;
    let client = client(&[&node]);
    let hanging = client.mkdir(1, "/a");
    let others = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        client.mkdir(1, "/b").await.expect("it is answered");
        streams_count(&node)
    };
    let (first, streams) = futures::join!(hanging, others);
    first.expect("its second attempt is answered");
    assert_eq!(streams, 1);
    assert_eq!(streams_count(&node), 2, "a stream on which a call hangs is left");
}
