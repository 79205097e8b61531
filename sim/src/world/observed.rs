//! Stores that tell the oracles what is written to them, as it is written.

use std::sync::Arc;

use futures::future::BoxFuture;
use metad::{
    kv::{Checkpoint, Incoming, KvEngine, KvRead, Result, View, Write},
    records::{applied, entry, entry::Position, key, vote},
    types::GroupId,
};

use xxhash_rust::xxh3::Xxh3;

use super::{disk::Stores, watcher::Watcher};
use crate::oracle::{Ballot, Entry, Log, LogId, Node};

/// The one group that there is.
pub const GROUP: GroupId = GroupId(1);

/// Stores whose writes are observed. The oracles are told what is in them now.
pub fn observe(node: Node, stores: Stores, watcher: &Watcher) -> Result<Stores> {
    let view = stores.log.view()?;
    let (ballot, log) = (read_vote(&*view)?, read_log(&*view)?);
    let applied = match stores.state.view()?.get(&key::applied(GROUP))? {
        Some(value) => applied::decode(&value)?.last.map(log_id),
        None => None,
    };
    watcher.tell(|oracles| oracles.starts(node, ballot, log, applied));
    let observed =
        |engine, kind| Arc::new(Observed { node, kind, engine, watcher: watcher.clone() });
    Ok(Stores { log: observed(stores.log, Kind::Log), state: observed(stores.state, Kind::State) })
}

/// A position as the oracles know it.
fn log_id(position: Position) -> LogId {
    LogId { term: position.term, index: position.index }
}

fn read_vote(view: &dyn KvRead) -> Result<Option<Ballot>> {
    let Some(value) = view.get(&key::vote(GROUP))? else { return Ok(None) };
    let vote = vote::decode(&value)?;
    Ok(Some(Ballot { term: vote.term, node: vote.server.0, is_leader: vote.committed }))
}

fn read_log(view: &dyn KvRead) -> Result<Log> {
    let purged = match view.get(&key::purged(GROUP))? {
        Some(value) => entry::decode_position(&value)?.map(log_id),
        None => None,
    };
    let range = key::log_range(GROUP, 0..u64::MAX);
    let mut entries = Vec::new();
    for pair in view.scan(&range.start, &range.end) {
        let (key, value) = pair?;
        let index = index_of(&key);
        entries.push((index, read_entry(&value, index)?));
    }
    Ok(Log::new(purged, entries))
}

fn index_of(key: &[u8]) -> u64 {
    key::last_id(key).expect("log keys end with an index")
}

fn read_entry(value: &[u8], index: u64) -> Result<Entry> {
    let entry = entry::decode(value, index)?;
    let mut hash = Xxh3::new();
    hash.update(&[entry.kind.number()]);
    hash.update(entry.payload);
    // The same in every format.
    Ok(Entry { term: entry.term, hash: hash.digest() })
}

#[derive(Clone, Copy)]
enum Kind {
    Log,
    State,
}

struct Observed {
    node: Node,
    kind: Kind,
    engine: Arc<dyn KvEngine>,
    watcher: Watcher,
}

impl Observed {
    fn log_write(&self, write: &Write) -> Result<()> {
        let node = self.node;
        let entries = key::log_range(GROUP, 0..u64::MAX);
        match write {
            Write::Put(key, value) if entries.contains(key) => {
                let index = index_of(key);
                let entry = read_entry(value, index)?;
                self.watcher.tell(|oracles| oracles.appends(node, index, entry));
            }
            Write::Put(key, value) if *key == key::purged(GROUP) => {
                if let Some(position) = entry::decode_position(value)? {
                    self.watcher.tell(|oracles| oracles.purges(node, log_id(position)));
                }
            }
            Write::Delete(key) if entries.contains(key) => {
                let index = index_of(key);
                self.watcher.tell(|oracles| oracles.removes(node, index..=index));
            }
            Write::DeleteRange(from, to) if *from < entries.end && *to > entries.start => {
                let start = if *from <= entries.start { 0 } else { index_of(from) };
                let end = if *to >= entries.end { u64::MAX } else { index_of(to) };
                self.watcher.tell(|oracles| oracles.removes(node, start..end));
            }
            _ => {}
        }
        Ok(())
    }

    fn state_write(&self, write: &Write) -> Result<()> {
        match write {
            Write::Put(key, value) if *key == key::applied(GROUP) => {
                tell_applied(self.node, &self.watcher, value)
            }
            _ => Ok(()),
        }
    }
}

fn tell_applied(node: Node, watcher: &Watcher, value: &[u8]) -> Result<()> {
    let applied = applied::decode(value)?;
    if let Some(position) = applied.last {
        watcher.tell(|oracles| oracles.applies(node, log_id(position), applied.digest));
    }
    Ok(())
}

impl KvEngine for Observed {
    fn view(&self) -> Result<View> {
        self.engine.view()
    }

    fn write(&self, batch: Vec<Write>) -> Result<()> {
        for write in &batch {
            match self.kind {
                Kind::Log => self.log_write(write)?,
                Kind::State => self.state_write(write)?,
            }
        }
        if matches!(self.kind, Kind::State) {
            self.watcher.writes(self.node, &batch)?;
        }
        self.engine.write(batch)
    }

    fn sync(&self) -> BoxFuture<'static, Result<()>> {
        self.engine.sync()
    }

    fn checkpoint(&self) -> BoxFuture<'static, Result<Checkpoint>> {
        self.watcher.count("snapshots built");
        self.engine.checkpoint()
    }

    fn incoming(&self) -> Result<Box<dyn Incoming>> {
        self.engine.incoming()
    }

    fn free(&self) -> Result<u64> {
        self.engine.free()
    }

    fn install(&self, checkpoint: &Checkpoint) -> BoxFuture<'static, Result<()>> {
        let (node, watcher, engine) = (self.node, self.watcher.clone(), self.engine.clone());
        let install = self.engine.install(checkpoint);
        Box::pin(async move {
            install.await?;
            watcher.count("snapshots installed");
            match engine.view()?.get(&key::applied(GROUP))? {
                Some(value) => tell_applied(node, &watcher, &value),
                None => Ok(()),
            }
        })
    }
}
