//! The reads: what they answer, held against what was answered.

use super::answer::{Answer, ListedEntry, NodeAnswer};
use super::matching::Mismatch;
use super::node::{Body, Handle, Usage};
use super::operation::{Kind, Name, Read, Target};
use super::reason::Reason;
use super::run::{Run, Stop};

impl Run<'_> {
    /// Reads what is there, or what was there at a revision.
    pub(super) fn read(&mut self, ns: u64, at: Option<u64>, read: &Read) -> Result<(), Stop> {
        let namespace = self.namespace(ns)?;
        if let Some(revision) = at {
            self.view = Some(self.forest_at(namespace, revision)?);
        }
        match read {
            Read::Stat(target) => self.stat(namespace, target),
            Read::BatchStat(targets) => self.batch_stat(namespace, targets),
            Read::Lookup(target) => self.lookup(namespace, target),
            Read::List { target, recursive: false } => self.list(namespace, target),
            Read::List { target, recursive: true } => self.list_all(namespace, target),
            Read::Versions(target) => self.versions(namespace, target),
        }
    }

    fn stat(&mut self, namespace: Handle, target: &Target) -> Result<(), Stop> {
        let node = self.resolve(namespace, target)?;
        let operation = self.operation;
        match &operation.answer {
            Answer::Node(answer) => Ok(self.match_node(node, answer)?),
            _ => Ok(()),
        }
    }

    fn batch_stat(&mut self, namespace: Handle, targets: &[Target]) -> Result<(), Stop> {
        let operation = self.operation;
        let Answer::Nodes(answers) = &operation.answer else { return Ok(()) };
        if answers.len() != targets.len() {
            return Err(Mismatch::Results.into());
        }
        for (index, (target, answer)) in targets.iter().zip(answers).enumerate() {
            self.begin_step(index);
            match (self.resolve(namespace, target), answer) {
                (Ok(node), Ok(answer)) => self.match_node(node, answer)?,
                (Ok(_), Err(_)) => return Err(Mismatch::Succeeds.into()),
                (Err(Stop::Rejected(reason)), Err(answered)) if reason == *answered => {}
                (Err(Stop::Rejected(reason)), _) => {
                    return Err(Mismatch::Refused { reason, step: index }.into());
                }
                (Err(mismatch), _) => return Err(mismatch),
            }
        }
        Ok(())
    }

    fn lookup(&mut self, namespace: Handle, target: &Target) -> Result<(), Stop> {
        let node = self.resolve(namespace, target)?;
        let operation = self.operation;
        let Answer::Lookup { node: answer, path } = &operation.answer else { return Ok(()) };
        self.match_identity(node, answer)?;
        let actual = self.forest().path(node);
        match path {
            Some(path) if path.trim_start_matches('/') != actual.trim_start_matches('/') => {
                Err(Mismatch::Path { handle: node }.into())
            }
            _ => Ok(()),
        }
    }

    /// The directory that a listing is of: that of a mount is of what it shows.
    fn listed(&mut self, namespace: Handle, target: &Target) -> Result<Handle, Stop> {
        let node = self.resolve(namespace, target)?;
        let directory = self.enter(node)?;
        match self.forest().node(directory).kind() {
            Kind::Directory => Ok(directory),
            _ => Err(Stop::Rejected(Reason::NotADirectory)),
        }
    }

    fn list(&mut self, namespace: Handle, target: &Target) -> Result<(), Stop> {
        let directory = self.listed(namespace, target)?;
        let operation = self.operation;
        let Answer::List(entries) = &operation.answer else { return Ok(()) };
        let children = self.forest().node(directory).children().cloned();
        let children: Vec<Handle> =
            children.iter().flat_map(|children| children.values().copied()).collect();
        self.match_entries(&children, entries, |run, child| {
            run.forest().node(child).name.to_string()
        })
    }

    fn list_all(&mut self, namespace: Handle, target: &Target) -> Result<(), Stop> {
        let top = self.listed(namespace, target)?;
        let operation = self.operation;
        let Answer::List(entries) = &operation.answer else { return Ok(()) };
        let below: Vec<Handle> = self.forest().walk(top).skip(1).collect();
        self.match_entries(&below, entries, |run, node| run.forest().path_from(Some(top), node))
    }

    /// Holds a listing against the nodes that it should tell of, in their order. The nodes are
    /// told apart by a name or path.
    fn match_entries(
        &mut self,
        nodes: &[Handle],
        entries: &[ListedEntry],
        label: impl Fn(&Self, Handle) -> String,
    ) -> Result<(), Stop> {
        let told =
            |entry: &ListedEntry| entry.path.clone().or(entry.name.as_deref().map(Into::into));
        for (index, node) in nodes.iter().enumerate() {
            let Some(entry) = entries.get(index) else {
                return Err(Mismatch::Unlisted { handle: *node }.into());
            };
            let label = label(self, *node);
            let told = told(entry).unwrap_or_default();
            if told != label {
                let is_told_later = entries[index..].len() >= nodes[index..].len();
                return Err(match is_told_later {
                    true => Mismatch::NotThere { name: Name::from(told) }.into(),
                    false => Mismatch::Unlisted { handle: *node }.into(),
                });
            }
            self.match_entry(*node, entry)?;
        }
        match entries.get(nodes.len()).and_then(told) {
            Some(name) => Err(Mismatch::NotThere { name: Name::from(name) }.into()),
            None if entries.len() > nodes.len() => Err(Mismatch::Results.into()),
            None => Ok(()),
        }
    }

    /// Holds what is told of a node in a listing or a difference against it.
    pub(super) fn match_entry(
        &mut self,
        node: Handle,
        entry: &ListedEntry,
    ) -> Result<(), Mismatch> {
        match entry.name.as_ref() {
            Some(name) if *name != self.forest().node(node).name => {
                Err(Mismatch::Path { handle: node })
            }
            _ => self.match_node(node, &entry.node),
        }
    }

    fn match_identity(&mut self, node: Handle, answer: &NodeAnswer) -> Result<(), Mismatch> {
        self.match_id(node, answer.id)?;
        self.match_rev(node, answer.rev)?;
        let namespace = self.forest().node(node).namespace;
        if answer.ns.is_some_and(|ns| !self.has_namespace_id(namespace, ns)) {
            return Err(Mismatch::NamespaceId);
        }
        match answer.kind {
            Some(kind) if kind != self.forest().node(node).kind() => {
                Err(Mismatch::Kind { handle: node })
            }
            _ => Ok(()),
        }
    }

    pub(super) fn match_node(&mut self, node: Handle, answer: &NodeAnswer) -> Result<(), Mismatch> {
        self.match_identity(node, answer)?;
        self.match_usage(node, answer)?;
        let actual = self.forest().node(node);
        let (mut hash, mut size, mut symlink, mut mount) = (None, None, None, None);
        match &actual.body {
            Body::Directory(_) => {}
            Body::File(content) => (hash, size) = (Some(&content.hash), Some(content.size)),
            Body::Symlink(to) => symlink = Some(to),
            Body::Mount(ns, _) => mount = Some(*ns),
        }
        let is_file = hash.is_some();
        let fits = answer.hash.as_ref().is_none_or(|told| Some(told) == hash)
            && answer.size.is_none_or(|told| Some(told) == size || !is_file && told == 0)
            && answer.symlink.as_ref().is_none_or(|told| Some(told) == symlink)
            && answer.mount.is_none_or(|told| Some(told) == mount);
        match (fits, &answer.attributes) {
            (false, _) => Err(Mismatch::Content { handle: node }),
            (true, Some(told)) if *told != *actual.attributes => {
                Err(Mismatch::Attributes { handle: node })
            }
            (true, _) => Ok(()),
        }
    }

    /// Counters and quotas are of now alone.
    fn match_usage(&self, node: Handle, answer: &NodeAnswer) -> Result<(), Mismatch> {
        let actual = self.forest().node(node);
        let counted = match actual.body {
            _ if self.view.is_some() => return Ok(()),
            Body::Directory(_) => actual.under,
            Body::Mount(_, shown) => match self.forest().find_namespace(shown) {
                Some(namespace) => self.forest().node(namespace.root).under,
                None => return Ok(()),
            },
            Body::File(_) | Body::Symlink(_) => return Ok(()),
        };
        let told = Usage {
            nodes: answer.nodes.unwrap_or(counted.nodes),
            bytes: answer.bytes.unwrap_or(counted.bytes),
        };
        if told != counted {
            return Err(Mismatch::Usage {
                handle: node,
                nodes: counted.nodes,
                bytes: counted.bytes,
            });
        }
        match answer.quota {
            Some(quota) if quota != actual.quota => Err(Mismatch::Quota { handle: node }),
            _ => Ok(()),
        }
    }
}
