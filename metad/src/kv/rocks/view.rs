//! Pinned views: a RocksDB snapshot together with the database that it is of.

use std::{io, sync::Arc};

use rocksdb::{IteratorMode, ReadOptions, Snapshot};
use self_cell::self_cell;

use super::database::Database;
use crate::kv::{KvRead, Pair, Result, Scan, StorageFault, View};

self_cell!(
    struct Pinned {
        owner: Arc<Database>,
        #[covariant]
        dependent: Snapshot,
    }
);

/// Pins the present state.
pub fn pin(database: Arc<Database>) -> View {
    Arc::new(Pinned::new(database, |database| database.snapshot()))
}

fn fault(error: rocksdb::Error) -> StorageFault {
    match error.kind() {
        rocksdb::ErrorKind::Corruption => StorageFault::corrupt("store", error.into_string()),
        _ => StorageFault::io("read the store", io::Error::other(error)),
    }
}

impl Pinned {
    fn pairs<'a>(
        &'a self,
        from: &[u8],
        to: &[u8],
        mode: IteratorMode,
    ) -> impl Iterator<Item = Result<Pair>> + 'a {
        let mut options = ReadOptions::default();
        options.set_iterate_range(from.to_vec()..to.to_vec());
        let pairs = self.borrow_dependent().iterator_opt(mode, options);
        pairs.map(|pair| match pair {
            Ok((key, value)) => Ok((key.into_vec(), value.into_vec())),
            Err(error) => Err(fault(error)),
        })
    }
}

impl KvRead for Pinned {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.borrow_dependent().get(key).map_err(fault)
    }

    fn scan<'a>(&'a self, from: &[u8], to: &[u8]) -> Scan<'a> {
        if from >= to {
            return Box::new(std::iter::empty());
        }
        Box::new(self.pairs(from, to, IteratorMode::Start))
    }

    fn last(&self, from: &[u8], to: &[u8]) -> Result<Option<Pair>> {
        if from >= to {
            return Ok(None);
        }
        self.pairs(from, to, IteratorMode::End).next().transpose()
    }
}
