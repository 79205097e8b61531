//! Clients that edit apart and merge, against a server in memory.

use std::collections::BTreeSet;

use metad_client::{
    errors::Reason,
    v1::{self, StepResult, change::Change},
};
use proptest::prelude::*;
use rand::{SeedableRng, rngs::ChaCha8Rng};

use super::{
    local::Local,
    pending::{Action, Next, Pending},
    replica::{Entry, Replica},
};
use crate::operation::{Content, Mode, NodeKind, Operation, Step, hex};

const ROOT: u64 = 1;
/// Rounds of pushing and pulling until nobody has anything to tell.
const ROUNDS_MAX: usize = 200;

/// As much of a server as these clients need.
struct Toy {
    tree: Replica,
    journal: Vec<v1::Change>,
    revision: u64,
    /// Contents that were replaced or deleted by a client who had seen them.
    superseded: BTreeSet<String>,
}

impl Toy {
    fn new() -> Self {
        let (tree, journal) = (Replica::new(ROOT), Vec::new());
        Toy { tree, journal, revision: 1, superseded: BTreeSet::new() }
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
        self.journal.push(v1::Change { change: Some(change), ..v1::Change::default() });
    }

    fn fresh_id(&self) -> u64 {
        100 + self.journal.len() as u64
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

struct Member {
    name: String,
    replica: Replica,
    read: usize,
    pending: Pending,
    /// Contents that it need not care for any more.
    safe: BTreeSet<String>,
}

impl Member {
    fn new(name: &str) -> Self {
        let (replica, pending) = (Replica::new(ROOT), Pending::default());
        Member { name: name.to_owned(), replica, read: 0, pending, safe: BTreeSet::new() }
    }

    fn pull(&mut self, server: &Toy) {
        for change in &server.journal[self.read..] {
            self.replica.apply(change);
        }
        self.read = server.journal.len();
    }

    fn content(&self) -> Option<String> {
        match &self.pending.first()?.action {
            Action::Create { content, .. } | Action::Update { content, .. } => {
                Some(hex(&content.hash))
            }
            _ => None,
        }
    }

    /// Pushes one edit. An answer that is lost is as none.
    fn push(&mut self, server: &mut Toy, is_lost: bool) {
        let content = self.content();
        match self.pending.next(&self.replica, &self.name) {
            None => return,
            Some(Next::Done(id)) => {
                let rev = self.replica.get(id).map(|entry| entry.rev);
                self.pending.settled(id, rev);
            }
            Some(Next::Drop) => {
                assert_eq!(content, None, "content is dropped");
                self.pending.drop_first();
            }
            Some(Next::Send(operation)) => match server.apply(&operation) {
                Ok(_) if is_lost => return,
                Ok(results) => self.pending.done(results.last().expect("one for each step")),
                Err(reason) => {
                    self.pending.refused(reason, &self.replica);
                    assert!(content.is_none() || content == self.content(), "content is dropped");
                    return;
                }
            },
        }
        self.safe.extend(content);
    }
}

/// One client makes some edits offline, then some are pushed.
#[derive(Clone, Debug)]
struct Round {
    member: usize,
    seed: u64,
    edits: usize,
    pushes: usize,
    is_lost: bool,
}

fn rounds() -> impl Strategy<Value = Vec<Round>> {
    let round = (0..3usize, any::<u64>(), 0..8usize, 0..12usize, prop::bool::weighted(0.1));
    let round = round.prop_map(|(member, seed, edits, pushes, is_lost)| Round {
        member,
        seed,
        edits,
        pushes,
        is_lost,
    });
    prop::collection::vec(round, 1..24)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) })]

    #[test]
    fn clients_converge_and_keep_all_content(rounds in rounds()) {
        let mut server = Toy::new();
        let mut members = ["ann", "bob", "eve"].map(Member::new);
        for round in &rounds {
            let member = &mut members[round.member];
            if member.pending.count() == 0 {
                let mut random = ChaCha8Rng::seed_from_u64(round.seed);
                let mut local = Local::new(&member.replica, &member.pending);
                (0..round.edits).for_each(|_| local.edit(&mut member.pending, &mut random));
            }
            for push in 0..round.pushes {
                member.pull(&server);
                member.push(&mut server, round.is_lost && push == 0);
            }
        }
        for member in &mut members {
            for _ in 0..ROUNDS_MAX {
                member.pull(&server);
                member.push(&mut server, false);
            }
            prop_assert_eq!(member.pending.count(), 0);
        }
        let present: BTreeSet<_> =
            server.tree.nodes().filter_map(|(_, entry)| entry.hash.clone()).collect();
        for member in &mut members {
            member.pull(&server);
            prop_assert!(member.replica.nodes().eq(server.tree.nodes()));
            for content in &member.safe {
                let is_kept = present.contains(content) || server.superseded.contains(content);
                prop_assert!(is_kept, "content {} is lost", content);
            }
        }
    }
}
