//! Backups: their format, and where they are kept. `metactl` makes them, `metad restore` reads
//! them.
//!
//! A place (a folder, or a bucket of an object store) has
//! - `chunks/HH/HASH.zst`: records in the order of their keys, as many as are cut off together,
//!   compressed; named after the BLAKE3 of what is inside. Where to cut, the keys say: so what
//!   did not change since an earlier backup is the same chunk, and is not written again;
//! - `backups/NAME.json`: a [`Manifest`], which names the chunks of one backup, in order, and the
//!   hash of the whole state.
//!
//! Invariants: a chunk is written once and never changed; a manifest is written last, when all of
//! its chunks are there, so what was cut off is never taken for a backup; whoever reads one checks
//! the hash of each chunk and that of the state. Must not: know what the records mean, or be
//! part of what the simulator runs, since object stores bring a runtime of their own.

mod chunk;
mod error;
mod manifest;
mod place;
mod read;
mod write;

pub use chunk::Record;
pub use error::Error;
pub use manifest::{ChunkInfo, Head, Manifest};
pub use place::Place;
pub use read::{Backup, Listed, list};
pub use write::{Made, Writer};

/// What this crate answers.
pub type Result<T> = std::result::Result<T, Error>;
