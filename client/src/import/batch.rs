//! Walks the tree, breadth first, and packs it into batches.
//!
//! Breadth first, because then the parents of a batch were made many batches before it, so
//! that several can be under way. Only directories are held in memory. Runs on a thread
//! that may block.

use std::{
    collections::VecDeque,
    fs::{self, DirEntry},
    io,
    path::{Path, PathBuf},
};

use metad_proto::{
    limits::{MESSAGE_BYTES_MAX, NAME_BYTES_MAX, PATH_BYTES_MAX, STEPS_MAX},
    v1::{NodeRef, Step},
};
use prost::Message;
use tokio::sync::mpsc::Sender;

use super::{Hasher, Import, PROBLEMS_MAX, Problem, Progress, Skipped};
use crate::steps;

/// Bytes of one batch: well below what a message may have.
const BATCH_BYTES_MAX: usize = MESSAGE_BYTES_MAX / 2;

/// Steps that are sent together.
pub struct Batch {
    /// Position among the batches.
    pub number: u64,
    pub steps: Vec<Step>,
    /// The last batch that makes a parent of a node in here.
    pub needs: Option<u64>,
    /// What it adds.
    pub adds: Progress,
}

impl Batch {
    fn new(number: u64) -> Self {
        let adds = Progress { batches: 1, ..Progress::default() };
        Batch { number, steps: Vec::new(), needs: None, adds }
    }
}

struct Directory {
    local: PathBuf,
    remote: String,
    /// The batch that makes it.
    made_in: u64,
}

/// The consumer has gone: stop.
struct Closed;

pub struct Walk {
    /// The node that all remote paths start from.
    start: u64,
    directories: VecDeque<Directory>,
    batch: Batch,
    batch_bytes: usize,
    batch_steps_max: usize,
    batches: Sender<Batch>,
    hasher: Hasher,
    skipped: Skipped,
}

impl Walk {
    pub fn new(import: &Import, batches: Sender<Batch>) -> Self {
        let remote = import.target.trim_end_matches('/').to_owned();
        let mut batch = Batch::new(0);
        if !remote.is_empty() {
            batch.steps.push(steps::mkdir_all(steps::under(import.start, &remote)));
        }
        let top = Directory { local: import.source.clone(), remote, made_in: 0 };
        Walk {
            start: import.start,
            directories: VecDeque::from([top]),
            batch,
            batch_bytes: 0,
            batch_steps_max: import.batch_steps.clamp(1, STEPS_MAX),
            batches,
            hasher: Hasher::default(),
            skipped: Skipped::default(),
        }
    }

    pub fn run(mut self) -> Skipped {
        while let Some(directory) = self.directories.pop_front() {
            let entries = match sorted_entries(&directory.local) {
                Ok(entries) => entries,
                Err(error) => {
                    self.problem(directory.local, error.to_string());
                    continue;
                }
            };
            for entry in entries {
                if self.visit(&directory, &entry).is_err() {
                    return self.skipped;
                }
            }
        }
        // Whether anybody still takes it is the consumer's business.
        let _ = self.flush();
        self.skipped
    }

    fn visit(&mut self, parent: &Directory, entry: &DirEntry) -> Result<(), Closed> {
        let local = entry.path();
        let kind = entry.file_type().map_err(|error| error.to_string());
        let (remote, kind) = match remote_path(parent, entry).and_then(|path| Ok((path, kind?))) {
            Ok(found) => found,
            Err(why) => {
                self.problem(local, why);
                return Ok(());
            }
        };
        if kind.is_symlink() {
            self.skipped.links += 1;
        } else if kind.is_dir() {
            self.push(parent, steps::mkdir_all(self.at(&remote)))?;
            self.batch.adds.directories += 1;
            let made_in = self.batch.number;
            self.directories.push_back(Directory { local, remote, made_in });
        } else if kind.is_file() {
            match self.hasher.content_of(&local) {
                Ok(content) => {
                    let size = content.size;
                    self.push(parent, steps::overwrite(self.at(&remote), content))?;
                    self.batch.adds.files += 1;
                    self.batch.adds.bytes += size;
                }
                Err(error) => self.problem(local, error.to_string()),
            }
        } else {
            self.skipped.special += 1;
        }
        Ok(())
    }

    fn at(&self, remote: &str) -> NodeRef {
        steps::under(self.start, remote)
    }

    fn push(&mut self, parent: &Directory, step: Step) -> Result<(), Closed> {
        let bytes = step.encoded_len();
        let is_full = self.batch.steps.len() >= self.batch_steps_max
            || (self.batch_bytes + bytes > BATCH_BYTES_MAX && !self.batch.steps.is_empty());
        if is_full {
            self.flush()?;
        }
        // Within a batch, steps are carried out in order.
        if parent.made_in != self.batch.number {
            self.batch.needs = self.batch.needs.max(Some(parent.made_in));
        }
        self.batch_bytes += bytes;
        self.batch.steps.push(step);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Closed> {
        if self.batch.steps.is_empty() {
            return Ok(());
        }
        let next = Batch::new(self.batch.number + 1);
        self.batch_bytes = 0;
        let full = std::mem::replace(&mut self.batch, next);
        self.batches.blocking_send(full).map_err(|_| Closed)
    }

    fn problem(&mut self, path: PathBuf, error: String) {
        self.skipped.problem_count += 1;
        if self.skipped.problems.len() < PROBLEMS_MAX {
            let path = path.to_string_lossy().into_owned();
            self.skipped.problems.push(Problem { path, error });
        }
    }
}

/// In the order of their names, so that an import does the same each time.
fn sorted_entries(directory: &Path) -> io::Result<Vec<DirEntry>> {
    let mut entries = fs::read_dir(directory)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(DirEntry::file_name);
    Ok(entries)
}

fn remote_path(parent: &Directory, entry: &DirEntry) -> Result<String, String> {
    let name = entry.file_name();
    let name = name.to_str().ok_or("its name is not UTF-8")?;
    let remote = format!("{}/{name}", parent.remote);
    if name.len() > NAME_BYTES_MAX || remote.len() > PATH_BYTES_MAX {
        return Err(format!("its name or path is longer than {PATH_BYTES_MAX} bytes"));
    }
    Ok(remote)
}
