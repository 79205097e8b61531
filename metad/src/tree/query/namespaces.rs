//! Namespaces and their snapshots.

use super::{Source, View};
use crate::{
    kv::Result,
    records::{key, namespace, snapshot},
    tree::{Answer, Tried, answer},
    types::{Account, GroupId, Name, Namespace, NamespaceId, Rejection, Snapshot},
};

/// Namespaces in the order of their ids, after one: at most `limit`.
pub fn namespaces(
    view: View,
    group: GroupId,
    after: Option<NamespaceId>,
    limit: usize,
) -> Result<Vec<Namespace>> {
    let mut range = key::namespaces(group);
    if let Some(after) = after {
        range.start = key::namespace(group, NamespaceId(after.0.saturating_add(1)));
    }
    let page = view.scan(&range.start, &range.end).take(limit);
    page.map(|pair| namespace::decode(&pair?.1)).collect()
}

/// How a namespace is named.
pub enum Which {
    /// By its id.
    Id(NamespaceId),
    /// By its name.
    Name(Name),
}

/// One namespace, and how much is in it and may be.
pub fn namespace(source: Source, which: &Which) -> Answer<(Namespace, Account)> {
    let find = || -> Tried<(Namespace, Account)> {
        let reader = source.reader()?;
        let id = match which {
            Which::Id(id) => *id,
            Which::Name(name) => {
                let by_name = key::namespace_by_name(source.group, name.as_str());
                let id = source.view.get(&by_name)?.ok_or(Rejection::NotFound)?;
                namespace::decode_id(&id)?
            }
        };
        let namespace = reader.namespace(id)?;
        let account = reader.account(namespace.root)?;
        Ok((namespace, account))
    };
    answer(find())
}

/// The snapshots of a namespace, in the order of their names.
pub fn snapshots(source: Source, id: NamespaceId) -> Answer<Vec<Snapshot>> {
    let read = || -> Tried<Vec<Snapshot>> {
        source.reader()?.namespace(id)?;
        let range = key::snapshots(source.group, id);
        let pairs = source.view.scan(&range.start, &range.end);
        Ok(pairs.map(|pair| snapshot::decode(&pair?.1)).collect::<Result<_>>()?)
    };
    answer(read())
}
