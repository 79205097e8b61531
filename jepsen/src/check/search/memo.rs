//! The configurations that a search has seen, and the unknown operations that it used up.
//!
//! Owns the rule that prunes: with the same changes linearized and the same state, having used
//! fewer operations of unknown outcome leaves every way open that having used more does, and so
//! does having more observations behind it. So a configuration is seen if one was that used a
//! subset, and that misses a subset.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

use super::failing::Failing;
use crate::model::Entry;

/// Bytes that an entry costs, the table's spare room included.
const ENTRY_BYTES: u64 = 120;

/// What was seen. Never iterated over, so the order in the table does not matter.
#[derive(Default)]
pub(super) struct Memo {
    /// For each key.
    seen: HashMap<u128, Vec<Left>, BuildHasherDefault<LowBits>>,
    /// Why what was seen under a key leads nowhere, once that is known.
    failed: HashMap<u128, Failing, BuildHasherDefault<LowBits>>,
    bytes: u64,
}

/// What distinguishes configurations with one key.
#[derive(Debug, Clone, Default)]
pub(super) struct Left {
    /// Operations of unknown outcome that were used up.
    pub(super) used: Vec<u64>,
    /// When the first of all that is missing returned.
    pub(super) first_return: u32,
    /// When the missing observations were invoked before that, in order. Those invoked later are
    /// all missing.
    pub(super) missing: Vec<u32>,
}

impl Left {
    /// Whether every way that is open to the other one is open here.
    fn leaves_more_than(&self, other: &Left) -> bool {
        let is_missing =
            |at: &u32| *at > other.first_return || other.missing.binary_search(at).is_ok();
        self.first_return >= other.first_return
            && self.missing.iter().all(is_missing)
            && is_subset(&self.used, &other.used)
    }

    fn bytes(&self) -> u64 {
        8 * self.used.len() as u64 + 4 * self.missing.len() as u64
    }
}

impl Memo {
    /// About what the table takes.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Remembers why a configuration leads nowhere.
    pub(super) fn fail(&mut self, key: u128, failing: &Failing) {
        let known = self.failed.entry(key).or_default();
        let before = known.bytes();
        known.add(failing);
        self.bytes += ENTRY_BYTES + known.bytes().saturating_sub(before);
    }

    pub(super) fn failed(&self, key: u128) -> Option<&Failing> {
        self.failed.get(&key)
    }

    /// Remembers a configuration; false if it need not be searched.
    pub(super) fn insert(&mut self, key: u128, left: Left) -> bool {
        let known = self.seen.entry(key).or_default();
        if known.iter().any(|known| known.leaves_more_than(&left)) {
            return false;
        }
        self.bytes += ENTRY_BYTES + left.bytes();
        known.push(left);
        true
    }
}

fn is_subset(small: &[u64], large: &[u64]) -> bool {
    small.iter().zip(large).all(|(small, large)| small & !large == 0)
}

/// Keys are hashes already.
#[derive(Default)]
pub(super) struct LowBits(u64);

impl Hasher for LowBits {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, value: u128) {
        self.0 = value as u64;
    }
}

/// The operations of unknown outcome and which of them are part of the linearization.
pub(super) struct UsedSet {
    /// In the order of invocation.
    entries: Vec<usize>,
    /// The place of each entry in `entries`.
    ordinals: Vec<usize>,
    /// The one before that does exactly the same: it goes first.
    twins: Vec<Option<usize>>,
    bits: Vec<u64>,
}

impl UsedSet {
    pub(super) fn new<O>(entries: &[Entry<O>]) -> UsedSet {
        let mut set = UsedSet {
            entries: Vec::new(),
            ordinals: vec![usize::MAX; entries.len()],
            twins: Vec::new(),
            bits: Vec::new(),
        };
        let mut last_of_class = BTreeMap::new();
        for (index, entry) in entries.iter().enumerate() {
            if entry.completed.is_none() {
                let ordinal = set.entries.len();
                set.ordinals[index] = ordinal;
                set.entries.push(index);
                set.twins.push(last_of_class.insert(entry.class, ordinal));
            }
        }
        set.bits = vec![0; set.entries.len().div_ceil(64)];
        set
    }

    pub(super) fn count(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn bits(&self) -> &[u64] {
        &self.bits
    }

    pub(super) fn entry(&self, ordinal: usize) -> usize {
        self.entries[ordinal]
    }

    /// Whether it is unused and its turn.
    pub(super) fn may_use(&self, used: &[u64], ordinal: usize) -> bool {
        !is_set(used, ordinal) && self.twins[ordinal].is_none_or(|twin| is_set(used, twin))
    }

    /// Whether an operation of unknown outcome is part of the linearization.
    pub(super) fn is_used(&self, entry: usize) -> bool {
        is_set(&self.bits, self.ordinals[entry])
    }

    pub(super) fn set(&mut self, entry: usize) {
        let ordinal = self.ordinals[entry];
        set(&mut self.bits, ordinal);
    }

    pub(super) fn clear(&mut self, entry: usize) {
        let ordinal = self.ordinals[entry];
        self.bits[ordinal / 64] &= !(1 << (ordinal % 64));
    }
}

/// Adds an operation to a set of used ones.
pub(super) fn set(used: &mut [u64], ordinal: usize) {
    used[ordinal / 64] |= 1 << (ordinal % 64);
}

fn is_set(used: &[u64], ordinal: usize) -> bool {
    used[ordinal / 64] & (1 << (ordinal % 64)) != 0
}
