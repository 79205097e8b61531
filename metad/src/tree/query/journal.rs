//! Pages of journals.

use std::ops::Range;

use metad_proto::planted;

use super::View;
use crate::{
    kv::Result,
    records::{change, key},
    tree::{Answer, Tried, answer, reader::Reader},
    types::{Change, Cursor, GroupId, NamespaceId, Rejection},
};

/// Part of a journal.
#[derive(Debug)]
pub struct JournalPage {
    /// In order.
    pub changes: Vec<Change>,
    /// Where to read on.
    pub cursor: Cursor,
    /// There is nothing after these in this view.
    pub end: bool,
}

/// The changes of a namespace after a cursor: at most `limit` of them.
pub fn journal_page(
    view: View,
    group: GroupId,
    id: NamespaceId,
    after: Option<Cursor>,
    limit: usize,
) -> Answer<JournalPage> {
    let read = || -> Tried<JournalPage> {
        let reader = Reader::new(view, group);
        reader.namespace(id)?;
        let (trimmed, revision) = (reader.trimmed(id)?, reader.system()?.revision);
        // Something after it is gone, or it is of another history.
        let is_too_old = trimmed.is_some_and(|trimmed| after.is_none_or(|after| after < trimmed));
        let is_too_old = is_too_old && !planted!(CursorNotReset);
        let is_of_another = match after {
            Some(after) => after.revision > revision || reader.never_was(after.revision)?,
            None => false,
        };
        if is_too_old || is_of_another {
            return Err(Rejection::CursorReset { revision }.into());
        }
        let range = key::journal_after(group, id, after);
        let (changes, more) = page(view, range, limit, change::decode)?;
        let cursor = changes.last().map(|change: &Change| change.cursor).or(after);
        Ok(JournalPage { changes, cursor: cursor.unwrap_or_default(), end: !more })
    };
    answer(read())
}

fn page<T>(
    view: View,
    range: Range<Vec<u8>>,
    limit: usize,
    decode: impl Fn(&[u8]) -> Result<T>,
) -> Result<(Vec<T>, bool)> {
    let mut pairs = view.scan(&range.start, &range.end);
    let records = pairs.by_ref().take(limit).map(|pair| decode(&pair?.1));
    let records = records.collect::<Result<_>>()?;
    Ok((records, pairs.next().transpose()?.is_some()))
}
