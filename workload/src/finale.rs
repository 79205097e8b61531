//! The final reads: the whole tree, directory by directory, and the journal from its start.
//! They are ordinary operations of an ordinary process; from them the checkers resolve what
//! became of operations whose outcome is unknown.

use std::collections::VecDeque;

use metad_client::{
    Client,
    v1::{Cursor, Kind},
};

use crate::{
    execute::{Answer, Outcome},
    operation::Operation,
    process::Process,
    run::{Error, Run},
};

/// Attempts at one read before the cluster is given up.
const TRIES_MAX: u32 = 10;
/// Changes in one page of the journal; 0 is as many as fit.
const JOURNAL_PAGE: u32 = 0;

/// Reads all, and tells in how many operations.
pub async fn read_all(run: &Run, client: &Client) -> Result<u64, Error> {
    let mut process = Process::new(run, client.clone(), u64::MAX - 1);
    let lists = read_tree(&mut process).await?;
    let pages = read_journal(&mut process).await?;
    Ok(lists + pages)
}

/// Bounded by the number of directories that there are: each listing adds its own.
async fn read_tree(process: &mut Process<'_>) -> Result<u64, Error> {
    let mut directories = VecDeque::from(["/".to_owned()]);
    let mut count = 0;
    while let Some(path) = directories.pop_front() {
        count += 1;
        let list = Operation::List { path: path.clone() };
        // A late effect of an unknown outcome may have taken the directory away.
        let Some(Answer::Entries(entries)) = read(process, &list).await? else { continue };
        let parent = path.trim_end_matches('/');
        let below = entries.iter().filter(|entry| entry.kind == Kind::Directory as i32);
        directories.extend(below.map(|entry| format!("{parent}/{}", entry.name)));
    }
    Ok(count)
}

async fn read_journal(process: &mut Process<'_>) -> Result<u64, Error> {
    let mut cursor: Option<Cursor> = None;
    let mut count = 0;
    loop {
        count += 1;
        let page = Operation::Journal { cursor, limit: JOURNAL_PAGE };
        let Some(Answer::Journal(page)) = read(process, &page).await? else { return Ok(count) };
        // A page that gets no further ends it: the checkers see that it does not say "end".
        if page.end || page.cursor.is_none() || page.cursor == cursor {
            return Ok(count);
        }
        cursor = page.cursor;
    }
}

/// None if it was refused.
async fn read(process: &mut Process<'_>, operation: &Operation) -> Result<Option<Answer>, Error> {
    let mut last = String::new();
    for _ in 0..TRIES_MAX {
        match process.perform(operation).await?.1 {
            Outcome::Done(reply) => return Ok(Some(reply.value)),
            Outcome::Rejected { .. } => return Ok(None),
            Outcome::Failed(why) | Outcome::Unknown(why) => last = why,
        }
    }
    Err(Error::Unavailable(format!("the final reads found no cluster to answer: {last}")))
}
