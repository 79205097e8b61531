//! Single nodes: what they are, where they are, what they were.

use super::Source;
use crate::{
    kv::KvRead,
    records::node::Location,
    tree::{
        Answer, Tried, answer, past,
        reader::{Found, Reader},
    },
    types::{Account, NamespaceId, Node, NodeId, NodeRef, Path, Quota, Rejection, Revision, Stat},
};

/// A node and what is under it now; what was under it in the past is not known.
pub fn stat(source: Source, id: NamespaceId, target: &NodeRef) -> Answer<Stat> {
    let find = || -> Tried<Stat> {
        let reader = source.reader()?;
        stat_in(&reader, reader.find(&reader.namespace(id)?, target)?)
    };
    answer(find())
}

/// Several nodes: each is found, or refused by itself.
pub fn stats(
    source: Source,
    id: NamespaceId,
    targets: &[NodeRef],
) -> Answer<Vec<Result<Stat, Rejection>>> {
    let find = || -> Tried<Vec<Result<Stat, Rejection>>> {
        let reader = source.reader()?;
        let namespace = reader.namespace(id)?;
        let mut stats = Vec::with_capacity(targets.len());
        for target in targets {
            let found = reader.find(&namespace, target);
            stats.push(answer(found.and_then(|found| stat_in(&reader, found)))?);
        }
        Ok(stats)
    };
    answer(find())
}

fn stat_in(reader: &Reader<impl KvRead + ?Sized>, found: Found) -> Tried<Stat> {
    let Found { node, way } = found;
    let counted = match node.mounted() {
        _ if reader.at.is_some() => None,
        // What it shows may be gone.
        Some(shown) => answer(reader.namespace(shown))?.ok().map(|shown| shown.root),
        None => node.is_directory().then_some(node.id),
    };
    let mut account = counted.map_or(Ok(Account::default()), |counted| reader.account(counted))?;
    if !node.is_directory() {
        // That of the other namespace is not the mount's own.
        account.quota = Quota::default();
    }
    Ok(Stat { node, namespace: way.namespace.id, account })
}

/// A node, the namespace that it is in, and its whole path there.
pub fn lookup(
    source: Source,
    id: NamespaceId,
    target: &NodeRef,
) -> Answer<(Node, NamespaceId, Path)> {
    let find = || -> Tried<(Node, NamespaceId, Path)> {
        let reader = source.reader()?;
        let found = reader.find(&reader.namespace(id)?, target)?;
        let path = reader.path(&found)?;
        Ok((found.node, found.way.namespace.id, path))
    };
    answer(find())
}

/// The versions of a node that are kept, the latest first: at most `limit` of those before
/// a revision.
pub fn versions(
    source: Source,
    id: NamespaceId,
    target: &NodeRef,
    before: Option<Revision>,
    limit: usize,
) -> Answer<Vec<Node>> {
    let read = || -> Tried<Vec<Node>> {
        let reader = source.reader()?;
        let found = reader.find(&reader.namespace(id)?, target)?;
        let oldest = reader.system()?.compacted;
        let before = before.unwrap_or(Revision(u64::MAX));
        let mut version = match found.is_root() {
            // A root never changes.
            true => Some(found.node).filter(|root| root.rev < before),
            false => first_version(source, found.node.id, before, oldest)?,
        };
        let mut versions = Vec::new();
        while versions.len() < limit
            && let Some(next) = version
        {
            version = match next.name {
                Some(_) => past::version_before(source.view, source.group, &next, oldest)?,
                None => None,
            };
            versions.push(next);
        }
        Ok(versions)
    };
    answer(read())
}

/// The last version of a node before a revision, if it is still kept.
fn first_version(
    source: Source,
    id: NodeId,
    before: Revision,
    oldest: Revision,
) -> Tried<Option<Node>> {
    let Some(last) = past::last_version(source.view, source.group, id)? else { return Ok(None) };
    if last.rev < before {
        return Ok(Some(last));
    }
    // What was there earlier may be gone already, or go soon.
    let at = Revision(before.0.saturating_sub(1)).max(oldest);
    let reader = Reader { at: Some(at), ..Reader::new(source.view, source.group) };
    let Some(Location::In(place)) = reader.location(id)? else { return Ok(None) };
    let version = reader.child(place.parent, place.name.key())?;
    Ok(version.filter(|version| version.id == id && version.rev < before))
}
