//! The final reads: what clients with a replica have in the end, then of each namespace all
//! that is in it, and its journal from its start, or if that is no longer kept from where somebody
//! has read it to, or from a listing. They are ordinary operations of an ordinary
//! process; from them the checkers resolve what became of operations whose outcome is
//! unknown.

use std::collections::{BTreeSet, VecDeque};

use metad_client::{
    Client, Reply,
    errors::Reason,
    v1::{Cursor, Kind},
};

use crate::{
    execute::{Answer, Outcome},
    operation::{Call, Operation, Target},
    process::Process,
    run::{Error, Run},
    sync,
};

/// Attempts at one read before the cluster is given up.
const TRIES_MAX: u32 = 10;
/// Changes in one page of the journal; 0 is as many as fit.
const JOURNAL_PAGE: u32 = 0;

/// Reads all, and tells in how many operations.
pub async fn read_all(run: &Run, client: &Client) -> Result<u64, Error> {
    let mut process = Process::new(run, client.clone(), u64::MAX - 1);
    sync::finish(run, &mut process).await?;
    let namespaces = remaining(run, &mut process).await?;
    read_tree(&mut process, run.ns()).await?;
    for ns in namespaces {
        // Refused if the namespace is gone after all.
        let _ = read(&mut process, &Call::new(ns, Operation::list_all("/"))).await?;
        let furthest = run.shared().world.journal_cursor(ns);
        read_journal(&mut process, ns, furthest).await?;
    }
    Ok(process.calls())
}

/// The namespaces of the run that still exist.
async fn remaining(run: &Run, process: &mut Process<'_>) -> Result<BTreeSet<u64>, Error> {
    let family = run.shared().world.family().to_owned();
    let mut namespaces = BTreeSet::from([run.ns()]);
    let list = Call::new(0, Operation::ListNamespaces { family });
    if let Ok(Reply { value: Answer::Namespaces(listed), .. }) = read(process, &list).await? {
        // Of one that nobody was told of, no journal says when it was made.
        let shared = run.shared();
        let known = listed.iter().map(|ns| ns.id).filter(|ns| shared.world.knows(*ns));
        namespaces.extend(known);
    }
    Ok(namespaces)
}

/// Bounded by the number of directories that there are: each listing adds its own.
async fn read_tree(process: &mut Process<'_>, ns: u64) -> Result<(), Error> {
    let mut directories = VecDeque::from(["/".to_owned()]);
    while let Some(path) = directories.pop_front() {
        // A late effect of an unknown outcome may have taken the directory away.
        let list = read(process, &Call::new(ns, Operation::list(&path))).await?;
        let Ok(Reply { value: Answer::Entries(entries), .. }) = list else { continue };
        let parent = path.trim_end_matches('/');
        let below = entries.iter().filter(|entry| entry.kind == Kind::Directory as i32);
        directories.extend(below.map(|entry| format!("{parent}/{}", entry.name)));
    }
    Ok(())
}

/// From the start, or if that is no longer kept, from where somebody has come to, or else from
/// a listing.
async fn read_journal(
    process: &mut Process<'_>,
    ns: u64,
    furthest: Option<Cursor>,
) -> Result<(), Error> {
    let mut cursor: Option<Cursor> = None;
    let mut resets = 0;
    loop {
        let page = Call::new(ns, Operation::Journal { cursor, limit: JOURNAL_PAGE });
        match read(process, &page).await? {
            Ok(Reply { value: Answer::Journal(page), .. }) => {
                // A page that gets no further ends it: the checkers see that it does not
                // say "end".
                if page.end || page.cursor.is_none() || page.cursor == cursor {
                    return Ok(());
                }
                cursor = page.cursor;
            }
            Err(Refusal { reason: Reason::CursorReset, reset }) if resets < TRIES_MAX => {
                resets += 1;
                cursor = match furthest.filter(|_| resets == 1) {
                    Some(furthest) => Some(furthest),
                    None => list_anew(process, ns, reset).await?,
                };
            }
            _ => return Ok(()),
        }
    }
}

/// Lists all at a revision, or if that is no longer kept what is there now. The journal goes on
/// from there.
async fn list_anew(
    process: &mut Process<'_>,
    ns: u64,
    at: Option<u64>,
) -> Result<Option<Cursor>, Error> {
    for at in [at, None] {
        let target = Target::Path("/".to_owned());
        let list = Call::new(ns, Operation::List { target, recursive: true, at });
        if let Ok(listed) = read(process, &list).await? {
            return Ok(Some(Cursor { revision: listed.revision, ordinal: u32::MAX }));
        }
    }
    Ok(None)
}

/// Why a read was refused.
struct Refusal {
    reason: Reason,
    reset: Option<u64>,
}

async fn read(
    process: &mut Process<'_>,
    call: &Call,
) -> Result<Result<Reply<Answer>, Refusal>, Error> {
    let mut last = String::new();
    for _ in 0..TRIES_MAX {
        match process.perform(call).await?.1 {
            Outcome::Done(reply) => return Ok(Ok(reply)),
            Outcome::Rejected { reason, reset, .. } => return Ok(Err(Refusal { reason, reset })),
            Outcome::Failed(why) | Outcome::Unknown(why) => last = why,
        }
    }
    Err(in_vain(&last))
}

fn in_vain(last: &str) -> Error {
    Error::Unavailable(format!("the final reads found no cluster to answer: {last}"))
}
