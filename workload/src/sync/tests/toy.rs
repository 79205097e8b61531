//! As much of a server as clients with replicas need, in memory.

use std::collections::BTreeSet;

use metad_client::{
    Reply,
    errors::Reason,
    v1::{self, Cursor, StepResult, change::Change},
};

use super::super::replica::{Entry, Replica};
use crate::{
    execute::{Answer, Outcome},
    operation::{Content, Mode, NodeKind, Operation, Step, Target, hex},
};

pub const ROOT: u64 = 1;
/// Small, so that there are many pages.
const PAGE_CHANGES_MAX: usize = 3;

/// One namespace, of which only the present can be read.
pub struct Toy {
    pub tree: Replica,
    journal: Vec<v1::Change>,
    /// The journal has no changes up to this revision any more.
    compacted: u64,
    revision: u64,
    next_id: u64,
    /// Contents that were replaced or deleted by a client who had seen them.
    pub superseded: BTreeSet<String>,
}

impl Toy {
    pub fn new() -> Self {
        Toy {
            tree: Replica::new(ROOT),
            journal: Vec::new(),
            compacted: 0,
            revision: 1,
            next_id: 100,
            superseded: BTreeSet::new(),
        }
    }

    /// The answer to a call.
    pub fn answer(&mut self, operation: &Operation) -> Outcome {
        let answer = match operation {
            Operation::Journal { cursor, .. } => self.page(*cursor),
            Operation::List { target, recursive: true, at } => self.list(target, *at),
            mutation => self.apply(mutation).map(Answer::Results),
        };
        match answer {
            Ok(value) => {
                Outcome::Done(Reply { revision: self.revision, node: 1, staleness_ms: 0, value })
            }
            Err(reason) => Outcome::Rejected {
                reason,
                step: None,
                revision: Some(self.revision),
                reset: (reason == Reason::CursorReset).then_some(self.revision),
                node: Some(1),
            },
        }
    }

    /// Forgets the journal.
    pub fn compact(&mut self) {
        self.journal.clear();
        self.compacted = self.revision;
    }

    /// A directory comes from another namespace, with a file in it.
    pub fn arrive(&mut self, name: String, hash: String) {
        self.revision += 1;
        if self.tree.child(ROOT, &name).is_some() {
            return;
        }
        let (top, file, rev) = (self.fresh_id(), self.fresh_id(), self.revision);
        let kind = NodeKind::Directory;
        let directory = Entry { parent: ROOT, name, kind, rev, hash: None };
        self.tell(Change::MovedIn(wire(top, &directory)));
        self.tree.put(top, directory);
        let (name, kind, hash) = ("f".to_owned(), NodeKind::File, Some(hash));
        // What is under it keeps its rev.
        self.tree.put(file, Entry { parent: top, name, kind, rev: 1, hash });
    }

    /// A directory goes to another namespace, with all that is under it.
    pub fn depart(&mut self, number: u64) {
        self.revision += 1;
        let directories: Vec<_> =
            self.tree.nodes().filter(|(_, entry)| entry.kind == NodeKind::Directory).collect();
        if directories.is_empty() {
            return;
        }
        let (id, entry) = directories[number as usize % directories.len()];
        let told = Change::MovedOut(wire(id, entry));
        let before: BTreeSet<_> = self.hashes();
        self.tell(told);
        self.tree.remove(id);
        // It is in the other namespace now.
        let after = self.hashes();
        self.superseded.extend(before.difference(&after).cloned());
    }

    /// All contents that are there.
    pub fn hashes(&self) -> BTreeSet<String> {
        self.tree.nodes().filter_map(|(_, entry)| entry.hash.clone()).collect()
    }

    fn page(&self, after: Option<Cursor>) -> Result<Answer, Reason> {
        let after = after.map_or((0, 0), |cursor| (cursor.revision, cursor.ordinal));
        if after.0 < self.compacted {
            return Err(Reason::CursorReset);
        }
        let key = |cursor: Cursor| (cursor.revision, cursor.ordinal);
        let is_later = |change: &&v1::Change| key(change.cursor.expect("each has one")) > after;
        let mut later = self.journal.iter().filter(is_later);
        let changes: Vec<_> = later.by_ref().take(PAGE_CHANGES_MAX).cloned().collect();
        let cursor = changes.last().and_then(|change| change.cursor);
        let end = later.next().is_none();
        Ok(Answer::Journal(v1::ReadJournalReply { changes, cursor, end, ..Default::default() }))
    }

    fn list(&self, target: &Target, at: Option<u64>) -> Result<Answer, Reason> {
        if at.is_some_and(|at| at != self.revision) {
            return Err(Reason::RevisionCompacted);
        }
        let top = match target {
            Target::Path(path) => self.find(path)?,
            Target::Id(id) if *id == ROOT || self.tree.get(*id).is_some() => *id,
            Target::Id(_) => return Err(Reason::NotFound),
        };
        let mut entries = Vec::new();
        self.list_below(top, "", &mut entries);
        Ok(Answer::Entries(entries))
    }

    fn list_below(&self, top: u64, prefix: &str, entries: &mut Vec<v1::Node>) {
        for id in self.tree.children(top) {
            let entry = self.tree.get(id).expect("it has a place");
            let path = format!("{prefix}{}", entry.name);
            entries.push(v1::Node { path: path.clone(), ..wire(id, entry) });
            self.list_below(id, &format!("{path}/"), entries);
        }
    }

    fn find(&self, path: &str) -> Result<u64, Reason> {
        let names = path.split('/').filter(|name| !name.is_empty());
        names.into_iter().try_fold(ROOT, |at, name| match self.tree.is_directory(at) {
            true => self.tree.child(at, name).ok_or(Reason::NotFound),
            false => Err(Reason::NotADirectory),
        })
    }

    fn place(&self, path: &str) -> Result<(u64, String), Reason> {
        let (directory, name) = path.rsplit_once('/').expect("paths are absolute");
        let parent = self.find(directory)?;
        match self.tree.is_directory(parent) {
            true => Ok((parent, name.to_owned())),
            false => Err(Reason::NotADirectory),
        }
    }

    fn apply(&mut self, operation: &Operation) -> Result<Vec<StepResult>, Reason> {
        self.revision += 1;
        match operation {
            Operation::Step(step) => Ok(vec![self.step(step)?]),
            // The only batch that these clients send can fail in its last step only after the
            // first one made directories, which does no harm here.
            Operation::Batch(steps) => steps.iter().map(|step| self.step(step)).collect(),
            other => panic!("no client sends {other:?}"),
        }
    }

    fn step(&mut self, step: &Step) -> Result<StepResult, Reason> {
        match step {
            Step::Mkdir { path, parents } => self.mkdir(path, *parents),
            Step::Commit { path, mode, content, autorename } => {
                self.commit(path, *mode, content, autorename.as_deref().expect("always"))
            }
            Step::Move { from, to, replace: false, rev } => {
                let id = self.guarded(from, *rev)?;
                let (parent, name) = self.place(to)?;
                if self.tree.path(parent).expect("it is there").starts_with(&format!("{from}/"))
                    || parent == id
                {
                    return Err(Reason::Cycle);
                }
                if self.tree.child(parent, &name).is_some() {
                    return Err(Reason::AlreadyExists);
                }
                let entry = self.tree.get(id).expect("it was found").clone();
                Ok(self.put(id, Entry { parent, name, ..entry }, Change::Moved))
            }
            Step::Delete { path, recursive: false, rev } => {
                let id = self.guarded(path, *rev)?;
                if self.tree.children(id).next().is_some() {
                    return Err(Reason::NotEmpty);
                }
                let entry = self.tree.get(id).expect("it was found").clone();
                self.superseded.extend(entry.hash.clone());
                self.tell(Change::Deleted(wire(id, &entry)));
                self.tree.remove(id);
                Ok(StepResult { id, rev: entry.rev, renamed: String::new() })
            }
            other => panic!("no client sends {other:?}"),
        }
    }

    fn guarded(&self, path: &str, rev: Option<u64>) -> Result<u64, Reason> {
        let id = self.find(path)?;
        match self.tree.get(id).is_some_and(|entry| Some(entry.rev) == rev) {
            true => Ok(id),
            false => Err(Reason::Conflict),
        }
    }

    fn mkdir(&mut self, path: &str, parents: bool) -> Result<StepResult, Reason> {
        if parents && let Ok(id) = self.find(path) {
            let result = StepResult { id, ..StepResult::default() };
            return if self.tree.is_directory(id) {
                Ok(result)
            } else {
                Err(Reason::AlreadyExists)
            };
        }
        let (directory, _) = path.rsplit_once('/').expect("paths are absolute");
        if parents {
            self.mkdir(directory, true)?;
        }
        let (parent, name) = self.place(path)?;
        if self.tree.child(parent, &name).is_some() {
            return Err(Reason::AlreadyExists);
        }
        let id = self.fresh_id();
        let kind = NodeKind::Directory;
        Ok(self.put(id, Entry { parent, name, kind, rev: 0, hash: None }, Change::Created))
    }

    fn commit(
        &mut self,
        path: &str,
        mode: Mode,
        content: &Content,
        client: &str,
    ) -> Result<StepResult, Reason> {
        let (parent, name) = self.place(path)?;
        let hash = Some(hex(&content.hash));
        let there = self.tree.child(parent, &name).and_then(|id| Some((id, self.tree.get(id)?)));
        let entry = Entry { parent, name: name.clone(), kind: NodeKind::File, rev: 0, hash };
        match (mode, there) {
            (Mode::Create, None) => {
                let id = self.fresh_id();
                Ok(self.put(id, entry, Change::Created))
            }
            (Mode::Update(rev), Some((id, old))) if old.kind == NodeKind::File => {
                if old.rev == rev {
                    self.superseded.extend(old.hash.clone());
                    return Ok(self.put(id, entry, Change::Updated));
                }
                if old.hash == entry.hash {
                    let rev = old.rev;
                    return Ok(StepResult { id, rev, renamed: String::new() });
                }
                Ok(self.copy(entry, client))
            }
            _ => Ok(self.copy(entry, client)),
        }
    }

    fn copy(&mut self, entry: Entry, client: &str) -> StepResult {
        let named = |number| format!("{} ({client}'s conflicted copy {number})", entry.name);
        let is_free = |name: &String| self.tree.child(entry.parent, name).is_none();
        let name = (1..).map(named).find(is_free).expect("one is free");
        let id = self.fresh_id();
        let result = self.put(id, Entry { name: name.clone(), ..entry }, Change::Created);
        StepResult { renamed: name, ..result }
    }

    fn put(&mut self, id: u64, entry: Entry, told: fn(v1::Node) -> Change) -> StepResult {
        let entry = Entry { rev: self.revision, ..entry };
        self.tell(told(wire(id, &entry)));
        self.tree.put(id, entry);
        StepResult { id, rev: self.revision, renamed: String::new() }
    }

    fn tell(&mut self, change: Change) {
        let revision = self.revision;
        let earlier = self.journal.iter().rev().map_while(|change| change.cursor);
        let ordinal = earlier.take_while(|cursor| cursor.revision == revision).count() as u32;
        let (cursor, change) = (Some(Cursor { revision, ordinal }), Some(change));
        self.journal.push(v1::Change { cursor, change, ..v1::Change::default() });
    }

    fn fresh_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }
}

fn wire(id: u64, entry: &Entry) -> v1::Node {
    let kind = match entry.kind {
        NodeKind::Directory => v1::Kind::Directory,
        _ => v1::Kind::File,
    };
    let byte = |digits: &[u8]| {
        let digits = std::str::from_utf8(digits).expect("hex is ASCII");
        u8::from_str_radix(digits, 16).expect("hex digits")
    };
    let hash = |hash: &String| hash.as_bytes().chunks(2).map(byte).collect::<Vec<_>>().into();
    let content =
        entry.hash.as_ref().map(|text| v1::Content { hash: hash(text), ..v1::Content::default() });
    v1::Node {
        id,
        parent_id: entry.parent,
        name: entry.name.clone(),
        kind: kind as i32,
        rev: entry.rev,
        content,
        ..v1::Node::default()
    }
}
