//! A persistent set of ids, kept as ranges: ids are given out one after the other, so those
//! of nodes that are gone lie close together, and take no more room than the gaps between them.

use rpds::RedBlackTreeMap;

#[derive(Debug, Clone, Default)]
pub(super) struct IdSet {
    /// The last of each range by its first. There is a gap between any two.
    ranges: RedBlackTreeMap<u64, u64>,
}

impl IdSet {
    pub(super) fn contains(&self, id: u64) -> bool {
        self.range_up_to(id).is_some_and(|(_, last)| id <= last)
    }

    pub(super) fn insert(&mut self, id: u64) {
        if self.contains(id) {
            return;
        }
        let before = self.range_up_to(id).filter(|(_, last)| last.checked_add(1) == Some(id));
        let first = before.map_or(id, |(first, _)| first);
        let next = id.checked_add(1);
        let after = next.and_then(|next| self.ranges.get(&next).copied().map(|last| (next, last)));
        if let Some((next, _)) = after {
            self.ranges.remove_mut(&next);
        }
        self.ranges.insert_mut(first, after.map_or(id, |(_, last)| last));
    }

    /// The last range that begins no later.
    fn range_up_to(&self, id: u64) -> Option<(u64, u64)> {
        self.ranges.range(..=id).next_back().map(|(first, last)| (*first, *last))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn it_holds_what_was_put_in_as_ranges() {
        let mut set = IdSet::default();
        let mut expected = BTreeSet::new();
        let mut number: u64 = 1;
        for _ in 0..2_000 {
            number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let id = (number >> 33) % 500;
            set.insert(id);
            expected.insert(id);
            assert_eq!((0..500).filter(|id| set.contains(*id)).count(), expected.len());
        }
        let gaps = (1..500).filter(|id| expected.contains(&(id - 1)) && !expected.contains(id));
        assert!(set.ranges.size() <= gaps.count() + 1);
        set.insert(u64::MAX);
        assert!(set.contains(u64::MAX) && !set.contains(u64::MAX - 1));
    }
}
