//! Wire to domain. What is malformed or beyond a limit is refused here, before Raft.

mod mutation;
mod steps;

use metad_proto::{limits, v1};

pub(super) use mutation::action;

use crate::{
    tree::query::Which,
    types::{
        ClientId, Consistency, Cursor, LockRef, Name, NameInvalid, NamespaceId, NodeId, NodeRef,
        Path, Rejection, Request, Revision,
    },
};

/// What a decoder gives.
pub(super) type Decoded<T> = Result<T, Rejection>;

/// Refuses a number that is greater than a limit.
pub(super) fn check_limit(limit: &'static str, value: usize, found: usize) -> Decoded<()> {
    if found > value {
        return Err(Rejection::LimitExceeded { limit, value: value as u64 });
    }
    Ok(())
}

/// A name.
pub(super) fn name(text: &str) -> Decoded<Name> {
    check_limit(limits::NAME_BYTES, limits::NAME_BYTES_MAX, text.len())?;
    Name::new(text).map_err(Rejection::NameInvalid)
}

/// How a namespace is named: by its id, or, without one, by its name.
pub(super) fn namespace(ns: u64, name: &str) -> Decoded<Which> {
    match ns {
        0 => Ok(Which::Name(self::name(name)?)),
        id => Ok(Which::Id(NamespaceId(id))),
    }
}

/// A path; empty for none.
pub(super) fn path(text: &str) -> Decoded<Path> {
    check_limit(limits::PATH_BYTES, limits::PATH_BYTES_MAX, text.len())?;
    let path = told_path(text)?;
    check_limit(limits::DEPTH, limits::DEPTH_MAX, path.names().len())?;
    Ok(path)
}

/// A path that a listing told: it may be longer than one that is asked for.
pub(super) fn told_path(text: &str) -> Decoded<Path> {
    Path::parse(text).map_err(|why| match why {
        NameInvalid::TooLong => {
            let value = limits::NAME_BYTES_MAX as u64;
            Rejection::LimitExceeded { limit: limits::NAME_BYTES, value }
        }
        why => Rejection::NameInvalid(why),
    })
}

/// A reference to a lock.
pub(super) fn lock_ref(lock: Option<v1::LockRef>) -> Decoded<LockRef> {
    let v1::LockRef { ns, target, name } = lock.unwrap_or_default();
    check_limit(limits::NAME_BYTES, limits::NAME_BYTES_MAX, name.len())?;
    let target = node_ref(target)?;
    if target.start != NodeId::NONE && !target.path.names().is_empty() {
        return Err(Rejection::NameInvalid(NameInvalid::Lock));
    }
    Ok(LockRef { namespace: NamespaceId(ns), target, name: name.into() })
}

/// Several references to nodes.
pub(super) fn targets(targets: Vec<v1::NodeRef>) -> Decoded<Vec<NodeRef>> {
    check_limit(limits::TARGETS, limits::TARGETS_MAX, targets.len())?;
    let decode = |(index, target): (u32, v1::NodeRef)| {
        node_ref(Some(target))
            .map_err(|rejection| Rejection::Step { index, rejection: Box::new(rejection) })
    };
    (0..).zip(targets).map(decode).collect()
}

/// A reference to a node. An absent one is the root.
pub(super) fn node_ref(target: Option<v1::NodeRef>) -> Decoded<NodeRef> {
    let target = target.unwrap_or_default();
    let path = path(&target.path)?;
    Ok(NodeRef { start: NodeId(target.id), path })
}

/// Which request this is.
pub(super) fn request(request: Option<v1::RequestId>) -> Option<Request> {
    let request = request.filter(|request| request.client_id != 0 && request.sequence != 0)?;
    Some(Request { client: ClientId(request.client_id), sequence: request.sequence })
}

/// A cursor.
pub(super) fn cursor(cursor: v1::Cursor) -> Cursor {
    Cursor { revision: Revision(cursor.revision), ordinal: cursor.ordinal }
}

/// What a read must reflect.
pub(super) fn consistency(consistency: Option<v1::Consistency>) -> Consistency {
    use v1::consistency::Level;
    match consistency.and_then(|consistency| consistency.level) {
        None | Some(Level::Linearizable(_)) => Consistency::Linearizable,
        Some(Level::Lease(_)) => Consistency::Lease,
        Some(Level::AtLeast(revision)) => Consistency::AtLeast(Revision(revision)),
        Some(Level::Any(_)) => Consistency::Any,
    }
}

/// The revision to read at; 0 for what is there now.
pub(super) fn revision(at: u64) -> Option<Revision> {
    Some(Revision(at)).filter(|revision| revision.0 != 0)
}

/// How many changes a page may have; 0 for as many as there may be.
pub(super) fn page_limit(limit: u32) -> Decoded<usize> {
    let limit = limit as usize;
    check_limit(limits::PAGE_ENTRIES, limits::PAGE_ENTRIES_MAX, limit)?;
    Ok(if limit == 0 { limits::PAGE_ENTRIES_MAX } else { limit })
}
