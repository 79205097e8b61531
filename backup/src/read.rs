//! Reading backups: which there are, and the records of one, checked.

use std::{collections::BTreeSet, time::SystemTime};

use futures::{StreamExt as _, stream};
use metad_proto::state_hash::StateHasher;

use crate::{
    Error, Place, Record, Result, chunk,
    manifest::{self, BACKUPS, ChunkInfo, FORMAT, Manifest},
};

/// Chunks that are read at a time.
const READS_MAX: usize = 8;

/// A backup among others.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// When it was completed.
    pub made: SystemTime,
    /// What it is.
    pub manifest: Manifest,
}

/// All backups in a place, the latest last. What was cut off is none.
///
/// # Errors
/// If one cannot be read.
pub async fn list(place: &Place) -> Result<Vec<Listed>> {
    let mut listed = Vec::new();
    for (path, made) in place.list(BACKUPS).await? {
        let Some(name) = manifest::name_of(&path) else { continue };
        let manifest = read_manifest(place, name).await?;
        listed.push(Listed { name: name.to_owned(), made, manifest });
    }
    listed.sort_by_key(|backup| (backup.made, backup.manifest.head.applied_index));
    Ok(listed)
}

async fn read_manifest(place: &Place, name: &str) -> Result<Manifest> {
    let path = manifest::path(name);
    let text = place.get(&path).await?;
    let value: serde_json::Value =
        serde_json::from_slice(&text).map_err(|error| place.damaged(&path, error.to_string()))?;
    // Before the rest, which a later format may have changed.
    let format = value["format"].as_u64().and_then(|format| u32::try_from(format).ok());
    match format {
        Some(FORMAT) => {}
        Some(found) => {
            return Err(Error::Format { name: name.to_owned(), found, known: FORMAT });
        }
        None => return Err(place.damaged(&path, "it has no format")),
    }
    let manifest: Manifest =
        serde_json::from_value(value).map_err(|error| place.damaged(&path, error.to_string()))?;
    match manifest.name() == name {
        true => Ok(manifest),
        false => Err(place.damaged(&path, format!("it is that of {}", manifest.name()))),
    }
}

fn none(place: &Place, why: String) -> Error {
    Error::NoBackup { place: place.shown().to_owned(), why }
}

/// Without a name, which one is meant must be clear.
fn one_cluster(place: &Place, listed: &[Listed]) -> Result<()> {
    let clusters: BTreeSet<_> = listed.iter().map(|backup| &backup.manifest.head.cluster).collect();
    match clusters.len() {
        0 | 1 => Ok(()),
        _ => {
            let why = "it has backups of several clusters: name one with --backup";
            Err(none(place, why.to_owned()))
        }
    }
}

/// A backup that is read.
pub struct Backup {
    place: Place,
    /// What it is.
    pub manifest: Manifest,
}

impl Backup {
    /// The backup of a name; without one, the latest.
    ///
    /// # Errors
    /// If there is none, or without a name some of several clusters.
    pub async fn open(place: &Place, name: Option<&str>) -> Result<Backup> {
        let manifest = match name {
            Some(name) => match read_manifest(place, name).await {
                Err(error) if error.is_not_found() => {
                    return Err(none(place, format!("there is no backup {name:?}")));
                }
                other => other?,
            },
            None => {
                let all = list(place).await?;
                one_cluster(place, &all)?;
                let latest = all.into_iter().next_back();
                latest.ok_or_else(|| none(place, "there is no backup".to_owned()))?.manifest
            }
        };
        Ok(Backup { place: place.clone(), manifest })
    }

    /// The backup, after those that it goes on from: first a whole state, then journals.
    ///
    /// # Errors
    /// If one of them is not there.
    pub async fn chain(self) -> Result<Vec<Backup>> {
        let mut chain = vec![self];
        while let Some(last) = chain.last()
            && let Some(after) = &last.manifest.after
        {
            let before = Backup::open(&last.place, Some(after)).await?;
            // An index that is not less leads round in a circle, or nowhere.
            let (from, to) = (&before.manifest.head, &last.manifest.head);
            if (&from.cluster, from.group) != (&to.cluster, to.group)
                || from.applied_index >= to.applied_index
            {
                let path = manifest::path(&last.manifest.name());
                return Err(last.place.damaged(&path, format!("it does not go on from {after}")));
            }
            chain.push(before);
        }
        chain.reverse();
        Ok(chain)
    }

    /// The backup to restore a revision from: the first that reaches it.
    ///
    /// # Errors
    /// If none does.
    pub async fn reaching(place: &Place, revision: u64) -> Result<Backup> {
        let all = list(place).await?;
        one_cluster(place, &all)?;
        let found = all.into_iter().find(|backup| backup.manifest.head.revision >= revision);
        let found = found.ok_or_else(|| {
            none(place, format!("there is no backup that reaches revision {revision}"))
        })?;
        Ok(Backup { place: place.clone(), manifest: found.manifest })
    }

    /// Reads all records, a chunk at a time. What was given is whole only once this has
    /// answered: the hash of the state is checked last.
    ///
    /// # Errors
    /// If a chunk is not there or damaged, by its name; or if `each` says why it stops.
    pub async fn read(
        &self,
        mut each: impl FnMut(Vec<Record>) -> std::result::Result<(), String>,
    ) -> Result<()> {
        let mut hasher = StateHasher::default();
        let reads = self.manifest.chunks.iter().map(|info| self.chunk(info));
        let mut chunks = stream::iter(reads).buffered(READS_MAX);
        while let Some(records) = chunks.next().await {
            let records = records?;
            for record in &records {
                hasher.add(&record.key, &record.value);
            }
            each(records).map_err(Error::Refused)?;
        }
        let Manifest { records, hash, .. } = &self.manifest;
        if (hasher.records(), &format!("{:032x}", hasher.hash())) != (*records, hash) {
            let path = manifest::path(&self.manifest.name());
            return Err(self.place.damaged(&path, "its chunks do not have the hash of the whole"));
        }
        Ok(())
    }

    async fn chunk(&self, info: &ChunkInfo) -> Result<Vec<Record>> {
        let path = info.path();
        let damaged = |why: String| self.place.damaged(&path, why);
        let stored = match self.place.get(&path).await {
            Err(error) if error.is_not_found() => {
                return Err(damaged("it is gone".to_owned()));
            }
            other => other?,
        };
        let content = chunk::open(&info.hash, &stored, info.size).map_err(damaged)?;
        chunk::records(&content).ok_or_else(|| damaged("it has no records".to_owned()))
    }
}
