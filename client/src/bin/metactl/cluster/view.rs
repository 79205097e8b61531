//! The cluster as its leader and its members tell it.

use std::collections::BTreeSet;

use metad_client::v1::{Member, StatusReply};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::PAUSE;
use crate::{
    context::Context,
    failure::Failure,
    status::{self, Answer},
};

/// See the module.
pub struct View {
    /// What the leader says.
    told: StatusReply,
    /// What everybody who was asked says.
    answers: Vec<Answer>,
}

/// Waits for a leader.
pub async fn leading(context: &Context) -> Result<View, Failure> {
    let end = Instant::now() + context.timeout;
    loop {
        let answers = status::ask_all(context, false).await?;
        let statuses = answers.iter().filter_map(|answer| answer.status.as_ref().ok());
        let leaders = statuses.filter(|status| status.leader == status.node && status.node != 0);
        // Of two, the earlier one does not know yet that it was replaced.
        if let Some(leader) = leaders.max_by_key(|status| status.term).cloned() {
            return Ok(View { told: leader, answers });
        }
        if Instant::now() >= end {
            return Err(Failure::NoLeader);
        }
        sleep(PAUSE).await;
    }
}

/// `metactl cluster status`.
pub async fn show(context: &Context) -> Result<(), Failure> {
    let view = leading(context).await?;
    Ok(context.output.data(|| view.to_json(), || view.table())?)
}

impl View {
    pub fn cluster(&self) -> &str {
        &self.told.cluster
    }

    pub fn leader(&self) -> u64 {
        self.told.leader
    }

    pub fn has(&self, node: u64) -> bool {
        self.told.members.iter().any(|member| member.node == node)
    }

    pub fn votes(&self, node: u64) -> bool {
        self.voters().contains(&node)
    }

    /// Who votes once a change that is under way is complete.
    pub fn voters(&self) -> BTreeSet<u64> {
        let last = self.told.voters.last();
        last.map(|voters| voters.nodes.iter().copied().collect()).unwrap_or_default()
    }

    /// Two sets of voters must agree.
    pub fn is_changing(&self) -> bool {
        self.told.voters.len() > 1
    }

    fn status(&self, member: &Member) -> Option<&StatusReply> {
        let statuses = self.answers.iter().filter_map(|answer| answer.status.as_ref().ok());
        statuses
            .filter(|status| status.cluster == self.told.cluster)
            .find(|status| status.node == member.node)
    }

    fn answering(&self) -> usize {
        let voting = self.told.members.iter().filter(|member| self.votes(member.node));
        voting.filter(|member| self.status(member).is_some()).count()
    }

    fn needed(&self) -> usize {
        self.voters().len() / 2 + 1
    }

    /// How many more voters may stop.
    fn may_lose(&self) -> usize {
        self.answering().saturating_sub(self.needed())
    }

    pub fn to_json(&self) -> Value {
        let sets = self.told.voters.iter().map(|voters| json!(voters.nodes));
        json!({
            "cluster": self.told.cluster,
            "leader": self.told.node,
            "term": self.told.term,
            "voters": sets.collect::<Vec<_>>(),
            "voters_answering": self.answering(),
            "voters_needed": self.needed(),
            "voters_may_lose": self.may_lose(),
            "members": self.told.members.iter().map(|member| self.member(member))
                .collect::<Vec<_>>(),
        })
    }

    fn member(&self, member: &Member) -> Value {
        let mut value = json!({
            "node": member.node,
            "address": member.address,
            "voter": self.votes(member.node),
            "answers": false,
        });
        if let Some(status) = self.status(member) {
            value["answers"] = json!(true);
            value["role"] = json!(status.role);
            value["applied_index"] = json!(status.applied_index);
            value["behind"] = json!(self.behind(status));
            value["version"] = json!(status.version);
            value["disk_full"] = json!(status.disk_full);
        }
        value
    }

    /// Entries that the leader has committed and this member has not applied.
    fn behind(&self, status: &StatusReply) -> u64 {
        self.told.committed_index.saturating_sub(status.applied_index)
    }

    fn table(&self) -> String {
        let mut lines = vec![format!(
            "cluster {}: node {} leads in term {}; {} of {} voters answer, {} are needed: {} more \
             may be lost",
            self.told.cluster,
            self.told.node,
            self.told.term,
            self.answering(),
            self.voters().len(),
            self.needed(),
            self.may_lose(),
        )];
        if self.is_changing() {
            lines.push(format!(
                "a change to the voters {} is not complete: repeat its command",
                super::listed(&self.voters())
            ));
        }
        lines.push(format!(
            "{:>4} {:<22} {:<8} {:<10} {:>10} {:>8} {}",
            "node", "address", "votes", "role", "applied", "behind", "version"
        ));
        lines.extend(self.told.members.iter().map(|member| self.row(member)));
        lines.join("\n")
    }

    fn row(&self, member: &Member) -> String {
        let votes = if self.votes(member.node) { "yes" } else { "no" };
        let start = format!("{:>4} {:<22} {votes:<8}", member.node, member.address);
        match self.status(member) {
            Some(status) => format!(
                "{start} {:<10} {:>10} {:>8} {}{}",
                status.role,
                status.applied_index,
                self.behind(status),
                status.version,
                if status.disk_full { "  no room on its disk" } else { "" }
            ),
            None => format!("{start} no answer"),
        }
    }
}
