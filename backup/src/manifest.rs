//! What a backup is: a small file that is written last.

use serde::{Deserialize, Serialize};

/// The format that is written, and read.
pub const FORMAT: u32 = 1;

/// One backup.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Manifest {
    /// Of backups. First, so that a later one is told by it.
    pub format: u32,
    /// The backup that this one goes on from: its records are then the entries of the log that
    /// lead from there to here. Without it, they are a whole state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Of what.
    #[serde(flatten)]
    pub head: Head,
    /// Records in all chunks.
    pub records: u64,
    /// Over all records; of a state, as `metactl status --hash` tells it: 32 hexadecimal digits.
    pub hash: String,
    /// In the order of their records' keys.
    pub chunks: Vec<ChunkInfo>,
}

/// What a backup is of.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Head {
    /// The cluster's name.
    pub cluster: String,
    /// The Raft group.
    pub group: u64,
    /// The format of the stored records.
    pub stored_format: u32,
    /// What it reflects.
    pub revision: u64,
    /// The last entry of the log that it reflects.
    pub applied_index: u64,
    /// Replicated time at that revision, milliseconds since 1970.
    pub time_ms: u64,
    /// The running digest of all that was applied until then: 32 hexadecimal digits.
    pub digest: String,
}

/// One chunk.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ChunkInfo {
    /// The BLAKE3 of its records, 64 hexadecimal digits: its name.
    pub hash: String,
    /// Bytes of its records.
    pub size: u64,
    /// How many records.
    pub records: u64,
}

impl ChunkInfo {
    /// Where it is, in its place.
    pub fn path(&self) -> String {
        format!("{CHUNKS}/{}/{}.zst", self.hash.get(..2).unwrap_or("__"), self.hash)
    }
}

/// Where chunks are.
pub const CHUNKS: &str = "chunks";
/// Where manifests are.
pub const BACKUPS: &str = "backups";

impl Manifest {
    /// The backup's name: what was backed up twice without a change is one backup.
    pub fn name(&self) -> String {
        let Head { cluster, revision, .. } = &self.head;
        format!("{cluster}-{revision}-{}", self.hash.get(..8).unwrap_or_default())
    }

    /// Bytes of all records.
    pub fn size(&self) -> u64 {
        self.chunks.iter().map(|chunk| chunk.size).sum()
    }
}

/// Where the manifest of a name is.
pub fn path(name: &str) -> String {
    format!("{BACKUPS}/{name}.json")
}

/// The name of the backup whose manifest is here.
pub fn name_of(path: &str) -> Option<&str> {
    path.strip_prefix(BACKUPS)?.strip_prefix('/')?.strip_suffix(".json")
}
