//! Chunks: where they are cut, what is in them, and what they are called.

use bytes::Bytes;

/// Bytes of records that a chunk has at least, unless it is the last one.
const SIZE_MIN: usize = 64 << 10;
/// Once it has so many bytes, it is cut wherever that is.
const SIZE_MAX: usize = 1 << 20;
/// One of so many keys is a place to cut: some 150 KiB of records lie between two.
const CUT_ONE_OF: u32 = 1_024;
/// A little compression is much faster than the network and the disk.
const LEVEL: i32 = 3;

/// A key and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Unique in the state.
    pub key: Vec<u8>,
    /// Perhaps empty.
    pub value: Vec<u8>,
}

/// Gathers records until it is time to cut.
#[derive(Default)]
pub struct Cutter {
    content: Vec<u8>,
    records: u64,
}

/// What was cut off.
#[derive(Debug)]
pub struct Chunk {
    /// The encoded records.
    pub content: Vec<u8>,
    /// How many.
    pub records: u64,
}

impl Cutter {
    /// Takes the next record; gives a chunk if that was its last one.
    pub fn add(&mut self, key: &[u8], value: &[u8]) -> Option<Chunk> {
        for part in [key, value] {
            let size = u32::try_from(part.len()).expect("a record is much smaller than a message");
            self.content.extend_from_slice(&size.to_le_bytes());
        }
        self.content.extend_from_slice(key);
        self.content.extend_from_slice(value);
        self.records += 1;
        let size = self.content.len();
        let is_cut = size >= SIZE_MAX || (size >= SIZE_MIN && is_place_to_cut(key));
        if is_cut { self.rest() } else { None }
    }

    /// What is left.
    pub fn rest(&mut self) -> Option<Chunk> {
        let Cutter { content, records } = std::mem::take(self);
        (records > 0).then_some(Chunk { content, records })
    }
}

/// The key alone decides: so it does, whatever was added or removed before it.
fn is_place_to_cut(key: &[u8]) -> bool {
    let hash = blake3::hash(key);
    let (first, _) = hash.as_bytes().split_first_chunk::<4>().expect("a hash has 32 bytes");
    u32::from_le_bytes(*first).is_multiple_of(CUT_ONE_OF)
}

/// What a chunk is called: after what is in it.
pub fn name(content: &[u8]) -> String {
    blake3::hash(content).to_hex().to_string()
}

/// As it is stored.
pub fn compress(content: &[u8]) -> std::io::Result<Bytes> {
    Ok(zstd::bulk::compress(content, LEVEL)?.into())
}

/// What was stored under a name, if it still is that.
///
/// # Errors
/// Says what is wrong with it.
pub fn open(name: &str, stored: &[u8], size: u64) -> Result<Vec<u8>, String> {
    let size = usize::try_from(size).map_err(|_| "it is too large".to_owned())?;
    let content = zstd::bulk::decompress(stored, size).map_err(|error| error.to_string())?;
    match self::name(&content) == name {
        true => Ok(content),
        false => Err("it does not have the hash that is its name".to_owned()),
    }
}

/// The records of a chunk; None if these are none.
pub fn records(mut content: &[u8]) -> Option<Vec<Record>> {
    let mut records = Vec::new();
    while !content.is_empty() {
        let (key_size, rest) = content.split_first_chunk::<4>()?;
        let (value_size, rest) = rest.split_first_chunk::<4>()?;
        let size = |bytes: &[u8; 4]| usize::try_from(u32::from_le_bytes(*bytes)).ok();
        let (key, rest) = rest.split_at_checked(size(key_size)?)?;
        let (value, rest) = rest.split_at_checked(size(value_size)?)?;
        records.push(Record { key: key.to_vec(), value: value.to_vec() });
        content = rest;
    }
    Some(records)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn cut(keys: impl Iterator<Item = u64>) -> Vec<Chunk> {
        let mut cutter = Cutter::default();
        let mut chunks: Vec<_> =
            keys.filter_map(|key| cutter.add(&key.to_be_bytes(), &[7; 100])).collect();
        chunks.extend(cutter.rest());
        chunks
    }

    fn names(chunks: &[Chunk]) -> BTreeSet<String> {
        chunks.iter().map(|chunk| name(&chunk.content)).collect()
    }

    #[test]
    fn what_was_cut_comes_back() {
        let chunks = cut(0..20_000);
        assert!(chunks.len() > 5, "{} chunks", chunks.len());
        let mut keys = 0;
        for chunk in &chunks {
            let stored = compress(&chunk.content).expect("compressed");
            let name = name(&chunk.content);
            let size = chunk.content.len() as u64;
            let records = records(&open(&name, &stored, size).expect("sound")).expect("records");
            assert_eq!(records.len() as u64, chunk.records);
            for record in records {
                assert_eq!(record.key, u64::to_be_bytes(keys));
                keys += 1;
            }
            assert!(open(&name, &stored[..stored.len() - 1], size).is_err(), "cut");
            assert!(open(&"0".repeat(64), &stored, size).is_err(), "another's");
        }
        assert_eq!(keys, 20_000);
        assert_eq!(records(b"abc"), None);
    }

    #[test]
    fn a_small_change_makes_few_new_chunks() {
        let before = cut(0..100_000);
        let after = cut((0..100_000).filter(|key| *key != 50_000).chain([100_001]));
        let new = names(&after).difference(&names(&before)).count();
        assert!(before.len() > 30 && new <= 4, "{new} new of {}", before.len());
    }
}
