//! What is done over and over: the phases of mdtest, and etcd's `put` and `range`.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use clap::ValueEnum;

/// One kind of operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Phase {
    /// Makes directories.
    DirCreate,
    /// Looks at directories, in no order.
    DirStat,
    /// Renames directories.
    DirRename,
    /// Removes directories, until none is left.
    DirRemove,
    /// Makes files.
    FileCreate,
    /// Looks at files, in no order.
    FileStat,
    /// Renames files.
    FileRename,
    /// Removes files, until none is left.
    FileRemove,
    /// Sets keys of their own (etcd alone).
    Put,
    /// Reads keys that were set, in no order (etcd alone).
    Range,
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    File,
    Dir,
    /// A key of a store that knows no nodes.
    Key,
}

/// One operation. Names are of the client's own directory.
#[derive(Debug)]
pub enum Call {
    Create(Kind, String),
    Stat(String),
    Rename(String, String),
    Remove(String),
}

impl Phase {
    /// Those of mdtest, in its order.
    pub const MDTEST: [Phase; 8] = [
        Phase::DirCreate,
        Phase::DirStat,
        Phase::DirRename,
        Phase::DirRemove,
        Phase::FileCreate,
        Phase::FileStat,
        Phase::FileRename,
        Phase::FileRemove,
    ];

    pub fn kind(self) -> Kind {
        match self {
            Phase::DirCreate | Phase::DirStat | Phase::DirRename | Phase::DirRemove => Kind::Dir,
            Phase::Put | Phase::Range => Kind::Key,
            _ => Kind::File,
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.to_possible_value().expect("none is hidden").get_name())
    }
}

/// The nodes that one client has made.
#[derive(Debug, Default)]
pub struct Nodes([OfKind; 3]);

/// Those of one kind: numbered from 0, and renamed in turns.
#[derive(Debug, Default)]
struct OfKind {
    created: AtomicU64,
    seen: AtomicU64,
    renamed: AtomicU64,
    removed: AtomicU64,
}

impl Nodes {
    /// The next operation of a phase; None if nothing is left for it.
    pub fn next(&self, phase: Phase) -> Option<Call> {
        self.0[phase.kind() as usize].next(phase)
    }

    /// Begins anew, if a phase has removed what was there.
    pub fn after(&mut self, phase: Phase) {
        if matches!(phase, Phase::DirRemove | Phase::FileRemove) {
            self.0[phase.kind() as usize] = OfKind::default();
        }
    }
}

impl OfKind {
    fn next(&self, phase: Phase) -> Option<Call> {
        let kind = phase.kind();
        let created = self.created.load(Relaxed);
        match phase {
            Phase::DirCreate | Phase::FileCreate | Phase::Put => {
                let node = self.created.fetch_add(1, Relaxed);
                Some(Call::Create(kind, name(kind, node, 0)))
            }
            _ if created == 0 => None,
            Phase::DirStat | Phase::FileStat | Phase::Range => {
                // In an order that is none.
                let seen = self.seen.fetch_add(1, Relaxed);
                let node = (seen.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20) % created;
                Some(Call::Stat(self.name_of(kind, node)))
            }
            Phase::DirRename | Phase::FileRename => {
                let renamed = self.renamed.fetch_add(1, Relaxed);
                let (times, node) = (renamed / created, renamed % created);
                Some(Call::Rename(name(kind, node, times), name(kind, node, times + 1)))
            }
            Phase::DirRemove | Phase::FileRemove => {
                let node = self.removed.fetch_add(1, Relaxed);
                (node < created).then(|| Call::Remove(self.name_of(kind, node)))
            }
        }
    }

    fn name_of(&self, kind: Kind, node: u64) -> String {
        let (created, renamed) = (self.created.load(Relaxed), self.renamed.load(Relaxed));
        name(kind, node, renamed / created + u64::from(node < renamed % created))
    }
}

fn name(kind: Kind, node: u64, renamed: u64) -> String {
    let letter = match kind {
        Kind::File => 'f',
        Kind::Dir => 'd',
        Kind::Key => 'k',
    };
    format!("{letter}{node}.{renamed}")
}
