//! Names a revision of a namespace, which keeps what is there; and forgets it again.

use metad_proto::limits;

use crate::{
    kv::KvTxn,
    records::{key, snapshot, system::System},
    tree::{Tried, apply::Context, reader::Reader},
    types::{Name, NamespaceId, Rejection, Snapshot},
};

/// The snapshot is of the revision at which it is made: the tree is as it was before.
pub(in crate::tree) fn create_snapshot(
    txn: &mut impl KvTxn,
    system: &System,
    context: &Context,
    namespace: NamespaceId,
    name: &Name,
) -> Tried<Snapshot> {
    Reader::new(&*txn, context.group).namespace(namespace)?;
    let place = key::snapshot(context.group, namespace, name.as_str());
    if txn.get(&place)?.is_some() {
        return Err(Rejection::AlreadyExists.into());
    }
    let others = key::snapshots(context.group, namespace);
    if txn.scan(&others.start, &others.end).count() >= limits::SNAPSHOTS_MAX {
        let (limit, value) = (limits::SNAPSHOTS, limits::SNAPSHOTS_MAX as u64);
        return Err(Rejection::LimitExceeded { limit, value }.into());
    }
    let (name, revision, time_ms) = (name.clone(), context.revision, system.time_ms);
    let made = Snapshot { name, revision, time_ms };
    txn.put(place, snapshot::encode(&made));
    txn.put(key::pin(context.group, revision), Vec::new());
    Ok(made)
}

pub(in crate::tree) fn delete_snapshot(
    txn: &mut impl KvTxn,
    context: &Context,
    namespace: NamespaceId,
    name: &Name,
) -> Tried<Snapshot> {
    let place = key::snapshot(context.group, namespace, name.as_str());
    let Some(value) = txn.get(&place)? else { return Err(Rejection::NotFound.into()) };
    let deleted = snapshot::decode(&value)?;
    txn.delete(place);
    txn.delete(key::pin(context.group, deleted.revision));
    Ok(deleted)
}
