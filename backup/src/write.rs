//! Writing a backup: records in, chunks out, and the manifest at the end.

use std::collections::BTreeSet;

use futures::{
    StreamExt as _,
    future::{BoxFuture, FutureExt as _},
    stream::FuturesUnordered,
};
use metad_proto::state_hash::StateHasher;

use crate::{
    Error, Place, Result,
    chunk::{self, Chunk, Cutter},
    manifest::{self, CHUNKS, ChunkInfo, FORMAT, Head, Manifest},
};

/// Chunks that are written at a time.
const WRITES_MAX: usize = 8;

/// See the module. Dropped unfinished, it leaves chunks that the next backup finds there.
pub struct Writer {
    place: Place,
    /// The chunks that are there.
    there: BTreeSet<String>,
    cutter: Cutter,
    hasher: StateHasher,
    last_key: Vec<u8>,
    chunks: Vec<ChunkInfo>,
    writes: FuturesUnordered<BoxFuture<'static, Result<()>>>,
    new_chunks: u64,
    new_bytes: u64,
}

/// What was made.
#[derive(Debug)]
pub struct Made {
    /// The backup.
    pub manifest: Manifest,
    /// Chunks that were not there yet.
    pub new_chunks: u64,
    /// Bytes that were written for them.
    pub new_bytes: u64,
}

impl Writer {
    /// Looks at what is there.
    ///
    /// # Errors
    /// If that cannot be listed.
    pub async fn begin(place: Place) -> Result<Writer> {
        let there = place.list(CHUNKS).await?.into_keys().collect();
        Ok(Writer {
            place,
            there,
            cutter: Cutter::default(),
            hasher: StateHasher::default(),
            last_key: Vec::new(),
            chunks: Vec::new(),
            writes: FuturesUnordered::new(),
            new_chunks: 0,
            new_bytes: 0,
        })
    }

    /// Takes the next record.
    ///
    /// # Errors
    /// If a chunk cannot be written, or the records come in a wrong order.
    pub async fn add(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        if key <= self.last_key.as_slice() {
            return Err(Error::Told("its records are not in the order of their keys".to_owned()));
        }
        self.last_key.clear();
        self.last_key.extend_from_slice(key);
        self.hasher.add(key, value);
        match self.cutter.add(key, value) {
            Some(chunk) => self.write(chunk).await,
            None => Ok(()),
        }
    }

    /// Records that were taken.
    pub fn records(&self) -> u64 {
        self.hasher.records()
    }

    async fn write(&mut self, chunk: Chunk) -> Result<()> {
        let Chunk { content, records } = chunk;
        let info = ChunkInfo { hash: chunk::name(&content), size: content.len() as u64, records };
        let path = info.path();
        self.chunks.push(info);
        if !self.there.insert(path.clone()) {
            return Ok(());
        }
        let stored = chunk::compress(&content);
        let stored = stored.map_err(|error| self.place.damaged(&path, error.to_string()))?;
        (self.new_chunks, self.new_bytes) =
            (self.new_chunks + 1, self.new_bytes + stored.len() as u64);
        let place = self.place.clone();
        self.writes.push(async move { place.put(&path, stored).await }.boxed());
        while self.writes.len() >= WRITES_MAX {
            self.writes.next().await.unwrap_or(Ok(()))?;
        }
        Ok(())
    }

    /// All records came: makes it a backup, if they are those that were told.
    ///
    /// # Errors
    /// If they are not, or something cannot be written.
    pub async fn finish(
        mut self,
        head: Head,
        after: Option<String>,
        (records, hash): (u64, &[u8]),
    ) -> Result<Made> {
        let came = self.hasher.hash().to_be_bytes();
        if (self.hasher.records(), &came[..]) != (records, hash) {
            return Err(Error::Told("its records do not have its hash".to_owned()));
        }
        if let Some(rest) = self.cutter.rest() {
            self.write(rest).await?;
        }
        // All chunks first: a manifest without them would be taken for a backup.
        while let Some(written) = self.writes.next().await {
            written?;
        }
        let Writer { place, chunks, new_chunks, new_bytes, hasher, .. } = self;
        let hash = format!("{:032x}", hasher.hash());
        let manifest = Manifest { format: FORMAT, after, head, records, hash, chunks };
        let text = serde_json::to_vec_pretty(&manifest).expect("a manifest is plain data");
        place.put(&manifest::path(&manifest.name()), text.into()).await?;
        Ok(Made { manifest, new_chunks, new_bytes })
    }
}
