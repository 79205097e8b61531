//! Sends batches, several at a time, but none before the ones that make its parents.

use std::collections::BTreeSet;

use futures::{StreamExt, stream::FuturesUnordered};
use metad_proto::{
    errors,
    v1::{NodeRef, Step, step::Op},
};
use tokio::sync::mpsc::Receiver;

use super::{Import, ImportError, Progress, batch::Batch};
use crate::{Client, Error};

pub async fn send_all(
    client: &Client,
    import: &Import,
    mut batches: Receiver<Batch>,
    mut progress: impl FnMut(&Progress),
) -> Result<Progress, ImportError> {
    let mut total = Progress::default();
    let mut sending = FuturesUnordered::new();
    let mut under_way = BTreeSet::new();
    let mut next: Option<Batch> = None;
    let mut is_open = true;
    loop {
        let ready = |batch: &mut Batch| {
            // All up to the last one needed: they may end out of order.
            let oldest = under_way.first().copied().unwrap_or(u64::MAX);
            let parents_made = batch.needs.is_none_or(|needed| oldest > needed);
            parents_made && under_way.len() < import.in_flight.max(1)
        };
        if let Some(batch) = next.take_if(ready) {
            under_way.insert(batch.number);
            sending.push(send(client, import.ns, batch));
        }
        let may_receive = is_open && next.is_none();
        tokio::select! {
            biased;
            Some(sent) = sending.next(), if !sending.is_empty() => {
                let (number, adds) = sent?;
                under_way.remove(&number);
                total.add(&adds);
                progress(&total);
            }
            received = batches.recv(), if may_receive => match received {
                Some(batch) => next = Some(batch),
                None => is_open = false,
            },
            // A batch that waits, waits for one under way.
            else => break,
        }
    }
    assert!(next.is_none() && under_way.is_empty(), "nothing is left behind");
    Ok(total)
}

async fn send(client: &Client, ns: u64, batch: Batch) -> Result<(u64, Progress), ImportError> {
    let Batch { number, steps, adds, .. } = batch;
    match client.mutate(ns, steps.clone()).await {
        Ok(_) => Ok((number, adds)),
        Err(error) => Err(blame(&steps, error)),
    }
}

/// Says which node was refused.
fn blame(steps: &[Step], error: Error) -> ImportError {
    let refused = error.number(errors::STEP).and_then(|step| steps.get(step as usize));
    match refused.and_then(target) {
        Some(target) => ImportError::Refused { path: target.path.clone(), error },
        None => ImportError::Client(error),
    }
}

fn target(step: &Step) -> Option<&NodeRef> {
    match step.op.as_ref()? {
        Op::Mkdir(mkdir) => mkdir.target.as_ref(),
        Op::CommitFile(commit) => commit.target.as_ref(),
        _ => None,
    }
}

impl Progress {
    fn add(&mut self, more: &Progress) {
        self.directories += more.directories;
        self.files += more.files;
        self.bytes += more.bytes;
        self.batches += more.batches;
    }
}
