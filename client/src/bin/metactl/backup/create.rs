//! Making a backup: from a follower where there is one, so that the leader is left alone.

use indicatif::{HumanBytes, HumanCount, ProgressBar};
use metad_backup::{Backup, Head, Made, Manifest, Place, Writer};
use metad_client::{Error, backup::Told, errors::Reason, v1::BackupBegin};
use serde_json::json;

use super::value;
use crate::{
    context::Context,
    failure::Failure,
    output::hex,
    status::{self, Answer},
};

pub async fn run(
    context: &Context,
    place: &str,
    node: Option<&str>,
    journal: bool,
) -> Result<(), Failure> {
    let place = Place::create(place)?;
    let after = match journal {
        true => Some(Backup::open(&place, None).await?.manifest),
        false => None,
    };
    // Whatever was acknowledged before this is in it.
    let revision = context.client.list_namespaces().await?.revision;
    let nodes = match node {
        Some(node) => vec![node.to_owned()],
        None => in_turn(&status::ask_all(context, false).await?),
    };
    let mut last = Failure::NoLeader;
    for node in nodes {
        match back_up(context, &place, after.as_ref(), (&node, revision)).await {
            Ok(made) => return print(context, &node, &made),
            Err(Failure::Client(error)) if may_be_told_elsewhere(&error) => {
                last = Failure::About { subject: node, error };
            }
            Err(failure) => return Err(failure),
        }
    }
    Err(last)
}

/// Voters that follow, then the leader.
fn in_turn(answers: &[Answer]) -> Vec<String> {
    let address = |role| {
        let answers = answers.iter();
        answers.filter_map(move |answer| {
            let is_it = answer.status.as_ref().is_ok_and(|status| status.role == role);
            is_it.then(|| answer.address.clone())
        })
    };
    address("follower").chain(address("leader")).collect()
}

fn may_be_told_elsewhere(error: &Error) -> bool {
    match error {
        Error::Unavailable { .. } => true,
        // It is full, or its log does not go back as far as another's may.
        Error::Rejected { info, .. } => {
            matches!(info.reason, Reason::LimitExceeded | Reason::PreconditionFailed)
        }
        _ => false,
    }
}

async fn back_up(
    context: &Context,
    place: &Place,
    after: Option<&Manifest>,
    (node, revision): (&str, u64),
) -> Result<Made, Failure> {
    let mut told = match after {
        Some(after) => {
            let from = after.head.applied_index;
            context.client.backup_journal(node, revision, from).await?
        }
        None => context.client.backup(node, revision).await?,
    };
    let head = head(told.begin());
    if let Some(after) = after {
        check(after, &head)?;
    }
    let after = after.map(Manifest::name);
    let mut writer = Writer::begin(place.clone()).await?;
    let bar = ProgressBar::new_spinner();
    loop {
        match told.told().await? {
            Told::Records(records) => {
                for record in records {
                    writer.add(&record.key, &record.value).await?;
                }
                bar.set_message(format!("{} records", HumanCount(writer.records())));
                bar.tick();
            }
            Told::End(end) => {
                bar.finish_and_clear();
                return Ok(writer.finish(head, after, (end.records, &end.hash)).await?);
            }
        }
    }
}

fn head(begin: &BackupBegin) -> Head {
    Head {
        cluster: begin.cluster.clone(),
        group: begin.group,
        stored_format: begin.format,
        revision: begin.revision,
        applied_index: begin.applied_index,
        time_ms: begin.time_ms,
        digest: hex(&begin.digest),
    }
}

/// Whether a journal can go on from there.
fn check(after: &Manifest, head: &Head) -> Result<(), Failure> {
    if after.head.cluster != head.cluster {
        return Err(Failure::Refused(format!(
            "the latest backup there is of cluster {:?}, this is {:?}: make a whole one first",
            after.head.cluster, head.cluster
        )));
    }
    if after.head.applied_index == head.applied_index {
        return Err(Failure::Refused(format!(
            "nothing came since {}: it is as late as a backup can be",
            after.name()
        )));
    }
    Ok(())
}

fn print(context: &Context, node: &str, made: &Made) -> Result<(), Failure> {
    let Made { manifest, new_chunks, new_bytes } = made;
    let value = || {
        let mut value = value(manifest);
        value["from"] = json!(node);
        value["new_chunks"] = json!(new_chunks);
        value["new_bytes"] = json!(new_bytes);
        value
    };
    let text = || {
        format!(
            "{}: {} records of revision {} from {node}; {new_chunks} of {} chunks were new, {}",
            manifest.name(),
            HumanCount(manifest.records),
            manifest.head.revision,
            manifest.chunks.len(),
            HumanBytes(*new_bytes),
        )
    };
    Ok(context.output.data(value, text)?)
}
