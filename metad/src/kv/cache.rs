//! What the one writer of an engine has lately read of it.
//!
//! Applying an entry reads the same few records over and over: counters, sessions, the
//! directories on a path. What is not there is asked for again: that is mostly a name that is
//! about to be taken. Invariant: what it holds is what the engine holds; whoever writes without
//! telling it must clear it. Must not: hold more than it may.

use std::cell::RefCell;

use foldhash::fast::FixedState;
use quick_cache::{Weighter, unsync};

use super::{KvRead, Pair, Result, Scan, View, Write};

/// Bytes that an entry takes beside its key and value, about.
const ENTRY_BYTES: usize = 96;

/// See the module.
pub struct Cache(Entries);

/// The hash is a fixed one: which entries make way for others is the same in every run.
type Entries = unsync::Cache<Vec<u8>, Vec<u8>, Bytes, FixedState>;

#[derive(Clone)]
struct Bytes;

impl Weighter<Vec<u8>, Vec<u8>> for Bytes {
    fn weight(&self, key: &Vec<u8>, value: &Vec<u8>) -> u64 {
        (key.len() + value.len() + ENTRY_BYTES) as u64
    }
}

impl Cache {
    /// Empty; of so many bytes at most, about.
    pub fn new(bytes_max: usize) -> Cache {
        let (hash, lifecycle) = (FixedState::default(), Default::default());
        let entries_max = bytes_max / (2 * ENTRY_BYTES);
        Cache(Entries::with(entries_max, bytes_max as u64, Bytes, hash, lifecycle))
    }

    /// A view that reads through the cache. It must be of the engine as it is now.
    pub fn over(&mut self, view: View) -> Cached<'_> {
        Cached { view, entries: RefCell::new(&mut self.0) }
    }

    /// Follows what is written to the engine. What nobody has read is not taken in.
    pub fn follow(&mut self, batch: &[Write]) {
        for write in batch {
            match write {
                Write::Put(key, value) => {
                    if let Some(mut known) = self.0.peek_mut(key) {
                        known.clone_from(value);
                    }
                }
                Write::Delete(key) => {
                    self.0.remove(key);
                }
                Write::DeleteRange(..) => self.clear(),
            }
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

/// See [`Cache::over`].
pub struct Cached<'c> {
    view: View,
    entries: RefCell<&'c mut Entries>,
}

impl KvRead for Cached<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let mut entries = self.entries.borrow_mut();
        if let Some(known) = entries.get(key) {
            return Ok(Some(known.clone()));
        }
        let value = self.view.get(key)?;
        if let Some(value) = &value {
            entries.insert(key.to_vec(), value.clone());
        }
        Ok(value)
    }

    fn scan<'a>(&'a self, from: &[u8], to: &[u8]) -> Scan<'a> {
        self.view.scan(from, to)
    }

    fn last(&self, from: &[u8], to: &[u8]) -> Result<Option<Pair>> {
        self.view.last(from, to)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::kv::{KvEngine as _, mem::MemDisk};

    #[test]
    fn it_holds_what_the_engine_holds() {
        let engine = MemDisk::new().open();
        let mut cache = Cache::new(1 << 20);
        let read =
            |cache: &mut Cache, key: &[u8]| cache.over(engine.view().unwrap()).get(key).unwrap();
        assert_eq!(read(&mut cache, b"a"), None);
        for batch in [
            vec![
                Write::Put(b"a".to_vec(), b"1".to_vec()),
                Write::Put(b"b".to_vec(), b"2".to_vec()),
            ],
            vec![Write::Delete(b"a".to_vec()), Write::Put(b"b".to_vec(), b"3".to_vec())],
            vec![Write::DeleteRange(b"a".to_vec(), b"c".to_vec())],
        ] {
            cache.follow(&batch);
            engine.write(batch).unwrap();
            for key in [b"a", b"b"] {
                let view = engine.view().unwrap();
                assert_eq!(read(&mut cache, key), view.get(key).unwrap());
            }
        }
    }

    #[test]
    fn it_is_bounded() {
        let keys = (0..10_000_u64).map(|number| number.to_be_bytes().to_vec());
        let pairs: std::collections::BTreeMap<_, _> = keys.map(|key| (key, vec![7; 9])).collect();
        let mut cache = Cache::new(10_000);
        let view: View = Arc::new(pairs.clone());
        for key in pairs.keys() {
            cache.over(view.clone()).get(key).unwrap();
        }
        assert!(cache.0.weight() <= 10_000 && cache.0.len() > 50);
    }
}
