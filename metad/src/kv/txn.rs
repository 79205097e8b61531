//! Writes gathered over a view, seen by later reads, and handed over as one batch.

use std::{collections::BTreeMap, iter::Peekable};

use xxhash_rust::xxh3::Xxh3;

use super::{KvRead, KvTxn, Pair, Result, Scan, Write};

/// A transaction of one writer over a view, or over another transaction. Nothing reaches
/// the engine until [`Txn::into_batch`]'s result is written.
///
/// It also keeps a digest of all that was written through it, in order, so that two
/// replicas can tell whether they did the same.
pub struct Txn<B> {
    base: B,
    writes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    digest: Xxh3,
}

impl<B: KvRead> Txn<B> {
    /// Starts without writes.
    pub fn new(base: B) -> Self {
        Txn { base, writes: BTreeMap::new(), digest: Xxh3::new() }
    }

    /// The writes, at most one a key, in the order of the keys.
    pub fn into_batch(self) -> Vec<Write> {
        let write = |(key, value)| match value {
            Some(value) => Write::Put(key, value),
            None => Write::Delete(key),
        };
        self.into_writes().map(write).collect()
    }

    /// The writes, to be made again elsewhere.
    pub fn into_writes(self) -> impl Iterator<Item = (Vec<u8>, Option<Vec<u8>>)> {
        self.writes.into_iter()
    }

    /// Ends a stretch of writes: the digest of all writes since the last call, chained to
    /// the one before.
    pub fn take_digest(&mut self, before: u128) -> u128 {
        self.digest.update(&before.to_be_bytes());
        let digest = self.digest.digest128();
        self.digest.reset();
        digest
    }

    fn note(&mut self, tag: u8, key: &[u8], value: &[u8]) {
        self.digest.update(&[tag]);
        self.digest.update(&(key.len() as u64).to_be_bytes());
        self.digest.update(key);
        self.digest.update(&(value.len() as u64).to_be_bytes());
        self.digest.update(value);
    }
}

impl<B: KvRead> KvRead for Txn<B> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        match self.writes.get(key) {
            Some(written) => Ok(written.clone()),
            None => self.base.get(key),
        }
    }

    fn scan<'a>(&'a self, from: &[u8], to: &[u8]) -> Scan<'a> {
        if from >= to {
            return Box::new(std::iter::empty());
        }
        let written = self.writes.range(from.to_vec()..to.to_vec());
        if written.clone().next().is_none() {
            return self.base.scan(from, to);
        }
        Box::new(Merge { base: self.base.scan(from, to).peekable(), written: written.peekable() })
    }

    fn last(&self, from: &[u8], to: &[u8]) -> Result<Option<Pair>> {
        let mut to = to.to_vec();
        loop {
            if from >= to.as_slice() {
                return Ok(None);
            }
            let base = self.base.last(from, &to)?;
            let written = self.writes.range(from.to_vec()..to.clone()).next_back();
            match (base, written) {
                (base, None) => return Ok(base),
                (Some(base), Some((key, _))) if base.0 > *key => return Ok(Some(base)),
                (_, Some((key, Some(value)))) => return Ok(Some((key.clone(), value.clone()))),
                // Deleted here: what is before it?
                (_, Some((key, None))) => to = key.clone(),
            }
        }
    }
}

impl<B: KvRead> KvTxn for Txn<B> {
    fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.note(1, &key, &value);
        self.writes.insert(key, Some(value));
    }

    fn delete(&mut self, key: Vec<u8>) {
        self.note(2, &key, &[]);
        self.writes.insert(key, None);
    }
}

type Written<'a> = std::collections::btree_map::Range<'a, Vec<u8>, Option<Vec<u8>>>;

/// Pairs of the view and of the writes in one order; a write hides what is under it.
struct Merge<'a> {
    base: Peekable<Scan<'a>>,
    written: Peekable<Written<'a>>,
}

impl Iterator for Merge<'_> {
    type Item = Result<Pair>;

    fn next(&mut self) -> Option<Result<Pair>> {
        loop {
            let Some((key, _)) = self.written.peek() else { return self.base.next() };
            match self.base.peek() {
                Some(Err(_)) => return self.base.next(),
                Some(Ok((base, _))) if base < *key => return self.base.next(),
                Some(Ok((base, _))) if base == *key => drop(self.base.next()),
                _ => {}
            }
            if let Some((key, Some(value))) = self.written.next() {
                return Some(Ok((key.clone(), value.clone())));
            }
        }
    }
}
