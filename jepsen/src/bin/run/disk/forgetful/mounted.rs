//! A [`Tree`] as the kernel asks for it, by FUSE.

use std::{
    ffi::{OsStr, OsString},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use fuser::{
    BsdFileFlags, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation,
    INodeNo, LockOwner, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory,
    ReplyEmpty, ReplyEntry, ReplyOpen, ReplyStatfs, ReplyWrite, Request, TimeOrNow, WriteFlags,
};

use super::tree::{File, Folder, Kind, Tree};

/// For how long the kernel may trust what it was told: nobody else changes anything.
const TTL: Duration = Duration::from_secs(60);
/// The unit of room, and how many of them there are.
const BLOCK_BYTES: u32 = 4_096;
const BLOCKS: u64 = 1 << 20;
/// `FALLOC_FL_KEEP_SIZE`.
const KEEP_SIZE: i32 = 1;

/// A tree that is mounted. The tree outlives the mount.
#[derive(Clone)]
pub struct Mounted {
    tree: Arc<Mutex<Tree>>,
}

type Answer<T> = Result<T, rustix::io::Errno>;

impl Mounted {
    pub fn new(tree: Arc<Mutex<Tree>>) -> Mounted {
        Mounted { tree }
    }

    fn tree(&self) -> MutexGuard<'_, Tree> {
        // A panic is no power loss: what was there is still there.
        self.tree.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn create(&self, parent: INodeNo, name: &OsStr, kind: Kind) -> Answer<FileAttr> {
        let mut tree = self.tree();
        let id = tree.create(parent.0, name, kind)?;
        attributes(&tree, id)
    }

    fn list(&self, id: INodeNo) -> Answer<Vec<(u64, FileType, OsString)>> {
        let tree = self.tree();
        let names = tree.folder(id.0)?.names.iter();
        let list = names.map(|(name, id)| Ok((*id, file_type(&tree, *id)?, name.clone())));
        list.collect()
    }
}

fn file_type(tree: &Tree, id: u64) -> Answer<FileType> {
    Ok(match tree.node(id)?.kind {
        Kind::File(_) => FileType::RegularFile,
        Kind::Folder(_) => FileType::Directory,
    })
}

fn attributes(tree: &Tree, id: u64) -> Answer<FileAttr> {
    let kind = file_type(tree, id)?;
    let (size, perm, nlink) = match &tree.node(id)?.kind {
        Kind::File(file) => (file.data.len() as u64, 0o644, tree.links(id)),
        Kind::Folder(_) => (0, 0o700, 2),
    };
    Ok(FileAttr {
        ino: INodeNo(id),
        size,
        blocks: size.div_ceil(512),
        atime: UNIX_EPOCH,
        mtime: UNIX_EPOCH,
        ctime: UNIX_EPOCH,
        crtime: UNIX_EPOCH,
        kind,
        perm,
        nlink,
        uid: rustix::process::geteuid().as_raw(),
        gid: rustix::process::getegid().as_raw(),
        rdev: 0,
        blksize: BLOCK_BYTES,
        flags: 0,
    })
}

fn errno(error: rustix::io::Errno) -> Errno {
    Errno::from_i32(error.raw_os_error())
}

fn done(answer: Answer<()>, reply: ReplyEmpty) {
    match answer {
        Ok(()) => reply.ok(),
        Err(error) => reply.error(errno(error)),
    }
}

fn entry(answer: Answer<FileAttr>, reply: ReplyEntry) {
    match answer {
        Ok(attributes) => reply.entry(&TTL, &attributes, Generation(0)),
        Err(error) => reply.error(errno(error)),
    }
}

fn place(number: u64) -> Answer<usize> {
    usize::try_from(number).map_err(|_| rustix::io::Errno::FBIG)
}

impl Filesystem for Mounted {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let tree = self.tree();
        entry(tree.find(parent.0, name).and_then(|id| attributes(&tree, id)), reply);
    }

    fn getattr(&self, _: &Request, id: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        match attributes(&self.tree(), id.0) {
            Ok(attributes) => reply.attr(&TTL, &attributes),
            Err(error) => reply.error(errno(error)),
        }
    }

    fn setattr(
        &self,
        _: &Request,
        id: INodeNo,
        _: Option<u32>,
        _: Option<u32>,
        _: Option<u32>,
        size: Option<u64>,
        _: Option<TimeOrNow>,
        _: Option<TimeOrNow>,
        _: Option<SystemTime>,
        _: Option<FileHandle>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let mut tree = self.tree();
        let resized = size.map_or(Ok(()), |size| tree.resize(id.0, place(size)?));
        match resized.and_then(|()| attributes(&tree, id.0)) {
            Ok(attributes) => reply.attr(&TTL, &attributes),
            Err(error) => reply.error(errno(error)),
        }
    }

    fn mkdir(&self, _: &Request, parent: INodeNo, name: &OsStr, _: u32, _: u32, reply: ReplyEntry) {
        entry(self.create(parent, name, Kind::Folder(Folder::default())), reply);
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        done(self.tree().remove(parent.0, name), reply);
    }

    fn rmdir(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        done(self.tree().remove(parent.0, name), reply);
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        new_parent: INodeNo,
        new_name: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        if !flags.is_empty() {
            return reply.error(Errno::EINVAL);
        }
        done(self.tree().rename((parent.0, name), (new_parent.0, new_name)), reply);
    }

    fn link(&self, _: &Request, id: INodeNo, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let mut tree = self.tree();
        let linked = tree.link(id.0, parent.0, name);
        entry(linked.and_then(|()| attributes(&tree, id.0)), reply);
    }

    fn create(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        _: u32,
        _: u32,
        _: i32,
        reply: ReplyCreate,
    ) {
        let created = self.create(parent, name, Kind::File(File::default()));
        match created.and_then(|it| self.tree().open(it.ino.0).map(|()| it)) {
            Ok(attributes) => {
                let generation = Generation(0);
                reply.created(&TTL, &attributes, generation, FileHandle(0), FopenFlags::empty());
            }
            Err(error) => reply.error(errno(error)),
        }
    }

    fn open(&self, _: &Request, id: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        match self.tree().open(id.0) {
            Ok(()) => reply.opened(FileHandle(0), FopenFlags::empty()),
            Err(error) => reply.error(errno(error)),
        }
    }

    fn release(
        &self,
        _: &Request,
        id: INodeNo,
        _: FileHandle,
        _: OpenFlags,
        _: Option<LockOwner>,
        _: bool,
        reply: ReplyEmpty,
    ) {
        self.tree().close(id.0);
        reply.ok();
    }

    fn read(
        &self,
        _: &Request,
        id: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let tree = self.tree();
        let data = tree.file(id.0).and_then(|file| {
            let start = place(offset)?.min(file.data.len());
            let end = (start + size as usize).min(file.data.len());
            Ok(&file.data[start..end])
        });
        match data {
            Ok(data) => reply.data(data),
            Err(error) => reply.error(errno(error)),
        }
    }

    fn write(
        &self,
        _: &Request,
        id: INodeNo,
        _: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let written = place(offset).and_then(|offset| self.tree().write(id.0, offset, data));
        match written.and_then(|()| u32::try_from(data.len()).map_err(|_| rustix::io::Errno::FBIG))
        {
            Ok(size) => reply.written(size),
            Err(error) => reply.error(errno(error)),
        }
    }

    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        // A file that is closed is not a file that is synced.
        reply.ok();
    }

    fn fsync(&self, _: &Request, id: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        self.tree().sync(id.0);
        reply.ok();
    }

    fn fsyncdir(&self, _: &Request, id: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        self.tree().sync(id.0);
        reply.ok();
    }

    fn fallocate(
        &self,
        _: &Request,
        id: INodeNo,
        _: FileHandle,
        offset: u64,
        length: u64,
        mode: i32,
        reply: ReplyEmpty,
    ) {
        let mut tree = self.tree();
        let answer = match mode {
            KEEP_SIZE => tree.needs_room(),
            0 => place(offset + length).and_then(|end| {
                let size = tree.file(id.0)?.data.len();
                tree.resize(id.0, end.max(size))
            }),
            _ => Err(rustix::io::Errno::OPNOTSUPP),
        };
        done(answer, reply);
    }

    fn readdir(
        &self,
        _: &Request,
        id: INodeNo,
        _: FileHandle,
        offset: u64,
        mut reply: ReplyDirectory,
    ) {
        let list = match self.list(id) {
            Ok(list) => list,
            Err(error) => return reply.error(errno(error)),
        };
        // Where a reader stands is an id, so that nothing is left out while names are removed.
        let mut list = list;
        list.sort_by_key(|(id, ..)| *id);
        for (id, kind, name) in list.into_iter().filter(|(id, ..)| *id > offset) {
            if reply.add(INodeNo(id), id, kind, name) {
                break;
            }
        }
        reply.ok();
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        let free = if self.tree().is_full { 0 } else { BLOCKS / 2 };
        reply.statfs(BLOCKS, free, free, BLOCKS, free, BLOCK_BYTES, 255, BLOCK_BYTES);
    }
}
