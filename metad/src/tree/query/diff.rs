//! What differs in a namespace between two revisions. The journal between them says which
//! nodes to compare, so that it costs what happened, not what is there; but for trees that
//! were in another namespace in between. Of each node only the id is kept: it is compared when
//! its turn comes.

use metad_proto::limits;

use super::Source;
use crate::{
    kv::KvRead,
    records::{change, key},
    tree::{Answer, Tried, answer, reader::Reader},
    types::{
        Change, ChangeKind, Cursor, NameInvalid, Namespace, NamespaceId, Node, NodeId, NodeRef,
        Path, Rejection, Revision,
    },
};

/// A node at a revision, and its path there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// The node.
    pub node: Node,
    /// From the root.
    pub path: Path,
}

/// What became of a node. One of the two at least is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// As it was.
    pub before: Option<Located>,
    /// As it is.
    pub after: Option<Located>,
}

/// Two revisions to compare, and the nodes that may differ.
pub struct Comparison {
    namespace: Namespace,
    from: Revision,
    to: Revision,
    nodes: Vec<NodeId>,
}

/// Finds the nodes of a namespace that may differ between two revisions.
pub fn comparison(
    source: Source,
    id: NamespaceId,
    from: Revision,
    to: Option<Revision>,
) -> Answer<Comparison> {
    let find = || -> Tried<Comparison> {
        let now = Reader::new(source.view, source.group).system()?.revision;
        let to = to.unwrap_or(now);
        let namespace = Source { at: Some(to), ..source }.reader()?.namespace(id)?;
        Source { at: Some(from), ..source }.reader()?.namespace(id)?;
        if from > to {
            return Err(Rejection::NameInvalid(NameInvalid::Revisions).into());
        }
        let nodes = touched(source, id, from, to)?;
        Ok(Comparison { namespace, from, to, nodes })
    };
    answer(find())
}

impl Comparison {
    /// The later one of the revisions.
    pub fn to(&self) -> Revision {
        self.to
    }

    /// The nodes that may differ, in the order of their ids.
    pub fn nodes(&self) -> &[NodeId] {
        &self.nodes
    }

    /// What became of one of them, if it differs, by the same view. What is under a directory
    /// that was added or removed is not told, but for what was there before, or still is,
    /// somewhere else.
    pub fn difference(&self, source: Source, node: NodeId) -> Answer<Option<Difference>> {
        let side = |at| Side {
            reader: Reader { at: Some(at), ..Reader::new(source.view, source.group) },
            namespace: &self.namespace,
        };
        answer(difference(&side(self.from), &side(self.to), node))
    }

    /// All differences at once.
    pub fn differences(&self, source: Source) -> Answer<Vec<Difference>> {
        let mut differences = Vec::new();
        for node in &self.nodes {
            match self.difference(source, *node)? {
                Ok(difference) => differences.extend(difference),
                Err(rejection) => return Ok(Err(rejection)),
            }
        }
        Ok(Ok(differences))
    }
}

/// The nodes that may differ: those that the journal between two revisions tells of. What
/// happens to a tree while it is in another namespace, that one's journal tells: so if
/// something left and something came, all that crossed over may.
fn touched(source: Source, id: NamespaceId, from: Revision, to: Revision) -> Tried<Vec<NodeId>> {
    let range = key::journal_after(source.group, id, Some(Cursor::after(from)));
    let end = key::journal(source.group, id, Cursor { revision: to.next(), ordinal: 0 });
    let mut touched = Touched::default();
    let (mut left, mut came) = (Vec::new(), Vec::new());
    for pair in source.view.scan(&range.start, &end) {
        let Change { cursor, kind, node, .. } = change::decode(&pair?.1)?;
        touched.add(node.id)?;
        match kind {
            // Only before that revision it was surely here.
            ChangeKind::MovedOut { .. } => left.push((node.id, Revision(cursor.revision.0 - 1))),
            ChangeKind::MovedIn { .. } => came.push((node.id, cursor.revision)),
            _ => {}
        }
    }
    if !left.is_empty() && !came.is_empty() {
        for (top, at) in left.into_iter().chain(came) {
            touched.add_under(source, top, at)?;
        }
    }
    touched.nodes.sort_unstable();
    touched.nodes.dedup();
    Ok(touched.nodes)
}

#[derive(Default)]
struct Touched {
    /// One for each change, so that they are as many as the limit says at most.
    nodes: Vec<NodeId>,
}

impl Touched {
    fn add(&mut self, id: NodeId) -> Result<(), Rejection> {
        if self.nodes.len() == limits::DIFF_CHANGES_MAX {
            let (limit, value) = (limits::DIFF_CHANGES, limits::DIFF_CHANGES_MAX as u64);
            return Err(Rejection::LimitExceeded { limit, value });
        }
        self.nodes.push(id);
        Ok(())
    }

    /// All that was under a node at a revision.
    fn add_under(&mut self, source: Source, top: NodeId, at: Revision) -> Tried<()> {
        let reader = Reader { at: Some(at), ..Reader::new(source.view, source.group) };
        let mut queue = vec![top];
        while let Some(directory) = queue.pop() {
            for node in reader.entries(directory, None) {
                let node = node?;
                self.add(node.id)?;
                if node.is_directory() {
                    queue.push(node.id);
                }
            }
        }
        Ok(())
    }
}

fn difference(
    before: &Side<impl KvRead + ?Sized>,
    after: &Side<impl KvRead + ?Sized>,
    id: NodeId,
) -> Tried<Option<Difference>> {
    let (was, is) = (before.find(id)?, after.find(id)?);
    let is_told = match (&was, &is) {
        (None, None) => false,
        // The directory says it, if it shares the fate.
        (Some(was), None) => after.has(was.node.parent)?,
        (None, Some(is)) => before.has(is.node.parent)?,
        (Some(was), Some(is)) => {
            let place = |node: &Node| (node.parent, node.name.clone());
            place(&was.node) != place(&is.node)
                || was.node.body != is.node.body
                || was.node.attributes != is.node.attributes
        }
    };
    Ok(is_told.then_some(Difference { before: was, after: is }))
}

/// The tree at one of the revisions.
struct Side<'v, V: ?Sized> {
    reader: Reader<'v, V>,
    namespace: &'v Namespace,
}

impl<V: KvRead + ?Sized> Side<'_, V> {
    fn has(&self, id: NodeId) -> Tried<bool> {
        Ok(id == self.namespace.root || self.find(id)?.is_some())
    }

    fn find(&self, id: NodeId) -> Tried<Option<Located>> {
        let target = NodeRef { start: id, path: Path::default() };
        let Ok(found) = answer(self.reader.find(self.namespace, &target))? else {
            return Ok(None);
        };
        let path = self.reader.path(&found)?;
        Ok(Some(Located { node: found.node, path }))
    }
}
