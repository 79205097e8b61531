//! The final reads: what clients with a replica have in the end, then of each namespace all
//! that is in it, and its journal from its start. They are ordinary operations of an ordinary
//! process; from them the checkers resolve what became of operations whose outcome is
//! unknown.

use std::collections::{BTreeSet, VecDeque};

use metad_client::{
    Client,
    v1::{Cursor, Kind},
};

use crate::{
    execute::{Answer, Outcome},
    operation::{Call, Operation},
    process::Process,
    run::{Error, Run},
    setup::is_of_family,
    sync,
};

/// Attempts at one read before the cluster is given up.
const TRIES_MAX: u32 = 10;
/// Changes in one page of the journal; 0 is as many as fit.
const JOURNAL_PAGE: u32 = 0;

/// Reads all, and tells in how many operations.
pub async fn read_all(run: &Run, client: &Client) -> Result<u64, Error> {
    let mut process = Process::new(run, client.clone(), u64::MAX - 1);
    let mut count = sync::finish(run, &mut process).await?;
    let namespaces = remaining(run, client).await?;
    count += read_tree(&mut process, run.ns()).await?;
    for ns in namespaces {
        read(&mut process, &Call::new(ns, Operation::list_all("/"))).await?;
        count += 1 + read_journal(&mut process, ns).await?;
    }
    Ok(count)
}

/// The namespaces of the run that still exist. Not part of the history, which has no
/// operation for it: one that is missing here is only not read.
async fn remaining(run: &Run, client: &Client) -> Result<BTreeSet<u64>, Error> {
    let family = run.shared().world.family().to_owned();
    let mut namespaces = BTreeSet::from([run.ns()]);
    let mut last = String::new();
    for _ in 0..TRIES_MAX {
        match client.list_namespaces().await {
            Ok(reply) => {
                let of_run = reply.value.iter().filter(|ns| is_of_family(&ns.name, &family));
                namespaces.extend(of_run.map(|ns| ns.id));
                return Ok(namespaces);
            }
            Err(metad_client::Error::Unavailable { message }) => last = message,
            Err(error) => return Err(error.into()),
        }
    }
    Err(in_vain(&last))
}

/// Bounded by the number of directories that there are: each listing adds its own.
async fn read_tree(process: &mut Process<'_>, ns: u64) -> Result<u64, Error> {
    let mut directories = VecDeque::from(["/".to_owned()]);
    let mut count = 0;
    while let Some(path) = directories.pop_front() {
        count += 1;
        // A late effect of an unknown outcome may have taken the directory away.
        let list = read(process, &Call::new(ns, Operation::list(&path))).await?;
        let Some(Answer::Entries(entries)) = list else { continue };
        let parent = path.trim_end_matches('/');
        let below = entries.iter().filter(|entry| entry.kind == Kind::Directory as i32);
        directories.extend(below.map(|entry| format!("{parent}/{}", entry.name)));
    }
    Ok(count)
}

async fn read_journal(process: &mut Process<'_>, ns: u64) -> Result<u64, Error> {
    let mut cursor: Option<Cursor> = None;
    let mut count = 0;
    loop {
        count += 1;
        let page = Call::new(ns, Operation::Journal { cursor, limit: JOURNAL_PAGE });
        let Some(Answer::Journal(page)) = read(process, &page).await? else { return Ok(count) };
        // A page that gets no further ends it: the checkers see that it does not say "end".
        if page.end || page.cursor.is_none() || page.cursor == cursor {
            return Ok(count);
        }
        cursor = page.cursor;
    }
}

/// None if it was refused.
async fn read(process: &mut Process<'_>, call: &Call) -> Result<Option<Answer>, Error> {
    let mut last = String::new();
    for _ in 0..TRIES_MAX {
        match process.perform(call).await?.1 {
            Outcome::Done(reply) => return Ok(Some(reply.value)),
            Outcome::Rejected { .. } => return Ok(None),
            Outcome::Failed(why) | Outcome::Unknown(why) => last = why,
        }
    }
    Err(in_vain(&last))
}

fn in_vain(last: &str) -> Error {
    Error::Unavailable(format!("the final reads found no cluster to answer: {last}"))
}
