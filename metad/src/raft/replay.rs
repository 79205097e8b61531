//! Applies entries that a backup has of a log, as the replicas of the cluster did.

use bytes::Bytes;

use super::{convert, state_store::apply_entry};
use crate::{
    kv::{self, StorageFault, Txn, View},
    records::{
        applied::Applied,
        entry::{self, Position},
    },
    types::{GroupId, Revision},
};

/// Applies the entry that was stored for an index, which must be the next one.
pub fn replay(
    txn: &mut Txn<View>,
    group: GroupId,
    (applied, revision): (&mut Applied, &mut Revision),
    (index, stored): (u64, &[u8]),
) -> kv::Result<()> {
    let next = applied.last.map_or(0, |last| last.index + 1);
    if index != next {
        let why = format!("entry {index} where {next} should be");
        return Err(StorageFault::corrupt("journal of a backup", why));
    }
    let entry::Entry { term, kind, payload } = entry::decode(stored, index)?;
    let entry = convert::entry(Position { term, index }, kind, Bytes::copy_from_slice(payload))?;
    apply_entry(txn, group, (applied, revision), &entry).map(drop)
}
