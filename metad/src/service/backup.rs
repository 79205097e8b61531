//! Backups: all records of one pinned view, in the order of their keys, a message at a time; or
//! the entries of the log that lead there from an earlier backup.
//!
//! Owns nothing but the view. Invariants: all that is told is of one revision; the end says how
//! many records there were and their hash, so that what was cut is noticed. Must not: read on
//! before a message is taken, or hold up other tasks while it reads.

use std::{ops::Range, sync::Arc};

use futures::{Stream, future::Either};
use metad_proto::{
    errors::{self, Info, Reason},
    limits::{self, BACKUPS_MAX},
    state_hash::StateHasher,
    v1::{self, backup_reply::Part},
};
use tonic::Status;

use super::{closing::Closing, seat::Seat, status};
use crate::{
    kv::{self, KvEngine, View},
    metrics::Backups,
    raft::{Replica, Unavailable},
    records::{audit::audit, identity::FORMAT, key},
    tree::query,
    types::{Consistency, Rejection, Revision},
};

/// Bytes of records in a message, unless its last one is larger.
const MESSAGE_SIZE: usize = 256 << 10;

/// Pins a view that reflects a revision at least, and gives the messages that tell it.
pub async fn stream(
    replica: &Replica,
    log: &Arc<dyn KvEngine>,
    request: v1::BackupRequest,
    backups: &Backups,
    closing: &Closing,
) -> Result<impl Stream<Item = Result<v1::BackupReply, Status>> + Send + use<>, Status> {
    let server = replica.member().server;
    let seat = Seat::take(backups.under_way(), BACKUPS_MAX).ok_or_else(|| {
        let (limit, value) = (limits::BACKUPS, BACKUPS_MAX as u64);
        status::rejected(&Rejection::LimitExceeded { limit, value }, None, server)
    })?;
    let v1::BackupRequest { revision, after_index } = request;
    let view = replica.view(Consistency::AtLeast(Revision(revision))).await;
    let view = view.map_err(|why| status::unavailable(&why, server))?;
    let begin = begin(replica, &view).map_err(|fault| status::fault(&fault, replica))?;
    // A node that has not heard of its cluster yet has nothing to tell.
    let begin = begin.ok_or_else(|| status::unavailable(&Unavailable::no_leader(), server))?;
    let mut told = match after_index {
        None => Told::new(view, key::group_range(replica.member().group)),
        Some(after) => journal(replica, log, after, &begin)?,
    };
    let (replica, backups, closing) = (replica.clone(), backups.clone(), closing.clone());
    Ok(async_stream::try_stream! {
        let _seat = seat;
        yield reply(Part::Begin(begin));
        let mut closed = std::pin::pin!(closing.wait());
        loop {
            let read = std::pin::pin!(kv::blocking(move || told.read()));
            let read = match futures::future::select(&mut closed, read).await {
                Either::Left(_) => {
                    Err(status::unavailable(&Unavailable::shutting_down(), server))?
                }
                Either::Right((read, _)) => read,
            };
            let records;
            (told, records) = read.map_err(|fault| status::fault(&fault, &replica))?;
            if records.is_empty() {
                break;
            }
            yield reply(Part::Records(v1::BackupRecords { records }));
        }
        yield reply(Part::End(told.end()));
        backups.ended(replica.now_ms());
    })
}

fn reply(part: Part) -> v1::BackupReply {
    v1::BackupReply { part: Some(part) }
}

fn begin(replica: &Replica, view: &View) -> kv::Result<Option<v1::BackupBegin>> {
    let member = replica.member();
    let applied = replica.state().applied(view)?;
    let Some(last) = applied.last else { return Ok(None) };
    Ok(Some(v1::BackupBegin {
        cluster: member.cluster.clone(),
        group: member.group.0.into(),
        node: member.server.0,
        format: FORMAT,
        revision: query::revision(&**view, member.group)?.0,
        time_ms: query::time_ms(&**view, member.group)?,
        applied_index: last.index,
        digest: applied.digest.to_be_bytes().to_vec().into(),
    }))
}

/// The entries after an index that lead to where a backup begins: applied, and so committed.
fn journal(
    replica: &Replica,
    log: &Arc<dyn KvEngine>,
    after: u64,
    begin: &v1::BackupBegin,
) -> Result<Told, Status> {
    let member = replica.member();
    if after > begin.applied_index {
        let behind = Unavailable::behind(Revision(begin.revision), Revision(begin.revision));
        return Err(status::unavailable(&behind, member.server));
    }
    let range = key::log_range(member.group, after + 1..begin.applied_index + 1);
    let look = || -> kv::Result<(View, bool)> {
        let view = log.view()?;
        let is_kept = range.is_empty() || view.get(&range.start)?.is_some();
        Ok((view, is_kept))
    };
    match look().map_err(|fault| status::fault(&fault, replica))? {
        (view, true) => Ok(Told::new(view, range)),
        (_, false) => {
            let info = Info::new(Reason::PreconditionFailed).with(errors::NODE, member.server);
            let why = "the node's log no longer goes back to that backup: make a whole one; \
                       raft.keep_entries says how much is kept";
            Err(info.status(why))
        }
    }
}

/// What has been told of a view.
struct Told {
    view: View,
    /// The keys that have not been.
    rest: Range<Vec<u8>>,
    hasher: StateHasher,
}

impl Told {
    fn new(view: View, rest: Range<Vec<u8>>) -> Told {
        Told { view, rest, hasher: StateHasher::default() }
    }

    /// The next records; none at the end.
    fn read(mut self) -> kv::Result<(Told, Vec<v1::BackupRecord>)> {
        let (mut records, mut size) = (Vec::new(), 0);
        for pair in self.view.scan(&self.rest.start, &self.rest.end) {
            let (key, value) = pair?;
            // What cannot be read must not pass for a backup.
            audit(&key, &value)?;
            self.hasher.add(&key, &value);
            size += key.len() + value.len();
            records.push(v1::BackupRecord { key: key.into(), value: value.into() });
            if size >= MESSAGE_SIZE {
                break;
            }
        }
        if let Some(last) = records.last() {
            self.rest.start = last.key.to_vec();
            self.rest.start.push(0);
        }
        Ok((self, records))
    }

    fn end(&self) -> v1::BackupEnd {
        let hash = self.hasher.hash().to_be_bytes().to_vec().into();
        v1::BackupEnd { records: self.hasher.records(), hash }
    }
}
