//! A checkpoint in memory: one file `state` of all pairs in the order of their keys.

use std::{path::PathBuf, sync::Arc};

use bytes::{BufMut, Bytes, BytesMut};

use super::Pairs;
use crate::kv::{Checkpoint, CheckpointFiles, FileInfo, Incoming, Result, StorageFault};

const NAME: &str = "state";

/// Files in memory.
struct Files {
    infos: Vec<FileInfo>,
    data: Vec<Bytes>,
}

impl CheckpointFiles for Files {
    fn files(&self) -> &[FileInfo] {
        &self.infos
    }

    fn read(&self, file: usize, offset: u64, size_max: usize) -> Result<Bytes> {
        let data = &self.data[file];
        let from = usize::try_from(offset).map_or(data.len(), |offset| offset.min(data.len()));
        let to = from.saturating_add(size_max).min(data.len());
        Ok(data.slice(from..to))
    }

    fn directory(&self) -> Option<PathBuf> {
        None
    }
}

/// All pairs as a checkpoint.
pub fn pack(pairs: &Pairs) -> Checkpoint {
    let mut data = BytesMut::new();
    for (key, value) in pairs {
        for part in [key.as_slice(), value] {
            data.put_u32(u32::try_from(part.len()).expect("keys and values are below 4 GiB"));
            data.put_slice(part);
        }
    }
    let data = data.freeze();
    let crc32c = crc32c::crc32c(&data);
    let info = FileInfo { name: NAME.to_owned(), size: data.len() as u64, crc32c };
    Checkpoint(Arc::new(Files { infos: vec![info], data: vec![data] }))
}

/// The pairs of a checkpoint.
pub fn unpack(checkpoint: &Checkpoint) -> Result<Pairs> {
    let fault = |why: &str| StorageFault::corrupt("checkpoint", why);
    let [info] = checkpoint.0.files() else { return Err(fault("expected one file")) };
    let size = usize::try_from(info.size).map_err(|_| fault("too large"))?;
    let data = checkpoint.0.read(0, 0, size)?;
    let mut rest: &[u8] = &data;
    let mut part = || {
        let (size, tail) = rest.split_first_chunk::<4>()?;
        let (part, tail) = tail.split_at_checked(u32::from_be_bytes(*size) as usize)?;
        rest = tail;
        Some(part)
    };
    let mut pairs = Pairs::new_sync();
    while let Some(key) = part() {
        let value = part().ok_or_else(|| fault("a key without a value"))?;
        pairs.insert_mut(key.to_vec(), value.into());
    }
    if rest.is_empty() { Ok(pairs) } else { Err(fault("cut short")) }
}

/// Files as they come in.
#[derive(Default)]
pub struct Gathering(Vec<(String, BytesMut)>);

impl Incoming for Gathering {
    fn append(&mut self, file: &FileInfo, data: &[u8]) -> Result<()> {
        if self.0.last().is_none_or(|(name, _)| *name != file.name) {
            self.0.push((file.name.clone(), BytesMut::new()));
        }
        let (_, gathered) = self.0.last_mut().expect("pushed just now");
        gathered.put_slice(data);
        Ok(())
    }

    fn finish(self: Box<Self>, files: &[FileInfo]) -> Result<Checkpoint> {
        if self.0.len() != files.len() {
            return Err(StorageFault::corrupt("checkpoint", "not all files are there"));
        }
        let mut data = Vec::with_capacity(files.len());
        for (info, (name, gathered)) in files.iter().zip(self.0) {
            let gathered = gathered.freeze();
            info.verify(&name, gathered.len() as u64, crc32c::crc32c(&gathered))?;
            data.push(gathered);
        }
        Ok(Checkpoint(Arc::new(Files { infos: files.to_vec(), data })))
    }
}
