//! The hash of a replicated state, as `StateHash` and `Backup` tell it: whoever has the records
//! can say whether they are those.

use xxhash_rust::xxh3::Xxh3;

/// Hashes records one after another, in the order of their keys.
#[derive(Default)]
pub struct StateHasher {
    hash: Xxh3,
    records: u64,
}

impl StateHasher {
    /// Takes the next record.
    pub fn add(&mut self, key: &[u8], value: &[u8]) {
        for part in [key, value] {
            self.hash.update(&(part.len() as u64).to_be_bytes());
            self.hash.update(part);
        }
        self.records += 1;
    }

    /// The hash of all that was taken.
    pub fn hash(&self) -> u128 {
        self.hash.digest128()
    }

    /// How many were taken.
    pub fn records(&self) -> u64 {
        self.records
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Backups that were made have it: it cannot change.
    #[test]
    fn the_hash_is_forever() {
        let mut hasher = StateHasher::default();
        hasher.add(b"a", b"bc");
        hasher.add(b"ab", b"c");
        assert_eq!(
            format!("{:032x} {}", hasher.hash(), hasher.records()),
            "24a08799f9876e3cbb0774b52aaa0397 2"
        );
    }
}
