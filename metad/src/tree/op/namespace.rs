//! Makes, changes and removes namespaces.

use super::set_quota::check_fits;
use crate::{
    kv::{KvTxn, Result},
    records::{
        encode_revision, key, namespace,
        node::{self, Location},
        snapshot,
        system::System,
        usage,
    },
    tree::{Tried, apply::Context, reader::Reader},
    types::{
        Account, GroupId, Name, Namespace, NamespaceId, NodeId, Policy, Quota, Rejection, Usage,
    },
};

/// Makes a namespace with an empty root directory.
pub(in crate::tree) fn create_namespace(
    txn: &mut impl KvTxn,
    system: &mut System,
    context: &Context,
    name: &Name,
    (policy, quota): (Policy, Quota),
) -> Tried<Namespace> {
    check_free(txn, context.group, name)?;
    let (id, root) = (system.next_namespace, system.next_node);
    system.next_namespace = NamespaceId(id.0 + 1);
    system.next_node = NodeId(root.0 + 1);
    let created = context.revision;
    let made = Namespace { id, name: name.clone(), root, created, policy };
    put(txn, context.group, &made);
    txn.put(key::location(context.group, root), node::encode_location(&Location::Root(id)));
    if quota != Quota::default() {
        let account = Account { usage: Usage::default(), quota };
        txn.put(key::usage(context.group, root), usage::encode(&account));
    }
    Ok(made)
}

/// Gives a namespace another name, or its root another quota. Says whether that changed
/// anything.
pub(in crate::tree) fn update_namespace(
    txn: &mut impl KvTxn,
    context: &Context,
    namespace: NamespaceId,
    name: Option<&Name>,
    quota: Option<Quota>,
) -> Tried<(Namespace, bool)> {
    let reader = Reader::new(&*txn, context.group);
    let mut updated = reader.namespace(namespace)?;
    let account = reader.account(updated.root)?;
    let name = name.filter(|name| **name != updated.name);
    let quota = quota.filter(|quota| *quota != account.quota);
    if let Some(name) = name {
        check_free(txn, context.group, name)?;
    }
    if let Some(quota) = quota {
        check_fits(updated.root, account.usage, quota)?;
        let (key, account) =
            (key::usage(context.group, updated.root), Account { quota, ..account });
        match account == Account::default() {
            true => txn.delete(key),
            false => txn.put(key, usage::encode(&account)),
        }
    }
    if let Some(name) = name {
        txn.delete(key::namespace_by_name(context.group, updated.name.as_str()));
        updated.name = name.clone();
        put(txn, context.group, &updated);
    }
    Ok((updated, name.is_some() || quota.is_some()))
}

/// Removes a namespace. Its nodes go as those of a deleted directory do; its journal, and so
/// what others may still read of trees that came from it, when that time is no longer kept.
pub(in crate::tree) fn delete_namespace(
    txn: &mut impl KvTxn,
    context: &Context,
    namespace: NamespaceId,
    recursive: bool,
) -> Tried<Namespace> {
    let reader = Reader::new(&*txn, context.group);
    let deleted = reader.namespace(namespace)?;
    if reader.usage(deleted.root)?.nodes > 0 {
        if !recursive {
            return Err(Rejection::NotEmpty.into());
        }
        let key = key::reclaim(context.group, deleted.root);
        txn.put(key, encode_revision(context.revision));
    }
    forget_snapshots(txn, context.group, namespace)?;
    txn.delete(key::namespace(context.group, namespace));
    txn.delete(key::namespace_by_name(context.group, deleted.name.as_str()));
    txn.delete(key::location(context.group, deleted.root));
    txn.delete(key::usage(context.group, deleted.root));
    let removed = namespace::encode_deleted(deleted.root, context.revision);
    txn.put(key::deleted_namespace(context.group, namespace), removed);
    Ok(deleted)
}

fn check_free(txn: &impl KvTxn, group: GroupId, name: &Name) -> Tried<()> {
    match txn.get(&key::namespace_by_name(group, name.as_str()))? {
        Some(_) => Err(Rejection::AlreadyExists.into()),
        None => Ok(()),
    }
}

fn put(txn: &mut impl KvTxn, group: GroupId, namespace: &Namespace) {
    let by_name = key::namespace_by_name(group, namespace.name.as_str());
    txn.put(by_name, namespace::encode_id(namespace.id));
    txn.put(key::namespace(group, namespace.id), namespace::encode(namespace));
}

fn forget_snapshots(txn: &mut impl KvTxn, group: GroupId, namespace: NamespaceId) -> Result<()> {
    let range = key::snapshots(group, namespace);
    let snapshots = txn.scan(&range.start, &range.end).collect::<Result<Vec<_>>>()?;
    for (key, value) in snapshots {
        txn.delete(key::pin(group, snapshot::decode(&value)?.revision));
        txn.delete(key);
    }
    Ok(())
}
