//! Asking single nodes.

use metad_client::Error;

use crate::fake::{Node, Plot, client};

#[tokio::test]
async fn a_node_that_does_not_speak_the_protocol_is_a_fault() {
    // The scripted node has no Cluster service.
    let node = Node::start(1, Plot::default()).await;
    let client = client(&[&node]);
    let error = client.status(&node.address.to_string()).await.expect_err("no such service");
    assert!(matches!(error, Error::Fault { .. }), "{error:?}");
    let error = client.status("nonsense").await.expect_err("not an address");
    assert!(matches!(error, Error::Invalid(_)), "{error:?}");
}
