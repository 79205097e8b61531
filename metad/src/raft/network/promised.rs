//! Asks another server what it has promised so far.

use std::time::Duration;

use metad_proto::v1;
use openraft::impls::BasicNode;

use super::{Network, Purpose, wire};
use crate::{
    raft::Promised,
    records::membership::{self, Membership},
};

/// Its answer, if there is one in time.
pub async fn promised(
    network: &Network,
    target: u64,
    node: &BasicNode,
    deadline: Duration,
) -> Option<Promised> {
    let link = network.link(target, node, Purpose::Heartbeat);
    let request = v1::StandingRequest { address: Some(link.address.clone()) };
    let ask =
        |mut client: super::RaftClient<_>, request| async move { client.standing(request).await };
    let reply = link.call(deadline, request, ask).await.ok()?;
    let v1::StandingReply { member, term, last, membership, membership_at } = reply;
    let members = match membership.is_empty() {
        true => Membership::default(),
        false => membership::decode(&membership).ok()?,
    };
    Some(Promised {
        is_member: member,
        term,
        last: last.map(wire::to_log_id),
        members,
        members_at: membership_at.map(wire::to_log_id),
    })
}
