//! Listings: of a directory, or of all that is under it, page by page.

use super::Source;
use crate::{
    kv::{KvRead, Result},
    tree::{Answer, Tried, answer, reader::Reader},
    types::{Name, NamespaceId, Node, NodeRef, Path, Policy},
};

/// A node and its path from the directory that is listed.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The node.
    pub node: Node,
    /// Its name alone, unless the listing is recursive.
    pub path: Path,
}

/// Part of a listing.
#[derive(Debug)]
pub struct Page {
    /// The tree that the directory is in.
    pub namespace: NamespaceId,
    /// In the order of their names; in a recursive listing a node comes before what is
    /// under it.
    pub entries: Vec<Entry>,
    /// There are entries after these.
    pub more: bool,
}

/// The entries of a directory, or of what a mount shows, after a name: at most `limit`.
pub fn list_page(
    source: Source,
    id: NamespaceId,
    target: &NodeRef,
    after: Option<&Name>,
    limit: usize,
) -> Answer<Page> {
    let read = || -> Tried<Page> {
        let reader = source.reader()?;
        let found = reader.enter(reader.find(&reader.namespace(id)?, target)?)?;
        let namespace = found.way.namespace;
        let after = after.map(|after| namespace.policy.key(after));
        let mut entries = reader.entries(found.node.id, after.as_deref());
        let page = entries.by_ref().take(limit).map(|node| Ok(entry(node?, &[])));
        let page = page.collect::<Result<_>>()?;
        let more = entries.next().transpose()?.is_some();
        Ok(Page { namespace: namespace.id, entries: page, more })
    };
    answer(read())
}

/// All that is under a directory, after a path: at most `limit`. What mounts show is not.
pub fn list_tree_page(
    source: Source,
    id: NamespaceId,
    target: &NodeRef,
    after: &Path,
    limit: usize,
) -> Answer<Page> {
    let read = || -> Tried<Page> {
        let reader = source.reader()?;
        let found = reader.enter(reader.find(&reader.namespace(id)?, target)?)?;
        let namespace = found.way.namespace;
        let mut walk = Walk::after(&reader, namespace.policy, found.node, after)?;
        let entries = walk.by_ref().take(limit).collect::<Result<_>>()?;
        let more = walk.next().transpose()?.is_some();
        Ok(Page { namespace: namespace.id, entries, more })
    };
    answer(read())
}

fn entry(node: Node, above: &[Name]) -> Entry {
    let mut names = above.to_vec();
    names.extend(node.name.clone());
    Entry { node, path: Path::of(names) }
}

/// Goes through a tree: a node, what is under it, its next sibling.
struct Walk<'r, V: ?Sized> {
    reader: &'r Reader<'r, V>,
    /// The names of the directories that are being read, but for the top.
    names: Vec<Name>,
    /// What is still to come in each of them, and in the top.
    levels: Vec<Box<dyn Iterator<Item = Result<Node>> + 'r>>,
}

impl<'r, V: KvRead + ?Sized> Walk<'r, V> {
    /// From the node after a path on, whether there is one at that path or not.
    fn after(
        reader: &'r Reader<'r, V>,
        policy: Policy,
        top: Node,
        after: &Path,
    ) -> Result<Walk<'r, V>> {
        let mut walk = Walk { reader, names: Vec::new(), levels: Vec::new() };
        let mut directory = Some(top.id);
        for name in after.names() {
            let Some(parent) = directory else { return Ok(walk) };
            let name = policy.name(name);
            walk.levels.push(reader.entries(parent, Some(name.key())));
            let child = reader.child(parent, name.key())?.filter(Node::is_directory);
            directory = child.as_ref().map(|child| child.id);
            walk.names.extend(child.and_then(|child| child.name));
        }
        walk.levels.extend(directory.map(|id| reader.entries(id, None)));
        Ok(walk)
    }
}

impl<V: KvRead + ?Sized> Iterator for Walk<'_, V> {
    type Item = Result<Entry>;

    fn next(&mut self) -> Option<Result<Entry>> {
        loop {
            let node = match self.levels.last_mut()?.next() {
                Some(Ok(node)) => node,
                Some(Err(fault)) => return Some(Err(fault)),
                None => {
                    self.levels.pop();
                    self.names.pop();
                    continue;
                }
            };
            let found = entry(node, &self.names);
            if found.node.is_directory() {
                self.names.extend(found.node.name.clone());
                self.levels.push(self.reader.entries(found.node.id, None));
            }
            return Some(Ok(found));
        }
    }
}
