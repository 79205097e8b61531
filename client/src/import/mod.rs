//! Imports a real directory tree: names, sizes, times and content hashes; the bytes
//! themselves live elsewhere.
//!
//! A blocking task walks and hashes, this side sends batches, several at a time. Invariant:
//! a batch is sent only after the batches that make the parents of its nodes were
//! acknowledged. Running an import again over the same place is fine.

mod batch;
mod content;
mod send;

use std::{
    io,
    path::{Path, PathBuf},
};

use serde::Serialize;
use tokio::{sync::mpsc, time::Instant};

use crate::{Client, Error};

pub use content::{Hasher, content_of};

/// What to import, and where to.
#[derive(Clone, Debug)]
pub struct Import {
    /// The namespace.
    pub ns: u64,
    /// The directory to read.
    pub source: PathBuf,
    /// The node that `target` starts from; 0 for the root.
    pub start: u64,
    /// The directory to write; it is made where it is missing.
    pub target: String,
    /// Batches under way at a time.
    pub in_flight: usize,
    /// Steps in one batch, up to the service's limit.
    pub batch_steps: usize,
}

impl Import {
    /// Imports `source` into the root of a namespace.
    pub fn new(ns: u64, source: impl Into<PathBuf>) -> Self {
        let source = source.into();
        let batch_steps = metad_proto::limits::STEPS_MAX;
        Import { ns, source, start: 0, target: "/".to_owned(), in_flight: 4, batch_steps }
    }
}

/// What was acknowledged so far.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Progress {
    /// Directories made, the target not counted.
    pub directories: u64,
    /// Files committed.
    pub files: u64,
    /// Bytes of those files.
    pub bytes: u64,
    /// Mutations that it took.
    pub batches: u64,
}

impl Progress {
    /// Directories and files.
    pub fn nodes(&self) -> u64 {
        self.directories + self.files
    }
}

/// Something that could not be read.
#[derive(Clone, Debug, Serialize)]
pub struct Problem {
    /// Where; what is not UTF-8 in it is replaced.
    pub path: String,
    /// What went wrong.
    pub error: String,
}

/// What the walk left out.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Skipped {
    /// Symbolic links: not imported for now.
    pub links: u64,
    /// Devices, sockets and pipes.
    pub special: u64,
    /// What could not be read, up to [`PROBLEMS_MAX`].
    pub problems: Vec<Problem>,
    /// How many could not be read in all.
    pub problem_count: u64,
}

/// Problems that are told in detail.
pub const PROBLEMS_MAX: usize = 100;

/// What an import did.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// What was imported.
    #[serde(flatten)]
    pub imported: Progress,
    /// What was not.
    pub skipped: Skipped,
    /// How long it took.
    pub seconds: f64,
}

/// Why an import stopped. What was acknowledged until then is there.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The source is not a directory that can be read.
    #[error("read {}: {error}", path.display())]
    Source {
        /// The source.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The service refused a node.
    #[error("import {path}: {error}")]
    Refused {
        /// The remote path of the node.
        path: String,
        /// Why.
        error: Error,
    },
    /// The service did not answer.
    #[error(transparent)]
    Client(#[from] Error),
}

/// Imports a tree, and tells its progress after each batch.
#[allow(deprecated, clippy::disallowed_methods)] // Reads real files: the simulator has none.
pub async fn import(
    client: &Client,
    import: &Import,
    progress: impl FnMut(&Progress),
) -> Result<Summary, ImportError> {
    readable(&import.source)?;
    let start = Instant::now();
    let (sender, batches) = mpsc::channel(import.in_flight.max(1));
    let walk = batch::Walk::new(import, sender);
    let walking = tokio::task::spawn_blocking(move || walk.run());
    // If sending fails, its end of the channel closes and the walk stops.
    let sent = send::send_all(client, import, batches, progress).await;
    let skipped = walking.await.expect("the walk does not panic and is not cancelled");
    let seconds = start.elapsed().as_secs_f64();
    Ok(Summary { imported: sent?, skipped, seconds })
}

/// Counts the directories and files under a directory, as an import will find them.
pub fn count(source: &Path) -> u64 {
    let mut count = 0;
    let mut directories = vec![source.to_owned()];
    while let Some(directory) = directories.pop() {
        let Ok(entries) = std::fs::read_dir(&directory) else { continue };
        for entry in entries.flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => {
                    count += 1;
                    directories.push(entry.path());
                }
                Ok(kind) if kind.is_file() => count += 1,
                _ => {}
            }
        }
    }
    count
}

fn readable(source: &Path) -> Result<(), ImportError> {
    let read = std::fs::read_dir(source);
    read.map(drop).map_err(|error| ImportError::Source { path: source.to_owned(), error })
}
