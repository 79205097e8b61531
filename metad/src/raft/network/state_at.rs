//! Asks another server for the hash of its state after an entry.

use std::time::Duration;

use metad_proto::v1;
use openraft::impls::BasicNode;

use super::{Network, Purpose};

/// Its answer, if there is one in time, and it is of this version.
pub async fn state_at(
    network: &Network,
    target: u64,
    node: &BasicNode,
    index: u64,
    deadline: Duration,
) -> Option<u128> {
    let link = network.link(target, node, Purpose::Heartbeat);
    let request = v1::StateAtRequest { address: Some(link.address.clone()), index };
    let ask =
        |mut client: super::RaftClient<_>, request| async move { client.state_at(request).await };
    let reply = link.call(deadline, request, ask).await.ok()?;
    if reply.version != env!("CARGO_PKG_VERSION") {
        return None;
    }
    Some(u128::from_be_bytes(reply.hash[..].try_into().ok()?))
}
