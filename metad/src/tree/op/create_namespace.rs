//! Makes a namespace with an empty root directory.

use crate::{
    kv::KvTxn,
    records::{
        key, namespace,
        node::{self, Location},
        system::System,
    },
    tree::{Tried, apply::Context},
    types::{Name, Namespace, NamespaceId, NodeId, Rejection},
};

pub(in crate::tree) fn create_namespace(
    txn: &mut impl KvTxn,
    system: &mut System,
    context: &Context,
    name: &Name,
) -> Tried<Namespace> {
    let by_name = key::namespace_by_name(context.group, name.as_str());
    if txn.get(&by_name)?.is_some() {
        return Err(Rejection::AlreadyExists.into());
    }
    let (id, root) = (system.next_namespace, system.next_node);
    system.next_namespace = NamespaceId(id.0 + 1);
    system.next_node = NodeId(root.0 + 1);
    let created = Namespace { id, name: name.clone(), root, created: context.revision };
    txn.put(by_name, namespace::encode_id(id));
    txn.put(key::namespace(context.group, id), namespace::encode(&created));
    txn.put(key::location(context.group, root), node::encode_location(&Location::Root(id)));
    Ok(created)
}
