//! Checkpoints as folders of files: made by RocksDB, or come from elsewhere.
//!
//! Sorted files (`.sst`) never change and are shared by hard links; all others are copied,
//! since RocksDB may write to its own.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read as _, Write as _},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;

use super::{database::Database, folder};
use crate::kv::{Checkpoint, CheckpointFiles, FileInfo, Incoming, Result, StorageFault};

const BUFFER_SIZE: usize = 1 << 20;

/// Checksums of sorted files, which never change, by name and size. Only those of the last
/// checkpoint are kept.
pub type Checksums = BTreeMap<(String, u64), u32>;

/// A checkpoint in a folder of its own, which goes with it.
struct Files {
    path: PathBuf,
    infos: Vec<FileInfo>,
}

impl Drop for Files {
    fn drop(&mut self) {
        // What cannot be removed now is removed at the next start.
        let _ = folder::remove(&self.path);
    }
}

impl CheckpointFiles for Files {
    fn files(&self) -> &[FileInfo] {
        &self.infos
    }

    fn read(&self, file: usize, offset: u64, size_max: usize) -> Result<Bytes> {
        let info = &self.infos[file];
        let rest = info.size.saturating_sub(offset);
        let size = usize::try_from(rest).map_or(size_max, |rest| rest.min(size_max));
        let mut data = vec![0; size];
        let read = |data: &mut [u8]| -> io::Result<()> {
            File::open(self.path.join(&info.name))?.read_exact_at(data, offset)
        };
        read(&mut data).map_err(|error| StorageFault::io("read a checkpoint", error))?;
        Ok(data.into())
    }

    fn directory(&self) -> Option<PathBuf> {
        Some(self.path.clone())
    }
}

/// Makes a checkpoint of a database, at a path where nothing is.
pub fn make(database: &Database, path: PathBuf, checksums: &mut Checksums) -> Result<Checkpoint> {
    let made = rocksdb::checkpoint::Checkpoint::new(database)
        .and_then(|maker| maker.create_checkpoint(&path));
    // From here on the folder is removed if anything fails.
    let mut files = Files { path, infos: Vec::new() };
    made.map_err(|error| StorageFault::io("make a checkpoint", io::Error::other(error)))?;
    files.infos = describe(&files.path, checksums)
        .map_err(|error| StorageFault::io("read a checkpoint", error))?;
    Ok(Checkpoint(Arc::new(files)))
}

fn describe(path: &Path, checksums: &mut Checksums) -> io::Result<Vec<FileInfo>> {
    let mut infos = BTreeMap::new();
    let mut known = Checksums::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name().into_string().map_err(|_| io::ErrorKind::InvalidData)?;
        let size = entry.metadata()?.len();
        let key = (name.clone(), size);
        let crc32c = match checksums.get(&key) {
            Some(crc32c) => *crc32c,
            None => checksum(&entry.path())?,
        };
        if is_sorted(&name) {
            known.insert(key, crc32c);
        }
        infos.insert(name.clone(), FileInfo { name, size, crc32c });
    }
    *checksums = known;
    Ok(infos.into_values().collect())
}

fn checksum(path: &Path) -> io::Result<u32> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0; BUFFER_SIZE];
    let mut crc32c = 0;
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(crc32c),
            size => crc32c = crc32c::crc32c_append(crc32c, &buffer[..size]),
        }
    }
}

fn is_sorted(name: &str) -> bool {
    name.ends_with(".sst")
}

/// Puts the files of a checkpoint into a new folder, synced.
pub fn unpack(checkpoint: &Checkpoint, path: &Path) -> Result<()> {
    let files = &checkpoint.0;
    let Some(from) = files.directory() else {
        return Err(StorageFault::corrupt("checkpoint", "it is not in a folder"));
    };
    let unpack = || -> io::Result<()> {
        fs::create_dir(path)?;
        for info in files.files() {
            let (source, target) = (from.join(&info.name), path.join(&info.name));
            if is_sorted(&info.name) {
                fs::hard_link(source, &target)?;
            } else {
                fs::copy(source, &target)?;
                File::open(&target)?.sync_all()?;
            }
        }
        folder::sync_folder(path)
    };
    unpack().map_err(|error| StorageFault::io("unpack a checkpoint", error))
}

/// Files as they come in.
pub struct Gathering {
    files: Files,
    open: Option<Open>,
}

/// The file that is coming in.
struct Open {
    name: String,
    file: File,
    size: u64,
    crc32c: u32,
}

impl Gathering {
    /// Into a folder that is not there yet.
    pub fn new(path: PathBuf) -> Result<Gathering> {
        let files = Files { path, infos: Vec::new() };
        fs::create_dir(&files.path)
            .map_err(|error| StorageFault::io("make a checkpoint's folder", error))?;
        Ok(Gathering { files, open: None })
    }

    fn open(&mut self, name: &str) -> Result<()> {
        self.close()?;
        // The name comes from elsewhere: it must not lead out of the folder.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
        if name.starts_with('.') || !name.bytes().all(plain) || name.is_empty() {
            return Err(StorageFault::corrupt("checkpoint", format!("{name:?} is no file name")));
        }
        let file = File::create_new(self.files.path.join(name))
            .map_err(|error| StorageFault::io("make a checkpoint's file", error))?;
        self.open = Some(Open { name: name.to_owned(), file, size: 0, crc32c: 0 });
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        let Some(Open { name, file, size, crc32c }) = self.open.take() else { return Ok(()) };
        file.sync_all().map_err(|error| StorageFault::io("sync a checkpoint's file", error))?;
        self.files.infos.push(FileInfo { name, size, crc32c });
        Ok(())
    }
}

impl Incoming for Gathering {
    fn append(&mut self, file: &FileInfo, data: &[u8]) -> Result<()> {
        if self.open.as_ref().is_none_or(|open| open.name != file.name) {
            self.open(&file.name)?;
        }
        let open = self.open.as_mut().expect("opened just now");
        open.file
            .write_all(data)
            .map_err(|error| StorageFault::io("write a checkpoint's file", error))?;
        open.size += data.len() as u64;
        open.crc32c = crc32c::crc32c_append(open.crc32c, data);
        Ok(())
    }

    fn finish(mut self: Box<Self>, files: &[FileInfo]) -> Result<Checkpoint> {
        self.close()?;
        if self.files.infos.len() != files.len() {
            return Err(StorageFault::corrupt("checkpoint", "not all files are there"));
        }
        for (expected, came) in files.iter().zip(&self.files.infos) {
            expected.verify(&came.name, came.size, came.crc32c)?;
        }
        folder::sync_folder(&self.files.path)
            .map_err(|error| StorageFault::io("sync a checkpoint's folder", error))?;
        Ok(Checkpoint(Arc::new(self.files)))
    }
}
