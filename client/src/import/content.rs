//! Describes a file's content: size, BLAKE3 of the whole and of each 4 MiB block.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use metad_proto::{limits::BLOCKS_MAX, v1};

/// Bytes of a block.
const BLOCK_BYTES: usize = 4 << 20;

/// Hashes files, one after another, in one buffer.
pub struct Hasher {
    block: Vec<u8>,
}

impl Default for Hasher {
    fn default() -> Self {
        Hasher { block: vec![0; BLOCK_BYTES] }
    }
}

/// Describes one file.
pub fn content_of(path: &Path) -> io::Result<v1::Content> {
    Hasher::default().content_of(path)
}

impl Hasher {
    /// Describes a file as it is read: its size is what was hashed.
    pub fn content_of(&mut self, path: &Path) -> io::Result<v1::Content> {
        let mut file = File::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            let why = "it is not a regular file, so it has no content to record";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        let mtime_ms = metadata.modified().map_or(0, milliseconds);
        let mut whole = blake3::Hasher::new();
        let mut blocks = Vec::new();
        let mut size = 0;
        loop {
            let filled = self.fill(&mut file)?;
            let block = &self.block[..filled];
            whole.update(block);
            size += filled as u64;
            if !block.is_empty() {
                blocks.push(block_hash(block, filled < BLOCK_BYTES && blocks.is_empty(), &whole));
            }
            if filled < BLOCK_BYTES {
                break;
            }
        }
        if blocks.len() > BLOCKS_MAX {
            // So many belong into a manifest, which whoever stores the bytes writes.
            blocks.clear();
        }
        let media_type = mime_guess::from_path(path).first_raw().unwrap_or("");
        let hash = hash_bytes(whole.finalize());
        let (media_type, manifest) = (media_type.to_owned(), String::new());
        Ok(v1::Content { size, hash, media_type, mtime_ms, blocks, manifest })
    }

    /// Reads a whole block, or less at the end of the file.
    fn fill(&mut self, file: &mut File) -> io::Result<usize> {
        let mut filled = 0;
        while filled < BLOCK_BYTES {
            match file.read(&mut self.block[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }
}

type Hash = prost::bytes::Bytes;

/// The only block of a file has the hash of the whole: no need to hash it twice.
fn block_hash(block: &[u8], is_only: bool, whole: &blake3::Hasher) -> Hash {
    hash_bytes(if is_only { whole.finalize() } else { blake3::hash(block) })
}

fn hash_bytes(hash: blake3::Hash) -> Hash {
    Hash::copy_from_slice(hash.as_bytes())
}

fn milliseconds(time: SystemTime) -> i64 {
    let clamp = |ms: u128| i64::try_from(ms).unwrap_or(i64::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => clamp(after.as_millis()),
        Err(before) => -clamp(before.duration().as_millis()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(bytes: &[u8]) -> v1::Content {
        let directory = tempfile::tempdir().expect("make a directory");
        let path = directory.path().join("a.txt");
        std::fs::write(&path, bytes).expect("write a file");
        content_of(&path).expect("read it back")
    }

    #[test]
    fn blocks_and_whole_are_hashed() {
        let bytes = vec![7; BLOCK_BYTES + 5];
        let large = content(&bytes);
        assert_eq!(large.size, bytes.len() as u64);
        assert_eq!(&large.hash[..], blake3::hash(&bytes).as_bytes());
        assert_eq!(large.blocks.len(), 2);
        assert_eq!(&large.blocks[1][..], blake3::hash(&bytes[BLOCK_BYTES..]).as_bytes());
        let small = content(b"abc");
        assert_eq!(small.blocks, std::slice::from_ref(&small.hash));
        assert_eq!(small.media_type, "text/plain");
        assert!(content(b"").blocks.is_empty());
        assert_eq!(content(&bytes[..BLOCK_BYTES]).blocks.len(), 1);
    }
}
