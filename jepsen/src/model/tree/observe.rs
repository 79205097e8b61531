//! The reads: what they answer, held against what was answered.

use super::matching::Mismatch;
use super::node::{Body, Handle};
use super::operation::{Answer, ListedEntry, Stat, Target};
use super::reason::Reason;
use super::run::{Run, Stop};

impl Run<'_> {
    pub(super) fn stat(&mut self, ns: u64, target: &Target) -> Result<(), Stop> {
        let namespace = self.namespace(ns)?;
        let node = self.resolve(namespace, target)?;
        let operation = self.operation;
        match &operation.answer {
            Answer::Stat(stat) => Ok(self.match_stat(node, stat)?),
            _ => Ok(()),
        }
    }

    pub(super) fn lookup(&mut self, ns: u64, target: &Target) -> Result<(), Stop> {
        let namespace = self.namespace(ns)?;
        let node = self.resolve(namespace, target)?;
        let operation = self.operation;
        let Answer::Lookup { id, kind, path } = &operation.answer else { return Ok(()) };
        self.match_id(node, *id)?;
        if kind.is_some_and(|kind| kind != self.state().node(node).kind()) {
            return Err(Mismatch::Kind { handle: node }.into());
        }
        let actual = self.state().path(node);
        match path {
            Some(path) if path.trim_start_matches('/') != actual.trim_start_matches('/') => {
                Err(Mismatch::Path { handle: node }.into())
            }
            _ => Ok(()),
        }
    }

    pub(super) fn list(&mut self, ns: u64, target: &Target) -> Result<(), Stop> {
        let namespace = self.namespace(ns)?;
        let node = self.resolve(namespace, target)?;
        let Some(children) = self.state().node(node).children().cloned() else {
            return Err(Stop::Rejected(Reason::NotADirectory));
        };
        let operation = self.operation;
        let Answer::List(entries) = &operation.answer else { return Ok(()) };
        let mut listed = entries.iter();
        for (name, child) in children.iter() {
            match listed.next() {
                Some(entry) if entry.name == *name => self.match_entry(*child, entry)?,
                Some(entry) if entry.name > *name => {
                    return Err(Mismatch::Unlisted { handle: *child }.into());
                }
                None => return Err(Mismatch::Unlisted { handle: *child }.into()),
                Some(entry) => return Err(Mismatch::NotThere { name: entry.name.clone() }.into()),
            }
        }
        match listed.next() {
            Some(entry) => Err(Mismatch::NotThere { name: entry.name.clone() }.into()),
            None => Ok(()),
        }
    }

    fn match_stat(&mut self, node: Handle, stat: &Stat) -> Result<(), Mismatch> {
        self.match_id(node, stat.id)?;
        self.match_rev(node, stat.rev)?;
        let actual = self.state().node(node);
        if stat.kind.is_some_and(|kind| kind != actual.kind()) {
            return Err(Mismatch::Kind { handle: node });
        }
        let fits = match &actual.body {
            Body::File(content) => {
                stat.symlink.is_none()
                    && stat.hash.as_ref().is_none_or(|hash| *hash == content.hash)
                    && stat.size.is_none_or(|size| size == content.size)
            }
            Body::Directory(_) => stat.hash.is_none() && stat.symlink.is_none(),
            Body::Symlink(to) => {
                stat.hash.is_none() && stat.symlink.as_ref().is_none_or(|text| text == to)
            }
        };
        match fits {
            false => Err(Mismatch::Content { handle: node }),
            true if stat.attributes != *actual.attributes => {
                Err(Mismatch::Attributes { handle: node })
            }
            true => Ok(()),
        }
    }

    fn match_entry(&mut self, node: Handle, entry: &ListedEntry) -> Result<(), Mismatch> {
        self.match_id(node, entry.id)?;
        self.match_rev(node, entry.rev)?;
        if entry.kind.is_some_and(|kind| kind != self.state().node(node).kind()) {
            return Err(Mismatch::Kind { handle: node });
        }
        Ok(())
    }
}
