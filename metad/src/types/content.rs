//! What a file holds; the bytes themselves live elsewhere.

use metad_proto::limits::HASH_BYTES;

/// A description of a file's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Bytes.
    pub size: u64,
    /// Of the whole content.
    pub hash: [u8; HASH_BYTES],
    /// Such as `text/plain`; may be empty.
    pub media_type: String,
    /// The client's modification time, milliseconds since 1970.
    pub mtime_ms: i64,
    /// Where the list of blocks is kept, if it is not here; may be empty.
    pub manifest: String,
    /// Of each block of 4 MiB; none with a manifest.
    pub blocks: Vec<[u8; HASH_BYTES]>,
}

impl Content {
    /// Whether both describe the same bytes.
    pub fn same_bytes(&self, other: &Content) -> bool {
        self.size == other.size && self.hash == other.hash
    }
}
