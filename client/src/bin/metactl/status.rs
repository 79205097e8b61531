//! status: what each node says of itself, side by side.

use std::process::ExitCode;

use metad_client::{
    Error,
    v1::{Member, StateHashReply, StatusReply},
};
use serde_json::{Value, json};

use crate::{context::Context, failure::Failure, output};

/// Nodes that are asked, those included that others named.
const NODES_MAX: usize = 64;

pub struct Answer {
    pub address: String,
    pub status: Result<StatusReply, Error>,
    /// If it was asked for.
    hash: Option<Result<StateHashReply, Error>>,
}

/// Exits with 3 if nobody knows a leader.
pub async fn run(context: &Context, with_hash: bool) -> Result<ExitCode, Failure> {
    let answers = ask_all(context, with_hash).await?;
    let has_leader = answers.iter().any(|answer| matches!(&answer.status, Ok(s) if s.leader != 0));
    let value = || json!({"nodes": answers.iter().map(node_value).collect::<Vec<_>>()});
    context.output.data(value, || table(&answers))?;
    if !has_leader {
        return Err(Failure::NoLeader);
    }
    Ok(ExitCode::SUCCESS)
}

/// Asks the nodes that the user named and those that they name.
pub async fn ask_all(context: &Context, with_hash: bool) -> Result<Vec<Answer>, Failure> {
    let mut addresses = context.client.addresses();
    let mut answers = Vec::new();
    while let Some(address) = addresses.get(answers.len()).cloned() {
        let status = context.client.status(&address).await;
        if let Ok(status) = &status {
            for member in &status.members {
                let is_new = !addresses.contains(&member.address) && !member.address.is_empty();
                if is_new && addresses.len() < NODES_MAX {
                    addresses.push(member.address.clone());
                }
            }
        }
        if let Err(error @ Error::Invalid(_)) = status {
            return Err(error.into());
        }
        let hash = match with_hash && status.is_ok() {
            true => Some(context.client.state_hash(&address).await),
            false => None,
        };
        answers.push(Answer { address, status, hash });
    }
    Ok(answers)
}

fn node_value(answer: &Answer) -> Value {
    let status = match &answer.status {
        Ok(status) => status,
        Err(error) => return json!({"address": answer.address, "error": error.to_string()}),
    };
    let mut value = json!({
        "address": answer.address,
        "cluster": status.cluster,
        "group": status.group,
        "node": status.node,
        "role": status.role,
        "leader": status.leader,
        "leader_address": status.leader_address,
        "term": status.term,
        "last_log_index": status.last_log_index,
        "committed_index": status.committed_index,
        "applied_index": status.applied_index,
        "purged_index": status.purged_index,
        "snapshot_index": status.snapshot_index,
        "revision": status.revision,
        "version": status.version,
        "members": status.members.iter().map(member).collect::<Vec<_>>(),
    });
    match &answer.hash {
        Some(Ok(hashed)) => value["state"] = state(hashed),
        Some(Err(error)) => value["state"] = json!({"error": error.to_string()}),
        None => {}
    }
    value
}

fn member(member: &Member) -> Value {
    json!({"node": member.node, "address": member.address, "voter": member.voter})
}

fn state(hashed: &StateHashReply) -> Value {
    json!({
        "revision": hashed.revision,
        "applied_index": hashed.applied_index,
        "hash": output::hex(&hashed.hash),
        "digest": output::hex(&hashed.digest),
        "records": hashed.records,
    })
}

/// A line of its own: of another revision than the row, perhaps.
fn hash_line(answer: &Answer) -> Option<String> {
    Some(match answer.hash.as_ref()? {
        Ok(hashed) => format!(
            "{:<22} state {} of revision {}, {} records",
            answer.address,
            output::hex(&hashed.hash),
            hashed.revision,
            hashed.records,
        ),
        Err(error) => format!("{:<22} state: {error}", answer.address),
    })
}

fn table(answers: &[Answer]) -> String {
    let header = format!(
        "{:<22} {:>4} {:<10} {:>6} {:>6} {:>10} {:>10} {:>10} {:>10}",
        "address", "node", "role", "leader", "term", "last log", "committed", "applied", "revision"
    );
    let row = |answer: &Answer| match &answer.status {
        Ok(status) => format!(
            "{:<22} {:>4} {:<10} {:>6} {:>6} {:>10} {:>10} {:>10} {:>10}",
            answer.address,
            status.node,
            status.role,
            if status.leader == 0 { "none".to_owned() } else { status.leader.to_string() },
            status.term,
            status.last_log_index,
            status.committed_index,
            status.applied_index,
            status.revision,
        ),
        Err(error) => format!("{:<22} {error}", answer.address),
    };
    let lines = std::iter::once(header).chain(answers.iter().map(row));
    lines.chain(answers.iter().filter_map(hash_line)).collect::<Vec<_>>().join("\n")
}
